"""Drafts, and scheduled posts, which are drafts with a date."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import KeptDraft, Span

_COLUMNS = ", ".join(KeptDraft.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in KeptDraft.__struct_fields__)


def insert(tx: Tx, one: KeptDraft) -> None:
    tx.run(
        f"INSERT INTO drafts (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(one.id),
        **{name: getattr(one, name) for name in KeptDraft.__struct_fields__},
    )


def update(tx: Tx, one: KeptDraft) -> None:
    """Write its columns, except the account."""
    tx.run(
        """UPDATE drafts SET body = :body, due_ms = :due, version = :version, changed_ms = :changed, problem = :problem
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(one.id),
        id=one.id,
        body=one.body,
        due=one.due_ms,
        version=one.version,
        changed=one.changed_ms,
        problem=one.problem,
    )


def delete(tx: Tx, id: int) -> bool:
    """False when it was deleted already."""
    return 1 == tx.changed("DELETE FROM drafts WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def by_id(tx: Tx, id: int) -> KeptDraft | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM drafts WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return KeptDraft(*row) if row else None


def page(tx: Tx, account_id: int, span: Span, *, scheduled: bool) -> list[KeptDraft]:
    """The account's scheduled posts, or its drafts without a date, newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM drafts
            WHERE bucket = :bucket AND account_id = :account AND id < :before AND id > :after
              AND due_ms {"> 0" if scheduled else "= 0"} ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    found = [KeptDraft(*row) for row in rows]
    return found[::-1] if span.oldest else found


def dates(tx: Tx, account_id: int) -> dict[int, int]:
    """id -> date in ms of all of the account's drafts; 0: without a date. There are some hundreds at most."""
    rows = tx.all(
        "SELECT id, due_ms FROM drafts WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return dict(rows)
