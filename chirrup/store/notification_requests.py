"""Requests: for each account of which a recipient's policy holds notifications, a row that says how many."""

from collections.abc import Collection, Mapping

from ..ids import bucket_of
from ..ports import Tx
from ..types import NotificationRequest, Span

COLUMNS = ", ".join(NotificationRequest.__struct_fields__)


def add(tx: Tx, account_id: int, from_id: int, post_id: int) -> None:
    """One more is held of from_id. post_id: what it is about; 0: no post."""
    tx.run(
        f"""INSERT INTO notification_requests (bucket, {COLUMNS})
            VALUES (:bucket, :id, :account, :from_id, 1, :post_id, :now, 0)
            ON CONFLICT (bucket, account_id, from_id) DO UPDATE SET
              notifications = notification_requests.notifications + 1, changed_ms = excluded.changed_ms,
              last_post_id = CASE WHEN excluded.last_post_id > 0 THEN excluded.last_post_id
                                  ELSE notification_requests.last_post_id END""",
        bucket=bucket_of(account_id),
        id=tx.new_id(bucket_of(account_id)),
        account=account_id,
        from_id=from_id,
        post_id=post_id,
        now=tx.now_ms,
    )


def take_back(tx: Tx, account_id: int, gone: Mapping[int, int]) -> None:
    """So many are held no longer, by who caused them. A request of which nothing is left ends."""
    left = [{"bucket": bucket_of(account_id), "account": account_id, "from_id": id, "n": n} for id, n in gone.items()]
    tx.many(
        """UPDATE notification_requests SET notifications = notifications - :n
           WHERE bucket = :bucket AND account_id = :account AND from_id = :from_id""",
        left,
    )
    tx.many(
        """DELETE FROM notification_requests WHERE bucket = :bucket AND account_id = :account AND from_id = :from_id
             AND notifications < 1 AND accepted = 0""",
        left,
    )


def page(tx: Tx, account_id: int, span: Span) -> list[NotificationRequest]:
    """Those that wait for the recipient, newest first (oldest first when span.oldest)."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM notification_requests WHERE bucket = :bucket AND account_id = :account
              AND accepted = 0 AND id < :before AND id > :after
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [NotificationRequest(*row) for row in rows]


def by_ids(tx: Tx, account_id: int, ids: Collection[int]) -> list[NotificationRequest]:
    """Those of ids that are account_id's and wait for it."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM notification_requests WHERE bucket = :bucket AND account_id = :account
              AND {tx.sql.is_in("id", "ids")} AND accepted = 0""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )
    return [NotificationRequest(*row) for row in rows]


def set_accepted(tx: Tx, account_id: int, ids: Collection[int]) -> None:
    """What they hold is being merged."""
    tx.run(
        f"UPDATE notification_requests SET accepted = 1 WHERE bucket = :bucket AND {tx.sql.is_in('id', 'ids')}",
        bucket=bucket_of(account_id),
        ids=ids,
    )


def any_accepted(tx: Tx, account_id: int) -> bool:
    """Whether something is still being merged."""
    return None is not tx.one(
        """SELECT 1 FROM notification_requests WHERE bucket = :bucket AND account_id = :account AND accepted = 1
           LIMIT 1""",
        bucket=bucket_of(account_id),
        account=account_id,
    )


def delete(tx: Tx, account_id: int, from_ids: Collection[int]) -> None:
    tx.run(
        f"""DELETE FROM notification_requests WHERE bucket = :bucket AND account_id = :account
              AND {tx.sql.is_in("from_id", "from_ids")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        from_ids=from_ids,
    )


def clear(tx: Tx, account_id: int) -> None:
    tx.run(
        "DELETE FROM notification_requests WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
