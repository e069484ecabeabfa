"""Rooms: made, changed, archived, and who is in them. A room is an account; joining it is following it.

Who asks to come in: room_requests.py. What is said in one: social/in_rooms.py. Who sees it: access/visibility.py. Whom
it reaches: timelines/audience.py.
Why it is an account: docs/decisions/0061-rooms.md.

`by` is who acts: a manager of the room, or the first owner of all of this, a command or a directory: 0.
"""

import msgspec

from ..access import visibility
from ..access.fill import Filled, fill
from ..access.roles import Permission
from ..errors import Invalid, NotAllowed, NotFound
from ..ids import random_bucket
from ..ports import Tx
from ..social import account_lists, accounts, audit, closing_rooms, follows, in_rooms, staff
from ..social.accounts import ProfileChange
from ..store import accounts as account_rows
from ..store import follows as follow_rows
from ..store import orgs
from ..store import reactions as reaction_rows
from ..store import rooms as rows
from ..store.rooms import Room
from ..types import Account, AccountKind, OrgSettings, Span
from ..wording import N_

MANAGER = "manager"
PINS_MAX = 5
EVERYBODY = OrgSettings().room_makers


class RoomChange(msgspec.Struct, frozen=True):
    """None: no change, or as a new room is: open, and listed."""

    title: str | None = None
    note: str | None = None
    closed: bool | None = None  # only members read, and others ask to come in; it never becomes open again
    listed: bool | None = None  # others in the organisation may know that a closed room exists
    avatar: str | None = None  # blob keys of files that are stored: room_pictures.py; "": none
    avatar_static: str | None = None
    header: str | None = None


class RoomView(msgspec.Struct, frozen=True):
    """A room as somebody sees it."""

    account: Account
    members: int
    is_member: bool
    has_asked: bool
    is_manager: bool
    archived_ms: int
    in_home: bool  # what others say in it comes to the member's home timeline
    notify: bool  # the member is told of each post


# found and shown


def get(tx: Tx, viewer_id: int, id: int) -> Account:
    """Raises NotFound: absent, no room, or hidden from the viewer, who may see no more of it than its name."""
    room = accounts.get(tx, viewer_id, id)
    if room.kind != AccountKind.ROOM or room.suspended_ms:
        raise NotFound("room", id)
    return room


def views(tx: Tx, viewer_id: int, found: list[Account]) -> list[RoomView]:
    """found as the viewer sees them. Five queries, whatever len(found)."""
    ids = [one.id for one in found]
    states, standing = account_rows.states(tx, ids), follow_rows.among(tx, viewer_id, ids)
    asked, roles = follow_rows.requested_among(tx, viewer_id, ids), rows.roles_of(tx, viewer_id, ids)
    rooms = rows.by_ids(tx, ids)
    return [
        RoomView(
            account=one,
            members=states[one.id].followers,
            is_member=one.id in standing,
            has_asked=one.id in asked,
            is_manager=roles.get(one.id) == MANAGER,
            archived_ms=rooms[one.id].archived_ms if one.id in rooms else 0,
            in_home=one.id in standing and bool(standing[one.id].show_boosts),
            notify=one.id in standing and bool(standing[one.id].notify),
        )
        for one in found
    ]


def view(tx: Tx, viewer_id: int, id: int) -> RoomView:
    """Raises NotFound."""
    return views(tx, viewer_id, [get(tx, viewer_id, id)])[0]


def page(tx: Tx, viewer_id: int, org_id: int, span: Span) -> Filled[RoomView]:
    """The rooms of the organisation that are there for the viewer, newest first."""

    def kept(ids: "list[int]") -> list[int]:
        there = visibility.of_one_organisation(tx, viewer_id, ids)
        return [id for id in ids if id in there and not there[id].suspended_ms]

    found = fill(span, lambda part: rows.page(tx, org_id, part), lambda some: kept(list(some)), key=int)
    there = account_rows.by_ids(tx, found.items)
    return Filled(views(tx, viewer_id, [there[id] for id in found.items]), found.newest, found.oldest, more=found.more)


def entered(tx: Tx, account_id: int) -> list[Account]:
    """The rooms that the account is in, by name."""
    found = account_rows.by_ids(tx, rows.of_member(tx, account_id))
    return sorted((one for one in found.values() if not one.suspended_ms), key=lambda one: one.username.lower())


# made and changed


def create(tx: Tx, org_id: int, by: int, name: str, wanted: RoomChange) -> Account:
    """A new room, which `by` manages and is in. by 0: nobody is in it.

    Raises Invalid (username: as an account's; title, note), NotAllowed: a guest, or as may_make() says.
    """
    closed = bool(wanted.closed)
    if by:
        _check_maker(tx, by, org_id, closed=closed)
    if problems := accounts.check_username(name):
        raise problems[0]
    room = _insert(tx, org_id, name)
    if not account_rows.claim_name(tx, accounts.name_key(org_id, name), room.id):
        raise Invalid("username", "taken", "has already been taken")
    rows.insert(tx, Room(room.id, org_id, 0))
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
    note(tx, by, room, "create")
    return room


