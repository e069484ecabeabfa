"""Settings: app passwords. Whoever makes one gives the password, and a code where there is a second factor."""

import msgspec

from ....access import app_passwords, second_factor
from ....access.second_factor import Proof
from ....errors import Invalid
from ....ports import Tx
from ....social import own_access
from ....types import Token
from ...call import Call, Go, Page
from ...problems import Problem
from . import proving

PATH = "/settings/app-passwords"
SCOPES = {  # those offered here (an app may make one with narrower ones) -> what a person calls it
    "read": "Read everything that you can read",
    "write": "Write, and change what you can change",
    "follow": "Follow, block and mute people",
    "push": "Receive alerts",
    "admin:read": "Read what staff can read, as far as your role lets you",
    "admin:write": "Do what staff can do, as far as your role lets you",
}


class PasswordView(msgspec.Struct, frozen=True):
    id: str
    name: str
    scopes: str
    created_ms: int
    used_ms: int


def _view(one: Token) -> PasswordView:
    return PasswordView(one.id, one.name, ", ".join(one.scopes.split()), one.created_ms, one.used_ms)


def _stored(tx: Tx, call: Call) -> tuple[list[PasswordView], bool, proving.Way]:
    found = [_view(one) for one in app_passwords.of_account(tx, call.account_id)]
    return found, second_factor.is_on(tx, call.account_id), proving.way(tx, call, PATH)


async def form(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def _page(call: Call, problem: Problem | None = None, made: str = "") -> Page:
    there, has_factor, way = await call.read(_stored, call)
    chosen = call.form.texts("scope") if problem else ["read"]
    values = {
        "there": there,
        "has_factor": has_factor,
        "way": way,
        "made": made,
        "given_name": call.form.text("app_password_name") if problem else "",
        "scopes": [(scope, words, scope in chosen) for scope, words in SCOPES.items()],
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return Page("settings/app_passwords.html", values, status=problem.status if problem else 200)


async def make(call: Call) -> Page:
    """The page with the new one, which is shown once."""
    await proving.check_password(call)
    name, scopes = call.form.text("app_password_name"), " ".join(call.form.texts("scope"))
    text = await call.write(_make, call.account_id, name, scopes, proving.code(call))
    await proving.done(call, "an app password was made")
    return await _page(call, made=text)


def _make(tx: Tx, account_id: int, name: str, scopes: str, proof: Proof) -> str:
    second_factor.demand(tx, account_id, proof)
    try:
        return own_access.make_app_password(tx, account_id, name, scopes)[1]
    except Invalid as error:
        raise error.of("app_password_name") if error.field == "name" else error from None


async def end(call: Call) -> Go:
    await call.write(own_access.end_app_password, call.account_id, call.form.text("end"))
    call.services.auth.forget()
    return Go(f"{PATH}?saved=1")
