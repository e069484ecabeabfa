"""The outbox: events are written with the rows they announce, leased by workers, and deleted when acted on."""

from collections.abc import Collection

import msgspec

from .. import events
from ..events import Event
from ..ids import bucket_of, first_at, ms_of
from ..ports import Tx
from . import jobs, outbox_partitions
from .outbox_partitions import ALL, BEAT_MS, LEASE_MS, PARTITIONS

NEWER_MS = 10_000  # between two looks at an event whose kind the worker does not know
NEWER_MAX_MS = 24 * 3_600_000  # longer than an update takes: no newer version is coming
BESIDE_MS = 100  # ids of one transaction are made within this


class Leased(msgspec.Struct, frozen=True):
    id: int
    event: Event | None  # None: this version of the program cannot read it
    attempts: int  # this one included
    unfinished: int = 0  # times that a worker began on it alone (begin_alone) and had no result
    problem: str = ""  # why it cannot be read
    newer: bool = False  # its kind is unknown, and a newer version that knows it may still come


def append(tx: Tx, event: Event) -> None:
    """Write event in this transaction, without a lease."""
    bucket = bucket_of(event.of)
    tx.run(
        "INSERT INTO outbox (id, bucket, body, lease_until, attempts, wide) VALUES (:id, :bucket, :body, 0, 0, 0)",
        id=tx.new_id(bucket),
        bucket=bucket,
        body=events.encode(event).decode(),
    )


def lease(tx: Tx, limit: int, among: Collection[int] = ALL, *, wide: bool = False, until_ms: int = 0) -> list[Leased]:
    """Lease up to limit free events of the partitions among, oldest first, until until_ms.

    wide: only the rests of large deliveries (go_on); False: only other events. until_ms: when the lease of the
    partitions ends (0: LEASE_MS from now), so a dead worker's events become free together with its partitions.
    """
    now = tx.now_ms
    free = tx.all(
        f"""SELECT id FROM outbox WHERE lease_until <= :now AND {tx.sql.is_in(f"bucket % {PARTITIONS}", "partitions")}
            AND wide = :wide ORDER BY id LIMIT :limit""",
        partitions=among,
        now=now,
        wide=int(wide),
        limit=limit,
    )
    if not free:
        return []
    rows = tx.all(
        f"""UPDATE outbox SET lease_until = :until, attempts = attempts + 1, left_to_newer_ms = 0
            WHERE {tx.sql.ids_in("id", "ids")} AND lease_until <= :now RETURNING id, body, attempts, unfinished""",
        ids=[id for (id,) in free],
        until=_end(now, until_ms),
        now=now,
    )
    return [_leased(id, body, attempts, unfinished, now) for id, body, attempts, unfinished in sorted(rows)]


def _leased(id: int, body: str, attempts: int, unfinished: int, now_ms: int) -> Leased:
    try:
        return Leased(id, events.decode(body), attempts, unfinished)
    except (msgspec.DecodeError, RecursionError) as error:  # a newer version's, or damaged; others must not wait for it
        newer = ms_of(id) > now_ms - NEWER_MAX_MS and events.is_newer(body)
        return Leased(id, None, attempts, unfinished, str(error), newer)


def _end(now_ms: int, until_ms: int) -> int:
    """At least BEAT_MS from now, even if the lease of the partitions ends earlier: it is usually renewed in time."""
    return max(until_ms, now_ms + BEAT_MS) if until_ms else now_ms + LEASE_MS


def extend(tx: Tx, ids: list[int], until_ms: int = 0) -> None:
    """Extend the leases of these until until_ms (0: by LEASE_MS), because handling takes long."""
    now = tx.now_ms
    tx.run(
        f"UPDATE outbox SET lease_until = :until WHERE {tx.sql.ids_in('id', 'ids')} AND lease_until > :now",
        ids=ids,
        until=_end(now, until_ms),
        now=now,
    )


def finish(tx: Tx, ids: list[int]) -> None:
    """Delete these, which have been acted on."""
    tx.run(f"DELETE FROM outbox WHERE {tx.sql.ids_in('id', 'ids')}", ids=ids)


def go_on(tx: Tx, id: int, rest: Event) -> None:
    """Replace this one by rest, the part that is left, without a lease. Only lease(wide=True) finds it."""
    tx.run(
        """UPDATE outbox SET body = :body, wide = 1, lease_until = 0, attempts = 0, unfinished = 0
           WHERE bucket = :bucket AND id = :id""",
        body=events.encode(rest).decode(),
        bucket=bucket_of(id),
        id=id,
    )


def begin_alone(tx: Tx, id: int) -> None:
    """Note that a worker begins on this event, and on no other, after many attempts without a result.

    It is unfinished until this attempt has a result.
    """
    tx.run(
        "UPDATE outbox SET unfinished = unfinished + 1 WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(id),
        id=id,
    )


def retry_after(tx: Tx, id: int, pause_ms: int) -> None:
    """Try this one again in pause_ms at the earliest."""
    tx.run(
        "UPDATE outbox SET lease_until = :at, unfinished = 0 WHERE bucket = :bucket AND id = :id",
        at=tx.now_ms + pause_ms,
        bucket=bucket_of(id),
        id=id,
    )


def give_back(tx: Tx, ids: list[int]) -> None:
    """End the leases of these, which were not acted on."""
    tx.run(
        f"""UPDATE outbox SET lease_until = 0, attempts = attempts - 1, unfinished = 0
            WHERE {tx.sql.ids_in("id", "ids")}""",
        ids=ids,
    )


