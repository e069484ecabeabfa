"""Before what changes who can log in: the password again, and a code where there is a second factor.

Who has no password here (a provider, a directory or a passkey lets them in) logs in again instead, in the way that they
have: docs/decisions/0065-identity.md.
"""

import asyncio
from typing import Literal
from urllib.parse import urlencode

import msgspec
import structlog

from ....access import limits, logins, second_factor, sessions
from ....access.second_factor import Proof
from ....errors import Invalid
from ....ports import Tx
from ...call import Call

log = structlog.get_logger()

RULES = limits.PASSWORD_CHANGE + limits.CODE


class Way(msgspec.Struct, frozen=True):
    """How the form asks. "again": it cannot be sent before they have logged in again."""

    kind: Literal["password", "fresh", "again"]
    again: str = ""  # where they log in


def way(tx: Tx, call: Call, page: str) -> Way:
    """page: where they are led back to."""
    if logins.of_account(tx, call.account_id).password_hash:
        return Way("password")
    is_fresh = sessions.is_fresh(tx, call.account_id, call.viewer.token_id)
    return Way("fresh" if is_fresh else "again", f"/login?{urlencode({'again': 1, 'return_to': page})}")


async def check_password(call: Call) -> None:
    """Counts a try; done() gives it back. Raises TooMany; Invalid: it is another, or they have to log in again."""
    await call.throttle(RULES, account=str(call.account_id))
    login = await call.read(logins.of_account, call.account_id)
    if login.password_hash:
        if not await asyncio.to_thread(call.passwords.matches, login.password_hash, call.form.text("password")):
            raise Invalid("password", "wrong", "That is not your password.")
    elif not await call.read(sessions.is_fresh, call.account_id, call.viewer.token_id):
        raise Invalid("password", "stale", "Log in again first: you have no password here that could be asked for.")


def code(call: Call) -> Proof:
    """The code of the form, for second_factor.demand()."""
    return second_factor.typed(call.services.signer, call.form.text("code"))


async def done(call: Call, what: str) -> None:
    """what: for the log."""
    await call.give_back(RULES, account=str(call.account_id))
    log.info(what, account_id=call.account_id, ip=call.ip)
