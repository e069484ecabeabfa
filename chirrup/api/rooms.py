"""Rooms: what the accounts, follows and lists of Mastodon's API have no words for. A room has the id of its account.

What is said in one: GET /api/v1/accounts/:id/statuses; to say something, POST /api/v1/statuses mentions it.
"""

from typing import Any

import msgspec

from ..access import limits, signing
from ..actions import feeds_out
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.forms import Id as IdIn
from ..http.forms import Upload
from ..http.paging import Page, PageQuery, filled
from ..http.paging import span as span_of
from ..http.route import Route
from ..orgs import room_pictures, room_requests, rooms
from ..orgs.rooms import MANAGER, RoomChange, RoomView
from ..ports import Tx
from ..social.media_addresses import profile_path
from ..times import iso_or_none

MOST = 80


class Room(Entity, kw_only=True):
    """joined, requested, manages, in_home, notify: of who asks. members: how many. avatar, header: None for none."""

    id: Id
    name: str
    title: str
    note: str
    url: str
    avatar: str | None
    header: str | None
    closed: bool
    listed: bool
    archived_at: str | None
    members: int
    joined: bool
    requested: bool
    manages: bool
    in_home: bool
    notify: bool


class Member(Entity, kw_only=True):
    """role: "manager", or "" for others and for who only asks to come in."""

    id: Id
    name: str
    title: str
    url: str
    role: str


def _room(call: Call, one: RoomView) -> Room:
    account = one.account
    return Room(
        id=str(account.id),
        name=account.username,
        title=account.display_name,
        note=account.note,
        url=f"{call.site.base_url}/@{account.username}",
        avatar=_picture(call, account.id, account.avatar),
        header=_picture(call, account.id, account.header),
        closed=bool(account.locked),
        listed=bool(account.discoverable),
        archived_at=iso_or_none(one.archived_ms),
        members=one.members,
        joined=one.is_member,
        requested=one.has_asked,
        manages=one.is_manager,
        in_home=one.in_home,
        notify=one.notify,
    )


def _picture(call: Call, id: int, key: str) -> str | None:
    return f"{call.site.base_url}{profile_path(id, key)}" if key else None


async def _shown(call: Call, id: int) -> Room:
    return _room(call, await call.read(rooms.view, call.account_id, id))


async def show_many(call: Call, query: PageQuery) -> Page[Room]:
    """Those of the organisation that are there for the caller, newest first."""
    span = span_of(query, default=40, most=MOST)
    found = await call.read(rooms.page, call.account_id, call.site.org_id, span)
    return filled([_room(call, one) for one in found.items], found, span)


class Feed(Entity, kw_only=True):
    """Addresses for feed readers, which need no token: they are the caller's own, and end with the membership."""

    atom: str
    rss: str


async def feed(call: Call, id: int) -> Feed:
    """Of a room that the caller is in."""
    signer, org_id = signing.signer(call.settings), call.site.org_id
    path = await call.read(feeds_out.room_path, signer, org_id, call.account_id, id)
    atom, rss = (f"{call.site.base_url}{path}/feed.{form}" for form in feeds_out.TYPES)
    return Feed(atom=atom, rss=rss)


class NewRoom(msgspec.Struct, kw_only=True):
    name: str = ""
    title: str | None = None
    note: str | None = None
    closed: bool | None = None
    listed: bool | None = None


async def create(call: Call, body: NewRoom) -> Room:
    wanted = RoomChange(body.title, body.note, body.closed, body.listed)
    made = await call.write(rooms.create, call.site.org_id, call.account_id, body.name, wanted)
    return await _shown(call, made.id)


async def show(call: Call, id: int) -> Room:
    return await _shown(call, id)


class Choice(msgspec.Struct, kw_only=True):
    title: str | None = None
    note: str | None = None
    closed: bool | None = None
    listed: bool | None = None
    avatar: Upload | None = None
    header: Upload | None = None


async def change(call: Call, id: int, body: Choice) -> Room:
    """avatar, header: pictures, as those of an account."""
    most = call.site.media_bytes_max
    wanted = RoomChange(body.title, body.note, body.closed, body.listed)
    await room_pictures.change(
        call,
        id,
        wanted,
        avatar=body.avatar.read(most, "avatar") if body.avatar else None,
        header=body.header.read(most, "header") if body.header else None,
    )
    return await _shown(call, id)


async def delete_avatar(call: Call, id: int) -> Room:
    await call.write(rooms.change, call.account_id, id, RoomChange(avatar="", avatar_static=""))
    return await _shown(call, id)


async def delete_header(call: Call, id: int) -> Room:
    await call.write(rooms.change, call.account_id, id, RoomChange(header=""))
    return await _shown(call, id)


async def archive(call: Call, id: int) -> Room:
    await call.write(rooms.archive, call.account_id, id)
    return await _shown(call, id)


async def unarchive(call: Call, id: int) -> Room:
    await call.write(rooms.archive, call.account_id, id, archived=False)
    return await _shown(call, id)


async def join(call: Call, id: int) -> Room:
    """Into a closed room: ask."""
    await call.write(rooms.join, call.account_id, id)
    return await _shown(call, id)


async def leave(call: Call, id: int) -> Entity:
    await call.write(rooms.leave, call.account_id, id)
    return Entity()


