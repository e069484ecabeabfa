"""Timelines: home, public, hashtag. https://docs.joinmastodon.org/methods/timelines/"""

from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.route import ANYONE, Route
from ..social import trends
from ..timelines import pull, read
from .call import Call
from .entities import Status


async def home(call: Call, query: PageQuery) -> Page[Status]:
    span = paging.span(query)
    items, keys = await read.show_home(call.engines, call.account_id, span, call.render.statuses)
    return paging.page(items, keys, span)


class PublicQuery(PageQuery, kw_only=True):
    local: bool = False
    remote: bool = False
    only_media: bool = False


async def public(call: Call, query: PublicQuery) -> Page[Status]:
    """There are no other servers, so `remote` gives an empty timeline and `local` has no effect."""
    span = paging.span(query)
    if query.remote or call.viewer.is_guest:
        return paging.page([], [], span)
    found = await call.browse(pull.public, call.viewer_id, span, only_media=query.only_media, org_id=call.site.org_id)
    return paging.filled(await call.browse(call.render.statuses, call.viewer_id, found.items), found, span)


class TagQuery(PublicQuery, kw_only=True):
    any: list[str] = []
    all: list[str] = []
    none: list[str] = []


async def tag(call: Call, hashtag: str, query: TagQuery) -> Page[Status]:
    span = paging.span(query)
    if query.remote:
        return paging.page([], [], span)
    found = await call.browse(
        pull.hashtag,
        call.viewer_id,
        hashtag,
        span,
        any_of=tuple(query.any),
        all_of=tuple(query.all),
        none_of=tuple(query.none),
        only_media=query.only_media,
        org_id=call.site.org_id,
    )
    return paging.filled(await call.browse(call.render.statuses, call.viewer_id, found.items), found, span)


class LinkQuery(PageQuery, kw_only=True):
    url: str = ""


async def link(call: Call, query: LinkQuery) -> Page[Status]:
    """Of a page that is a trend now."""
    span, site = paging.span(query), call.site
    if call.viewer.is_guest:
        return paging.page([], [], span)
    found = await call.browse(
        trends.posts_with_link, call.viewer_id, query.url, span, site.org_id, approval=site.trends_approval
    )
    return paging.filled(await call.browse(call.render.statuses, call.viewer_id, found.items), found, span)


ROUTES = [
    Route("GET", "/api/v1/timelines/home", home, "read:statuses"),
    Route("GET", "/api/v1/timelines/public", public, "read:statuses", ANYONE),
    Route("GET", "/api/v1/timelines/link", link, "read:statuses", ANYONE),
    Route("GET", "/api/v1/timelines/tag/{hashtag}", tag, "read:statuses", ANYONE),
]
