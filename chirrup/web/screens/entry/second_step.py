"""The second step of a login: the form that asks for a code, and what proves that it was shown after the password."""

import time

from ....access import browsers, emails, logins, passkeys, second_factor
from ....access.logins import Login
from ....access.second_factor import Proof
from ...call import Call, Page
from ...problems import Problem
from . import passkey

DIRECTORY = "directory"
LIFE_S = 10 * 60  # for whoever has to look for the telephone


def ask(call: Call, found: Login, problem: Problem | None = None, *, by: str = "", to: str = "") -> Page:
    """The form, for this browser, after the right password of found; or by: after DIRECTORY said so. to: for then."""
    until_s = call.form.id("until") if problem else int(time.time()) + LIFE_S
    by = call.form.text("by") if problem else by
    call.csrf_token()  # a visitor without a cookie gets one
    values = {
        "account_id": found.account_id,
        "until": until_s,
        "by": by,
        "proof": call.services.signer.sign(_said(call, found, until_s, by)),
        "return_to": to or call.return_to(""),
        "kept": call.form.text("kept"),
        "options": passkey.asking(call),
        "problem": problem.message if problem else "",
    }
    return Page("entry/second_step.html", values, status=problem.status if problem else 200)


async def shown(call: Call) -> Login | None:
    """Whose password was right. None: the form was shown to another browser or long ago, or the password is new."""
    until_s = call.form.id("until")
    found = await call.read(logins.of_account, call.form.id("account"))
    said = _said(call, found, until_s, call.form.text("by"))
    fits = call.services.signer.fits(said, call.form.text("proof"))
    return found if fits and time.time() < until_s else None


async def proof(call: Call, found: Login) -> Proof:
    """What the form has: a code, or the answer of a passkey. Raises WrongPasskey."""
    if call.form.text("passkey"):
        return passkeys.as_proof(await passkey.answer(call, found.account_id))
    return second_factor.typed(call.services.signer, call.form.text("code"))


def is_by_directory(call: Call) -> bool:
    """Of a form that shown() has found."""
    return call.form.text("by") == DIRECTORY


def _said(call: Call, found: Login, until_s: int, by: str) -> str:
    mark = f"{emails.mark_of(found.password_hash)}{by}"
    return f"second step of {found.account_id} at {call.site.org_id} with {mark} until {until_s} in {call.cookie}"


def counted_by(call: Call, found: Login) -> str:
    """Tries are counted for the account; in a browser that it knows by themselves, so no stranger locks it out."""
    return f"{found.account_id} {browsers.known_as(call.services.signer, call.browser, found.account_id)}"
