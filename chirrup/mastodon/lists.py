"""Lists. https://docs.joinmastodon.org/methods/lists/"""

from typing import Any

import msgspec

from ..http import paging
from ..http.forms import Id
from ..http.paging import Page, PageQuery
from ..http.route import Route
from ..ids import ID_MAX
from ..orgs import rooms_as_lists as listed
from ..ports import Tx
from ..social import lists
from ..timelines import pull, read
from ..types import PostList, Span
from .call import Call
from .entities import Account, Empty, ListEntity, Status


class ListBody(msgspec.Struct, kw_only=True):
    title: str | None = None
    replies_policy: str | None = None
    exclusive: bool | None = None

    def to_change(self) -> lists.ListChange:
        return lists.ListChange(self.title, self.replies_policy, self.exclusive)


def _entity(one: PostList) -> ListEntity:
    return ListEntity(id=str(one.id), title=one.title, replies_policy=one.replies, exclusive=bool(one.exclusive))


async def index(call: Call) -> list[ListEntity]:
    return [_entity(one) for one in await call.read(listed.owned, call.account_id)]


async def create(call: Call, body: ListBody) -> ListEntity:
    return _entity(await call.write(lists.create, call.account_id, body.to_change()))


async def show(call: Call, id: int) -> ListEntity:
    return _entity(await call.read(listed.get, call.account_id, id))


async def update(call: Call, id: int, body: ListBody) -> ListEntity:
    return _entity(await call.write(listed.change, call.account_id, id, body.to_change()))


async def delete(call: Call, id: int) -> Empty:
    await call.write(listed.delete, call.account_id, id)
    return Empty()


async def accounts(call: Call, id: int, query: PageQuery) -> Page[Account]:
    """A limit of 0 means all."""
    everybody = query.limit == "0"
    span = Span(before=ID_MAX, limit=lists.MEMBERS_MAX) if everybody else paging.span(query, default=40, most=80)

    def operation(tx: Tx) -> Page[Any]:
        found = listed.members(tx, call.account_id, id, span)
        items = call.render.accounts(tx, [account for _, account in found.items])
        return Page(items, None) if everybody else paging.filled(items, found, span)

    return await call.read(operation)


class Members(msgspec.Struct, kw_only=True):
    account_ids: list[Id] = []


async def add_accounts(call: Call, id: int, body: Members) -> Empty:
    await call.write(listed.add, call.account_id, id, body.account_ids)
    return Empty()


async def remove_accounts(call: Call, id: int, body: Members) -> Empty:
    await call.write(listed.remove, call.account_id, id, body.account_ids)
    return Empty()


async def holding(call: Call, id: int) -> list[ListEntity]:
    """The caller's lists that the account is on."""
    return [_entity(one) for one in await call.read(listed.holding, call.account_id, id)]


async def timeline(call: Call, id: int, query: PageQuery) -> Page[Status]:
    chosen = await call.read(listed.get, call.account_id, id)
    span = paging.span(query)
    if listed.is_room(chosen):
        found = await call.read(pull.room, call.account_id, id, span)
        return paging.filled(await call.read(call.render.statuses, call.account_id, found.items), found, span)
    items, keys = await read.show_list(call.engines, chosen, span, call.render.statuses)
    return paging.page(items, keys, span)


ROUTES = [
    Route("GET", "/api/v1/lists", index, "read:lists"),
    Route("POST", "/api/v1/lists", create, "write:lists"),
    Route("GET", "/api/v1/lists/{id}", show, "read:lists"),
    Route("PUT", "/api/v1/lists/{id}", update, "write:lists"),
    Route("DELETE", "/api/v1/lists/{id}", delete, "write:lists"),
    Route("GET", "/api/v1/lists/{id}/accounts", accounts, "read:lists"),
    Route("POST", "/api/v1/lists/{id}/accounts", add_accounts, "write:lists"),
    Route("DELETE", "/api/v1/lists/{id}/accounts", remove_accounts, "write:lists"),
    Route("GET", "/api/v1/accounts/{id}/lists", holding, "read:lists"),
    Route("GET", "/api/v1/timelines/list/{id}", timeline, "read:lists"),
]
