"""Grouped notifications. https://docs.joinmastodon.org/methods/grouped_notifications/"""

from typing import Any

from ..errors import BadRequest
from ..http import paging
from ..http.paging import Page, PageQuery, Whole
from ..http.route import Route
from ..ports import Tx
from ..social import notification_groups as groups
from .call import Call
from .entities import Account, Count, Empty
from .notification_entities import GroupedNotificationsResults
from .notifications import NotificationsQuery, SupportedQuery

FULL, PARTIAL = "full", "partial_avatars"


class GroupsQuery(NotificationsQuery, kw_only=True):
    grouped_types: list[str] | None = None

    def wanted(self) -> groups.Wanted:
        grouped = groups.GROUPED if self.grouped_types is None else self.grouped_types
        return groups.Wanted(self.kinds(), grouped, self.account_id, self.include_filtered)


class GroupsPageQuery(GroupsQuery, kw_only=True):
    expand_accounts: str = FULL


async def index(call: Call, query: GroupsPageQuery) -> Whole[GroupedNotificationsResults]:
    if query.expand_accounts not in (FULL, PARTIAL):
        raise BadRequest(
            "expand_accounts must be {known}; got {got!r}", known=f"{FULL}, {PARTIAL}", got=query.expand_accounts[:40]
        )
    span = paging.span(query, default=40, most=80)

    def operation(tx: Tx) -> Whole[GroupedNotificationsResults]:
        found = groups.page(tx, call.account_id, span, query.wanted())
        oldest = groups.oldest_on_page(tx, call.account_id, found.items, span)
        shown = call.render.notification_groups(
            tx,
            call.account_id,
            found.items,
            oldest,
            partial=query.expand_accounts == PARTIAL,
            supported=query.supported_types,
        )
        return paging.whole(shown, found, span)

    return await call.read(operation)


async def unread_count(call: Call, query: GroupsQuery) -> Count:
    """How many groups are newer than the marker; at most the limit."""
    most = paging.limit(query.limit, default=100, most=1000)
    return Count(count=await call.read(groups.count_unread, call.account_id, query.wanted(), most=most))


async def show(call: Call, group_key: str, query: SupportedQuery) -> GroupedNotificationsResults:
    def operation(tx: Tx) -> GroupedNotificationsResults:
        found = groups.get(tx, call.account_id, group_key)
        entry, supported = groups.Entry(found.newest, found), query.supported_types
        return call.render.notification_groups(tx, call.account_id, [entry], supported=supported)

    return await call.read(operation)


async def accounts(call: Call, group_key: str, query: PageQuery) -> Page[Account]:
    """All accounts of the group, the latest first. Paged by the ids of their notifications."""
    span = paging.span(query, default=40, most=80)

    def operation(tx: Tx) -> Page[Any]:
        found = groups.members(tx, call.account_id, group_key, span)
        return paging.filled(call.render.accounts(tx, [one.from_id for one in found.items]), found, span)

    return await call.read(operation)


async def dismiss(call: Call, group_key: str) -> Empty:
    await call.write(groups.dismiss, call.account_id, group_key)
    return Empty()


V2 = "/api/v2/notifications"
ROUTES = [
    Route("GET", V2, index, "read:notifications"),
    Route("GET", f"{V2}/unread_count", unread_count, "read:notifications"),
    Route("GET", f"{V2}/{{group_key}}", show, "read:notifications"),
    Route("GET", f"{V2}/{{group_key}}/accounts", accounts, "read:notifications"),
    Route("POST", f"{V2}/{{group_key}}/dismiss", dismiss, "write:notifications"),
]
