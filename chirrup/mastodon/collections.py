"""Collections. https://docs.joinmastodon.org/methods/collections/"""

import msgspec

from ..errors import Invalid, NotAllowed
from ..http import paging
from ..http.entity import Entity
from ..http.forms import Id
from ..http.paging import OffsetPage, OffsetQuery
from ..http.route import ANYONE, Route
from ..ports import Tx
from ..social import collections
from . import render_collections
from .call import Call
from .collection_entities import Collection, Collections, WrappedCollection, WrappedCollectionItem
from .entities import Account, Empty


class CollectionWithAccounts(Entity, kw_only=True):
    accounts: list[Account]
    collection: Collection


class CollectionBody(msgspec.Struct, kw_only=True):
    name: str | None = None
    description: str | None = None
    language: str | None = None
    tag_name: str | None = None
    sensitive: bool | None = None
    discoverable: bool | None = None

    def wanted(self) -> collections.Wanted:
        return collections.Wanted(
            self.name, self.description, self.language, self.tag_name, self.sensitive, self.discoverable
        )


class NewCollection(CollectionBody, kw_only=True):
    account_ids: list[Id] = []


async def create(call: Call, body: NewCollection) -> WrappedCollection:
    made = await call.write(collections.create, call.account_id, body.wanted(), body.account_ids)
    return WrappedCollection(collection=(await call.read(_entities, call, [made]))[0])


async def update(call: Call, id: int, body: CollectionBody) -> WrappedCollection:
    changed = await call.write(collections.change, call.account_id, id, body.wanted())
    return WrappedCollection(collection=(await call.read(_entities, call, [changed]))[0])


async def show(call: Call, id: int) -> CollectionWithAccounts:
    def operation(tx: Tx) -> CollectionWithAccounts:
        (whole,) = collections.whole(tx, call.viewer_id, [collections.get(tx, call.viewer_id, id)])
        ids = dict.fromkeys([whole.collection.account_id, *(one.item.account_id for one in whole.items)])
        return CollectionWithAccounts(
            accounts=call.render.accounts(tx, ids.keys()),
            collection=render_collections.collection(call.render, whole),
        )

    return await call.read(operation)


async def of_account(call: Call, id: int, query: OffsetQuery) -> OffsetPage[Collections]:
    offset, limit = paging.offset(query, default=40, most=80)

    def operation(tx: Tx) -> OffsetPage[Collections]:
        found = collections.of_account(tx, call.viewer_id, id)[offset:][: limit + 1]
        shown = Collections(collections=_entities(tx, call, found[:limit]))
        return OffsetPage(shown, offset, limit, more=len(found) > limit)

    return await call.read(operation)


async def holding(call: Call, id: int, query: OffsetQuery) -> OffsetPage[Collections]:
    """Those that the caller is in. What somebody else is in is not told."""
    if id != call.account_id:
        raise NotAllowed
    offset, limit = paging.offset(query, default=40, most=80)

    def operation(tx: Tx) -> OffsetPage[Collections]:
        found = collections.holding(tx, call.account_id, offset=offset, limit=limit + 1)
        shown = Collections(collections=_entities(tx, call, found[:limit]))
        return OffsetPage(shown, offset, limit, more=len(found) > limit)

    return await call.read(operation)


def _entities(tx: Tx, call: Call, found: list[collections.Collection]) -> list[Collection]:
    return [render_collections.collection(call.render, one) for one in collections.whole(tx, call.viewer_id, found)]


async def delete(call: Call, id: int) -> Empty:
    await call.write(collections.delete, call.account_id, id)
    return Empty()


class NewItem(msgspec.Struct, kw_only=True):
    account_id: Id | None = None


async def add(call: Call, id: int, body: NewItem) -> WrappedCollectionItem:
    if body.account_id is None:
        raise Invalid("account_id", "blank", "`account_id` parameter is missing")
    made = await call.write(collections.add, call.account_id, id, body.account_id)
    return WrappedCollectionItem(collection_item=render_collections.item(made))


async def remove(call: Call, id: int, item_id: int) -> Empty:
    await call.write(collections.remove, call.account_id, id, item_id)
    return Empty()


async def revoke(call: Call, id: int, item_id: int) -> Empty:
    await call.write(collections.revoke, call.account_id, id, item_id)
    return Empty()


PATH, READ, WRITE = "/api/v1/collections", "read:collections", "write:collections"
ROUTES = [
    Route("POST", PATH, create, WRITE),
    Route("GET", f"{PATH}/{{id}}", show, READ, ANYONE),
    Route("PATCH", f"{PATH}/{{id}}", update, WRITE),
    Route("DELETE", f"{PATH}/{{id}}", delete, WRITE),
    Route("POST", f"{PATH}/{{id}}/items", add, WRITE),
    Route("DELETE", f"{PATH}/{{id}}/items/{{item_id}}", remove, WRITE),
    Route("POST", f"{PATH}/{{id}}/items/{{item_id}}/revoke", revoke, WRITE),
    Route("GET", "/api/v1/accounts/{id}/collections", of_account, READ, ANYONE),
    Route("GET", "/api/v1/accounts/{id}/in_collections", holding, READ),
]
