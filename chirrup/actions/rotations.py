"""Rotations: who has duty this week."""

from collections.abc import Collection
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from ..access.roles import Permission
from ..errors import Invalid, NotAllowed, NotFound, too_long, too_many
from ..ids import bucket_of
from ..ports import Tx
from ..social import audit, staff, text
from ..store import accounts
from ..store import chains as rows
from ..types import AccountKind, Rotation

MOST, PEOPLE_MOST, NAME_CHARS_MAX = 50, 100, 30
_WEEK_DAYS = 7


class RotationChange(msgspec.Struct, frozen=True):
    """None: as it was."""

    people: tuple[int, ...] | None = None
    zone: str | None = None
    from_ms: int | None = None


def on_duty(rotation: Rotation, now_ms: int) -> int:
    """The account that has duty at this time; 0: nobody, or it has not begun."""
    weeks, people = _weeks(rotation, now_ms), rotation.members
    return people[weeks % len(people)] if people and weeks >= 0 else 0


def _weeks(rotation: Rotation, now_ms: int) -> int:
    """Weeks by the local clock: the turn comes at the same hour in summer and winter."""
    zone = ZoneInfo(rotation.zone)
    began, now = (datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone) for ms in (rotation.from_ms, now_ms))
    days = (now.date() - began.date()).days - (now.time() < began.time())
    return days // _WEEK_DAYS


def of_org(tx: Tx, org_id: int) -> list[Rotation]:
    """By name."""
    return rows.rotations_of_org(tx, org_id)


def get(tx: Tx, org_id: int, id: int) -> Rotation:
    """Raises NotFound."""
    found = rows.rotation(tx, id)
    if found is None or found.org_id != org_id:
        raise NotFound("rotation", id)
    return found


def create(tx: Tx, org_id: int, by: int, name: str, wanted: RotationChange) -> Rotation:
    """by: who makes it; 0: a command. Raises Invalid; NotAllowed."""
    may_arrange(tx, org_id, by)
    staff.one_at_a_time(tx, org_id)
    if len(rows.rotations_of_org(tx, org_id)) >= MOST:
        raise too_many("rotations", MOST, MOST + 1)
    made = Rotation(tx.new_id(bucket_of(org_id)), org_id, checked_name(name), "[]", "UTC", tx.now_ms)
    made = _changed(tx, made, wanted)
    if not rows.insert_rotation(tx, made):
        raise Invalid("name", "taken", "has already been taken")
    audit.note(tx, org_id, by, "add", "rotation", made.id, made.name)
    return made


def change(tx: Tx, org_id: int, by: int, id: int, wanted: RotationChange) -> Rotation:
    """Raises NotFound, Invalid, NotAllowed."""
    may_arrange(tx, org_id, by)
    changed = _changed(tx, get(tx, org_id, id), wanted)
    rows.update_rotation(tx, changed)
    audit.note(tx, org_id, by, "change", "rotation", id, changed.name)
    return changed


def delete(tx: Tx, org_id: int, by: int, id: int) -> None:
    """Raises NotFound, NotAllowed."""
    may_arrange(tx, org_id, by)
    gone = get(tx, org_id, id)
    rows.delete_rotation(tx, id)
    audit.note(tx, org_id, by, "remove", "rotation", id, gone.name)


def may_arrange(tx: Tx, org_id: int, by: int) -> None:
    """Raises NotAllowed: `by` may not say who is asked (by: 0 a command, which may)."""
    if by and not staff.may(tx, org_id, by, Permission.MANAGE_ANNOUNCEMENTS):
        raise NotAllowed("only those who make announcements arrange who is asked")


def checked_name(name: str) -> str:
    """Raises Invalid: it could not be written as `@name`."""
    name = name.strip().lstrip("@")
    if len(name) > NAME_CHARS_MAX:
        raise too_long("name", NAME_CHARS_MAX, len(name))
    if not text.is_valid_username(name):
        raise Invalid("name", "invalid", "must be letters, digits and _, as in @oncall")
    return name


def _changed(tx: Tx, before: Rotation, wanted: RotationChange) -> Rotation:
    people = before.people if wanted.people is None else _people(tx, before.org_id, wanted.people)
    zone = before.zone if wanted.zone is None else wanted.zone
    if zone not in available_timezones():
        raise Invalid("zone", "unknown", "must be a time zone such as Europe/Berlin, not {got}", got=zone[:60])
    from_ms = before.from_ms if wanted.from_ms is None else wanted.from_ms
    return msgspec.structs.replace(before, people=people, zone=zone, from_ms=from_ms)


def _people(tx: Tx, org_id: int, ids: Collection[int]) -> str:
    if len(ids) > PEOPLE_MOST:
        raise too_many("people", PEOPLE_MOST, len(ids))
    found = accounts.by_ids(tx, ids)
    for id in ids:
        one = found.get(id)
        if one is None or one.org_id != org_id or one.kind != AccountKind.PERSON:
            raise Invalid("people", "unknown", "has {id}, which is no member here", id=id)
    return msgspec.json.encode(list(ids)).decode()
