"""Mails that came back: a row each, in the bucket of the account that they were for."""

from ..ids import bucket_of, first_at
from ..ports import Tx

WHY_CHARS_MAX = 500


def add(tx: Tx, account_id: int, why: str, *, hard: bool) -> None:
    """hard: the address takes no mail; else it may take another one later."""
    tx.run(
        """INSERT INTO bounces (bucket, account_id, id, hard, why) VALUES (:bucket, :account, :id, :hard, :why)""",
        bucket=bucket_of(account_id),
        account=account_id,
        id=tx.new_id(bucket_of(account_id)),
        hard=int(hard),
        why=why[:WHY_CHARS_MAX],
    )


def count_hard(tx: Tx, account_id: int, since_ms: int) -> int:
    row = tx.one(
        """SELECT COUNT(*) FROM bounces
           WHERE bucket = :bucket AND account_id = :account AND id >= :first AND hard = 1""",
        bucket=bucket_of(account_id),
        account=account_id,
        first=first_at(since_ms),
    )
    return row[0] if row else 0


def forget(tx: Tx, account_id: int) -> None:
    tx.run(
        "DELETE FROM bounces WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
