"""For how long an organisation keeps what is said: days for each class, and how deleting the rest went."""

from typing import Any

from ....errors import Invalid
from ....http.arguments import path_id
from ....orgs import retention
from ....ports import Tx
from ....types import RetentionClass
from ...call import Call, Go, Page
from ...problems import Problem
from . import places

PATH = "/org/retention"
OF_ROOM = f"{PATH}/rooms/{{id}}"
CLASSES = [
    (RetentionClass.POSTS, "Posts", "All but direct ones, with their earlier versions and media."),
    (RetentionClass.DIRECT, "Direct posts", "What is said to those it mentions alone."),
    (RetentionClass.MEDIA, "Pictures, films and sound", "The words of their posts stay."),
]


async def form(call: Call) -> Page:
    return await _page(call, 0)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, 0, problem)


async def save(call: Call) -> Go:
    return await _save(call, 0)


async def form_of_room(call: Call, id: str) -> Page:
    return await _page(call, path_id(id))


async def again_of_room(call: Call, problem: Problem, id: str) -> Page:
    return await _page(call, path_id(id), problem)


async def save_of_room(call: Call, id: str) -> Go:
    return await _save(call, path_id(id))


async def _save(call: Call, room_id: int) -> Go:
    """room_id 0: for the whole organisation."""
    wanted = {kind: _days(call, f"days_{kind}") for kind, _, _ in _classes(room_id)}

    def operation(tx: Tx) -> None:
        before = {one.kind: one.days for one in retention.rules(tx, call.site.org_id) if one.room_id == room_id}
        for kind, days in wanted.items():
            if days != before.get(kind, 0):
                retention.choose(tx, call.site.org_id, call.account_id, kind, days, room_id=room_id)

    await call.write(operation)
    return Go(f"{_path(room_id)}?saved=1")


def _path(room_id: int) -> str:
    return f"{PATH}/rooms/{room_id}" if room_id else PATH


def _classes(room_id: int) -> list[tuple[RetentionClass, str, str]]:
    """Nothing in a room is direct."""
    return [one for one in CLASSES if not (room_id and one[0] == RetentionClass.DIRECT)]


def _days(call: Call, field: str) -> int:
    """0: the field is empty. Raises Invalid."""
    digits = call.form.text(field).strip()
    if digits and not (digits.isascii() and digits.isdigit() and 0 < int(digits[:9]) <= retention.DAYS_MAX):
        raise Invalid(
            field,
            "invalid",
            "must be empty, or a number of days from 1 to {most}; got {got!r}",
            most=retention.DAYS_MAX,
            got=digits[:20],
        )
    return int(digits or 0)


async def _page(call: Call, room_id: int, problem: Problem | None = None) -> Page:
    org_id = call.site.org_id

    def operation(tx: Tx) -> dict[str, Any]:
        own = [one for one in retention.rules(tx, org_id) if one.room_id == room_id]
        return {
            "room": retention.name_of_room(tx, org_id, room_id) if room_id else "",
            "rooms": [] if room_id else retention.rooms_with_rules(tx, org_id),
            "days": {f"days_{one.kind}": str(one.days) for one in own},
            "run": retention.last_run(tx, org_id),
        }

    classes = _classes(room_id)
    shown = await call.read(operation) | {
        "at": _path(room_id),
        "room_id": room_id,
        "classes": classes,
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    if problem:
        shown["days"] = {f"days_{kind}": call.form.text(f"days_{kind}") for kind, _, _ in classes}
    return places.page(call, "retention.html", shown, status=problem.status if problem else 200)
