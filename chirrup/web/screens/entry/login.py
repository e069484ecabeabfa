"""Sign up, log in, log out."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ....access import apps, browsers, emails, limits, logins, sessions
from ....access.logins import Login
from ....errors import Forbidden, OAuthError, SecondFactorWanted, Unauthorised, Unconfirmed, WrongPasskey
from ....ports import Operation, Tx
from ....social import accounts, text
from ....social import sign_up as signing_up
from ....social.sign_up import Wanted
from ....types import User
from ... import problems
from ...call import Call, Go, Page, Resume
from ...forms import Fields
from ...problems import Problem
from ..settings import strikes
from . import mailed, passkey, second_step, single_sign_on

NAME_CHARS_MAX = 300  # addresses and handles are shorter; limited because tries are counted by name


async def sign_up_form(call: Call) -> Page | Go:
    _check_open(call)
    return Go(call.return_to("/home")) if call.viewer_id else _sign_up_page(call)


def _check_open(call: Call) -> None:
    """Raises Unauthorised: a closed site where nobody can sign up shows a stranger nothing but the login."""
    if call.site.closed and not call.site.registrations and not call.viewer_id:
        raise Unauthorised(call.NOBODY)


async def sign_up_again(call: Call, problem: Problem) -> Page:
    return _sign_up_page(call, problem)


def _sign_up_page(call: Call, problem: Problem | None = None) -> Page:
    given = {name: call.form.text(name) for name in ("username", "email", "reason")}
    wrong = problem.fields if problem else {}
    values = {
        "given": given,
        "problems": wrong,
        "problem": problem.message if problem and not wrong else "",
        "return_to": call.return_to(""),
    }
    return Page("entry/sign_up.html", values, status=problem.status if problem else 200)


async def sign_up(call: Call) -> Page | Go:
    """The user is logged in at once, unless their address must be confirmed or staff must let them in before."""
    _check_open(call)
    user_agent = call.headers.get("user-agent", "")
    username, email, password = (call.form.text(name) for name in ("username", "email", "password"))
    wanted = Wanted(username.strip().removeprefix("@"), email, password, reason=call.form.text("reason"))

    def enter(tx: Tx, user: User) -> tuple[User, str]:
        """Who it is, and the cookie of their session: "" while they may not log in yet."""
        return user, sessions.start(tx, user.account_id, user_agent) if user.confirmed_ms and user.approved else ""

    user, cookie = await signing_up.sign_up(call, call.passwords, wanted, enter)
    if not user.confirmed_ms:
        return mailed.unconfirmed(call, user)
    if not cookie:
        said = [f"Whoever looks after {call.site.title} looks at it first. You can log in once they have let you in."]
        return Page("entry/said.html", {"title": "Your account is made", "said": said, "next": ("/", "Back")})
    call.remember_browser(user.account_id)
    return Go(call.return_to("/home"), cookie=cookie)


async def login_form(call: Call) -> Page | Go:
    if call.viewer_id and not call.query.flag("again"):
        return Go(call.return_to("/home"))
    if call.is_limited:  # who is logged in already, and would be asked to do so again and again
        return Go(strikes.PATH)
    return await _login_page(call)


async def login_again(call: Call, problem: Problem) -> Page:
    return await _login_page(call, problem.message, problem.status)


async def _login_page(call: Call, problem: str = "", status: int = 200) -> Page:
    back = call.return_to("")
    values = {
        "problem": problem,
        "email": call.form.text("email"),
        "return_to": back,
        "again": call.query.flag("again"),
        "app": await _app(call, back),
        "kept": call.form.text("kept"),
        "options": passkey.asking(call),
        "provider": _provider(call),
    }
    return Page("entry/login.html", values, status=status)


def _provider(call: Call) -> str:
    """What the organisation's provider is called; "": it has none."""
    return call.site.settings.oidc.label if call.site.settings.oidc else ""


def login_with(call: Call, packed: str, form: Fields) -> Page:
    """The login form, after another form was sent without a session. packed: that form, handled after the login."""
    again = " Choose the pictures again then." if form.has_files else ""
    problem = f"You are logged out. Log in, and you can go on with what you typed.{again}"
    values = {"problem": problem, "email": "", "return_to": "", "again": False, "app": "", "kept": packed}
    values |= {"options": passkey.asking(call), "provider": _provider(call)}
    return Page("entry/login.html", values, status=401)


async def _app(call: Call, back: str) -> str:
    """The name of the app that the login is for."""
    asked = urlsplit(back)
    client_id = parse_qs(asked.query).get("client_id", [""])[0] if asked.path == "/oauth/authorize" else ""
    try:
        return (await call.read(apps.find, client_id, call.site.org_id)).name if client_id else ""
    except OAuthError:
        return ""


