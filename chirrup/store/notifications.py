"""Notifications: rows in the recipient's bucket. Inserting the same one twice leaves one row."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Notification, Span

COLUMNS = ", ".join(Notification.__struct_fields__)


def insert(tx: Tx, account_id: int, kind: str, from_id: int, post_id: int = 0) -> Notification | None:
    """The notification, or None when it existed already."""
    bucket = bucket_of(account_id)
    made = Notification(tx.new_id(bucket), account_id, kind, from_id, post_id)
    new = tx.changed(
        f"""INSERT INTO notifications (bucket, {COLUMNS}) VALUES (:bucket, :id, :account, :kind, :from_id, :post_id)
            ON CONFLICT (bucket, account_id, kind, from_id, post_id) DO NOTHING""",
        bucket=bucket,
        id=made.id,
        account=account_id,
        kind=kind,
        from_id=from_id,
        post_id=post_id,
    )
    return made if new else None


def page(tx: Tx, account_id: int, span: Span, kinds: Collection[str], from_id: int = 0) -> list[Notification]:
    """Of these kinds, newest first (oldest first when span.oldest). from_id: only what this account caused."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM notifications WHERE bucket = :bucket AND account_id = :account
              AND id < :before AND id > :after AND {tx.sql.is_in("kind", "kinds")}
              {"AND from_id = :from_id" if from_id else ""}
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
        kinds=[str(kind) for kind in kinds],
        from_id=from_id,
    )
    return [Notification(*row) for row in rows]


def by_id(tx: Tx, account_id: int, id: int) -> Notification | None:
    row = tx.one(
        f"SELECT {COLUMNS} FROM notifications WHERE bucket = :bucket AND account_id = :account AND id = :id",
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
    )
    return Notification(*row) if row else None


def delete(tx: Tx, account_id: int, ids: Collection[int]) -> int:
    return tx.changed(
        f"DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in('id', 'ids')}",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )


def clear(tx: Tx, account_id: int) -> None:
    tx.run(
        "DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )


def take_back(tx: Tx, account_id: int, kind: str, from_id: int, post_id: int = 0) -> None:
    """Delete the notification of something that was undone."""
    tx.run(
        """DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account AND kind = :kind
             AND from_id = :from_id AND post_id = :post_id""",
        bucket=bucket_of(account_id),
        account=account_id,
        kind=kind,
        from_id=from_id,
        post_id=post_id,
    )


def forget_account(tx: Tx, account_id: int, from_id: int) -> None:
    """Delete all of account_id's notifications that from_id caused."""
    tx.run(
        "DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account AND from_id = :from_id",
        bucket=bucket_of(account_id),
        account=account_id,
        from_id=from_id,
    )
