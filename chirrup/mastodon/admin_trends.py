"""Trends as staff see them, and what they decide. https://docs.joinmastodon.org/methods/admin/trends/

All that was counted is listed, with what was refused and what waits for a decision.
"""

from collections.abc import Collection, Sequence

import msgspec

from ..access.roles import Permission
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..social import tags as hashtags
from ..social import trend_decisions, trends
from ..social.trend_decisions import Review
from ..social.trends import ShownLink
from ..types import TrendKind
from .call import Call
from .server_entities import AdminStatus, AdminTag, AdminTrendingLink
from .trends import TrendsQuery


def _reviews(tx: Tx, call: Call, kind: TrendKind, keys: Collection[str] | Collection[int]) -> list[Review]:
    found = trends.listed(tx, call.site.org_id, None)
    return [trend_decisions.review(found, kind, key, approval=call.site.trends_approval) for key in keys]


def _tags(tx: Tx, call: Call, found: Sequence[hashtags.Shown]) -> list[AdminTag]:
    reviews = _reviews(tx, call, TrendKind.TAG, [one.tag for one in found])
    return [
        AdminTag(
            **msgspec.structs.asdict(call.render.tag(one)),
            trendable=review.shown,
            usable=True,
            requires_review=review.waits,
        )
        for one, review in zip(found, reviews, strict=True)
    ]


def _statuses(tx: Tx, call: Call, ids: Sequence[int]) -> list[AdminStatus]:
    shown = call.render.statuses_by_id(tx, call.account_id, ids)
    reviews = dict(zip(ids, _reviews(tx, call, TrendKind.POST, ids), strict=True))
    waits = b'{"requires_review":%b,'
    return [  # encoded, like every status
        msgspec.Raw((waits % (b"true" if reviews[id].waits else b"false")) + bytes(shown[id])[1:])
        for id in ids
        if id in shown
    ]  # pyright: ignore[reportReturnType]


def _links(tx: Tx, call: Call, found: Sequence[ShownLink]) -> list[AdminTrendingLink]:
    reviews = _reviews(tx, call, TrendKind.LINK, [one.card.card.link for one in found])
    entities = call.render.trending_links(tx, found, call.account_id)
    return [
        AdminTrendingLink(**msgspec.structs.asdict(entity), id=str(one.card.card.id), requires_review=review.waits)
        for entity, one, review in zip(entities, found, reviews, strict=True)
    ]


async def tags(call: Call, query: TrendsQuery) -> list[AdminTag]:
    part = query.of(default=10, most=20)

    def operation(tx: Tx) -> list[AdminTag]:
        return _tags(tx, call, trends.shown_tags(tx, call.account_id, call.site.org_id, approval=None, **part))

    return await call.read(operation)


async def statuses(call: Call, query: TrendsQuery) -> list[AdminStatus]:
    part = query.of(default=20, most=40)

    def operation(tx: Tx) -> list[AdminStatus]:
        return _statuses(tx, call, trends.shown_posts(tx, call.account_id, call.site.org_id, approval=None, **part))

    return await call.read(operation)


async def links(call: Call, query: TrendsQuery) -> list[AdminTrendingLink]:
    part = query.of(default=10, most=20)

    def operation(tx: Tx) -> list[AdminTrendingLink]:
        return _links(tx, call, trends.shown_links(tx, call.site.org_id, call.render.known, approval=None, **part))

    return await call.read(operation)


# decisions


async def approve_tag(call: Call, id: int) -> AdminTag:
    return await _decide_tag(call, id, allowed=True)


async def reject_tag(call: Call, id: int) -> AdminTag:
    return await _decide_tag(call, id, allowed=False)


async def _decide_tag(call: Call, id: int, *, allowed: bool) -> AdminTag:
    def operation(tx: Tx) -> AdminTag:
        trend_decisions.decide(tx, call.account_id, call.site.org_id, TrendKind.TAG, id, allowed)
        found = trend_decisions.tag(tx, call.site.org_id, id)
        return _tags(tx, call, hashtags.shown(tx, call.account_id, [found]))[0]

    return await call.write(operation)


async def approve_status(call: Call, id: int) -> AdminStatus:
    return await _decide_status(call, id, allowed=True)


async def reject_status(call: Call, id: int) -> AdminStatus:
    return await _decide_status(call, id, allowed=False)


async def _decide_status(call: Call, id: int, *, allowed: bool) -> AdminStatus:
    def operation(tx: Tx) -> AdminStatus:
        trend_decisions.decide(tx, call.account_id, call.site.org_id, TrendKind.POST, id, allowed)
        return _statuses(tx, call, [id])[0]

    return await call.write(operation)


async def approve_link(call: Call, id: int) -> AdminTrendingLink:
    return await _decide_link(call, id, allowed=True)


async def reject_link(call: Call, id: int) -> AdminTrendingLink:
    return await _decide_link(call, id, allowed=False)


async def _decide_link(call: Call, id: int, *, allowed: bool) -> AdminTrendingLink:
    def operation(tx: Tx) -> AdminTrendingLink:
        org_id = call.site.org_id
        trend_decisions.decide(tx, call.account_id, org_id, TrendKind.LINK, id, allowed)
        found = trends.shown_links(tx, org_id, call.render.known, offset=0, limit=trends.KEPT, approval=None)
        return _links(tx, call, [one for one in found if one.card.card.id == id])[0]

    return await call.write(operation)


_PATH, _TAXONOMIES = "/api/v1/admin/trends", Permission.MANAGE_TAXONOMIES
ROUTES = [
    Route("GET", f"{_PATH}/tags", tags, "admin:read", ADMIN, _TAXONOMIES),
    Route("GET", f"{_PATH}/statuses", statuses, "admin:read", ADMIN, _TAXONOMIES),
    Route("GET", f"{_PATH}/links", links, "admin:read", ADMIN, _TAXONOMIES),
    Route("POST", f"{_PATH}/tags/{{id}}/approve", approve_tag, "admin:write", ADMIN, _TAXONOMIES),
    Route("POST", f"{_PATH}/tags/{{id}}/reject", reject_tag, "admin:write", ADMIN, _TAXONOMIES),
    Route("POST", f"{_PATH}/statuses/{{id}}/approve", approve_status, "admin:write", ADMIN, _TAXONOMIES),
    Route("POST", f"{_PATH}/statuses/{{id}}/reject", reject_status, "admin:write", ADMIN, _TAXONOMIES),
    Route("POST", f"{_PATH}/links/{{id}}/approve", approve_link, "admin:write", ADMIN, _TAXONOMIES),
    Route("POST", f"{_PATH}/links/{{id}}/reject", reject_link, "admin:write", ADMIN, _TAXONOMIES),
]
