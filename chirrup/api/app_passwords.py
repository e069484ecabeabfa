"""App passwords of whoever asks, and the browsers where they are logged in.

An app makes app passwords within its own scopes; they end with it. The page /settings/app-passwords makes others.
"""

import msgspec

from ..access import app_passwords, sessions
from ..http.call import Call
from ..http.entity import Entity
from ..http.route import Route
from ..ports import Tx
from ..social import own_access
from ..times import iso, iso_or_none
from ..types import Session, Token


class AppPassword(Entity, kw_only=True):
    id: str
    name: str
    scopes: list[str]
    created_at: str
    last_used_at: str | None  # noted once an hour


class NewAppPassword(AppPassword, kw_only=True):
    password: str  # told once


class LoggedIn(Entity, kw_only=True):
    """A browser that is logged in to the pages."""

    id: str
    user_agent: str
    created_at: str
    last_used_at: str  # noted once a day


class Empty(Entity, kw_only=True):
    pass


def _shown(one: Token) -> AppPassword:
    return AppPassword(
        id=one.id,
        name=one.name,
        scopes=one.scopes.split(),
        created_at=iso(one.created_ms),
        last_used_at=iso_or_none(one.used_ms),
    )


def logged_in(found: list[Session]) -> list[LoggedIn]:
    return [
        LoggedIn(id=one.id, user_agent=one.user_agent, created_at=iso(one.created_ms), last_used_at=iso(one.seen_ms))
        for one in found
    ]


async def index(call: Call) -> list[AppPassword]:
    """The newest first; a hundred at most."""
    return [_shown(one) for one in await call.read(app_passwords.of_account, call.account_id)]


class NewBody(msgspec.Struct, kw_only=True):
    name: str = ""
    scopes: list[str] = []


async def create(call: Call, body: NewBody) -> NewAppPassword:
    """Within the scopes of the token that asks."""

    def operation(tx: Tx) -> tuple[Token, str]:
        return own_access.make_app_password(tx, call.account_id, body.name, " ".join(body.scopes), by=call.viewer)

    made, password = await call.write(operation)
    return NewAppPassword(**msgspec.structs.asdict(_shown(made)), password=password)


async def end(call: Call, id: str) -> Empty:
    await call.write(own_access.end_app_password, call.account_id, id)
    call.services.auth.forget()
    return Empty()


async def browsers(call: Call) -> list[LoggedIn]:
    """The last used first."""
    return logged_in(await call.read(sessions.of_account, call.account_id))


async def log_out(call: Call, id: str) -> Empty:
    await call.write(own_access.end_session, call.account_id, id)
    return Empty()


PATH, SESSIONS = "/api/chirrup/v1/app_passwords", "/api/chirrup/v1/sessions"
ROUTES = [
    Route("GET", PATH, index, "read:accounts"),
    Route("POST", PATH, create, "write:accounts"),
    Route("DELETE", f"{PATH}/{{id}}", end, "write:accounts"),
    Route("GET", SESSIONS, browsers, "read:accounts"),
    Route("DELETE", f"{SESSIONS}/{{id}}", log_out, "write:accounts"),
]
