"""Settings: profile, defaults for posts, password, sessions and apps."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from ....access import emails, limits, logins, second_factor, sessions, tokens
from ....errors import Invalid, NotFound
from ....ports import Tx
from ....social import accounts, own_access, pictures, sign_up, uploads
from ....social.accounts import ProfileChange
from ....social.shown import fields_of
from ....types import Account, Field, User
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from ..entry.mailed import unsent
from ..posts import audience
from . import proving

SWITCHES = [
    ("locked", "I decide who may follow me"),
    ("discoverable", "Suggest me to others, and let search engines keep my profile"),
    ("indexable", "Let everybody find my public posts by searching, here and in search engines"),
    ("hide_network", "Keep whom I follow, and who follows me, to myself"),
    ("bot", "This account is a robot"),
]


class ProfileForm(msgspec.Struct, frozen=True):
    display_name: str
    note: str
    fields: list[Field]
    locked: bool
    discoverable: bool
    indexable: bool
    hide_network: bool
    bot: bool

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


async def profile_form(call: Call) -> Page:
    assert call.me
    return _profile_page(call, _stored(call.me))


async def profile_again(call: Call, problem: Problem) -> Page:
    if call.form.has_files:
        problem = msgspec.structs.replace(problem, message=f"{problem.message} Choose the pictures again.".strip())
    return _profile_page(call, _sent(call.form), problem)


def _profile_page(call: Call, form: ProfileForm, problem: Problem | None = None) -> Page:
    assert call.me
    values = {
        "form": form,
        "switches": SWITCHES,
        "header": call.views.picture(call.me, call.me.header, "header.png"),
        "problem": problem.message if problem else "",
        "notice": "" if problem else _saved(call),
    }
    return Page("settings/profile.html", values, status=problem.status if problem else 200)


def _stored(me: Account) -> ProfileForm:
    switches = {name: bool(getattr(me, name)) for name, _ in SWITCHES}
    return ProfileForm(display_name=me.display_name, note=me.note, fields=fields_of(me), **switches)


def _sent(form: Fields) -> ProfileForm:
    table = zip(form.texts("field_name"), form.texts("field_value"), strict=False)
    return ProfileForm(
        display_name=form.text("display_name"),
        note=form.text("note"),
        fields=[Field(name, value) for name, value in table],
        **{name: form.flag(name) for name, _ in SWITCHES},
    )


async def save_profile(call: Call) -> Go:
    """Saves the profile, with new pictures, if any were chosen."""
    form = _sent(call.form)
    for name, size_bytes in call.form.oversized.items():
        raise uploads.too_large(name, size_bytes, call.site.media_bytes_max)
    avatar, header, most = call.form.file("avatar"), call.form.file("header"), call.site.media_bytes_max
    if avatar or header:
        await call.throttle(limits.MEDIA, account=str(call.account_id))
    async with pictures.stored(
        call.engines,
        call.account_id,
        bytes_max=most,
        avatar=avatar.read(most, "avatar") if avatar else None,
        header=header.read(most, "header") if header else None,
    ) as made:
        change = ProfileChange(**msgspec.structs.asdict(form), **msgspec.structs.asdict(made))
        await call.write(accounts.change_profile, call.account_id, change)
    return Go("/settings?saved=1")


async def posting_form(call: Call) -> Page:
    user = await call.read(accounts.user, call.account_id)
    sensitive = bool(user.post_sensitive)
    return _posting_page(call, user.post_visibility, user.post_language, user.quote_policy, sensitive=sensitive)


async def posting_again(call: Call, problem: Problem) -> Page:
    form = call.form
    sent = [form.text(name) for name in ("visibility", "language", "quote_policy")]
    return _posting_page(call, *sent, sensitive=form.flag("sensitive"), problem=problem)


def _posting_page(
    call: Call, visibility: str, language: str, quote_policy: str, *, sensitive: bool, problem: Problem | None = None
) -> Page:
    audiences = [one for one in audience.within("public") if one[0] != "direct"]
    values = {
        "visibility": visibility,
        "language": language,
        "sensitive": sensitive,
        "quote_policy": quote_policy,
        "quote_policies": audience.QUOTE_POLICIES,
        "audiences": audiences,
        "problem": problem.message if problem else "",
        "notice": "" if problem else _saved(call),
    }
    return Page("settings/posting.html", values, status=problem.status if problem else 200)


async def save_posting(call: Call) -> Go:
    """Raises Invalid: a visibility that the form does not offer."""
    change = ProfileChange(
        post_visibility=call.form.text("visibility"),
        post_language=call.form.text("language"),
        post_sensitive=call.form.flag("sensitive"),
        quote_policy=call.form.text("quote_policy") or None,
    )
    await call.write(accounts.change_profile, call.account_id, change)
    return Go("/settings/posting?saved=1")


def _saved(call: Call) -> str:
    return "Saved." if call.query.flag("saved") else ""


# password, sessions, apps


class SessionView(msgspec.Struct, frozen=True):
    id: str
    name: str
    here: bool
    created_ms: int


class AppView(msgspec.Struct, frozen=True):
    id: int
    name: str
    scopes: str
    created_ms: int


async def access_form(call: Call) -> Page:
    return await access_page(call)


async def password_again(call: Call, problem: Problem) -> Page:
    return await access_page(call, problem.message, status=problem.status)


async def email_again(call: Call, problem: Problem) -> Page:
    return await access_page(call, email_problem=problem.message, status=problem.status)


async def access_page(
    call: Call, problem: str = "", *, email_problem: str = "", email_notice: str = "", status: int = 422
) -> Page:
    user, has_factor, where, let_in, way = await call.read(_access, call)
    failed = bool(problem or email_problem)
    values = {
        "email": user.email,
        "given_email": "" if email_notice else call.form.text("email"),
        "email_notice": email_notice,
        "has_factor": has_factor,
        "way": way,
        "sessions": where,
        "apps": let_in,
        "problem": problem,
        "email_problem": email_problem,
        "notice": "" if failed else _saved(call),
    }
    return Page("settings/access.html", values, status=status if failed else 200)


Access = tuple[User, bool, list[SessionView], list[AppView], proving.Way]


def _access(tx: Tx, call: Call) -> Access:
    account_id, session_id = call.account_id, call.viewer.token_id
    where = [
        SessionView(one.id, browser_of(one.user_agent), one.id == session_id, one.created_ms)
        for one in sessions.of_account(tx, account_id)
    ]
    let_in = [AppView(app.id, app.name, token.scopes, token.created_ms) for app, token in tokens.let_in(tx, account_id)]
    way = proving.way(tx, call, "/settings/access")
    return accounts.user(tx, account_id), second_factor.is_on(tx, account_id), where, let_in, way


def browser_of(user_agent: str) -> str:
    """Browser and system in a few words. User agents contain the names of older browsers, so the order matters."""
    browsers = ("Firefox", "Edg", "OPR", "Chromium", "Chrome", "Safari")
    systems = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "macOS"}
    browser = next((name for name in browsers if f"{name}/" in user_agent), "")
    browser = {"Edg": "Edge", "OPR": "Opera"}.get(browser, browser) or "A browser"
    system = next((name for part, name in systems.items() if part in user_agent), "")
    system = system or ("Linux" if "Linux" in user_agent else "")
    return f"{browser} on {system}" if system else browser


async def change_password(call: Call) -> Page | Go:
    """Requires the old password, and ends all other sessions."""
    await call.throttle(limits.PASSWORD_CHANGE, account=str(call.account_id))
    old, new = call.form.text("old"), call.form.text("new")
    login = await call.read(logins.of_account, call.account_id)
    if not await asyncio.to_thread(call.passwords.matches, login.password_hash, old):
        return await access_page(call, "That is not your password now.")
    await call.give_back(limits.PASSWORD_CHANGE, account=str(call.account_id))
    try:
        personal = (call.me.username if call.me else "", call.site.domain, call.site.title)
        hashed = await asyncio.to_thread(call.passwords.hash, new, personal=personal)
    except Invalid as error:
        return await access_page(call, f"The new password {error.why}.")
    cookie = await call.write(_change_password, login, hashed, call.headers.get("user-agent", ""))
    return Go("/settings/access?saved=1", cookie=cookie)


def _change_password(tx: Tx, login: logins.Login, hashed: str, user_agent: str) -> str:
    """Returns the cookie of a new session for the user who changed it."""
    logins.change_password(tx, login, hashed)
    return sessions.start(tx, login.account_id, user_agent)


async def change_email(call: Call) -> Page:
    """Asks for the password and sends a link to the new address. Nothing is changed before that is followed."""
    try:
        await proving.check_password(call)
    except Invalid as error:
        return await access_page(call, email_problem=error.why)
    await proving.done(call, "another address was asked for")
    login = await call.read(logins.of_account, call.account_id)
    email = call.form.text("email").strip()
    if wrong := accounts.check_email(email):
        return await access_page(call, email_problem=f"The address {wrong[0].why}.")
    await call.throttle(limits.CONFIRMATION, account=str(call.account_id), address=emails.key_of(email))
    await call.write(sign_up.want_address, call.account_id, email, login.password_hash)
    notice = " ".join([f"A mail is on its way to {email}: follow the link in it.", *unsent(call)])
    return await access_page(call, email_notice=notice)


async def end_sessions(call: Call) -> Go:
    wanted = call.form.text("end")
    if wanted == "others":
        await call.write(own_access.end_other_sessions, call.account_id, keep=call.viewer.token_id)
    else:
        with suppress(NotFound):  # it has ended by itself
            await call.write(own_access.end_session, call.account_id, wanted)
    return Go("/settings/access?saved=1")


async def revoke_app(call: Call) -> Go:
    await call.write(own_access.revoke_app, call.account_id, call.form.id("revoke"))
    return Go("/settings/access?saved=1")
