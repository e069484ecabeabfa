"""Sign up, log in, log out."""

import asyncio
from urllib.parse import parse_qs, urlsplit

from ..access import apps, limits, logins, sessions
from ..access.logins import Login
from ..errors import Forbidden, Invalid, InvalidFields, OAuthError, Unauthorised
from ..ports import Tx
from ..social import accounts, text
from . import problems
from .call import Call, Go, Page, Resume
from .forms import Fields
from .problems import Problem

NAME_CHARS_MAX = 300  # no address and no handle is longer; tries are counted by name, so names are kept


async def sign_up_form(call: Call) -> Page | Go:
    return Go(call.return_to("/home")) if call.viewer_id else _sign_up_page(call)


async def sign_up_again(call: Call, problem: Problem) -> Page:
    return _sign_up_page(call, problem)


def _sign_up_page(call: Call, problem: Problem | None = None) -> Page:
    given = {name: call.form.text(name) for name in ("username", "email")}
    wrong = problem.fields if problem else {}
    values = {
        "given": given,
        "problems": wrong,
        "problem": problem.message if problem and not wrong else "",
        "return_to": call.return_to(""),
    }
    return Page("sign_up.html", values, status=problem.status if problem else 200)


async def sign_up(call: Call) -> Page | Go:
    """Without mail there is no address to confirm: the account works at once, and its owner is logged in."""
    if not call.settings.registrations:
        raise Forbidden("This server takes no new accounts.")
    await call.throttle(limits.SIGN_UP)
    username, email, password = (call.form.text(name) for name in ("username", "email", "password"))
    username = username.strip().removeprefix("@")
    wrong = accounts.check_username(username) + accounts.check_email(email)
    try:
        call.passwords.check(password)
    except Invalid as problem:
        wrong.append(problem)
    if wrong:
        raise InvalidFields(wrong)
    hashed = await asyncio.to_thread(call.passwords.hash, password)
    wanted = accounts.SignUp(username, email, hashed)
    cookie = await call.write(_create, wanted, call.headers.get("user-agent", ""))
    return Go(call.return_to("/home"), cookie=cookie)


def _create(tx: Tx, wanted: accounts.SignUp, user_agent: str) -> str:
    return sessions.start(tx, accounts.create(tx, wanted).id, user_agent)


async def login_form(call: Call) -> Page | Go:
    if call.viewer_id and not call.query.flag("again"):
        return Go(call.return_to("/home"))
    return await _login_page(call)


async def login_again(call: Call, problem: Problem) -> Page:
    return await _login_page(call, problem.message, problem.status)


async def _login_page(call: Call, problem: str = "", status: int = 200) -> Page:
    back = call.return_to("")
    values = {
        "problem": problem,
        "email": call.form.text("email"),
        "return_to": back,
        "app": await _app(call, back),
        "kept": call.form.text("kept"),
    }
    return Page("login.html", values, status=status)


def login_with(packed: str, form: Fields) -> Page:
    """The login form, for somebody who has sent another one without a session: that one comes back afterwards."""
    again = " Choose the pictures again then." if form.has_files else ""
    problem = f"You are logged out. Log in, and you can go on with what you typed.{again}"
    values = {"problem": problem, "email": "", "return_to": "", "app": "", "kept": packed}
    return Page("login.html", values, status=401)


async def _app(call: Call, back: str) -> str:
    """The name of the app that somebody logs in for."""
    asked = urlsplit(back)
    client_id = parse_qs(asked.query).get("client_id", [""])[0] if asked.path == "/oauth/authorize" else ""
    try:
        return (await call.read(apps.find, client_id)).name if client_id else ""
    except OAuthError:
        return ""


async def login(call: Call) -> Page | Go | Resume:
    """One answer to a wrong password and to a name nobody has, in the same time."""
    name, password = call.form.text("email").strip()[:NAME_CHARS_MAX], call.form.text("password")
    found: Login = await call.read(_look_up, name, call.settings.domain)
    await call.throttle(limits.LOGIN, account=str(found.account_id or accounts.email_key(name)))
    if not await asyncio.to_thread(call.passwords.matches, found.password_hash, password):
        return await _login_page(call, logins.wrong().message, status=422)
    rehashed = await asyncio.to_thread(call.passwords.rehashed, found.password_hash, password)
    user_agent = call.headers.get("user-agent", "")
    try:
        cookie = await call.write(logins.open_session, found, user_agent, rehashed=rehashed)
    except (Unauthorised, Forbidden) as error:
        return await _login_page(call, problems.said(error), status=403)
    if call.viewer_id:
        await call.write(sessions.end, call.viewer_id, call.viewer.token_id)
    if kept := call.form.text("kept"):
        return Resume(cookie, kept)
    return Go(call.return_to("/home"), cookie=cookie)


def _look_up(tx: Tx, name: str, domain: str) -> Login:
    """By e-mail address, username, @username or @username@domain."""
    username, _, host = name.removeprefix("@").partition("@")
    if name.startswith("@") or not host:
        ours = not host or host.casefold() == domain.casefold()
        return logins.look_up(tx, username=text.username_key(username)) if ours else Login()
    return logins.look_up(tx, email=accounts.email_key(name))


async def logout(call: Call) -> Go:
    await call.write(sessions.end, call.account_id, call.viewer.token_id)
    return Go("/", cookie="")
