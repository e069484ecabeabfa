"""Notifications. https://docs.joinmastodon.org/methods/notifications/"""

import msgspec

from ..http import paging
from ..http.forms import Id
from ..http.paging import Page, PageQuery
from ..http.route import Route
from ..ports import Tx
from ..social import notifications
from ..types import NotificationKind
from .call import Call
from .entities import Count, Empty, Notification
from .render_accounts import Json


class SupportedQuery(msgspec.Struct, kw_only=True):
    supported_types: list[str] | None = None  # that the app knows; others are told in words too


class NotificationsQuery(PageQuery, kw_only=True):
    types: list[str] = []  # those that do not exist are ignored
    exclude_types: list[str] = []
    account_id: Id = 0
    include_filtered: bool = False
    supported_types: list[str] | None = None  # as in SupportedQuery

    def kinds(self) -> set[str]:
        known: set[str] = set(NotificationKind)
        return (known.intersection(self.types) if self.types else known) - set(self.exclude_types)


async def index(call: Call, query: NotificationsQuery) -> Page[Notification]:
    span = paging.span(query, default=40, most=80)

    def operation(tx: Tx) -> Page[Notification]:
        found = notifications.page(
            tx, call.account_id, span, query.kinds(), query.account_id, include_held=query.include_filtered
        )
        shown = call.render.notifications(tx, call.account_id, found.items, query.supported_types)
        return paging.filled(shown, found, span)

    return await call.read(operation)


async def show(call: Call, id: int, query: SupportedQuery) -> Notification:
    def operation(tx: Tx) -> Json:
        told = notifications.get(tx, call.account_id, id)
        return call.render.notifications(tx, call.account_id, [told], query.supported_types)[0]

    return await call.read(operation)


async def unread_count(call: Call, query: NotificationsQuery) -> Count:
    """How many are newer than the marker; at most the limit."""
    most = paging.limit(query.limit, default=100, most=1000)
    count = await call.read(notifications.count_unread, call.account_id, query.kinds(), query.account_id, most=most)
    return Count(count=count)


async def clear(call: Call) -> Empty:
    await call.write(notifications.clear, call.account_id)
    return Empty()


async def dismiss(call: Call, id: int) -> Empty:
    await call.write(notifications.dismiss, call.account_id, id)
    return Empty()


class OneId(msgspec.Struct, kw_only=True):
    id: Id


async def dismiss_by_form(call: Call, body: OneId) -> Empty:
    """For clients from before 2018."""
    return await dismiss(call, body.id)


ROUTES = [
    Route("GET", "/api/v1/notifications", index, "read:notifications"),
    Route("GET", "/api/v1/notifications/unread_count", unread_count, "read:notifications"),
    Route("POST", "/api/v1/notifications/clear", clear, "write:notifications"),
    Route("POST", "/api/v1/notifications/dismiss", dismiss_by_form, "write:notifications"),
    Route("GET", "/api/v1/notifications/{id}", show, "read:notifications"),
    Route("POST", "/api/v1/notifications/{id}/dismiss", dismiss, "write:notifications"),
]
