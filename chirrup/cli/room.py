"""`chirrup room`: rooms, and who is in them."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import SettingsError
from ..ports import Database, Tx
from ..types import Span
from .common import COMMON, Common, console, date, opened_database, org_at
from .user import find

commands = cyclopts.App(name="room", help="Rooms: groups that read and post together, in every Mastodon app.")
STEP = 200


@commands.command
def create(
    name: str,
    *,
    title: str = "",
    closed: Annotated[bool, Parameter(help="Only members read it; others ask to come in.")] = False,
    hidden: Annotated[bool, Parameter(help="With --closed: others do not learn that it exists.")] = False,
    manager: Annotated[str, Parameter(help="The account that is in it first and manages it.")] = "",
    common: Common = COMMON,
) -> None:
    """Make a room NAME, or NAME@HOST in an organisation."""
    from ..orgs import rooms

    username, _, host = name.removeprefix("@").partition("@")
    with opened_database(common.settings()) as db:
        first = find(db, manager) if manager else 0
        wanted = rooms.RoomChange(title=title or None, closed=closed, listed=not hidden)
        made = db.write_now(rooms.create, org_at(db, host), 0, username, wanted)
        if first:
            db.write_now(rooms.add_member, made.id, first)
            db.write_now(rooms.give_role, made.id, first, rooms.MANAGER)
    console.print(f"@{made.username} is there{', closed' if closed else ''}.", highlight=False)


@commands.command(name="list")
def list_(*, host: Annotated[str, Parameter(help="Of the organisation there.")] = "", common: Common = COMMON) -> None:
    """List the rooms, also hidden ones, the newest first."""
    from ..ids import ID_MAX, ms_of
    from ..store import accounts, rooms

    table = Table("name", "title", "people", "since", "state")
    with opened_database(common.settings()) as db:
        org_id, before = org_at(db, host), ID_MAX
        while ids := db.write_now(rooms.page, org_id, Span(before=before, limit=STEP)):
            known, states = db.write_now(accounts.by_ids, ids), db.write_now(accounts.states, ids)
            archived = db.write_now(rooms.by_ids, ids)
            for id in ids:
                one = known[id]
                state = ["closed"] if one.locked else []
                state += ["hidden"] if one.locked and not one.discoverable else []
                state += ["archived"] if archived[id].archived_ms else []
                count = str(states[id].followers)
                table.add_row(f"@{one.username}", escape(one.display_name), count, date(ms_of(id)), ", ".join(state))
            before = ids[-1]
    console.print(table)


@commands.command
def members(name: str, *, common: Common = COMMON) -> None:
    """List who is in room NAME, or NAME@HOST, the newest first, and who manages it."""
    from ..ids import ID_MAX
    from ..store import accounts, follows, rooms

    def page(tx: Tx, before: int) -> list[tuple[int, str]]:
        found = follows.followers(tx, id, Span(before=before, limit=STEP))
        known = accounts.by_ids(tx, [one for _, one in found])
        return [(at, f"@{known[one].username}{' (manager)' if one in roles else ''}") for at, one in found]

    with opened_database(common.settings()) as db:
        id, before = _room(db, name), ID_MAX
        roles = db.write_now(rooms.roles, id)
        while found := db.write_now(page, before):
            console.print("\n".join(line for _, line in found), highlight=False)
            before = found[-1][0]


@commands.command
def add(name: str, account: str, *, manager: bool = False, common: Common = COMMON) -> None:
    """Put ACCOUNT into room NAME. --manager: it manages the room."""
    from ..orgs import rooms

    with opened_database(common.settings()) as db:
        id, account_id = _room(db, name), find(db, account)
        db.write_now(rooms.add_member, id, account_id)
        if manager:
            db.write_now(rooms.give_role, id, account_id, rooms.MANAGER)
    console.print(f"@{account.removeprefix('@')} is in @{name.removeprefix('@')}.", highlight=False)


@commands.command
def remove(name: str, account: str, *, common: Common = COMMON) -> None:
    """Put ACCOUNT out of room NAME."""
    from ..orgs import rooms

    with opened_database(common.settings()) as db:
        db.write_now(rooms.remove_member, _room(db, name), find(db, account))
    console.print(f"@{account.removeprefix('@')} is not in @{name.removeprefix('@')} any more.", highlight=False)


@commands.command
def archive(name: str, *, undo: bool = False, common: Common = COMMON) -> None:
    """Nobody posts in room NAME from now on; all of it can be read. --undo takes that back."""
    from ..orgs import rooms

    with opened_database(common.settings()) as db:
        db.write_now(rooms.archive, 0, _room(db, name), archived=not undo)
    console.print(f"@{name.removeprefix('@')} is {'in use' if undo else 'archived'}.", highlight=False)


@commands.command
def suspend(name: str, *, undo: bool = False, common: Common = COMMON) -> None:
    """Hide room NAME with all that is said in it from everybody. --undo brings it back within thirty days.

    After thirty days what was said in it is deleted.
    """
    from ..orgs import rooms

    with opened_database(common.settings()) as db:
        db.write_now(rooms.suspend, 0, _room(db, name), suspended=not undo)
    console.print(f"@{name.removeprefix('@')} is {'back' if undo else 'suspended'}.", highlight=False)


def _room(db: Database, name: str) -> int:
    from ..store import rooms

    id = find(db, name)
    if id not in db.write_now(rooms.by_ids, [id]):
        raise SettingsError(f"{name!r} is no room; `chirrup room list` shows those there are")
    return id
