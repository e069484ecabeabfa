"""Chains: who is asked next where nobody has acknowledged a post."""

import msgspec

from ..errors import Invalid, NotFound, too_many
from ..ids import bucket_of
from ..ports import Tx
from ..social import audit, staff
from ..store import chains as rows
from ..types import Chain, Step
from .rotations import checked_name, may_arrange

MOST, STEPS_MOST, REPEATS_MOST = 50, 10, 3
MINUTES_MOST = 7 * 24 * 60


def of_org(tx: Tx, org_id: int) -> list[Chain]:
    """By name."""
    return rows.of_org(tx, org_id)


def get(tx: Tx, org_id: int, id: int) -> Chain:
    """Raises NotFound."""
    found = rows.by_id(tx, id)
    if found is None or found.org_id != org_id:
        raise NotFound("chain", id)
    return found


def called(tx: Tx, org_id: int, name: str) -> Chain:
    """Raises Invalid: there is none of this name."""
    wanted = name.strip().lstrip("@").casefold()
    for one in rows.of_org(tx, org_id):
        if one.name.casefold() == wanted:
            return one
    raise Invalid("chain", "unknown", "names {name}, and there is no such chain", name=name[:60])


def create(tx: Tx, org_id: int, by: int, name: str, steps: list[Step], repeats: int) -> Chain:
    """by: who makes it; 0: a command. Raises Invalid, NotAllowed."""
    may_arrange(tx, org_id, by)
    staff.one_at_a_time(tx, org_id)
    if len(rows.of_org(tx, org_id)) >= MOST:
        raise too_many("chains", MOST, MOST + 1)
    made = Chain(tx.new_id(bucket_of(org_id)), org_id, checked_name(name), _checked(steps, repeats), repeats)
    if not rows.insert(tx, made):
        raise Invalid("name", "taken", "has already been taken")
    audit.note(tx, org_id, by, "add", "chain", made.id, made.name)
    return made


def change(tx: Tx, org_id: int, by: int, id: int, steps: list[Step], repeats: int) -> Chain:
    """Requests that run by it go on with the new steps. Raises NotFound, Invalid, NotAllowed."""
    may_arrange(tx, org_id, by)
    changed = msgspec.structs.replace(get(tx, org_id, id), steps=_checked(steps, repeats), repeats=repeats)
    rows.update(tx, changed)
    audit.note(tx, org_id, by, "change", "chain", id, changed.name)
    return changed


def delete(tx: Tx, org_id: int, by: int, id: int) -> None:
    """Requests that run by it remind those who are asked already. Raises NotFound, NotAllowed."""
    may_arrange(tx, org_id, by)
    gone = get(tx, org_id, id)
    rows.delete(tx, id)
    audit.note(tx, org_id, by, "remove", "chain", id, gone.name)


def _checked(steps: list[Step], repeats: int) -> str:
    if not 1 <= len(steps) <= STEPS_MOST:
        raise Invalid("steps", "count", "must be 1 to {most}, are {has}", most=STEPS_MOST, has=len(steps))
    if not all(one.who for one in steps):
        raise Invalid("steps", "blank", "has a step that asks nobody: name somebody, or leave it out")
    if not all(1 <= one.minutes <= MINUTES_MOST for one in steps):
        raise Invalid("minutes", "range", "must be 1 to {most} in each step", most=MINUTES_MOST)
    if not 0 <= repeats <= REPEATS_MOST:
        raise Invalid("repeats", "range", "must be 0 to {most}", most=REPEATS_MOST)
    return msgspec.json.encode(steps).decode()