async def login(call: Call) -> Page | Go | Resume:
    """A wrong password and an unknown name get the same answer, after the same time.

    Tries are counted by the name as written: one count for username and address would reveal whose the address is.
    """
    if call.viewer_id and call.form.text("go_on"):  # logged in meanwhile, in another tab
        return Resume(call.cookie, call.form.text("kept"))
    username, email = _meant(call.form.text("email").strip()[:NAME_CHARS_MAX], call.site.domain)
    password = call.form.text("password")
    found: Login = await call.read(logins.look_up, username=username, email=email, org_id=call.site.org_id)
    known = browsers.known_as(call.services.signer, call.browser, found.account_id)
    rules, key = (limits.LOGIN_KNOWN, f"{found.account_id} {known}") if known else (limits.LOGIN, username or email)
    await call.throttle(rules, account=key)
    if not await asyncio.to_thread(call.passwords.matches, found.password_hash, password):
        try:
            id = await single_sign_on.by_password(call, call.form.text("email").strip()[:NAME_CHARS_MAX], password)
        except single_sign_on.NotIn as error:
            return await _login_page(call, error.words, error.status)
        if id:
            await call.give_back(rules, account=key)
            return await _enter_by_directory(call, id, call.return_to("/home"))
        if not known:
            await call.throttle(limits.LOGIN_WRONG)
        return await _login_page(call, _wrong(call), status=422)
    await call.give_back(rules, account=key)
    try:
        if rehashed := await asyncio.to_thread(call.passwords.rehashed, found.password_hash, password):
            found = await call.write(logins.rehash, found, rehashed)
        return await _enter(call, found.account_id, logins.open_session, found, owners_only=call.site.owners_only)
    except Unconfirmed:
        return mailed.unconfirmed(call, await call.read(accounts.user, found.account_id), status=403)
    except SecondFactorWanted:
        return second_step.ask(call, found)
    except (Unauthorised, Forbidden) as error:
        return await _login_page(call, problems.said(error), status=403)


async def by_passkey(call: Call) -> Page | Go | Resume:
    """There is nothing to guess, so no try is counted here."""
    try:
        answer = await passkey.answer(call)
        only = call.site.owners_only
        return await _enter(call, answer.account_id, logins.open_by_passkey, answer, owners_only=only)
    except (Unauthorised, Forbidden) as error:
        return await _login_page(call, problems.said(error), status=403)


async def _enter(call: Call, account_id: int, open: Operation[..., str], *given: Any, **more: Any) -> Go | Resume:
    """Open a session by an operation of logins.py. Raises as that does."""
    cookie = await call.write(open, *given, call.headers.get("user-agent", ""), **more)
    return await _entered(call, account_id, cookie, call.return_to("/home"))


async def _entered(call: Call, account_id: int, cookie: str, to: str) -> Go | Resume:
    """In place of the session that this browser has."""
    if call.viewer_id:
        await call.write(sessions.end, call.viewer_id, call.viewer.token_id)
    call.remember_browser(account_id)
    if kept := call.form.text("kept"):
        return Resume(cookie, kept)
    return Go(to, cookie=cookie)


async def at_provider(call: Call) -> Page | Go:
    """To the organisation's provider, and from there back to where one wanted to go."""
    if call.viewer_id and not call.query.flag("again"):
        return Go(call.return_to("/home"))
    try:
        return await single_sign_on.begin(call)
    except single_sign_on.NotIn as error:
        return await _login_page(call, error.words, error.status)


async def from_provider(call: Call) -> Page | Go | Resume:
    try:
        account_id, to = await single_sign_on.come_back(call)
    except single_sign_on.NotIn as error:
        return await _login_page(call, error.words, error.status)
    return await _enter_by_directory(call, account_id, to)


async def _enter_by_directory(call: Call, account_id: int, to: str) -> Page | Go | Resume:
    """A directory has said who it is."""
    try:
        cookie = await call.write(logins.open_for, account_id, call.headers.get("user-agent", ""))
    except SecondFactorWanted:
        found = await call.read(logins.of_account, account_id)
        return second_step.ask(call, found, by=second_step.DIRECTORY, to=to)
    except (Unauthorised, Forbidden) as error:
        return await _login_page(call, problems.said(error), status=403)
    return await _entered(call, account_id, cookie, to)


async def second_step_of(call: Call) -> Page | Go | Resume:
    """The code, or a passkey, after the password. Only wrong ones stay counted."""
    found = await second_step.shown(call)
    if found is None:
        return await _login_page(call, "That took too long, or your password was changed. Log in again.", status=422)
    key = second_step.counted_by(call, found)
    await call.throttle(limits.CODE, account=key)
    try:
        proof = await second_step.proof(call, found)
        only = call.site.owners_only and not second_step.is_by_directory(call)
        entered = await _enter(call, found.account_id, logins.open_session, found, proof=proof, owners_only=only)
    except (SecondFactorWanted, WrongPasskey) as error:
        return second_step.ask(call, found, problems.of(error))
    except (Unauthorised, Forbidden) as error:
        return await _login_page(call, problems.said(error), status=403)
    await call.give_back(limits.CODE, account=key)
    return entered


async def second_step_again(call: Call, problem: Problem) -> Page:
    found = await second_step.shown(call)
    return second_step.ask(call, found, problem) if found else await _login_page(call, problem.message, problem.status)


def _wrong(call: Call) -> str:
    """An address leads to its account once it is confirmed. The username does so at once."""
    hint = "If you have just signed up, log in with your username." if call.settings.must_confirm else ""
    return f"{logins.wrong().message} {hint}".strip()


def _meant(name: str, domain: str) -> tuple[str, str]:
    """(username, "") or ("", e-mail address) in normal form, from a username, address, @name or @name@domain."""
    username, _, host = name.removeprefix("@").partition("@")
    if host and not (name.startswith("@") and text.is_ours(host, domain)):
        return "", emails.key_of(name)  # if it begins with @, no account has it
    return text.username_key(username), ""


async def logout(call: Call) -> Go:
    await call.write(sessions.end, call.account_id, call.viewer.token_id)
    return Go("/", cookie="")
