"""What becomes of a group that a directory describes: a closed room, with the group's users in it."""

from collections.abc import Collection

from ...ports import Tx
from ...social import accounts
from .. import rooms
from ..directory.entering import free_name
from ..rooms import RoomChange


def take_in(tx: Tx, org_id: int, name: str, members: Collection[int]) -> int:
    """The account of a new room, which nobody manages until staff say who. Raises Invalid, NotFound."""
    room = rooms.create(tx, org_id, 0, free_name(tx, org_id, name, "room"), RoomChange(title=_shown(name), closed=True))
    change(tx, room.id, name, name, (), members)
    return room.id


def change(tx: Tx, room_id: int, name_before: str, name: str, before: Collection[int], after: Collection[int]) -> None:
    """Who came to the room in another way stays in it."""
    if name != name_before:
        rooms.change(tx, 0, room_id, RoomChange(title=_shown(name)))
    for account_id in sorted({*after} - {*before}):
        rooms.add_member(tx, room_id, account_id)
    for account_id in sorted({*before} - {*after}):
        rooms.remove_member(tx, room_id, account_id)


def end(tx: Tx, room_id: int, members: Collection[int]) -> None:
    """The room is archived: what was said in it can be read by whoever else is in it, and nobody posts any more."""
    for account_id in sorted(members):
        rooms.remove_member(tx, room_id, account_id)
    rooms.archive(tx, 0, room_id)


def _shown(name: str) -> str:
    return " ".join(name.split())[: accounts.DISPLAY_NAME_CHARS_MAX].strip()