def _insert(tx: Tx, org_id: int, name: str) -> Account:
    bucket = random_bucket()
    while True:
        blank = accounts.blank(tx.new_id(bucket), name, "", tx.now_ms, org_id=org_id)
        room = msgspec.structs.replace(blank, kind=AccountKind.ROOM)
        if account_rows.insert(tx, room):
            return room


def change(tx: Tx, by: int, id: int, wanted: RoomChange) -> Account:
    """What was said in a room that is closed now is for its members only, step by step (social/closing_rooms.py).

    Raises NotFound, NotAllowed (also who may not make a closed room), Invalid (title, note; closed: it would become
    open, which tells what was said to members only).
    """
    room = managed(tx, by, id)
    if room.locked and wanted.closed is False:
        why = N_("cannot be taken back: what was said in a closed room was said to its members. Make a new room")
        raise Invalid("closed", "final", why)
    closes = bool(wanted.closed) and not room.locked
    if closes and by:
        _check_maker(tx, by, room.org_id, closed=True)
    closed = closes or bool(room.locked)
    profile = ProfileChange(
        display_name=wanted.title,
        note=wanted.note,
        locked=True if closes else None,
        discoverable=(wanted.listed if closed else True) if wanted.listed is not None else None,
        indexable=False if closes else None,
        avatar=wanted.avatar,
        avatar_static=wanted.avatar_static,
        header=wanted.header,
    )
    after = accounts.change_profile(tx, id, profile)
    if closes:
        closing_rooms.begin(tx, id)
    note(tx, by, after, "close" if closes else "update")
    return after


def archive(tx: Tx, by: int, id: int, *, archived: bool = True) -> None:
    """Nobody posts in it from now on, and all of it can be read; or that is taken back. Raises NotFound, NotAllowed."""
    room = managed(tx, by, id)
    rows.set_archived(tx, id, tx.now_ms if archived else 0)
    note(tx, by, room, "archive" if archived else "unarchive")


def suspend(tx: Tx, by: int, id: int, *, suspended: bool = True) -> None:
    """Nobody finds or reads it any more, and in 30 days what was said in it is deleted; or that is taken back before.

    Raises NotFound; NotAllowed: by does not look after all rooms.
    """
    room = account_rows.by_id(tx, id)
    if room is None or not room.is_room:
        raise NotFound("room", id)
    if by and not staff.may(tx, room.org_id, by, Permission.MANAGE_ROOMS):
        get(tx, by, id)  # for whom it is not there
        raise NotAllowed("only those who look after all rooms may do this")
    accounts.suspend(tx, id, suspended=suspended)
    note(tx, by, room, "suspend" if suspended else "unsuspend")


def pin(tx: Tx, by: int, id: int, post_id: int, *, pinned: bool = True) -> None:
    """Show a post of the room first, or not any more. Raises NotFound, NotAllowed, Invalid: too many."""
    managed(tx, by, id)
    post = visibility.see_one(tx, by, post_id)
    if post is None or post.audience_id != id:
        raise NotFound("post", post_id)
    if not pinned:
        reaction_rows.remove(tx, "pins", id, post_id)
        return
    if reaction_rows.count_pins(tx, id) >= PINS_MAX and not reaction_rows.find(tx, "pins", id, post_id):
        raise Invalid("post", "too_many", "is one too many: a room has at most {most} pinned posts", most=PINS_MAX)
    reaction_rows.add(tx, "pins", id, post_id)


def managed(tx: Tx, by: int, id: int) -> Account:
    """The room, which `by` may change. Raises NotFound; NotAllowed: by neither manages it nor looks after all rooms."""
    room = account_rows.by_id(tx, id)
    if room is None or room.kind != AccountKind.ROOM or room.suspended_ms:
        raise NotFound("room", id)
    if not by or rows.roles_of(tx, by, [id]).get(id) == MANAGER:
        return room
    if not staff.may(tx, room.org_id, by, Permission.MANAGE_ROOMS):
        get(tx, by, id)  # for whom it is not there
        raise NotAllowed("only those who manage the room may do this")
    return room


# who is in it


def members(tx: Tx, viewer_id: int, id: int, span: Span) -> Filled[tuple[int, int]]:
    """(follow id, account id), newest member first. Nobody for who may see only its name. Raises NotFound."""
    get(tx, viewer_id, id)
    return account_lists.followers(tx, viewer_id, id, span)


def managers(tx: Tx, id: int) -> list[int]:
    return [account for account, role in rows.roles(tx, id).items() if role == MANAGER]


def add_member(tx: Tx, room_id: int, account_id: int, *, by: int = 0) -> None:
    """Harmless when repeated. Raises NotFound (also an account that is not there for `by`), NotAllowed, Invalid."""
    room = managed(tx, by, room_id)
    account = accounts.get(tx, by, account_id) if by else account_rows.by_id(tx, account_id)
    if account is None or account.org_id != room.org_id or account.kind == AccountKind.ROOM or account.suspended_ms:
        raise NotFound("account", account_id)
    if follow_rows.get(tx, account_id, room_id):
        return
    follows.join(tx, account_id, room_id)
    note(tx, by, room, "add", account_id)


