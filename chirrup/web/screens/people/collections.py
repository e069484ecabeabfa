"""A collection: accounts that somebody recommends. Made and changed with apps; a page to read it, and to leave it."""

from ....http.arguments import path_id
from ....ports import Tx
from ....social import collections
from ...call import Call, Go, Page
from ...views import PersonView

Found = tuple[collections.Whole, PersonView, list[PersonView]]


async def show(call: Call, id: str) -> Page:
    def operation(tx: Tx) -> Found:
        (whole,) = collections.whole(tx, call.viewer_id, [collections.get(tx, call.viewer_id, path_id(id))])
        ids = [one.item.account_id for one in whole.items]
        owner, *people = call.views.people(tx, call.viewer_id, [whole.collection.account_id, *ids])
        return whole, owner, people

    whole, owner, people = await call.read(operation)
    values = {
        "one": whole.collection,
        "owner": owner,
        "people": people,
        "own_item": next((one.item.id for one in whole.items if one.item.account_id == call.viewer_id), 0),
    }
    return Page("people/collection.html", values)


async def leave(call: Call, id: str) -> Page | Go:
    """The viewer takes itself out, for good."""

    def operation(tx: Tx) -> None:
        collection = collections.get(tx, call.account_id, path_id(id))
        (whole,) = collections.whole(tx, call.account_id, [collection])
        for one in whole.items:
            if one.item.account_id == call.account_id:
                collections.revoke(tx, call.account_id, collection.id, one.item.id)

    await call.write(operation)
    return Go(f"/collections/{path_id(id)}")
