"""Pages about mails: the links in them, a forgotten password, an address that must be confirmed.

A link is a page with a button, and the button does it: programs that look at mails follow links, too. No page tells
whether somebody has an address.
"""

import asyncio

from ....access import emails, limits, links, logins
from ....access.links import Link
from ....errors import Forbidden, Invalid
from ....ports import Tx
from ....social import accounts, sign_up
from ....types import User
from ...call import Call, Page
from ...problems import Problem


async def _alive(call: Call, secret: str, *purposes: str) -> Link | None:
    """The link, without using it. Only dead ones are counted: an office that confirms its addresses has many good ones.

    Raises TooMany.
    """
    await call.throttle(limits.FOLLOW_LINK)
    link = await call.read(links.find, secret, *purposes, org_id=call.site.org_id)
    if link:
        await call.give_back(limits.FOLLOW_LINK)
    return link


def _dead(what: str, next: tuple[str, str]) -> Page:
    said = ["It was used before, its time is over, or a newer one has been sent.", what]
    values = {"title": "This link no longer works", "said": said, "next": next}
    return Page("entry/said.html", values, status=404)


def _dead_reset() -> Page:
    return _dead("Ask for a new one, and take the link in the newest mail.", ("/forgot", "Ask for a new link"))


def _dead_confirmation() -> Page:
    return _dead("Log in to ask for a new one.", ("/login", "Log in"))


async def forgot_form(call: Call) -> Page:
    return _forgot_page(call)


async def forgot_again(call: Call, problem: Problem) -> Page:
    return _forgot_page(call, problem)


def _forgot_page(call: Call, problem: Problem | None = None) -> Page:
    values = {"email": call.form.text("email"), "problem": problem.message if problem else ""}
    return Page("entry/forgot.html", values, status=problem.status if problem else 200)


async def forgot(call: Call) -> Page:
    """The same answer, after the same work, whether or not an account has the address: a job finds out later."""
    email = call.form.text("email").strip()
    if wrong := accounts.check_email(email):
        raise wrong[0]
    await call.throttle(limits.RESET, address=emails.key_of(email))
    await call.write(emails.forgotten, email, call.site.org_id)
    said = [
        f"If an account here has the address {email}, a mail is on its way to it.",
        "The link in it works once, for one hour.",
    ]
    if call.settings.must_confirm:
        said.append("An address that was never confirmed gets none: log in with the username to confirm it.")
    return Page(
        "entry/said.html", {"title": "Look into your mail", "said": said + unsent(call), "next": ("/login", "Log in")}
    )


def unsent(call: Call) -> list[str]:
    """A text for sites that send no mail yet; [] if mail is sent."""
    if call.settings.mail:
        return []
    return ["This server sends no mail yet: the link lies with whoever runs it. Ask them for it."]


async def reset_form(call: Call, secret: str) -> Page:
    link = await _alive(call, secret, links.RESET)
    return _reset_page(call, secret, await call.read(_username, link.account_id)) if link else _dead_reset()


async def reset_again(call: Call, problem: Problem) -> Page:
    secret = call.form.text("secret")
    link = await call.read(links.find, secret, links.RESET, org_id=call.site.org_id)
    return _reset_page(call, secret, await call.read(_username, link.account_id), problem) if link else _dead_reset()


def _reset_page(call: Call, secret: str, username: str, problem: Problem | None = None) -> Page:
    values = {"secret": secret, "username": username, "problem": problem.message if problem else ""}
    return Page("entry/reset.html", values, status=problem.status if problem else 200)


def _username(tx: Tx, account_id: int) -> str:
    return accounts.get(tx, account_id, account_id).username


async def reset(call: Call) -> Page:
    """Set the password and end all sessions. The user must log in with the new password."""
    secret, password = call.form.text("secret"), call.form.text("password")
    link = await _alive(call, secret, links.RESET)
    if link is None:
        return _dead_reset()
    personal = (await call.read(_username, link.account_id), link.email, call.site.domain, call.site.title)
    hashed = await asyncio.to_thread(call.passwords.hash, password, personal=personal)
    try:
        await call.write(logins.reset_password, secret, hashed, call.site.org_id)
    except Invalid:  # used meanwhile
        return _dead_reset()
    said = ["Your password is changed. All browsers and apps were logged out."]
    return Page("entry/said.html", {"title": "A new password", "said": said, "next": ("/login", "Log in")})


async def confirm_form(call: Call, secret: str) -> Page:
    link = await _alive(call, secret, links.CONFIRM, links.CHANGE)
    if link is None:
        return _dead_confirmation()
    values = {"secret": secret, "email": link.email, "username": await call.read(_username, link.account_id)}
    return Page("entry/confirm.html", values)


async def confirm(call: Call) -> Page:
    secret = call.form.text("secret")
    if await _alive(call, secret, links.CONFIRM, links.CHANGE) is None:
        return _dead_confirmation()
    try:
        await call.write(links.confirm, secret, call.site.org_id)
    except Invalid as error:
        return _dead_confirmation() if error.field == "token" else _taken(error)
    next = ("/settings/access", "Settings") if call.viewer_id else ("/login", "Log in")
    return Page("entry/said.html", {"title": "Your address is confirmed", "said": ["Thank you."], "next": next})


def _taken(error: Invalid) -> Page:
    values = {"title": "This address is taken", "said": [error.message], "next": ("/login", "Log in")}
    return Page("entry/said.html", values, status=422)


def unconfirmed(call: Call, user: User, problem: Problem | None = None, *, status: int = 200) -> Page:
    """After a right password, or a sign-up: nothing works before the link in the mail is followed."""
    values = {
        "account_id": user.account_id,
        "proof": _proof(call, user.account_id),
        "email": call.form.text("address") or user.email,
        "sent_to": user.email,
        "hints": unsent(call),
        "problem": problem.message if problem else "",
    }
    return Page("entry/unconfirmed.html", values, status=problem.status if problem else status)


def _proof(call: Call, account_id: int) -> str:
    call.csrf_token()  # a visitor without a cookie gets one
    return call.services.signer.sign(_shown_to(call, account_id))


def _shown_to(call: Call, account_id: int) -> str:
    return f"unconfirmed {account_id} at {call.site.org_id} to {call.cookie}"


async def send_again(call: Call) -> Page:
    """Raises Forbidden: no page of ours has shown this form to this visitor for this account, or all is done."""
    user = await _shown(call)
    email = call.form.text("address").strip()
    if wrong := accounts.check_email(email):
        raise wrong[0]
    await call.throttle(limits.CONFIRMATION, account=str(user.account_id), address=emails.key_of(email))
    await call.write(sign_up.confirm_again, user.account_id, email)
    page = unconfirmed(call, await _shown(call))
    page.values["notice"] = "The mail is on its way again."
    return page


async def send_form_again(call: Call, problem: Problem) -> Page:
    return unconfirmed(call, await _shown(call), problem)


async def _shown(call: Call) -> User:
    account_id = call.form.id("account")
    if not call.services.signer.fits(_shown_to(call, account_id), call.form.text("proof")):
        raise Forbidden("This form was not shown to you. Log in to get it again.")
    return await call.read(accounts.user, account_id)
