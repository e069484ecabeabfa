"""Accounts that an account features on its profile."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Span


def insert(tx: Tx, account_id: int, target_id: int) -> bool:
    """True when this is new."""
    return 1 == tx.changed(
        """INSERT INTO endorsements (bucket, account_id, target_id, id) VALUES (:bucket, :account, :target, :id)
           ON CONFLICT (bucket, account_id, target_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        target=target_id,
        id=tx.new_id(bucket_of(account_id)),
    )


def delete(tx: Tx, account_id: int, target_id: int) -> None:
    tx.run(
        "DELETE FROM endorsements WHERE bucket = :bucket AND account_id = :account AND target_id = :target",
        bucket=bucket_of(account_id),
        account=account_id,
        target=target_id,
    )


def page(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(endorsement id, target id), newest first."""
    rows = tx.all(
        f"""SELECT id, target_id FROM endorsements WHERE bucket = :bucket AND account_id = :account
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows
