"""What a directory's groups give: a role, and rooms. It takes away only what it has given."""

from collections.abc import Callable

import msgspec
import structlog

from ...errors import Invalid, NotAllowed, NotFound
from ...ports import Tx
from ...social import accounts, staff
from ...store import accounts as account_rows
from ...store import identities as rows
from ...types import AccountKind
from ...types.directory import AccountIdentity, Mapping, Person
from .. import rooms

log = structlog.get_logger()


class Wanted(msgspec.Struct, frozen=True):
    """What somebody has by their groups. rooms: ids."""

    role: str = ""
    rooms: tuple[int, ...] = ()


def rooms_of(tx: Tx, org_id: int, mapping: Mapping) -> dict[str, int]:
    """Group -> the room that it gives; groups whose room there is not are absent. Two queries."""
    keys = {accounts.name_key(org_id, name.removeprefix("@")): group for group, name in mapping.rooms.items()}
    found = account_rows.ids_by_names(tx, list(keys)) if keys else {}
    kinds = account_rows.by_ids(tx, list(found.values())) if found else {}
    return {keys[key]: id for key, id in found.items() if id in kinds and kinds[id].kind == AccountKind.ROOM}


def wanted(person: Person, mapping: Mapping, rooms_by_group: dict[str, int]) -> Wanted:
    of = person.groups or ()
    role = next((role for group, role in mapping.roles.items() if group in of), "")
    return Wanted(role, tuple(sorted({rooms_by_group[group] for group in of if group in rooms_by_group})))


def given(one: AccountIdentity) -> Wanted:
    return Wanted(one.role, msgspec.json.decode(one.rooms, type=tuple[int, ...]))


def give(tx: Tx, account_id: int, person: Person, mapping: Mapping) -> None:
    """As the mapping says now. Groups that are not known at the moment change nothing."""
    had = rows.find(tx, account_id, person.issuer)
    if had is None or person.groups is None:
        return
    before = given(had)
    after = wanted(person, mapping, rooms_of(tx, had.org_id, mapping))
    if after == before:
        return
    role = before.role if after.role == before.role else _give_role(tx, account_id, before.role, after.role)
    kept = [id for id in after.rooms if id in before.rooms or _done(rooms.add_member, tx, id, account_id)]
    kept += [id for id in before.rooms if id not in after.rooms and not _done(rooms.remove_member, tx, id, account_id)]
    told = msgspec.json.encode(sorted(kept)).decode()
    rows.set_given(tx, account_id, person.issuer, role=role, rooms=told, gone_ms=had.gone_ms)


def _give_role(tx: Tx, account_id: int, before: str, role: str) -> str:
    """What it has from the directory then. A role that somebody here has given stays as it is."""
    user = account_rows.user(tx, account_id)
    if user is None or user.role != before:
        return before
    return role if _done(staff.give_role, tx, account_id, role) else before


def _done(act: Callable[..., None], tx: Tx, *given: object) -> bool:
    """False: it cannot be, and nothing is changed: there is no such role, it is the last owner, a room is full."""
    try:
        act(tx, *given)
    except (Invalid, NotAllowed, NotFound) as error:
        log.warning("a directory's group gives nothing", act=act.__name__, to=given, why=error.message)
        return False
    return True
