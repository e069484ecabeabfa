"""Rules of an organisation: made, changed, restored, switched on and off, removed. Each version is kept.

Whoever writes a rule, or switches it on, is its owner from then on: it acts with their rights, so nobody can write what
acts with the rights of somebody else.
"""

import msgspec

from ...errors import Invalid, NotFound, too_long, too_many
from ...events import RulesChanged
from ...ids import bucket_of
from ...ports import Tx
from ...social import audit
from ...social.text import clean
from ...store import rules as rows
from ...types import ActionRule, RuleRun, RuleState, RuleVersion
from . import tree
from .checking import check
from .tree import Rule

MOST = 500  # of an organisation
NAME_CHARS_MAX = 100
VERSIONS_SHOWN, RUNS_SHOWN = 100, 200


def every(tx: Tx, org_id: int) -> list[ActionRule]:
    """The newest first."""
    return rows.of_org(tx, org_id)


def get(tx: Tx, org_id: int, id: int) -> ActionRule:
    """Raises NotFound."""
    row = rows.by_id(tx, id)
    if row is None or row.org_id != org_id:
        raise NotFound("rule", id)
    return row


def create(tx: Tx, org_id: int, by: int, name: str, rule: Rule, *, on: bool = True) -> ActionRule:
    """Raises Invalid (name; text: the rule)."""
    if (has := len(rows.of_org(tx, org_id))) >= MOST:
        raise too_many("rules", MOST, has + 1)
    row = ActionRule(
        id=tx.new_id(bucket_of(org_id)),
        org_id=org_id,
        owner_id=by,
        name=_name(name),
        tree=tree.encode(rule).decode(),
        names=_names(tx, by, org_id, rule),
        state=RuleState.ON if on else RuleState.OFF,
        version=1,
        failures=0,
        changed_ms=tx.now_ms,
    )
    rows.insert(tx, row)
    rows.insert_version(tx, _version(tx, row, by))
    _note(tx, row, by, "create")
    return row


def change(
    tx: Tx, org_id: int, by: int, id: int, *, name: str | None = None, rule: Rule | None = None, on: bool | None = None
) -> ActionRule:
    """None: as it is. Raises NotFound, Invalid (as create())."""
    rows.lock(tx, id)
    before = get(tx, org_id, id)
    after = msgspec.structs.replace(before, name=before.name if name is None else _name(name))
    if rule is not None:
        after = msgspec.structs.replace(after, tree=tree.encode(rule).decode())
    if rule is not None or (on and before.state != RuleState.ON):
        names = _names(tx, by, org_id, rule or tree.stored(before.tree))
        after = msgspec.structs.replace(after, owner_id=by, names=names, failures=0)
    if on is not None:
        after = msgspec.structs.replace(after, state=RuleState.ON if on else RuleState.OFF)
    if after == before:
        return before
    is_new = (after.name, after.tree) != (before.name, before.tree)
    changed_ms = max(tx.now_ms, before.changed_ms + 1)
    after = msgspec.structs.replace(after, version=before.version + is_new, changed_ms=changed_ms)
    rows.update(tx, after)
    if is_new:
        rows.insert_version(tx, _version(tx, after, by))
    _note(tx, after, by, "change" if is_new else "switch on" if on else "switch off")
    return after


def restore(tx: Tx, org_id: int, by: int, id: int, version: int) -> ActionRule:
    """The rule as it was in this version, as a new one. Raises NotFound, Invalid: it names what is no more."""
    for one in versions(tx, org_id, id):
        if one.version == version:
            return change(tx, org_id, by, id, name=one.name, rule=tree.stored(one.tree))
    raise NotFound("version", version)


def remove(tx: Tx, org_id: int, by: int, id: int) -> None:
    """With its versions and its log. Raises NotFound."""
    row = get(tx, org_id, id)
    rows.delete(tx, id)
    rows.forget_versions(tx, id)
    rows.forget_runs(tx, id)
    _note(tx, row, by, "remove")


def versions(tx: Tx, org_id: int, id: int) -> list[RuleVersion]:
    """The newest first, VERSIONS_SHOWN at most. Raises NotFound."""
    return rows.versions(tx, get(tx, org_id, id).id, VERSIONS_SHOWN)


def runs(tx: Tx, org_id: int, id: int) -> list[RuleRun]:
    """The newest first, RUNS_SHOWN at most. Raises NotFound."""
    return rows.runs(tx, get(tx, org_id, id).id, RUNS_SHOWN)


def _names(tx: Tx, by: int, org_id: int, rule: Rule) -> str:
    return msgspec.json.encode(check(tx, by, org_id, rule)).decode()


def _name(given: str) -> str:
    name = " ".join(clean(given, "name").split())
    if not name:
        raise Invalid("name", "blank", "can't be blank")
    if len(name) > NAME_CHARS_MAX:
        raise too_long("name", NAME_CHARS_MAX, len(name))
    return name


def _version(tx: Tx, row: ActionRule, by: int) -> RuleVersion:
    return RuleVersion(row.id, row.version, by, tx.now_ms, row.name, row.tree)


def _note(tx: Tx, row: ActionRule, by: int, did: str) -> None:
    audit.note(tx, row.org_id, by, did, "rule", row.id, row.name)
    tx.emit(RulesChanged(row.org_id))
