"""Which worker looks after which part of the outbox.

An actor's events are all in one partition, a partition is held by one worker at a time: so they are acted on in order,
by however many workers. The two tables are tiny; all of it is in bucket 0, so that one shard decides.
"""

from collections.abc import Collection

from ..ports import Tx

PARTITIONS = 64  # the most workers that have something to do
ALL = frozenset(range(PARTITIONS))
LEASE_MS = 10_000  # what a worker that died held is taken over after this
BEAT_MS = LEASE_MS // 3  # how often a worker that lives renews its lease


def partition_of(bucket: int) -> int:
    return bucket % PARTITIONS


def share(tx: Tx, worker: int, busy: Collection[int]) -> tuple[frozenset[int], frozenset[int]]:
    """Say that worker lives, and give it its share: (partitions it holds for LEASE_MS from now, those it is to leave).

    busy: partitions it has work of in hand. Where they are to be another's by now it leaves them: it still holds them,
    but may begin nothing new there, and gives them up in the first call without. What another still holds comes later.
    """
    now = tx.now_ms
    until = now + LEASE_MS
    tx.run(
        """INSERT INTO workers (bucket, id, until) VALUES (0, :id, :until)
           ON CONFLICT (bucket, id) DO UPDATE SET until = excluded.until""",
        id=worker,
        until=until,
    )
    rows = tx.all("SELECT id FROM workers WHERE bucket = 0 AND until > :now ORDER BY id", now=now)
    wanted = {partition for partition in ALL if rows[partition % len(rows)][0] == worker}
    held = tx.all("SELECT lane, holder FROM lanes WHERE bucket = 0 AND until > :now", now=now)
    had = frozenset(partition for partition, holder in held if holder == worker)
    free = wanted - {partition for partition, _ in held}  # others' are left alone: to wait for their rows is a deadlock
    kept = had & (wanted | set(busy))
    tx.run(
        f"""UPDATE lanes SET until = CASE WHEN {tx.sql.is_in("lane", "kept")} THEN :until ELSE 0 END
            WHERE bucket = 0 AND holder = :holder AND until > :now""",
        kept=kept,
        until=until,
        holder=worker,
        now=now,
    )
    tx.many(
        """INSERT INTO lanes (bucket, lane, holder, until) VALUES (0, :partition, :holder, :until)
           ON CONFLICT (bucket, lane) DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE lanes.until <= :now""",
        [{"partition": partition, "holder": worker, "until": until, "now": now} for partition in sorted(free)],
    )
    now_held = _held(tx, worker, now)
    return now_held & wanted, now_held - wanted


def _held(tx: Tx, worker: int, now_ms: int) -> frozenset[int]:
    rows = tx.all(
        "SELECT lane FROM lanes WHERE bucket = 0 AND holder = :holder AND until > :now", holder=worker, now=now_ms
    )
    return frozenset(partition for (partition,) in rows)


def next_end(tx: Tx, worker: int) -> int:
    """When the next lease of another worker ends, if it is not renewed: time in ms. 0: there is no other worker."""
    row = tx.one(
        "SELECT MIN(until) FROM workers WHERE bucket = 0 AND id <> :id AND until > :now", id=worker, now=tx.now_ms
    )
    return (row[0] if row else None) or 0


def leave(tx: Tx, worker: int) -> None:
    """Its partitions are free at once."""
    tx.run("UPDATE lanes SET until = 0 WHERE bucket = 0 AND holder = :holder", holder=worker)
    tx.run("DELETE FROM workers WHERE bucket = 0 AND id = :id", id=worker)


def forget(tx: Tx, before_ms: int) -> None:
    """Workers that have not been heard of since."""
    tx.run("DELETE FROM workers WHERE bucket = 0 AND until < :before", before=before_ms)


def clear(tx: Tx) -> None:
    """Nobody holds anything. Only for a server that is the only one on its database: its start."""
    tx.run("UPDATE lanes SET until = 0 WHERE bucket = 0 AND until > 0")
    tx.run("DELETE FROM workers WHERE bucket = 0 AND until > 0")
