"""Settings: the second factor. Each change asks for the password, and for a code."""

import re

from ....access import second_factor, totp
from ....access.second_factor import Proof, State
from ....errors import BadRequest
from ....ports import Tx
from ...call import Call, Go, Page
from ...kit import codes
from ...problems import Problem
from . import proving

PATH = "/settings/second-factor"
SALT = re.compile("[0-9a-f]{32}")


async def form(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def _page(call: Call, problem: Problem | None = None) -> Page:
    """To set one up, with the key that was shown before, which the app may have by now; or to change what there is."""

    def operation(tx: Tx) -> tuple[State, proving.Way]:
        return second_factor.state(tx, call.account_id), proving.way(tx, call, PATH)

    state, way = await call.read(operation)
    assert call.me
    salt = _salt(call) or second_factor.new_salt()
    key = second_factor.key_of(call.services.signer, call.account_id, salt)
    address = totp.address(key, issuer=call.site.title, account=f"{call.me.username}@{call.site.domain}")
    values = {
        "way": way,
        "since_ms": state.since_ms,
        "codes_left": state.codes_left,
        "salt": salt,
        "key": totp.key_text(key),
        "address": address,
        "picture": "" if state.since_ms else codes.qr(address, "QR code for your authenticator app"),
        "problem": problem.message if problem else "",
        "failed": call.path.rpartition("/")[2] if problem else "",
    }
    return Page("settings/second_factor.html", values, status=problem.status if problem else 200)


def _salt(call: Call) -> str:
    sent = call.form.text("salt")
    return sent if SALT.fullmatch(sent) else ""


async def turn_on(call: Call) -> Page:
    """Raises SecondFactorWanted: the app shows another code."""
    if not _salt(call):
        raise BadRequest("The form came without its key. Open this page anew, and take the QR code that it shows.")
    await proving.check_password(call)
    signer, code = call.services.signer, call.form.text("code")
    made = await call.write(second_factor.turn_on, signer, call.account_id, salt=_salt(call), code=code)
    await proving.done(call, "the second factor was turned on")
    return _shown(made)


async def replace(call: Call) -> Page:
    await proving.check_password(call)
    made = await call.write(_replace, call, proving.code(call))
    await proving.done(call, "new recovery codes were made")
    return _shown(made)


def _replace(tx: Tx, call: Call, proof: Proof) -> list[str]:
    second_factor.demand(tx, call.account_id, proof)
    return second_factor.replace_codes(tx, call.services.signer, call.account_id)


async def turn_off(call: Call) -> Go:
    await proving.check_password(call)
    await call.write(_turn_off, call.account_id, proving.code(call))
    await proving.done(call, "the second factor was turned off")
    return Go("/settings/access?saved=1")


def _turn_off(tx: Tx, account_id: int, proof: Proof) -> None:
    second_factor.demand(tx, account_id, proof)
    second_factor.turn_off(tx, account_id)


def _shown(made: list[str]) -> Page:
    """Recovery codes, which are shown this once."""
    return Page("settings/recovery_codes.html", {"codes": made})
