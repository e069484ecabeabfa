"""Administrators and the accounts of this server. https://docs.joinmastodon.org/methods/admin/accounts/

All routes are `who=ADMIN`, so scope and role have been checked. Features that do not exist here (approval, silencing,
marking as sensitive, deleting) have no routes.
"""

from typing import Any

import msgspec

from ..errors import not_among
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..social import moderation
from ..social.moderation import Person, Wanted
from ..times import iso
from ..types import Role
from . import paging
from .call import Call
from .entities import Empty
from .paging import Page, PageQuery
from .render_accounts import role_entity
from .server_entities import AdminAccount

ROLES = {role_entity(role).id: role for role in Role}
TYPES = ("none", "disable", "suspend")


class AccountsQuery(PageQuery, kw_only=True):
    """The parameters of both versions."""

    username: str = ""
    display_name: str = ""
    email: str = ""
    by_domain: str = ""
    ip: str = ""


class V1AccountsQuery(AccountsQuery, kw_only=True):
    local: bool = False
    remote: bool = False
    active: bool = False
    pending: bool = False
    disabled: bool = False
    silenced: bool = False
    suspended: bool = False
    sensitized: bool = False
    staff: bool = False


class V2AccountsQuery(AccountsQuery, kw_only=True):
    origin: str = ""
    status: str = ""
    permissions: str = ""
    role_ids: list[str] = []
    invited_by: str = ""


async def accounts_v1(call: Call, query: V1AccountsQuery) -> Page[AdminAccount]:
    statuses = [name for name in moderation.STATUSES if getattr(query, name)]
    nobody = query.remote or query.silenced or query.sensitized
    return await _accounts(call, query, statuses, Role.ADMIN if query.staff else None, nobody=nobody)


async def accounts_v2(call: Call, query: V2AccountsQuery) -> Page[AdminAccount]:
    if query.status not in ("", "silenced", *moderation.STATUSES):
        raise not_among("status", moderation.STATUSES, query.status)
    roles = {ROLES[id] for id in query.role_ids if id in ROLES}
    if query.permissions == "staff":
        roles = roles & {Role.ADMIN} if query.role_ids else {Role.ADMIN}
    nobody = query.origin == "remote" or query.status == "silenced" or bool(query.invited_by)
    nobody = nobody or (not roles and bool(query.role_ids))
    role = next(iter(roles)) if len(roles) == 1 else None
    return await _accounts(call, query, [query.status] if query.status else [], role, nobody=nobody)


async def _accounts(
    call: Call, query: AccountsQuery, statuses: list[str], role: Role | None, *, nobody: bool
) -> Page[Any]:
    """nobody: a condition that no account here can meet, for example remote."""
    span = paging.span(query, default=100, most=200)
    if nobody or query.by_domain not in ("", call.site.domain) or query.ip:  # IP addresses are not stored
        return paging.page([], [], span)
    wanted = Wanted(statuses, role, query.username, query.display_name, query.email)

    def operation(tx: Tx) -> tuple[list[AdminAccount], list[int]]:
        people = moderation.find(tx, wanted, span, call.site.org_id)
        return _rendered(tx, call, people), [account.id for account, _ in people]

    items, keys = await call.read(operation)
    return paging.page(items, keys, span)


def _rendered(tx: Tx, call: Call, people: list[Person]) -> list[AdminAccount]:
    shown = call.render.accounts_by_id(tx, [account.id for account, _ in people])
    return [
        AdminAccount(
            id=str(account.id),
            username=account.username,
            domain=None,
            created_at=iso(account.created_ms),
            email=user.email,
            ip=None,
            ips=[],
            locale=user.locale or None,
            invite_request=None,
            role=role_entity(user.role),
            confirmed=bool(user.confirmed_ms),
            approved=bool(user.approved),
            disabled=bool(user.disabled),
            sensitized=False,
            silenced=False,
            suspended=bool(account.suspended_ms),
            account=shown[account.id],
        )
        for account, user in people
    ]


async def account(call: Call, id: int) -> AdminAccount:
    return (await call.read(lambda tx: _rendered(tx, call, [moderation.get(tx, id, call.site.org_id)])))[0]


class ActionBody(msgspec.Struct, kw_only=True):
    type: str = ""
    text: str = ""


async def action(call: Call, id: int, body: ActionBody) -> Empty:
    """`none` only adds a note to the log. No mail is sent about any action."""
    if body.type not in TYPES:
        raise not_among("type", TYPES, body.type)
    await _act(call, id, body.type, body.text)
    return Empty()


async def enable(call: Call, id: int) -> AdminAccount:
    await _act(call, id, "enable")
    return await account(call, id)


async def unsuspend(call: Call, id: int) -> AdminAccount:
    await _act(call, id, "unsuspend")
    return await account(call, id)


async def _act(call: Call, id: int, name: str, words: str = "") -> None:
    await call.write(moderation.act, call.account_id, id, name, words, org_id=call.site.org_id)
    call.services.auth.forget()


ROUTES = [
    Route("GET", "/api/v1/admin/accounts", accounts_v1, "admin:read:accounts", ADMIN),
    Route("GET", "/api/v2/admin/accounts", accounts_v2, "admin:read:accounts", ADMIN),
    Route("GET", "/api/v1/admin/accounts/{id}", account, "admin:read:accounts", ADMIN),
    Route("POST", "/api/v1/admin/accounts/{id}/action", action, "admin:write:accounts", ADMIN),
    Route("POST", "/api/v1/admin/accounts/{id}/enable", enable, "admin:write:accounts", ADMIN),
    Route("POST", "/api/v1/admin/accounts/{id}/unsuspend", unsuspend, "admin:write:accounts", ADMIN),
]
