"""Strikes, appeals and the log of what staff did: Chirrup's own, since Mastodon has them on its pages only.

A strike is Mastodon's AccountWarning: https://docs.joinmastodon.org/entities/AccountWarning/
"""

import msgspec

from ..access import visibility
from ..access.roles import Permission
from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..social import audit, moderation, strikes
from ..times import iso
from ..types import Strike
from .call import Call
from .entities import AccountWarning
from .server_entities import AuditEntry
from .told import warning


def _shown(tx: Tx, call: Call, found: list[Strike]) -> list[AccountWarning]:
    accounts = call.render.accounts_by_id(tx, {one.target_id for one in found})
    return [warning(one, accounts[one.target_id]) for one in found if one.target_id in accounts]


async def index(call: Call, query: PageQuery) -> Page[AccountWarning]:
    """What staff decided about the account that asks, newest first."""
    span = paging.span(query)

    def operation(tx: Tx) -> tuple[list[AccountWarning], list[int]]:
        found = strikes.against(tx, call.account_id, span)
        return _shown(tx, call, found), [one.id for one in found]

    items, keys = await call.read(operation)
    return paging.page(items, keys, span)


class Words(msgspec.Struct, kw_only=True):
    text: str = ""


async def appeal(call: Call, id: int, body: Words) -> AccountWarning:
    """Once, in the twenty days after it."""

    def operation(tx: Tx) -> AccountWarning:
        return _shown(tx, call, [strikes.appeal(tx, call.account_id, id, body.text)])[0]

    return await call.write(operation)


async def appeals(call: Call, query: PageQuery) -> Page[AccountWarning]:
    """Those that wait for a decision, newest first."""
    span = paging.span(query)

    def operation(tx: Tx) -> tuple[list[AccountWarning], list[int]]:
        found = strikes.appealed(tx, call.site.org_id, span)
        return _shown(tx, call, found), [one.id for one in found]

    items, keys = await call.read(operation)
    return paging.page(items, keys, span)


async def approve(call: Call, id: int) -> AccountWarning:
    """What was decided is undone, too."""
    return await _decide(call, id, approved=True)


async def reject(call: Call, id: int) -> AccountWarning:
    return await _decide(call, id, approved=False)


async def _decide(call: Call, id: int, *, approved: bool) -> AccountWarning:
    def operation(tx: Tx) -> AccountWarning:
        decided = moderation.decide_appeal(tx, call.account_id, id, approved=approved, org_id=call.site.org_id)
        return _shown(tx, call, [decided])[0]

    shown = await call.write(operation)
    call.services.auth.forget()
    return shown


async def log(call: Call, query: PageQuery) -> Page[AuditEntry]:
    """What staff did: who, what, to whom, why, when; newest first."""
    span = paging.span(query, default=40, most=200)

    def operation(tx: Tx) -> tuple[list[AuditEntry], list[int]]:
        found = audit.page(tx, call.site.org_id, span)
        known = visibility.of_one_organisation(tx, call.account_id, {one.actor_id for one in found} - {0})
        shown = call.render.accounts_by_id(tx, known.keys())
        entries = [
            AuditEntry(
                id=str(one.id),
                created_at=iso(one.at_ms),
                account=shown.get(one.actor_id),
                action=one.action,
                target_type=one.target_kind,
                target_id=str(one.target_id),
                target=one.target_name,
                text=one.words,
            )
            for one in found
        ]
        return entries, [one.id for one in found]

    items, keys = await call.read(operation)
    return paging.page(items, keys, span)


OWN, STAFF, APPEALS = "/api/chirrup/v1/strikes", "/api/chirrup/v1/admin", Permission.MANAGE_APPEALS
ROUTES = [
    Route("GET", OWN, index, "read:accounts"),
    Route("POST", f"{OWN}/{{id}}/appeal", appeal, "write:accounts"),
    Route("GET", f"{STAFF}/appeals", appeals, "admin:read:accounts", ADMIN, APPEALS),
    Route("POST", f"{STAFF}/appeals/{{id}}/approve", approve, "admin:write:accounts", ADMIN, APPEALS),
    Route("POST", f"{STAFF}/appeals/{{id}}/reject", reject, "admin:write:accounts", ADMIN, APPEALS),
    Route("GET", f"{STAFF}/audit_log", log, "admin:read", ADMIN, Permission.VIEW_AUDIT_LOG),
]
