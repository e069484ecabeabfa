"""The second factor of an account: a code of an authenticator app, or a recovery code, after the password.

The key that the app has is made of the server's secret and a salt, which is all that is stored: the database alone
tells nobody a code. logins.py asks for the code at every login. Why so: docs/decisions/0051-second-factor.md.
"""

import secrets
import unicodedata
from collections.abc import Callable

import msgspec

from ..errors import Forbidden, SecondFactorWanted
from ..ports import Tx
from ..store import second_factors as rows
from ..types import SecondFactor
from . import emails, totp
from .signing import Signer

CODES = 10
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base32: no letter is taken for a digit
MISREAD = str.maketrans("oil", "011")
GROUPS, GROUP_CHARS = 3, 4  # of a recovery code: 60 bits

Proof = Callable[[Tx, SecondFactor], bool]
"""Whether what a person gave besides the password is right. It is used up then."""


def is_on(tx: Tx, account_id: int) -> bool:
    return rows.find(tx, account_id) is not None


class State(msgspec.Struct, frozen=True):
    """What its owner is shown about it. since_ms 0: there is none."""

    since_ms: int = 0
    codes_left: int = 0


def state(tx: Tx, account_id: int) -> State:
    one = rows.find(tx, account_id)
    return State(one.since_ms, len(one.recovery.split())) if one else State()


def new_salt() -> str:
    return secrets.token_hex(16)


def key_of(signer: Signer, account_id: int, salt: str) -> bytes:
    """The key that the authenticator app of the account has."""
    return signer.key(f"second factor of {account_id}: {salt}")


def demand(tx: Tx, account_id: int, proof: Proof | None) -> None:
    """Raises SecondFactorWanted: the account has a second factor, and proof is not right. Each proof is right once."""
    one = rows.find(tx, account_id)
    if one and not (proof and proof(tx, one)):
        raise SecondFactorWanted()


def typed(signer: Signer, code: str) -> Proof:
    """The proof of a person who typed code: that of the app, or a recovery code."""
    plain = _plain(code)

    def proof(tx: Tx, one: SecondFactor) -> bool:
        if len(plain) == totp.DIGITS:
            step = totp.step_of(key_of(signer, one.account_id, one.salt), plain, tx.now_ms, after=one.used_step)
            return step is not None and rows.use_step(tx, one.account_id, step)
        sign, left = _sign(signer, one.account_id, plain.translate(MISREAD)), one.recovery.split()
        if sign not in left:
            return False
        left.remove(sign)
        if not rows.change_recovery(tx, one.account_id, old=one.recovery, new="\n".join(left)):
            return False
        emails.access_changed(tx, one.account_id, emails.RECOVERY_USED)
        return True

    return proof


def _plain(code: str) -> str:
    """Without what stands between groups, in small letters and in the digits 0 to 9, whatever the keyboard has."""
    letters = unicodedata.normalize("NFKC", code[:100]).casefold()
    return "".join(str(unicodedata.decimal(c, c)) for c in letters if c.isalnum())


def turn_on(tx: Tx, signer: Signer, account_id: int, *, salt: str, code: str) -> list[str]:
    """From now on it is asked for. code: what the app shows, which proves that it has the key. The recovery codes.

    Raises SecondFactorWanted: code is wrong; Forbidden: there is one already.
    """
    step = totp.step_of(key_of(signer, account_id, salt), _plain(code), tx.now_ms)
    if step is None:
        raise SecondFactorWanted()
    codes = _new_codes()
    if not rows.insert(tx, SecondFactor(account_id, salt, tx.now_ms, step, _signs(signer, account_id, codes))):
        raise Forbidden("You have a second factor already. Turn it off to set up another one.")
    emails.access_changed(tx, account_id, emails.FACTOR_ON)
    return codes


def replace_codes(tx: Tx, signer: Signer, account_id: int) -> list[str]:
    """New recovery codes; those of before are dead. Only after a proof. Raises Forbidden: there is no second factor."""
    one, codes = rows.find(tx, account_id), _new_codes()
    new = _signs(signer, account_id, codes)
    if one is None or not rows.change_recovery(tx, account_id, old=one.recovery, new=new):
        raise Forbidden("You have no second factor now, or its codes have changed meanwhile.")
    emails.access_changed(tx, account_id, emails.NEW_CODES)
    return codes


def turn_off(tx: Tx, account_id: int, *, by_operator: bool = False) -> bool:
    """The password is enough again. Only after a proof, or by an operator. False: there was none."""
    if not rows.delete(tx, account_id):
        return False
    emails.access_changed(tx, account_id, emails.FACTOR_OFF_BY_OPERATOR if by_operator else emails.FACTOR_OFF)
    return True


def _new_codes() -> list[str]:
    return ["-".join(_group() for _ in range(GROUPS)) for _ in range(CODES)]


def _group() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(GROUP_CHARS))


def _signs(signer: Signer, account_id: int, codes: list[str]) -> str:
    return "\n".join(_sign(signer, account_id, code.replace("-", "")) for code in codes)


def _sign(signer: Signer, account_id: int, plain: str) -> str:
    """What is stored of a recovery code: without the server's secret nobody can try codes against it."""
    return signer.sign(f"recovery code of {account_id}: {plain}")