def remove_member(tx: Tx, room_id: int, account_id: int, *, by: int = 0) -> None:
    """Harmless when it is not in. Raises NotFound, NotAllowed."""
    room = managed(tx, by, room_id)
    follows.unfollow(tx, account_id, room_id)
    note(tx, by, room, "remove", account_id)


def give_role(tx: Tx, room_id: int, account_id: int, role: str, *, by: int = 0) -> None:
    """role: MANAGER, or "" for none. Raises NotFound: the room, or no member; NotAllowed; Invalid: the last manager."""
    room = managed(tx, by, room_id)
    if not follow_rows.get(tx, account_id, room_id):
        raise NotFound("member", account_id)
    if role != MANAGER and by and managers(tx, room_id) == [account_id]:
        why = N_("is the only one who manages the room: let somebody else manage it first")
        raise Invalid("account", "last", why)
    rows.set_role(tx, room_id, account_id, role)
    note(tx, by, room, "promote" if role else "demote", account_id)


def hand_over(tx: Tx, account_id: int) -> None:
    """For who can do nothing any more, and stays in their rooms: others manage them."""
    for room_id in rows.roles_of(tx, account_id, rows.of_member(tx, account_id)):
        in_rooms.hand_on(tx, account_id, room_id)


def managed_by(tx: Tx, account_id: int) -> list[Account]:
    """The rooms that the account manages, by name."""
    roles = rows.roles_of(tx, account_id, rows.of_member(tx, account_id))
    found = account_rows.by_ids(tx, [id for id, role in roles.items() if role == MANAGER])
    return sorted(found.values(), key=lambda one: one.username)


def hand_over_to(tx: Tx, account_id: int, to_id: int, *, by: int = 0) -> list[Account]:
    """The other account manages these rooms instead, and is in them; which they are. Raises as add_member()."""
    found = managed_by(tx, account_id)
    for room in found if to_id != account_id else ():
        add_member(tx, room.id, to_id, by=by)
        give_role(tx, room.id, to_id, MANAGER, by=by)
        give_role(tx, room.id, account_id, "", by=by)
    return found


def join(tx: Tx, account_id: int, id: int) -> None:
    """Come in, or ask to. Harmless when repeated. Raises NotFound; Invalid: too many rooms or members."""
    get(tx, account_id, id)
    follows.follow(tx, account_id, id)


def leave(tx: Tx, account_id: int, id: int) -> None:
    """Or take back that one has asked. Harmless when not in it. Raises NotFound."""
    get(tx, account_id, id)
    follows.unfollow(tx, account_id, id)


def people(tx: Tx, viewer_id: int, ids: list[int]) -> list[Account]:
    """The accounts of a page of members or requests, in its order. One query."""
    there = visibility.of_one_organisation(tx, viewer_id, ids)
    return [there[id] for id in ids if id in there]


def prefer(tx: Tx, account_id: int, id: int, *, in_home: bool | None = None, notify: bool | None = None) -> None:
    """What a member wants of the room. Raises NotFound: the room, or not in it."""
    get(tx, account_id, id)
    if not follow_rows.get(tx, account_id, id):
        raise NotFound("room", id)
    follows.follow(tx, account_id, id, show_boosts=in_home, notify=notify)


def may_make(tx: Tx, account_id: int, org_id: int, *, closed: bool) -> bool:
    """Whether the account, no guest's, may make such a room: OrgSettings.room_makers says who needs a role for it."""
    org = orgs.by_id(tx, org_id)
    makers = org.chosen.get("room_makers", EVERYBODY) if org else EVERYBODY
    if makers == EVERYBODY or (makers == "open" and not closed):
        return True
    return staff.may(tx, org_id, account_id, Permission.PRIVATE_ROOMS if closed else Permission.MANAGE_ROOMS)


def _check_maker(tx: Tx, account_id: int, org_id: int, *, closed: bool) -> None:
    account = account_rows.by_id(tx, account_id)
    if account is None or account.org_id != org_id:
        raise NotFound("account", account_id)
    if account.kind == AccountKind.GUEST:
        raise NotAllowed("guests are in the rooms that they were invited to, and make none")
    if not may_make(tx, account_id, org_id, closed=closed):
        if closed and may_make(tx, account_id, org_id, closed=False):
            raise NotAllowed("your role does not let you make closed rooms; you can make open ones")
        raise NotAllowed("your role does not let you make rooms: ask those who look after them")


def note(tx: Tx, by: int, room: Account, action: str, account_id: int = 0) -> None:
    """account_id: whom it is about; 0: the room alone."""
    about = account_rows.by_id(tx, account_id) if account_id else None
    audit.note(tx, room.org_id, by, action, "room", room.id, room.username, f"@{about.username}" if about else "")
