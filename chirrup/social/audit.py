"""The log of all that staff and commands did: who, what, to whom, why, when. Written in the transaction of the act.

Each entry has the hash of the one before in its own, so nobody can change, remove or insert one without a trace: what
verify() finds, and what it cannot, is in docs/decisions/0066-audit.md.
"""

from collections.abc import Iterator

import msgspec

from ..ids import ID_MAX
from ..ports import Tx
from ..store import audit as rows
from ..types import AuditEntry, AuditHead, Span

STEP = 1000


def note(tx: Tx, org_id: int, actor_id: int, action: str, kind: str, id: int, name: str = "", words: str = "") -> None:
    """actor_id 0: a command. action: a verb. kind, id, name: of what it was done to. words: why."""
    rows.append(tx, AuditEntry(org_id, 0, tx.now_ms, actor_id, action, kind, id, name, words, hash_before=""))


def about(tx: Tx, org_id: int, account_id: int, limit: int) -> list[AuditEntry]:
    """The last that was done to the account, newest first."""
    return rows.about(tx, org_id, account_id, limit)


def page(tx: Tx, org_id: int, span: Span) -> list[AuditEntry]:
    """Newest first."""
    return rows.page(tx, org_id, span)


def head(tx: Tx, org_id: int) -> AuditHead:
    """Of the newest entry. Who keeps it elsewhere can prove later that all up to it is still there."""
    return rows.head(tx, org_id)


class Verdict(msgspec.Struct, frozen=True):
    entries: int
    newest: AuditHead
    faults: dict[int, str]  # id -> what is wrong with this entry, in words; {}: the log is as it was written


def verify(tx: Tx, org_id: int, kept: AuditHead | None = None) -> Verdict:
    """Reads all of the organisation's log. kept: a head() of before."""
    faults: dict[int, str] = {}  # the first that is found of each
    entries, last = 0, AuditHead()
    was_kept = not kept or not kept.id
    for entry in _oldest_first(tx, org_id):
        entries += 1
        if entry.id < 1:
            faults[entry.id] = "was inserted"
            continue
        if entry.id > last.id + 1:
            faults[last.id + 1] = _missing(last.id, entry.id)
        if entry.digest() != entry.hash:
            faults[entry.id] = "was changed"
        elif entry.id == last.id + 1 and entry.hash_before != last.hash:
            faults.setdefault(last.id or entry.id, "was replaced: the next one was written after another one")
        last = AuditHead(entry.id, entry.hash)
        was_kept = was_kept or last == kept
    newest = rows.head(tx, org_id)
    if newest.id > last.id:
        faults[last.id + 1] = f"{_missing(last.id, newest.id + 1)}: the end was cut off"
    elif newest.id < last.id:
        faults.setdefault(newest.id + 1, "was inserted, as all after it: the newest that this server wrote is before")
    elif newest.hash != last.hash:
        faults.setdefault(last.id, "was replaced: it is not the newest that this server wrote")
    if kept and not was_kept:
        faults.setdefault(kept.id, "is missing, or does not have the hash that you kept")
    return Verdict(entries, newest, faults)


def _missing(last_id: int, next_id: int) -> str:
    return "is missing" if next_id == last_id + 2 else f"is missing, as all up to {next_id - 1}"


def _oldest_first(tx: Tx, org_id: int) -> Iterator[AuditEntry]:
    after = -ID_MAX
    while found := rows.page(tx, org_id, Span(ID_MAX, after=after, limit=STEP, oldest=True)):
        yield from reversed(found)
        after = found[0].id
