"""Rooms: those there are, a new one, and one with who is in it. What is said in it is on its profile."""

from typing import Any

import msgspec

from ....access import limits
from ....access.roles import Permission
from ....actions import feeds_out
from ....errors import Invalid, NotFound
from ....http.arguments import path_id
from ....ids import ID_MAX
from ....orgs import room_pictures, room_requests, rooms
from ....orgs.rooms import MANAGER, RoomChange
from ....ports import Tx
from ....social import accounts, uploads
from ....types import Span
from ....wording import N_
from ...call import Call, Go, Page
from ...problems import Problem
from ..reading.home import next_page, span

PATH = "/rooms"
NEW, ONE = f"{PATH}/new", f"{PATH}/{{id}}"
SHOWN = 40  # on a page
ASKING = 100  # requests on a page; who is answered makes room for others


async def index(call: Call) -> Page:
    asked = span(call.query, limit=SHOWN)
    found = await call.read(rooms.page, call.account_id, call.site.org_id, asked)
    may_make = await _may_make(call) or await _may_make(call, closed=True)
    values = {
        "rooms": [(one, call.views.person(one.account)) for one in found.items],
        "before": next_page(found, asked),
        "may_make": may_make,
    }
    return Page("rooms/rooms.html", values)


# a new one


async def _may_make(call: Call, *, closed: bool = False) -> bool:
    if call.viewer.is_guest:
        return False
    return await call.read(rooms.may_make, call.account_id, call.site.org_id, closed=closed)


async def new_form(call: Call) -> Page:
    return await _new(call)


async def new_again(call: Call, problem: Problem) -> Page:
    return await _new(call, problem)


async def _new(call: Call, problem: Problem | None = None) -> Page:
    names = ("room_name", "room_title", "room_note", "closed", "hidden")
    values = {
        **{name: call.form.text(name) for name in names},
        "may_close": await _may_make(call, closed=True),
        "may_open": await _may_make(call),
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
    }
    return Page("rooms/new.html", values, status=problem.status if problem else 200)


async def create(call: Call) -> Go:
    form = call.form
    name = form.text("room_name").strip().removeprefix("@")
    wanted = _wanted(call)
    made = await call.write(rooms.create, call.site.org_id, call.account_id, name, wanted)
    return Go(f"{PATH}/{made.id}")


def _wanted(call: Call) -> RoomChange:
    form = call.form
    return RoomChange(
        title=form.text("room_title"),
        note=form.text("room_note"),
        closed=form.flag("closed") or None,
        listed=not form.flag("hidden"),
    )


# one of them


async def show(call: Call, id: str) -> Page:
    return await _page(call, id)


async def again(call: Call, problem: Problem, id: str) -> Page:
    if call.form.has_files:
        problem = msgspec.structs.replace(problem, message=f"{problem.message} Choose the pictures again.".strip())
    return await _page(call, id, problem)


async def _page(call: Call, id: str, problem: Problem | None = None) -> Page:
    asked = span(call.query, limit=SHOWN)
    room_id = path_id(id)
    signer, org_id = call.services.signer, call.site.org_id

    def operation(tx: Tx) -> dict[str, Any]:
        room = rooms.view(tx, call.account_id, room_id)
        found = rooms.members(tx, call.account_id, room_id, asked)
        askers: list[int] = []
        if room.is_manager:
            waiting = room_requests.page(tx, call.account_id, room_id, Span(before=ID_MAX, limit=ASKING))
            askers = [one for _, one in waiting.items]
        people = call.views.people(tx, call.account_id, [one for _, one in found.items])
        return {
            "room": room,
            "feed": feeds_out.room_path(tx, signer, org_id, call.account_id, room_id) if room.is_member else "",
            "may_close": rooms.may_make(tx, call.account_id, call.site.org_id, closed=True),
            "managers": set(rooms.managers(tx, room_id)) if people else set(),
            "people": people,
            "askers": call.views.people(tx, call.account_id, askers),
            "before": next_page(found, asked),
        }

    values = await call.read(operation)
    account, form = values["room"].account, call.form
    typed = form.text("act") == "save"
    values |= {
        "may_retain": call.may(Permission.MANAGE_SETTINGS),
        "room_title": form.text("room_title") if typed else account.display_name,
        "room_note": form.text("room_note") if typed else account.note,
        "hidden": form.flag("hidden") if typed else not account.discoverable,
        "one": call.views.person(account),
        "note_html": call.views.html(account.note),
        "header": call.views.picture(account, account.header, "") if account.header else "",
        "room_member": form.text("room_member"),
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return Page("rooms/room.html", values, status=problem.status if problem else 200)


async def save(call: Call, id: str) -> Go:
    form, room_id, most = call.form, path_id(id), call.site.media_bytes_max
    for name, size_bytes in form.oversized.items():
        raise uploads.too_large(name, size_bytes, most)
    avatar, header = form.file("avatar"), form.file("header")
    if avatar or header:
        await call.throttle(limits.MEDIA, account=str(call.account_id))
    none = "" if form.flag("no_avatar") else None
    wanted = msgspec.structs.replace(
        _wanted(call), avatar=none, avatar_static=none, header="" if form.flag("no_header") else None
    )
    await room_pictures.change(
        call,
        room_id,
        wanted,
        avatar=avatar.read(most, "avatar") if avatar else None,
        header=header.read(most, "header") if header else None,
    )
    return _back(id)


async def archive(call: Call, id: str) -> Go:
    await call.write(rooms.archive, call.account_id, path_id(id), archived=not call.form.flag("undo"))
    return _back(id)


async def join(call: Call, id: str) -> Go:
    await call.write(rooms.join, call.account_id, path_id(id))
    return Go(call.return_to(f"{PATH}/{path_id(id)}"))


async def leave(call: Call, id: str) -> Go:
    await call.write(rooms.leave, call.account_id, path_id(id))
    return Go(PATH)


async def prefer(call: Call, id: str) -> Go:
    wanted = {"in_home": call.form.flag("in_home"), "notify": call.form.flag("notify")}
    await call.write(rooms.prefer, call.account_id, path_id(id), **wanted)
    return _back(id)


async def add(call: Call, id: str) -> Go:
    """By name."""
    await call.write(_add, call, path_id(id), call.form.text("room_member").strip())
    return _back(id)


def _add(tx: Tx, call: Call, room_id: int, name: str) -> None:
    rooms.managed(tx, call.account_id, room_id)
    site = call.site
    try:
        found = accounts.by_acct(tx, name, site.domain, site.org_id, viewer_id=call.account_id)
    except NotFound as error:
        why = N_("must be somebody here, like @ann; got {got!r}")
        raise Invalid("room_member", "unknown", why, got=name[:60]) from error
    rooms.add_member(tx, room_id, found.id, by=call.account_id)


async def people(call: Call, id: str) -> Go:
    """What a manager does with somebody: the button says what."""
    await call.write(_do, call.account_id, path_id(id), call.form.id("account"), call.form.text("act"))
    return _back(id)


def _do(tx: Tx, by: int, room_id: int, account_id: int, act: str) -> None:
    if act in ("accept", "reject"):
        room_requests.answer(tx, by, room_id, account_id, accept=act == "accept")
    elif act in ("promote", "demote"):
        rooms.give_role(tx, room_id, account_id, MANAGER if act == "promote" else "", by=by)
    elif act == "remove":
        rooms.remove_member(tx, room_id, account_id, by=by)
    else:
        raise NotFound("act", act[:20])


def _back(id: str) -> Go:
    return Go(f"{PATH}/{path_id(id)}?saved=1")
