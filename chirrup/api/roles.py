"""The roles of the organisation: the three that all have, and those that it has made for itself."""

import msgspec

from ..access.roles import Permission, Rank
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.route import ADMIN, Route
from ..orgs import roles


class OwnRole(Entity, kw_only=True):
    """fixed: every organisation has it, and it cannot be changed."""

    id: Id
    name: str
    permissions: list[str]
    fixed: bool


def shown(one: Rank) -> OwnRole:
    permissions = [str(each.name).lower() for each in one.permissions]
    return OwnRole(id=str(one.id), name=one.name, permissions=permissions, fixed=one.highlighted)


async def index(call: Call) -> list[OwnRole]:
    return [shown(one) for one in await call.read(roles.every, call.site.org_id)]


class RoleBody(msgspec.Struct, kw_only=True):
    name: str = ""
    permissions: list[str] = []


class PermissionsBody(msgspec.Struct, kw_only=True):
    permissions: list[str]


async def create(call: Call, body: RoleBody) -> OwnRole:
    permissions = roles.permissions_of(body.permissions)
    made = await call.write(roles.create, call.site.org_id, call.account_id, body.name, permissions)
    await call.services.sites.renewed(call.site)
    return shown(made)


async def change(call: Call, name: str, body: PermissionsBody) -> OwnRole:
    permissions = roles.permissions_of(body.permissions)
    made = await call.write(roles.change, call.site.org_id, call.account_id, name, permissions)
    await call.services.sites.renewed(call.site)
    return shown(made)


class Empty(Entity, kw_only=True):
    pass


async def delete(call: Call, name: str) -> Empty:
    """Nobody may have it."""
    await call.write(roles.delete, call.site.org_id, call.account_id, name)
    await call.services.sites.renewed(call.site)
    return Empty()


PATH = "/api/chirrup/v1/org/roles"
READ, WRITE = "admin:read:accounts", "admin:write:accounts"
MANAGE = Permission.MANAGE_ROLES
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, MANAGE | Permission.MANAGE_USERS | Permission.INVITE_USERS),
    Route("POST", PATH, create, WRITE, ADMIN, MANAGE),
    Route("PATCH", f"{PATH}/{{name}}", change, WRITE, ADMIN, MANAGE),
    Route("DELETE", f"{PATH}/{{name}}", delete, WRITE, ADMIN, MANAGE),
]
