"""Passkeys: a device of the owner proves who it is, by a key that never leaves it. https://www.w3.org/TR/webauthn-3/

A passkey asks its owner for a finger, a face or a PIN, so it is two factors in one: it logs in alone, and stands in for
a code. Challenges are not stored. Each is signed for the browser that gets it, and names its time; a key's row keeps
the time of the last challenge that it answered, so no answer counts twice. docs/decisions/0051-second-factor.md.
"""

import base64
import binascii
import secrets
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..errors import Invalid, WrongPasskey, too_long, too_many
from ..ids import ID_MAX
from ..ports import Tx
from ..store import passkeys as rows
from ..types import Passkey, SecondFactor
from . import emails
from .second_factor import Proof
from .signing import Signer
from .sites import Site

LIFE_MS = 10 * 60 * 1000  # of a challenge
KEYS_MAX = 20  # of an account
NAME_CHARS_MAX = 60
SENT_CHARS_MAX = 20_000  # an answer is some kB, with its certificates
HEAD_BYTES = 16  # of a challenge: 8 of time, 8 of chance; its signature follows


class Browser(msgspec.Struct, frozen=True):
    """Where a challenge is answered: in this browser, at this site."""

    signer: Signer
    cookie: str
    site: Site

    @property
    def domain(self) -> str:
        """What passkeys are bound to: the site's host, without a port."""
        return urlsplit(self.site.base_url).hostname or ""

    def challenge(self, now_ms: int) -> bytes:
        head = now_ms.to_bytes(8, "big") + secrets.token_bytes(HEAD_BYTES - 8)
        return head + bytes.fromhex(self.signer.sign(self._said(head)))

    def asked_ms(self, challenge: bytes, now_ms: int) -> int:
        """When challenge was made here. Raises WrongPasskey: never, or too long ago."""
        head, sign = challenge[:HEAD_BYTES], challenge[HEAD_BYTES:].hex()
        asked_ms = int.from_bytes(head[:8], "big")
        if not self.signer.fits(self._said(head), sign) or not asked_ms <= now_ms < asked_ms + LIFE_MS:
            raise WrongPasskey()
        return asked_ms

    def _said(self, head: bytes) -> str:
        return f"challenge {head.hex()} in {self.cookie}"


class Answer(msgspec.Struct, frozen=True):
    """A passkey has answered a challenge; to be used once, in a transaction."""

    account_id: int
    key_id: str
    asked_ms: int
    sign_count: int


def of_account(tx: Tx, account_id: int) -> list[Passkey]:
    """Oldest first."""
    return rows.of_account(tx, account_id)


