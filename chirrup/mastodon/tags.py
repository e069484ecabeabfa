"""Hashtags: shown, followed, featured. https://docs.joinmastodon.org/methods/tags/ and …/featured_tags/"""

import msgspec

from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.route import ANYONE, Route
from ..ports import Tx
from ..social import accounts, tags
from ..types import FeaturedTag
from . import entities
from .call import Call
from .entities import Empty, Tag


async def show(call: Call, name: str) -> Tag:
    found = await call.read(tags.get, call.viewer_id, name, call.site.org_id)
    if call.viewer.is_guest:
        found = tags.without_uses(found)
    return call.render.tag(found, known=bool(call.viewer_id))


async def follow(call: Call, name: str) -> Tag:
    await call.write(tags.follow, call.account_id, name, call.site.org_id)
    return await show(call, name)


async def unfollow(call: Call, name: str) -> Tag:
    await call.write(tags.unfollow, call.account_id, name, call.site.org_id)
    return await show(call, name)


async def feature(call: Call, name: str) -> Tag:
    await show(call, name)
    await call.write(tags.feature, call.account_id, name, call.site.org_id)
    return await show(call, name)


async def unfeature(call: Call, name: str) -> Tag:
    await call.write(tags.unfeature, call.account_id, name, call.site.org_id)
    return await show(call, name)


async def followed(call: Call, query: PageQuery) -> Page[Tag]:
    span = paging.span(query, default=100, most=200)
    found, keys = await call.read(tags.followed, call.account_id, span)
    return paging.page([call.render.tag(one) for one in found], keys, span)


# featured tags


async def featured(call: Call) -> list[entities.FeaturedTag]:
    return await _featured(call, call.account_id)


async def featured_by(call: Call, id: int) -> list[entities.FeaturedTag]:
    return await _featured(call, id)


async def _featured(call: Call, account_id: int) -> list[entities.FeaturedTag]:
    def operation(tx: Tx) -> list[entities.FeaturedTag]:
        return _entities(tx, call, account_id, tags.featured(tx, call.viewer_id, account_id))

    return await call.read(operation)


def _entities(tx: Tx, call: Call, account_id: int, found: list[FeaturedTag]) -> list[entities.FeaturedTag]:
    owner = accounts.get(tx, call.viewer_id, account_id)
    return [call.render.featured_tag(one, owner.username) for one in found]


class NewFeaturedTag(msgspec.Struct, kw_only=True):
    name: str = ""


async def add_featured(call: Call, body: NewFeaturedTag) -> entities.FeaturedTag:
    def operation(tx: Tx) -> entities.FeaturedTag:
        return _entities(tx, call, call.account_id, [tags.feature(tx, call.account_id, body.name, call.site.org_id)])[0]

    return await call.write(operation)


async def remove_featured(call: Call, id: int) -> Empty:
    await call.write(tags.unfeature_by_id, call.account_id, id)
    return Empty()


async def suggestions(call: Call) -> list[Tag]:
    return [call.render.tag(one) for one in await call.read(tags.suggestions, call.account_id)]


ROUTES = [
    Route("GET", "/api/v1/tags/{name}", show, who=ANYONE),
    Route("POST", "/api/v1/tags/{name}/follow", follow, "write:follows"),
    Route("POST", "/api/v1/tags/{name}/unfollow", unfollow, "write:follows"),
    Route("POST", "/api/v1/tags/{name}/feature", feature, "write:accounts"),
    Route("POST", "/api/v1/tags/{name}/unfeature", unfeature, "write:accounts"),
    Route("GET", "/api/v1/followed_tags", followed, "read:follows"),
    Route("GET", "/api/v1/featured_tags", featured, "read:accounts"),
    Route("POST", "/api/v1/featured_tags", add_featured, "write:accounts"),
    Route("GET", "/api/v1/featured_tags/suggestions", suggestions, "read:accounts"),
    Route("DELETE", "/api/v1/featured_tags/{id}", remove_featured, "write:accounts"),
    Route("GET", "/api/v1/accounts/{id}/featured_tags", featured_by, "read:accounts", ANYONE),
]