def give_back_lost(tx: Tx, among: Collection[int], held: Collection[int]) -> None:
    """Free the events that are leased in our partitions `among` but not in `held`. It does not count as an attempt.

    The answer to the lease, or the result of acting on it, was lost with the connection. Events that wait for their
    next try look the same, so they are tried sooner. Events that an older program left to a newer one have no attempts.
    """
    tx.run(
        f"""UPDATE outbox SET lease_until = 0, attempts = attempts - 1
            WHERE lease_until > :now AND left_to_newer_ms = 0 AND attempts > 0
              AND {tx.sql.is_in(f"bucket % {PARTITIONS}", "partitions")}
              AND NOT {tx.sql.is_in("id", "held")}""",
        now=tx.now_ms,
        partitions=among,
        held=held,
    )


def leave_to_newer(tx: Tx, ids: Collection[int]) -> None:
    """These have kinds unknown to this version. They are leased again in NEWER_MS. It does not count as an attempt."""
    tx.run(
        f"""UPDATE outbox SET lease_until = :at, left_to_newer_ms = :now, attempts = attempts - 1
            WHERE {tx.sql.ids_in("id", "ids")}""",
        at=tx.now_ms + NEWER_MS,
        now=tx.now_ms,
        ids=ids,
    )


def set_aside(tx: Tx, id: int, reason: str) -> None:
    """Move an event that keeps failing to the failures, with the reason, for an operator."""
    tx.run(
        """INSERT INTO outbox_failed (id, bucket, body, reason, failed_ms)
           SELECT id, bucket, body, :reason, :now FROM outbox WHERE bucket = :bucket AND id = :id
           ON CONFLICT (id, bucket) DO NOTHING""",
        reason=reason,
        now=tx.now_ms,
        bucket=bucket_of(id),
        id=id,
    )
    finish(tx, [id])


class Failed(msgspec.Struct, frozen=True):
    id: int
    body: str
    reason: str
    failed_ms: int


def failures(tx: Tx, limit: int) -> list[Failed]:
    """Events that were set aside, oldest first."""
    rows = tx.all("SELECT id, body, reason, failed_ms FROM outbox_failed ORDER BY id LIMIT :limit", limit=limit)
    return [Failed(*row) for row in rows]


def newer(tx: Tx, limit: int) -> list[Failed]:
    """Events left to a newer version, oldest first. failed_ms: when one was looked at last."""
    rows = tx.all(
        "SELECT id, body, left_to_newer_ms FROM outbox WHERE left_to_newer_ms > 0 ORDER BY id LIMIT :limit",
        limit=limit,
    )
    return [Failed(id, body, "of a kind that only a newer version knows", left_ms) for id, body, left_ms in rows]


def put_back(tx: Tx, ids: list[int]) -> None:
    """Move these failures back to the outbox."""
    tx.run(
        f"""INSERT INTO outbox (id, bucket, body, lease_until, attempts, wide)
            SELECT id, bucket, body, 0, 0, 0 FROM outbox_failed WHERE {tx.sql.ids_in("id", "ids")}
            ON CONFLICT (id, bucket) DO NOTHING""",
        ids=ids,
    )
    tx.run(f"DELETE FROM outbox_failed WHERE {tx.sql.ids_in('id', 'ids')}", ids=ids)


def waiting_beside(tx: Tx, id: int) -> list[Event]:
    """Events of id's bucket that wait and may have been written in the same transaction as id."""
    rows = tx.all(
        "SELECT body FROM outbox WHERE bucket = :bucket AND id > :after AND id < :before",
        bucket=bucket_of(id),
        after=id,
        before=first_at(ms_of(id) + BESIDE_MS),
    )
    return [event for (body,) in rows if (event := _leased(id, body, 0, 0, 0).event)]


def release_all(tx: Tx) -> int:
    """End every lease, on events and on partitions. Only at the start of a server that is alone on its database."""
    outbox_partitions.clear(tx)
    return tx.changed("UPDATE outbox SET lease_until = 0 WHERE lease_until > 0")


def waiting(tx: Tx) -> int:
    """How many events have not been acted on."""
    row = tx.one("SELECT COUNT(*) FROM outbox")
    return row[0] if row else 0


def oldest(tx: Tx) -> int:
    """The id of the event that has waited longest (an id contains its time); 0: none waits."""
    row = tx.one("SELECT MIN(id) FROM outbox")
    return (row[0] if row else None) or 0


def low_watermark(tx: Tx) -> int:
    """The id up to which all events have been acted on, and no transaction with a smaller id can still commit.

    An event with a reaction that waits for its next try, as a job, has not been acted on.

    Ask in a write: on SQLite writes come one after the other; on PostgreSQL, the second query sees what was under way
    at the first and has committed since.
    """
    begun = tx.one(tx.sql.oldest_write)
    begun_ms = (begun[0] if begun else None) or tx.now_ms
    waiting_ids = [id for id in (oldest(tx), jobs.oldest_event(tx)) if id]  # a job is written before its event goes
    first_ms = ms_of(min(waiting_ids)) - BESIDE_MS if waiting_ids else tx.now_ms
    return first_at(min(begun_ms, first_ms, tx.now_ms)) - 1


def failed(tx: Tx) -> int:
    """How many events are set aside."""
    row = tx.one("SELECT COUNT(*) FROM outbox_failed")
    return row[0] if row else 0


def left_to_newer(tx: Tx) -> int:
    """How many events have been left to a newer version."""
    row = tx.one("SELECT COUNT(*) FROM outbox WHERE left_to_newer_ms > 0")
    return row[0] if row else 0
