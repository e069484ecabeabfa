"""Before what changes who can log in: the password again, and a code where there is a second factor."""

import asyncio

import structlog

from ....access import limits, logins, second_factor
from ....access.second_factor import Proof
from ....errors import Invalid
from ...call import Call

log = structlog.get_logger()

RULES = limits.PASSWORD_CHANGE + limits.CODE


async def check_password(call: Call) -> None:
    """Counts a try; done() gives it back. Raises TooMany; Invalid: it is another."""
    await call.throttle(RULES, account=str(call.account_id))
    login = await call.read(logins.of_account, call.account_id)
    if not await asyncio.to_thread(call.passwords.matches, login.password_hash, call.form.text("password")):
        raise Invalid("password", "wrong", "That is not your password.")


def code(call: Call) -> Proof:
    """The code of the form, for second_factor.demand()."""
    return second_factor.typed(call.services.signer, call.form.text("code"))


async def done(call: Call, what: str) -> None:
    """what: for the log."""
    await call.give_back(RULES, account=str(call.account_id))
    log.info(what, account_id=call.account_id, ip=call.ip)
