"""Trends. What staff see and decide: admin_trends.py. https://docs.joinmastodon.org/methods/trends/"""

from typing import Any

import msgspec

from ..http import paging
from ..http.route import ANYONE, Route
from ..ports import Tx
from ..social import trends
from .call import Call
from .card_entities import TrendingLink
from .entities import Status, Tag


class TrendsQuery(msgspec.Struct, kw_only=True):
    offset: int = 0
    limit: str = ""

    def of(self, *, default: int, most: int) -> dict[str, int]:
        return {"offset": max(0, self.offset), "limit": paging.limit(self.limit, default=default, most=most)}


async def tags(call: Call, query: TrendsQuery) -> list[Tag]:
    if call.viewer.is_guest:
        return []
    part = query.of(default=10, most=20)
    found = await call.browse(
        trends.shown_tags, call.viewer_id, call.site.org_id, approval=call.site.trends_approval, **part
    )
    return [call.render.tag(one, known=bool(call.viewer_id)) for one in found]


async def statuses(call: Call, query: TrendsQuery) -> list[Status]:
    if call.viewer.is_guest:
        return []
    part = query.of(default=20, most=40)

    def operation(tx: Tx) -> list[Any]:
        ids = trends.shown_posts(tx, call.viewer_id, call.site.org_id, approval=call.site.trends_approval, **part)
        return call.render.statuses(tx, call.viewer_id, ids)

    return await call.browse(operation)


async def links(call: Call, query: TrendsQuery) -> list[TrendingLink]:
    if call.viewer.is_guest:
        return []
    part = query.of(default=10, most=20)

    def operation(tx: Tx) -> list[TrendingLink]:
        found = trends.shown_links(tx, call.site.org_id, call.render.known, approval=call.site.trends_approval, **part)
        return call.render.trending_links(tx, found, call.viewer_id)

    return await call.browse(operation)


ROUTES = [
    Route("GET", "/api/v1/trends/tags", tags, who=ANYONE),
    Route("GET", "/api/v1/trends", tags, who=ANYONE),  # before 3.5
    Route("GET", "/api/v1/trends/statuses", statuses, "read:statuses", ANYONE),
    Route("GET", "/api/v1/trends/links", links, who=ANYONE),
]
