"""Filters: groups of keywords and posts. https://docs.joinmastodon.org/methods/filters/

What a filter matches stands in `filtered` of each Status, wherever the filter applies: clients go by its context, and
hide, warn or blur. Those for clients of before 4.0 are in filters_v1.py.
"""

from typing import Any

import msgspec

from ..errors import Invalid
from ..http.forms import Id
from ..http.route import Route
from ..social import filters
from ..social.filters import FilterChange, KeywordChange, Whole
from ..types import FilterKeyword, FilterPost
from . import filter_entities
from .call import Call
from .entities import Empty
from .filter_entities import FilterStatus, WholeFilter
from .render_filters import filter_entity


class KeywordBody(msgspec.Struct, kw_only=True):
    keyword: str | None = None
    whole_word: bool | None = None


class KeywordAttributes(KeywordBody, kw_only=True):
    id: Id = 0
    destroy: bool = msgspec.field(default=False, name="_destroy")

    def to_change(self) -> KeywordChange:
        return KeywordChange(self.id, self.keyword, self.whole_word, self.destroy)

    @property
    def is_empty(self) -> bool:
        """A line of a form that nobody filled."""
        return not self.id and not self.keyword and self.whole_word is None


class FilterBody(msgspec.Struct, kw_only=True):
    title: str | None = None
    context: list[str] | None = None
    filter_action: str | None = None
    expires_in: int | None = None
    keywords_attributes: list[KeywordAttributes] = []

    def to_change(self, call: Call) -> FilterChange:
        return FilterChange(
            self.title,
            self.context,
            self.filter_action,
            lasts_s(call, self.expires_in),
            [one.to_change() for one in self.keywords_attributes if not one.is_empty],
        )


def lasts_s(call: Call, expires_in: int | None) -> int | msgspec.UnsetType | None:
    """UNSET where it was not sent. Sent empty it means for ever."""
    return expires_in if expires_in is not None or "expires_in" in call.params else msgspec.UNSET


def _whole(one: Whole) -> WholeFilter:
    return WholeFilter(
        **msgspec.structs.asdict(filter_entity(one.filter)),
        keywords=[_keyword(keyword) for keyword in one.keywords],
        statuses=[_status(post) for post in one.posts],
    )


def _keyword(one: FilterKeyword) -> filter_entities.FilterKeyword:
    return filter_entities.FilterKeyword(id=str(one.id), keyword=one.keyword, whole_word=bool(one.whole_word))


def _status(one: FilterPost) -> FilterStatus:
    return FilterStatus(id=str(one.id), status_id=str(one.post_id))


async def index(call: Call) -> list[WholeFilter]:
    return [_whole(one) for one in await call.read(filters.owned, call.account_id)]


async def create(call: Call, body: FilterBody) -> WholeFilter:
    return _whole(await call.write(filters.create, call.account_id, body.to_change(call)))


async def show(call: Call, id: int) -> WholeFilter:
    return _whole(await call.read(filters.get, call.account_id, id))


async def update(call: Call, id: int, body: FilterBody) -> WholeFilter:
    return _whole(await call.write(filters.change, call.account_id, id, body.to_change(call)))


async def delete(call: Call, id: int) -> Empty:
    await call.write(filters.delete, call.account_id, id)
    return Empty()


async def keywords(call: Call, id: int) -> list[filter_entities.FilterKeyword]:
    return [_keyword(one) for one in (await call.read(filters.get, call.account_id, id)).keywords]


async def add_keyword(call: Call, id: int, body: KeywordBody) -> filter_entities.FilterKeyword:
    wanted = KeywordChange(keyword=body.keyword, whole_word=body.whole_word)
    return _keyword(await call.write(filters.add_keyword, call.account_id, id, wanted))


async def keyword(call: Call, id: int) -> filter_entities.FilterKeyword:
    return _keyword((await call.read(filters.keyword, call.account_id, id))[1])


async def change_keyword(call: Call, id: int, body: KeywordBody) -> filter_entities.FilterKeyword:
    wanted = KeywordChange(id, body.keyword, body.whole_word)
    return _keyword(await call.write(filters.change_keyword, call.account_id, wanted))


async def remove_keyword(call: Call, id: int) -> Empty:
    await call.write(filters.remove_keyword, call.account_id, id)
    return Empty()


async def statuses(call: Call, id: int) -> list[FilterStatus]:
    return [_status(one) for one in (await call.read(filters.get, call.account_id, id)).posts]


class StatusBody(msgspec.Struct, kw_only=True):
    status_id: Id | None = None


async def add_status(call: Call, id: int, body: StatusBody) -> FilterStatus:
    if body.status_id is None:
        raise Invalid("status", "blank", "must be given: send status_id")
    return _status(await call.write(filters.add_post, call.account_id, id, body.status_id))


async def status(call: Call, id: int) -> FilterStatus:
    return _status(await call.read(filters.post, call.account_id, id))


async def remove_status(call: Call, id: int) -> Empty:
    await call.write(filters.remove_post, call.account_id, id)
    return Empty()


def _reads(path: str, handler: Any) -> Route:
    return Route("GET", f"/api/v2/filters{path}", handler, "read:filters")


def _writes(method: Any, path: str, handler: Any) -> Route:
    return Route(method, f"/api/v2/filters{path}", handler, "write:filters")


ROUTES = [
    _reads("", index),
    _writes("POST", "", create),
    _reads("/{id}", show),
    _writes("PUT", "/{id}", update),
    _writes("DELETE", "/{id}", delete),
    _reads("/{id}/keywords", keywords),
    _writes("POST", "/{id}/keywords", add_keyword),
    _reads("/keywords/{id}", keyword),
    _writes("PUT", "/keywords/{id}", change_keyword),
    _writes("DELETE", "/keywords/{id}", remove_keyword),
    _reads("/{id}/statuses", statuses),
    _writes("POST", "/{id}/statuses", add_status),
    _reads("/statuses/{id}", status),
    _writes("DELETE", "/statuses/{id}", remove_status),
]
