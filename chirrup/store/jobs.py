"""Jobs: work that needs the network, or that may wait. One row each, from enqueue() until it is done.

They are written in the transaction that causes them; workers/jobs.py runs them.
`outbox_partition` decides which worker runs a job. It comes from the destination, if there is one, so that one worker
runs all jobs to one host.
`due_ms` is when a worker may take the job: its date, its next try, or the end of the lease of the worker that runs it.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any

import msgspec

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx
from .outbox_partitions import LEASE_MS as LEASE_MS  # a job whose worker died is run again after this
from .outbox_partitions import partition_of

ANSWER_CHARS_MAX = 500
REACTION = "reaction"  # the kind of jobs that retry a reaction to an event; their keys begin with the event's id


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    SET_ASIDE = "set_aside"  # an operator must look at it (chirrup jobs): its last try failed, or it is from a backup


class Job(msgspec.Struct, frozen=True):
    id: int
    kind: str
    key: str
    payload: str  # JSON
    destination: str  # the host it speaks to; "": none
    order_name: str  # "": none
    state: str
    due_ms: int
    attempts: int  # begun so far
    answer: str  # the error of the last attempt that failed
    answered_ms: int


_COLUMNS = ", ".join(Job.__struct_fields__)


def enqueue(
    tx: Tx,
    kind: str,
    *,
    of: int,
    key: str,
    payload: Any = None,
    due_ms: int = 0,
    destination: str = "",
    order: str = "",
) -> bool:
    """Run a job after this transaction has committed. False: it exists already, waiting, running or set aside.

    of: the id of the account it is done for; the row is in that bucket. key: names the fact that causes the job, unique
    among the jobs of this kind in the bucket. payload: what the kind's handler gets (workers/jobs.py: Kind.payload).
    due_ms: not before then (0: at once). destination: the host it connects to; a failing host delays all jobs to it.
    order: jobs of one kind and bucket with the same order run one after the other, as they were enqueued; the second
    also waits while the first waits for its next try.
    """
    bucket = bucket_of(of)
    return 1 == tx.changed(
        """INSERT INTO jobs (id, bucket, kind, key, payload, destination, order_name, outbox_partition, state, due_ms,
             attempts, answer, answered_ms)
           VALUES (:id, :bucket, :kind, :key, :payload, :destination, :order_name, :partition, 'waiting', :due,
             0, '', 0)
           ON CONFLICT (bucket, kind, key) DO NOTHING""",
        id=tx.new_id(bucket),
        bucket=bucket,
        kind=kind,
        key=key,
        payload=msgspec.json.encode(payload).decode(),
        destination=destination,
        order_name=order,
        partition=partition_of(bucket_of_text(destination) if destination else bucket),
        due=max(due_ms, tx.now_ms),
    )


class Due(msgspec.Struct, frozen=True):
    """What a worker must know of a job before it takes it."""

    id: int
    destination: str
    state: str  # RUNNING: the worker that ran it died
    attempts: int


def any_due(tx: Tx, kinds: Collection[str]) -> bool:
    """Whether any job of these kinds may be taken. One look-up for each kind."""
    return None is not tx.one(
        f"""SELECT 1 FROM jobs
            WHERE {tx.sql.is_in("kind", "kinds")} AND state <> 'set_aside' AND due_ms <= :now LIMIT 1""",
        kinds=kinds,
        now=tx.now_ms,
    )


def due(tx: Tx, kind: str, partitions: Collection[int], limit: int) -> list[Due]:
    """Jobs of this kind that the holder of these partitions may take, the longest due first."""
    rows = tx.all(
        f"""SELECT id, destination, state, attempts FROM jobs
            WHERE kind = :kind AND state <> 'set_aside' AND due_ms <= :now
              AND {tx.sql.is_in("outbox_partition", "partitions")}
              AND (order_name = '' OR NOT EXISTS (
                SELECT 1 FROM jobs AS earlier
                WHERE earlier.bucket = jobs.bucket AND earlier.kind = jobs.kind
                  AND earlier.order_name = jobs.order_name AND earlier.order_name <> ''
                  AND earlier.id < jobs.id AND earlier.state <> 'set_aside'))
            ORDER BY due_ms, id LIMIT :limit""",
        kind=kind,
        now=tx.now_ms,
        partitions=partitions,
        limit=limit,
    )
    return [Due(*row) for row in rows]


def take(tx: Tx, ids: list[int]) -> list[Job]:
    """Lease those of ids that are still due, for LEASE_MS. Their attempts include the one that begins now."""
    rows = tx.all(
        f"""UPDATE jobs SET state = 'running', due_ms = :until, attempts = attempts + 1
            WHERE {tx.sql.ids_in("id", "ids")} AND state <> 'set_aside' AND due_ms <= :now RETURNING {_COLUMNS}""",
        ids=ids,
        until=tx.now_ms + LEASE_MS,
        now=tx.now_ms,
    )
    return [Job(*row) for row in rows]


def extend(tx: Tx, ids: Collection[int]) -> None:
    """Extend the lease of these by LEASE_MS, because they take long."""
    tx.run(
        f"UPDATE jobs SET due_ms = :until WHERE {tx.sql.ids_in('id', 'ids')} AND state = 'running'",
        ids=list(ids),
        until=tx.now_ms + LEASE_MS,
    )


def finish(tx: Tx, ids: Collection[int]) -> None:
    """These are done."""
    tx.run(f"DELETE FROM jobs WHERE {tx.sql.ids_in('id', 'ids')}", ids=list(ids))


class Outcome(msgspec.Struct, frozen=True):
    """The result of an attempt that failed."""

    id: int
    begun: int  # attempts when this one began; if another worker has taken the job since, nothing is changed
    attempts: int  # the number to store
    state: State
    pause_ms: int
    answer: str


def fail(tx: Tx, outcomes: Iterable[Outcome]) -> None:
    """Try these again after their pauses, or set them aside."""
    tx.many(
        """UPDATE jobs SET state = :state, due_ms = :due, attempts = :attempts, answer = :answer, answered_ms = :now
           WHERE bucket = :bucket AND id = :id AND attempts = :begun""",
        [
            {
                "id": one.id,
                "bucket": bucket_of(one.id),
                "begun": one.begun,
                "state": one.state,
                "due": tx.now_ms + one.pause_ms,
                "attempts": one.attempts,
                "answer": one.answer[:ANSWER_CHARS_MAX],
                "now": tx.now_ms,
            }
            for one in outcomes
        ],
    )


def put_off(tx: Tx, pauses_ms: Iterable[tuple[int, int]]) -> None:
    """(id, pause) of waiting jobs, which become due after the pause. It does not count as an attempt."""
    tx.many(
        "UPDATE jobs SET due_ms = :due WHERE bucket = :bucket AND id = :id AND state = 'waiting'",
        [{"id": id, "bucket": bucket_of(id), "due": tx.now_ms + pause_ms} for id, pause_ms in pauses_ms],
    )


def give_back(tx: Tx, ids: Collection[int]) -> None:
    """End the lease of these without having done them. It does not count as an attempt."""
    tx.run(
        f"""UPDATE jobs SET state = 'waiting', due_ms = :now, attempts = attempts - 1
            WHERE {tx.sql.ids_in("id", "ids")} AND state = 'running'""",
        ids=list(ids),
        now=tx.now_ms,
    )


def release_all(tx: Tx) -> None:
    """End every lease. Only at the start of a server that is alone on its database."""
    tx.run("UPDATE jobs SET due_ms = :now WHERE state = 'running'", now=tx.now_ms)


def by_id(tx: Tx, id: int) -> Job | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM jobs WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Job(*row) if row else None


def page(tx: Tx, limit: int, *, kind: str = "", state: str = "") -> list[Job]:
    """Jobs of this kind and state ("": any), in the order they were enqueued."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM jobs
            WHERE (kind = :kind OR :kind = '') AND (state = :state OR :state = '') ORDER BY id LIMIT :limit""",
        kind=kind,
        state=state,
        limit=limit,
    )
    return [Job(*row) for row in rows]


def in_order(tx: Tx, kind: str, *, of: int, order: str, limit: int) -> list[Job]:
    """The first of those that wait to be done one after the other, as enqueue() has it; due or not."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM jobs
            WHERE bucket = :bucket AND kind = :kind AND order_name = :order_name AND order_name <> ''
              AND state <> 'set_aside' AND state = 'waiting' ORDER BY id LIMIT :limit""",
        bucket=bucket_of(of),
        kind=kind,
        order_name=order,
        limit=limit,
    )
    return [Job(*row) for row in rows]


class Count(msgspec.Struct, frozen=True):
    kind: str
    state: str
    jobs: int
    due: int  # how many of these are due
    first_due_ms: int


def counts(tx: Tx) -> list[Count]:
    """How many jobs there are, by kind and state."""
    rows = tx.all(
        """SELECT kind, state, COUNT(*), COUNT(CASE WHEN due_ms <= :now THEN 1 END), MIN(due_ms) FROM jobs
           GROUP BY kind, state ORDER BY kind, state""",
        now=tx.now_ms,
    )
    return [Count(*row) for row in rows]


def oldest_event(tx: Tx) -> int:
    """The id of the oldest event with a reaction that waits for its next try; 0: none."""
    row = tx.one("SELECT MIN(key) FROM jobs WHERE kind = :kind AND state <> 'set_aside'", kind=REACTION)
    return int(row[0].split()[0]) if row and row[0] else 0  # ids have as many digits until the year 2453


def set_aside_except(tx: Tx, kinds: Collection[str], answer: str) -> int:
    """Set aside all jobs of other kinds, with this answer; how many. Only while no worker runs."""
    return tx.changed(
        f"""UPDATE jobs SET state = 'set_aside', attempts = 0, answer = :answer, answered_ms = :now
            WHERE state <> 'set_aside' AND NOT {tx.sql.is_in("kind", "kinds")}""",
        answer=answer,
        now=tx.now_ms,
        kinds=kinds,
    )


def retry(tx: Tx, ids: list[int]) -> int:
    """Try these at once, with all their attempts again. How many; jobs that run are left alone.

    A job that was set aside before its date is tried at its date.
    """
    return tx.changed(
        f"""UPDATE jobs SET state = 'waiting', attempts = 0,
              due_ms = CASE WHEN state = 'set_aside' AND due_ms > :now THEN due_ms ELSE :now END
            WHERE {tx.sql.ids_in("id", "ids")} AND state <> 'running'""",
        ids=ids,
        now=tx.now_ms,
    )


def drop(tx: Tx, ids: list[int]) -> int:
    """Delete these. How many; jobs that run are left alone."""
    return tx.changed(f"DELETE FROM jobs WHERE {tx.sql.ids_in('id', 'ids')} AND state <> 'running'", ids=ids)