def to_make(browser: Browser, now_ms: int, *, account_id: int, name: str, known: list[Passkey]) -> str:
    """The options for navigator.credentials.create(), as JSON. known: keys of the account, not to be made again."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=browser.domain,
        rp_name=browser.site.title,
        user_id=str(account_id).encode(),
        user_name=name,
        challenge=browser.challenge(now_ms),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=_bytes(one.id)) for one in known],
    )
    return webauthn.options_to_json(options)


def to_ask(browser: Browser, now_ms: int) -> str:
    """The options for navigator.credentials.get(), as JSON. Any passkey of this site may answer."""
    asked = {"challenge": _text(browser.challenge(now_ms)), "rpId": browser.domain, "userVerification": "required"}
    return msgspec.json.encode(asked).decode()


class Made(msgspec.Struct, frozen=True):
    """A passkey that a device has made, and shown to have."""

    id: str
    public_key: str
    sign_count: int


def made(browser: Browser, sent: str, now_ms: int) -> Made:
    """sent: the answer to to_make(), as JSON. Raises WrongPasskey."""
    import webauthn

    credential = _read(sent)
    challenge = _challenge(credential)
    browser.asked_ms(challenge, now_ms)
    try:
        found = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=browser.domain,
            expected_origin=browser.site.base_url,
            require_user_verification=True,
        )
    except Exception as error:  # the library raises errors of many kinds for what others send
        raise WrongPasskey() from error
    return Made(_text(found.credential_id), _text(found.credential_public_key), found.sign_count)


def add(tx: Tx, account_id: int, made: Made, name: str) -> None:
    """Raises Invalid: the name; or there are too many, or this one already."""
    name = " ".join(name.split())
    if not name:
        raise Invalid("passkey_name", "blank", "can't be blank")
    if len(name) > NAME_CHARS_MAX:
        raise too_long("passkey_name", NAME_CHARS_MAX, len(name))
    count = len(rows.of_account(tx, account_id))
    if count >= KEYS_MAX:
        raise too_many("passkeys", KEYS_MAX, count + 1)
    if not rows.insert(tx, Passkey(made.id, account_id, made.public_key, made.sign_count, name, tx.now_ms, 0, 0)):
        raise Invalid("passkey", "taken", "This passkey is among yours already.")
    emails.access_changed(tx, account_id, emails.PASSKEY_ADDED)


def remove(tx: Tx, account_id: int, id: str) -> None:
    """May be repeated."""
    if rows.delete(tx, account_id, id):
        emails.access_changed(tx, account_id, emails.PASSKEY_REMOVED)


def remove_all(tx: Tx, account_id: int) -> None:
    """For an account that its owner takes back: a passkey that somebody else has added must not outlive that."""
    if rows.delete_of_account(tx, account_id):
        emails.access_changed(tx, account_id, emails.PASSKEY_REMOVED)


class Shown(msgspec.Struct, frozen=True):
    """An answer that is not verified yet: the passkey that it says it is of."""

    account_id: int
    key_id: str
    credential: dict[str, Any]


def read(sent: str, account_id: int = 0) -> Shown:
    """sent: the answer to to_ask(), as JSON. account_id: whose it must be; 0: whose it says. Raises WrongPasskey."""
    credential = _read(sent)
    id, response = credential.get("id"), credential.get("response")
    handle = response.get("userHandle") if isinstance(response, dict) else None
    if not isinstance(id, str):
        raise WrongPasskey()
    if isinstance(handle, str):
        said = _bytes(handle).decode("ascii", "replace")
        id_said = int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 0
        if not 0 < id_said <= ID_MAX or account_id not in (0, id_said):
            raise WrongPasskey()
        account_id = id_said
    return Shown(account_id, id, credential)


def find(tx: Tx, shown: Shown, org_id: int) -> Passkey | None:
    """The passkey, if it is of an account of this organisation."""
    return rows.find(tx, shown.account_id, shown.key_id, org_id) if shown.key_id.isprintable() else None


def answer(browser: Browser, shown: Shown, key: Passkey | None, now_ms: int) -> Answer:
    """Raises WrongPasskey: it is not that passkey, or its answer does not fit."""
    import webauthn

    if key is None:
        raise WrongPasskey()
    challenge = _challenge(shown.credential)
    asked_ms = browser.asked_ms(challenge, now_ms)
    try:
        found = webauthn.verify_authentication_response(
            credential=shown.credential,
            expected_challenge=challenge,
            expected_rp_id=browser.domain,
            expected_origin=browser.site.base_url,
            credential_public_key=_bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except Exception as error:
        raise WrongPasskey() from error
    return Answer(key.account_id, key.id, asked_ms, found.new_sign_count)


def use(tx: Tx, answer: Answer) -> None:
    """Raises WrongPasskey: the answer was used already, or the passkey is gone."""
    if not rows.use(tx, answer.account_id, answer.key_id, asked_ms=answer.asked_ms, sign_count=answer.sign_count):
        raise WrongPasskey()


def as_proof(answer: Answer) -> Proof:
    """In place of a code."""

    def proof(tx: Tx, one: SecondFactor) -> bool:
        if one.account_id != answer.account_id:
            return False
        use(tx, answer)
        return True

    return proof


def _read(sent: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(sent, type=dict[str, Any]) if len(sent) <= SENT_CHARS_MAX else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise WrongPasskey() from error
    if found is None:
        raise WrongPasskey()
    return found


class _ClientData(msgspec.Struct):
    challenge: str


def _challenge(credential: dict[str, Any]) -> bytes:
    response = credential.get("response")
    data = response.get("clientDataJSON") if isinstance(response, dict) else None
    try:
        return _bytes(msgspec.json.decode(_bytes(data if isinstance(data, str) else ""), type=_ClientData).challenge)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise WrongPasskey() from error


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Raises WrongPasskey: not base64url."""
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise WrongPasskey() from error
