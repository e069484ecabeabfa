"""Which worker holds which partition of the outbox.

An actor's events are all in one partition, and one worker at a time holds a partition. So they are acted on in order,
with any number of workers. The two tables are tiny and in bucket 0, so that one shard decides.
The table is called `lanes`: older programs hold partitions there, and SQLite has no view that can be inserted into.
"""

from collections.abc import Collection

from ..ports import Tx

PARTITIONS = 64  # more workers than this would have nothing to do
ALL = frozenset(range(PARTITIONS))
LEASE_MS = 10_000  # other workers take over the partitions of a dead worker after this
BEAT_MS = LEASE_MS // 3  # between two renewals by a live worker


def partition_of(bucket: int) -> int:
    return bucket % PARTITIONS


def share(tx: Tx, worker: int, busy: Collection[int]) -> tuple[frozenset[int], frozenset[int]]:
    """Renew worker's lease and give it its share: (partitions it holds for LEASE_MS from now, those it must leave).

    busy: partitions of which it is handling events. Those that another worker should have now, it must leave: it still
    holds them, may begin nothing new there, and loses them in the first call in which they are not busy. Partitions
    that another worker still holds follow in a later call.
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
    free = wanted - {partition for partition, _ in held}  # never the rows of others: waiting for them could deadlock
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
    """Time in ms at which the next lease of another worker ends unless it is renewed. 0: there is no other worker."""
    row = tx.one(
        "SELECT MIN(until) FROM workers WHERE bucket = 0 AND id <> :id AND until > :now", id=worker, now=tx.now_ms
    )
    return (row[0] if row else None) or 0


def leave(tx: Tx, worker: int) -> None:
    """Free worker's partitions at once."""
    tx.run("UPDATE lanes SET until = 0 WHERE bucket = 0 AND holder = :holder", holder=worker)
    tx.run("DELETE FROM workers WHERE bucket = 0 AND id = :id", id=worker)


def forget(tx: Tx, before_ms: int) -> None:
    """Delete workers whose last renewal is older than before_ms."""
    tx.run("DELETE FROM workers WHERE bucket = 0 AND until < :before", before=before_ms)


def clear(tx: Tx) -> None:
    """Free all partitions. Only at the start of a server that is alone on its database."""
    tx.run("UPDATE lanes SET until = 0 WHERE bucket = 0 AND until > 0")
    tx.run("DELETE FROM workers WHERE bucket = 0 AND until > 0")
