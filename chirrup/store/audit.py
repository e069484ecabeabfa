"""The log of acts, a chain of hashes for each organisation. Nothing is ever changed in it or taken from it."""

import msgspec

from ..ids import bucket_of, ms_of
from ..ports import Tx
from ..types import AuditEntry, AuditHead, Span

_NAMES = AuditEntry.__struct_fields__
_COLUMNS = ", ".join(_NAMES)
_VALUES = ", ".join(f":{name}" for name in _NAMES)


def append(tx: Tx, entry: AuditEntry) -> None:
    """entry becomes the organisation's newest: with the next id, and the hashes. Others wait until this commits."""
    head = _locked_head(tx, entry.org_id)
    if head is None:
        _begin(tx, entry.org_id)
        head = _locked_head(tx, entry.org_id) or AuditHead()
    entry = msgspec.structs.replace(entry, id=head.id + 1, hash_before=head.hash)
    entry = msgspec.structs.replace(entry, hash=entry.digest())
    _insert(tx, entry)
    _move_head(tx, entry)


def _locked_head(tx: Tx, org_id: int) -> AuditHead | None:
    """The row orders who appends: a chain has one next entry."""
    row = tx.one(
        f"SELECT id, hash FROM audit_heads WHERE bucket = :bucket AND org_id = :org {tx.sql.in_turn}",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return AuditHead(*row) if row else None


def _begin(tx: Tx, org_id: int) -> None:
    tx.run(
        """INSERT INTO audit_heads (bucket, org_id, id, hash) VALUES (:bucket, :org, 0, '')
           ON CONFLICT (bucket, org_id) DO NOTHING""",
        bucket=bucket_of(org_id),
        org=org_id,
    )


def _insert(tx: Tx, entry: AuditEntry) -> None:
    tx.run(
        f"INSERT INTO audit (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(entry.org_id),
        **{name: getattr(entry, name) for name in _NAMES},
    )


def _move_head(tx: Tx, entry: AuditEntry) -> None:
    tx.run(
        "UPDATE audit_heads SET id = :id, hash = :hash WHERE bucket = :bucket AND org_id = :org",
        bucket=bucket_of(entry.org_id),
        org=entry.org_id,
        id=entry.id,
        hash=entry.hash,
    )


def head(tx: Tx, org_id: int) -> AuditHead:
    """Of the newest entry, as it was when that was written."""
    row = tx.one(
        "SELECT id, hash FROM audit_heads WHERE bucket = :bucket AND org_id = :org",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return AuditHead(*row) if row else AuditHead()


def page(tx: Tx, org_id: int, span: Span) -> list[AuditEntry]:
    """Newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM audit
            WHERE bucket = :bucket AND org_id = :org AND id < :before AND id > :after
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(org_id),
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    found = [AuditEntry(*row) for row in rows]
    return found[::-1] if span.oldest else found


def about(tx: Tx, org_id: int, target_id: int, limit: int) -> list[AuditEntry]:
    """What was done to the organisation's account, report … with this id, newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM audit WHERE bucket = :bucket AND org_id = :org AND target_id = :target
            ORDER BY id DESC LIMIT :limit""",
        bucket=bucket_of(org_id),
        org=org_id,
        target=target_id,
        limit=limit,
    )
    return [AuditEntry(*row) for row in rows]


def adopt(tx: Tx) -> None:
    """Take over the log of older programs, once, before there is any other entry."""
    rows = tx.all(
        """SELECT org_id, id, actor_id, action, target_kind, target_id, target_name, words FROM moderation_log
           ORDER BY org_id, id"""
    )
    for org_id, id, *values in rows:
        append(tx, AuditEntry(org_id, 0, ms_of(id), *values, hash_before=""))
