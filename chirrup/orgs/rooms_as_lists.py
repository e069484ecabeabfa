"""Rooms as lists, for clients that know no rooms: the list has the room's id, its posts, and its members.

Such a list is changed where the room is changed; its members are added and removed by who manages it.
"""

from collections.abc import Collection

from ..access.fill import Filled
from ..errors import NotAllowed, NotFound
from ..ports import Tx
from ..social import lists
from ..store import accounts as account_rows
from ..store import rooms as rows
from ..types import Account, PostList, Span
from . import rooms


def owned(tx: Tx, account_id: int) -> list[PostList]:
    """The account's lists, oldest first, then the rooms it is in, by name."""
    return lists.owned(tx, account_id) + [_as_list(one) for one in rooms.entered(tx, account_id)]


def get(tx: Tx, account_id: int, id: int) -> PostList:
    """Raises NotFound: neither a list of the account's nor a room that it is in."""
    try:
        return lists.get(tx, account_id, id)
    except NotFound:
        if id not in rows.of_member(tx, account_id):
            raise
        return _as_list(rooms.get(tx, account_id, id))


def holding(tx: Tx, account_id: int, other_id: int) -> list[PostList]:
    """Those of owned() that other_id is on."""
    shared = rows.of_member(tx, account_id)
    shared = shared & rows.of_member(tx, other_id) if shared else shared
    found = [_as_list(one) for one in account_rows.by_ids(tx, shared).values() if not one.suspended_ms]
    return lists.holding(tx, account_id, other_id) + found


def is_room(found: PostList) -> bool:
    return found.id == found.owner_id


def members(tx: Tx, account_id: int, id: int, span: Span) -> Filled[tuple[int, int]]:
    """(id for paging, account id), newest first. Raises NotFound."""
    if is_room(get(tx, account_id, id)):
        return rooms.members(tx, account_id, id, span)
    return lists.members(tx, account_id, id, span)


def add(tx: Tx, account_id: int, id: int, account_ids: Collection[int]) -> None:
    """Raises as lists.add(), or as rooms.add_member()."""
    if not is_room(get(tx, account_id, id)):
        return lists.add(tx, account_id, id, account_ids)
    for other_id in account_ids:
        rooms.add_member(tx, id, other_id, by=account_id)


def remove(tx: Tx, account_id: int, id: int, account_ids: Collection[int]) -> None:
    """Raises as lists.remove(), or as rooms.remove_member()."""
    if not is_room(get(tx, account_id, id)):
        return lists.remove(tx, account_id, id, account_ids)
    for other_id in account_ids:
        rooms.remove_member(tx, id, other_id, by=account_id)


def change(tx: Tx, account_id: int, id: int, wanted: lists.ListChange) -> PostList:
    """Raises as lists.change(); NotAllowed: it is a room."""
    _check_list(tx, account_id, id)
    return lists.change(tx, account_id, id, wanted)


def delete(tx: Tx, account_id: int, id: int) -> None:
    """Raises as lists.delete(); NotAllowed: it is a room."""
    _check_list(tx, account_id, id)
    lists.delete(tx, account_id, id)


def _check_list(tx: Tx, account_id: int, id: int) -> None:
    if is_room(get(tx, account_id, id)):
        raise NotAllowed("this list is a room: whoever manages it changes it there, and unfollowing it is leaving it")


def _as_list(room: Account) -> PostList:
    return PostList(room.id, room.id, room.display_name or room.username, "list", 0)
