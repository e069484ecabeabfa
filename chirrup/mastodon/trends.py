"""Trends, for all and for staff. https://docs.joinmastodon.org/methods/trends/"""

from typing import Any

import msgspec

from ..access.roles import Permission
from ..http.route import ADMIN, ANYONE, Route
from ..ports import Tx
from ..social import trends
from . import paging
from .call import Call
from .card_entities import TrendingLink
from .entities import Status, Tag
from .server_entities import AdminTag


class TrendsQuery(msgspec.Struct, kw_only=True):
    offset: int = 0
    limit: str = ""

    def of(self, *, default: int, most: int) -> dict[str, int]:
        return {"offset": max(0, self.offset), "limit": paging.limit(self.limit, default=default, most=most)}


async def tags(call: Call, query: TrendsQuery) -> list[Tag]:
    part = query.of(default=10, most=20)
    found = await call.browse(trends.shown_tags, call.viewer_id, call.site.org_id, **part)
    return [call.render.tag(one, known=bool(call.viewer_id)) for one in found]


async def tags_for_staff(call: Call, query: TrendsQuery) -> list[AdminTag]:
    """The same: hashtags trend without anybody's leave, and none is kept from it."""
    shown = await tags(call, query)
    return [
        AdminTag(**msgspec.structs.asdict(one), trendable=True, usable=True, requires_review=False) for one in shown
    ]


async def statuses(call: Call, query: TrendsQuery) -> list[Status]:
    part = query.of(default=20, most=40)

    def operation(tx: Tx) -> list[Any]:
        ids = trends.shown_posts(tx, call.viewer_id, call.site.org_id, **part)
        return call.render.statuses(tx, call.viewer_id, ids)

    return await call.browse(operation)


async def links(call: Call, query: TrendsQuery) -> list[TrendingLink]:
    part = query.of(default=10, most=20)

    def operation(tx: Tx) -> list[TrendingLink]:
        found = trends.shown_links(tx, call.site.org_id, call.render.known, **part)
        return call.render.trending_links(tx, found, call.viewer_id)

    return await call.browse(operation)


_TAXONOMIES = Permission.MANAGE_TAXONOMIES
ROUTES = [
    Route("GET", "/api/v1/trends/tags", tags, who=ANYONE),
    Route("GET", "/api/v1/trends", tags, who=ANYONE),  # before 3.5
    Route("GET", "/api/v1/trends/statuses", statuses, "read:statuses", ANYONE),
    Route("GET", "/api/v1/trends/links", links, who=ANYONE),
    Route("GET", "/api/v1/admin/trends/tags", tags_for_staff, "admin:read", ADMIN, _TAXONOMIES),
    Route("GET", "/api/v1/admin/trends/statuses", statuses, "admin:read", ADMIN, _TAXONOMIES),
    Route("GET", "/api/v1/admin/trends/links", links, "admin:read", ADMIN, _TAXONOMIES),
]
