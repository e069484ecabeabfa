"""Staff and the accounts of this server. https://docs.joinmastodon.org/methods/admin/accounts/

Routes of `who=ADMIN`: the scope and the permission were checked. Presets of warnings there are none: warning_preset_id
is not looked at.
"""

from typing import Any

import msgspec

from ..access import addresses
from ..access.roles import Permission
from ..errors import not_among
from ..http import paging
from ..http.forms import Id
from ..http.paging import Page, PageQuery
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..social import moderation
from ..social.moderation import STATUSES, Decision, Wanted
from . import render_admin
from .call import Call
from .entities import Empty
from .server_entities import AdminAccount


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
    statuses = [name for name in STATUSES if getattr(query, name)]
    wanted = call.site.roles.who_may(Permission.MANAGE_REPORTS) if query.staff else None
    return await _accounts(call, query, statuses, wanted, nobody=query.remote)


async def accounts_v2(call: Call, query: V2AccountsQuery) -> Page[AdminAccount]:
    if query.status not in ("", *STATUSES):
        raise not_among("status", STATUSES, query.status)
    roles = call.site.roles
    wanted = set(roles.who_may(Permission.MANAGE_REPORTS) if query.permissions == "staff" else roles.ranks)
    if query.role_ids:
        wanted &= {role for role, rank in roles.ranks.items() if str(rank.id) in query.role_ids}
    nobody = query.origin == "remote" or bool(query.invited_by)  # nobody is invited
    asked = sorted(wanted) if query.role_ids or query.permissions == "staff" else None
    return await _accounts(call, query, [query.status] if query.status else [], asked, nobody=nobody)


async def _accounts(
    call: Call, query: AccountsQuery, statuses: list[str], wanted: list[str] | None, *, nobody: bool
) -> Page[Any]:
    """nobody: a condition that no account here can meet, for example remote."""
    span = paging.span(query, default=100, most=200)
    ip = addresses.known(query.ip)
    if nobody or query.by_domain not in ("", call.site.domain) or (query.ip and not ip):
        return paging.page([], [], span)
    asked = Wanted(statuses, wanted, query.username, query.display_name, query.email, ip)

    def operation(tx: Tx) -> tuple[list[AdminAccount], list[int]]:
        people = moderation.find(tx, asked, span, call.site.org_id)
        return render_admin.people(tx, call, people), [account.id for account, _ in people]

    items, keys = await call.read(operation)
    return paging.page(items, keys, span)


async def account(call: Call, id: int) -> AdminAccount:
    return await call.read(_one, call, id)


def _one(tx: Tx, call: Call, id: int) -> AdminAccount:
    return render_admin.people(tx, call, [moderation.get(tx, id, call.site.org_id)])[0]


class ActionBody(msgspec.Struct, kw_only=True):
    type: str = ""
    text: str = ""
    report_id: Id = 0
    warning_preset_id: str = ""
    send_email_notification: bool = False


async def action(call: Call, id: int, body: ActionBody) -> Empty:
    """The owner is told in their notifications; what was reported of the account is resolved."""
    decision = Decision(body.type, body.text, body.report_id, mail=body.send_email_notification)
    await call.write(moderation.act, call.account_id, id, decision, org_id=call.site.org_id)
    call.services.auth.forget()
    return Empty()


async def approve(call: Call, id: int) -> AdminAccount:
    return await _undo(call, id, "approve")


async def reject(call: Call, id: int) -> AdminAccount:
    """What it was: it is gone then, and its name is free."""
    shown = await account(call, id)
    await call.write(moderation.undo, call.account_id, id, "reject", org_id=call.site.org_id)
    call.services.auth.forget()
    return shown


async def enable(call: Call, id: int) -> AdminAccount:
    return await _undo(call, id, "enable")


async def unsilence(call: Call, id: int) -> AdminAccount:
    return await _undo(call, id, "unsilence")


async def unsensitive(call: Call, id: int) -> AdminAccount:
    return await _undo(call, id, "unsensitive")


async def unsuspend(call: Call, id: int) -> AdminAccount:
    return await _undo(call, id, "unsuspend")


async def delete(call: Call, id: int) -> AdminAccount:
    """What a suspended account has is deleted, without waiting for 30 days; it cannot come back then."""
    return await _undo(call, id, "delete")


async def _undo(call: Call, id: int, name: str) -> AdminAccount:
    def operation(tx: Tx) -> AdminAccount:
        moderation.undo(tx, call.account_id, id, name, org_id=call.site.org_id)
        return _one(tx, call, id)

    shown = await call.write(operation)
    call.services.auth.forget()
    return shown


PATH, READ, WRITE, USERS = (
    "/api/v1/admin/accounts",
    "admin:read:accounts",
    "admin:write:accounts",
    Permission.MANAGE_USERS,
)
ROUTES = [
    Route("GET", PATH, accounts_v1, READ, ADMIN, USERS),
    Route("GET", "/api/v2/admin/accounts", accounts_v2, READ, ADMIN, USERS),
    Route("GET", f"{PATH}/{{id}}", account, READ, ADMIN, USERS),
    Route("DELETE", f"{PATH}/{{id}}", delete, WRITE, ADMIN, Permission.DELETE_USER_DATA),
    Route("POST", f"{PATH}/{{id}}/action", action, WRITE, ADMIN, USERS),
    Route("POST", f"{PATH}/{{id}}/approve", approve, WRITE, ADMIN, USERS),
    Route("POST", f"{PATH}/{{id}}/reject", reject, WRITE, ADMIN, USERS),
    Route("POST", f"{PATH}/{{id}}/enable", enable, WRITE, ADMIN, USERS),
    Route("POST", f"{PATH}/{{id}}/unsilence", unsilence, WRITE, ADMIN, USERS),
    Route("POST", f"{PATH}/{{id}}/unsuspend", unsuspend, WRITE, ADMIN, USERS),
    Route("POST", f"{PATH}/{{id}}/unsensitive", unsensitive, WRITE, ADMIN, USERS),
]