class Prefs(msgspec.Struct, kw_only=True):
    in_home: bool | None = None
    notify: bool | None = None


async def prefer(call: Call, id: int, body: Prefs) -> Room:
    await call.write(rooms.prefer, call.account_id, id, in_home=body.in_home, notify=body.notify)
    return await _shown(call, id)


def _people(tx: Tx, call: Call, room_id: int, ids: list[int]) -> list[Member]:
    managers = set(rooms.managers(tx, room_id))
    return [
        Member(
            id=str(one.id),
            name=one.acct,
            title=one.display_name,
            url=f"{call.site.base_url}/@{one.acct}",
            role=MANAGER if one.id in managers else "",
        )
        for one in rooms.people(tx, call.account_id, ids)
    ]


async def members(call: Call, id: int, query: PageQuery) -> Page[Member]:
    """Newest first; nobody for who is not in a closed room."""
    span = span_of(query, default=40, most=MOST)

    def operation(tx: Tx) -> Page[Any]:
        found = rooms.members(tx, call.account_id, id, span)
        return filled(_people(tx, call, id, [one for _, one in found.items]), found, span)

    return await call.read(operation)


async def requests(call: Call, id: int, query: PageQuery) -> Page[Member]:
    """Who asks to come in, for managers."""
    span = span_of(query, default=40, most=MOST)

    def operation(tx: Tx) -> Page[Any]:
        found = room_requests.page(tx, call.account_id, id, span)
        return filled(_people(tx, call, id, [one for _, one in found.items]), found, span)

    return await call.read(operation)


class Person(msgspec.Struct, kw_only=True):
    account_id: IdIn = 0


async def add(call: Call, id: int, body: Person) -> Room:
    await call.write(rooms.add_member, id, body.account_id, by=call.account_id)
    return await _shown(call, id)


async def remove(call: Call, id: int, account_id: int) -> Room:
    await call.write(rooms.remove_member, id, account_id, by=call.account_id)
    return await _shown(call, id)


async def accept(call: Call, id: int, account_id: int) -> Room:
    await call.write(room_requests.answer, call.account_id, id, account_id, accept=True)
    return await _shown(call, id)


async def reject(call: Call, id: int, account_id: int) -> Room:
    await call.write(room_requests.answer, call.account_id, id, account_id, accept=False)
    return await _shown(call, id)


async def promote(call: Call, id: int, account_id: int) -> Room:
    await call.write(rooms.give_role, id, account_id, MANAGER, by=call.account_id)
    return await _shown(call, id)


async def demote(call: Call, id: int, account_id: int) -> Room:
    await call.write(rooms.give_role, id, account_id, "", by=call.account_id)
    return await _shown(call, id)


async def pin(call: Call, id: int, post_id: int) -> Room:
    await call.write(rooms.pin, call.account_id, id, post_id)
    return await _shown(call, id)


async def unpin(call: Call, id: int, post_id: int) -> Room:
    await call.write(rooms.pin, call.account_id, id, post_id, pinned=False)
    return await _shown(call, id)


PATH = "/api/chirrup/v1/rooms"
ROUTES = [
    Route("GET", PATH, show_many, "read:lists"),
    Route("POST", PATH, create, "write:lists"),
    Route("GET", f"{PATH}/{{id}}", show, "read:lists"),
    Route("PATCH", f"{PATH}/{{id}}", change, "write:lists", uploads=True, limits=limits.MEDIA),
    Route("DELETE", f"{PATH}/{{id}}/avatar", delete_avatar, "write:lists"),
    Route("DELETE", f"{PATH}/{{id}}/header", delete_header, "write:lists"),
    Route("POST", f"{PATH}/{{id}}/archive", archive, "write:lists"),
    Route("POST", f"{PATH}/{{id}}/unarchive", unarchive, "write:lists"),
    Route("POST", f"{PATH}/{{id}}/join", join, "write:follows"),
    Route("POST", f"{PATH}/{{id}}/leave", leave, "write:follows"),
    Route("GET", f"{PATH}/{{id}}/feed", feed, "read:lists"),
    Route("PATCH", f"{PATH}/{{id}}/prefs", prefer, "write:follows"),
    Route("GET", f"{PATH}/{{id}}/members", members, "read:lists"),
    Route("POST", f"{PATH}/{{id}}/members", add, "write:lists"),
    Route("DELETE", f"{PATH}/{{id}}/members/{{account_id}}", remove, "write:lists"),
    Route("GET", f"{PATH}/{{id}}/requests", requests, "read:follows"),
    Route("POST", f"{PATH}/{{id}}/requests/{{account_id}}/accept", accept, "write:follows"),
    Route("POST", f"{PATH}/{{id}}/requests/{{account_id}}/reject", reject, "write:follows"),
    Route("PUT", f"{PATH}/{{id}}/managers/{{account_id}}", promote, "write:lists"),
    Route("DELETE", f"{PATH}/{{id}}/managers/{{account_id}}", demote, "write:lists"),
    Route("POST", f"{PATH}/{{id}}/posts/{{post_id}}/pin", pin, "write:lists"),
    Route("POST", f"{PATH}/{{id}}/posts/{{post_id}}/unpin", unpin, "write:lists"),
]
