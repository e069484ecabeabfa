"""Accounts that are one person's earlier ones, and what of them has moved to the later one."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Move

_MOVE = ", ".join(Move.__struct_fields__)


def aliases(tx: Tx, account_id: int) -> list[int]:
    rows = tx.all(
        "SELECT target_id FROM aliases WHERE bucket = :bucket AND account_id = :account ORDER BY target_id",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [id for (id,) in rows]


def add_alias(tx: Tx, account_id: int, target_id: int) -> None:
    """Harmless when repeated."""
    tx.run(
        """INSERT INTO aliases (bucket, account_id, target_id) VALUES (:bucket, :account, :target)
           ON CONFLICT (bucket, account_id, target_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        target=target_id,
    )


def remove_alias(tx: Tx, account_id: int, target_id: int) -> None:
    tx.run(
        "DELETE FROM aliases WHERE bucket = :bucket AND account_id = :account AND target_id = :target",
        bucket=bucket_of(account_id),
        account=account_id,
        target=target_id,
    )


def redirect(tx: Tx, account_id: int, target_id: int, *, before: int, changed_ms: int) -> bool:
    """False: it does not lead to the account `before`. 0: to none."""
    return 1 == tx.changed(
        """UPDATE accounts SET moved_to_id = :target, changed_ms = :changed_ms
           WHERE bucket = :bucket AND id = :id AND moved_to_id = :before""",
        bucket=bucket_of(account_id),
        id=account_id,
        target=target_id,
        before=before,
        changed_ms=changed_ms,
    )


def insert(tx: Tx, move: Move) -> None:
    tx.run(
        """INSERT INTO moves (bucket, account_id, id, target_id, followers, done, after_id, ended_ms)
           VALUES (:bucket, :account, :id, :target, :followers, 0, 0, 0)""",
        bucket=bucket_of(move.account_id),
        account=move.account_id,
        id=move.id,
        target=move.target_id,
        followers=move.followers,
    )


def newest(tx: Tx, account_id: int) -> Move | None:
    row = tx.one(
        f"""SELECT {_MOVE} FROM moves WHERE bucket = :bucket AND account_id = :account
            ORDER BY id DESC LIMIT 1""",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return Move(*row) if row else None


def go_on(tx: Tx, move: Move, *, done: int, after_id: int, ended: bool) -> None:
    """done: how many more have been looked at."""
    tx.run(
        """UPDATE moves SET done = done + :done, after_id = :after, ended_ms = :ended
           WHERE bucket = :bucket AND account_id = :account AND id = :id""",
        bucket=bucket_of(move.account_id),
        account=move.account_id,
        id=move.id,
        done=done,
        after=after_id,
        ended=tx.now_ms if ended else 0,
    )


def averse(tx: Tx, account_id: int, *, after: int, limit: int) -> list[int]:
    """Some who block or mute it, with ids above after, rising."""
    rows = tx.all(
        """SELECT id FROM (
             SELECT blocker_id AS id FROM blocked_by
             WHERE bucket = :bucket AND account_id = :account AND blocker_id > :after
             UNION
             SELECT muter_id AS id FROM muted_by
             WHERE bucket = :bucket AND account_id = :account AND muter_id > :after) found
           ORDER BY id LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        after=after,
        limit=limit,
    )
    return [id for (id,) in rows]
