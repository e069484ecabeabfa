"""Strikes and appeals: Chirrup's own, since Mastodon has them on its pages only.

A strike is Mastodon's AccountWarning: https://docs.joinmastodon.org/entities/AccountWarning/
"""

import msgspec

from ..access.roles import Permission
from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..social import moderation, strikes
from ..types import Strike
from .call import Call
from .entities import AccountWarning
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


OWN, STAFF, APPEALS = "/api/chirrup/v1/strikes", "/api/chirrup/v1/admin", Permission.MANAGE_APPEALS
ROUTES = [
    Route("GET", OWN, index, "read:accounts"),
    Route("POST", f"{OWN}/{{id}}/appeal", appeal, "write:accounts"),
    Route("GET", f"{STAFF}/appeals", appeals, "admin:read:accounts", ADMIN, APPEALS),
    Route("POST", f"{STAFF}/appeals/{{id}}/approve", approve, "admin:write:accounts", ADMIN, APPEALS),
    Route("POST", f"{STAFF}/appeals/{{id}}/reject", reject, "admin:write:accounts", ADMIN, APPEALS),
]
