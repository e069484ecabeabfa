"""Tokens with which a company's directory speaks SCIM: made, listed, ended by staff."""

from typing import Any

import msgspec

from ..access.roles import Permission
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.route import ADMIN, Route
from ..orgs.directory import checking
from ..orgs.scim import tokens
from ..ports import Tx
from ..times import iso, iso_or_none
from ..types import ScimToken
from .app_passwords import Empty

PATH = "/api/chirrup/v1/org/identity/scim_tokens"


class NamedToken(Entity, kw_only=True):
    id: Id
    name: str
    created_at: str
    last_used_at: str | None  # noted once an hour


class NewToken(NamedToken, kw_only=True):
    token: str  # told once
    warning: str  # what goes wrong as things are set now; "": nothing


async def index(call: Call) -> list[NamedToken]:
    """The oldest first; 20 at most."""
    return [NamedToken(**_token(one)) for one in await call.read(tokens.every, call.site.org_id)]


class NewTokenBody(msgspec.Struct, kw_only=True):
    name: str = ""  # of the directory, for people


async def make(call: Call, body: NewTokenBody) -> NewToken:
    def operation(tx: Tx) -> tuple[ScimToken, str, str]:
        made, secret = tokens.make(tx, call.site.org_id, call.account_id, body.name)
        wrong = checking.second_accounts(tx, call.site.org_id, call.site.settings)
        return made, secret, f"{wrong.what}: {wrong.to_do}" if wrong else ""

    made, secret, warning = await call.write(operation)
    return NewToken(**_token(made), token=secret, warning=warning)


async def end(call: Call, id: int) -> Empty:
    """It is refused from the next request on."""
    await call.write(tokens.end, call.site.org_id, call.account_id, id)
    return Empty()


def _token(one: ScimToken) -> dict[str, Any]:
    used = iso_or_none(one.used_ms)
    return {"id": str(one.id), "name": one.name, "created_at": iso(one.created_ms), "last_used_at": used}


NEEDED = Permission.MANAGE_IDENTITY
ROUTES = [
    Route("GET", PATH, index, "admin:read", ADMIN, NEEDED),
    Route("POST", PATH, make, "admin:write", ADMIN, NEEDED),
    Route("DELETE", f"{PATH}/{{id}}", end, "admin:write", ADMIN, NEEDED),
]
