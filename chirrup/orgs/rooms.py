"""Rooms: made, changed, archived, and who is in them. A room is an account; joining it is following it.

What is said in one: social/in_rooms.py. Who sees it: access/visibility.py. Whom it reaches: timelines/audience.py.
Why it is an account: docs/decisions/0061-rooms.md.
"""

import msgspec

from ..errors import Invalid, NotAllowed, NotFound
from ..ids import random_bucket
from ..ports import Tx
from ..social import accounts, audit, follows
from ..social.accounts import ProfileChange
from ..store import accounts as account_rows
from ..store import rooms as rows
from ..store.rooms import Room
from ..types import Account, AccountKind

MANAGER = "manager"


class RoomChange(msgspec.Struct, frozen=True):
    """None: no change, or as a new room is: open, and listed."""

    title: str | None = None
    note: str | None = None
    closed: bool | None = None  # only members read, and others ask to come in; it never becomes open again
    listed: bool | None = None  # others in the organisation may know that a closed room exists


def create(tx: Tx, org_id: int, by: int, name: str, wanted: RoomChange) -> Account:
    """A new room, which `by` manages and is in. by 0: a command; nobody is in it.

    Raises InvalidSignUp (name: as an account's), Invalid (title, note), NotAllowed: a guest.
    """
    if by:
        _check_member(tx, by, org_id)
    if problems := accounts.check_username(name):
        raise problems[0]
    room = _insert(tx, org_id, name)
    if not account_rows.claim_name(tx, accounts.name_key(org_id, name), room.id):
        raise Invalid("username", "taken", "has already been taken")
    rows.insert(tx, Room(room.id, org_id, 0))
    closed = bool(wanted.closed)
    profile = ProfileChange(
        display_name=wanted.title,
        note=wanted.note,
        locked=closed,
        discoverable=wanted.listed is not False or not closed,
        indexable=not closed,
    )
    room = accounts.change_profile(tx, room.id, profile)
    if by:
        follows.join(tx, by, room.id)
        rows.set_role(tx, room.id, by, MANAGER)
    audit.note(tx, org_id, by, "create", "room", room.id, room.username)
    return room


def _check_member(tx: Tx, account_id: int, org_id: int) -> None:
    account = account_rows.by_id(tx, account_id)
    if account is None or account.org_id != org_id:
        raise NotFound("account", account_id)
    if account.kind == AccountKind.GUEST:
        raise NotAllowed("guests are in the rooms that they were invited to, and make none")


def _insert(tx: Tx, org_id: int, name: str) -> Account:
    bucket = random_bucket()
    while True:
        blank = accounts.blank(tx.new_id(bucket), name, "", tx.now_ms, org_id=org_id)
        room = msgspec.structs.replace(blank, kind=AccountKind.ROOM)
        if account_rows.insert(tx, room):
            return room
