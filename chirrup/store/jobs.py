"""Jobs: work that speaks to the outside, or that may wait. One row each, from enqueue() until it is done.

Written in the transaction of what they follow from; workers/jobs.py runs them.
`outbox_partition` says which worker runs it: taken from the destination where there is one, so that all jobs to one
host are run by one worker.
`due_ms` is when a worker may take it: its date, its next try, or the end of the lease of the worker that runs it.
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
REACTION = "reaction"  # the kind of those that carry on an event of the outbox; a key begins with the event's id


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    SET_ASIDE = "set_aside"  # its last try failed: a person looks at it (chirrup jobs)


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
    answer: str  # what came of the last one that failed
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
    """Have a job done once this transaction has committed. False: it is there already, waiting, running or set aside.

    of: the id of whom it is done for; the row lies in that bucket. key: names the fact that it follows from, unique
    among the jobs of this kind in the bucket. payload: what the kind's handler gets (workers/jobs.py: Kind.payload).
    due_ms: not before then (0: at once). destination: the host it speaks to, whose failures hold for all jobs to it.
    order: jobs of one kind and bucket with the same order run one after the other, as they were enqueued, even while
    the first is waiting for its next try.
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
    """What is to be known of a job before it is taken."""

    id: int
    destination: str
    state: str  # RUNNING: the worker that ran it has died
    attempts: int


def any_due(tx: Tx, kinds: Collection[str]) -> bool:
    """Whether a job of these kinds may be taken by somebody. One look-up for each kind."""
    return None is not tx.one(
        f"""SELECT 1 FROM jobs
            WHERE {tx.sql.is_in("kind", "kinds")} AND state <> 'set_aside' AND due_ms <= :now LIMIT 1""",
        kinds=kinds,
        now=tx.now_ms,
    )


def due(tx: Tx, kind: str, partitions: Collection[int], limit: int) -> list[Due]:
    """Jobs of this kind that may be taken by whoever holds these partitions, the longest due first."""
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
    """Those of ids that are still due: ours for LEASE_MS, with this attempt counted."""
    rows = tx.all(
        f"""UPDATE jobs SET state = 'running', due_ms = :until, attempts = attempts + 1
            WHERE {tx.sql.ids_in("id", "ids")} AND state <> 'set_aside' AND due_ms <= :now RETURNING {_COLUMNS}""",
        ids=ids,
        until=tx.now_ms + LEASE_MS,
        now=tx.now_ms,
    )
    return [Job(*row) for row in rows]


def extend(tx: Tx, ids: Collection[int]) -> None:
    """Hold these for LEASE_MS more: they take long."""
    tx.run(
        f"UPDATE jobs SET due_ms = :until WHERE {tx.sql.ids_in('id', 'ids')} AND state = 'running'",
        ids=list(ids),
        until=tx.now_ms + LEASE_MS,
    )


def finish(tx: Tx, ids: Collection[int]) -> None:
    """These are done."""
    tx.run(f"DELETE FROM jobs WHERE {tx.sql.ids_in('id', 'ids')}", ids=list(ids))


class Outcome(msgspec.Struct, frozen=True):
    """What came of an attempt that failed."""

    id: int
    begun: int  # attempts when this one was begun; another worker that took the job since is not disturbed
    attempts: int  # that count from now on
    state: State
    pause_ms: int
    answer: str


def fail(tx: Tx, outcomes: Iterable[Outcome]) -> None:
    """Have these tried again after their pauses, or set aside."""
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
    """(id, pause) of jobs that wait: not before then. It counts as no attempt."""
    tx.many(
        "UPDATE jobs SET due_ms = :due WHERE bucket = :bucket AND id = :id AND state = 'waiting'",
        [{"id": id, "bucket": bucket_of(id), "due": tx.now_ms + pause_ms} for id, pause_ms in pauses_ms],
    )


def give_back(tx: Tx, ids: Collection[int]) -> None:
    """These were taken, and not done: whoever comes first may. It counts as no attempt."""
    tx.run(
        f"""UPDATE jobs SET state = 'waiting', due_ms = :now, attempts = attempts - 1
            WHERE {tx.sql.ids_in("id", "ids")} AND state = 'running'""",
        ids=list(ids),
        now=tx.now_ms,
    )


def release_all(tx: Tx) -> None:
    """End every lease. Only for a server that is alone on its database: its start."""
    tx.run("UPDATE jobs SET due_ms = :now WHERE state = 'running'", now=tx.now_ms)


def by_id(tx: Tx, id: int) -> Job | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM jobs WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Job(*row) if row else None


def page(tx: Tx, limit: int, *, kind: str = "", state: str = "") -> list[Job]:
    """Of this kind and state, or of all, as they were enqueued."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM jobs
            WHERE (kind = :kind OR :kind = '') AND (state = :state OR :state = '') ORDER BY id LIMIT :limit""",
        kind=kind,
        state=state,
        limit=limit,
    )
    return [Job(*row) for row in rows]


class Count(msgspec.Struct, frozen=True):
    kind: str
    state: str
    jobs: int
    due: int  # of these, those whose time has come
    first_due_ms: int


def counts(tx: Tx) -> list[Count]:
    """How many there are, by kind and state."""
    rows = tx.all(
        """SELECT kind, state, COUNT(*), COUNT(CASE WHEN due_ms <= :now THEN 1 END), MIN(due_ms) FROM jobs
           GROUP BY kind, state ORDER BY kind, state""",
        now=tx.now_ms,
    )
    return [Count(*row) for row in rows]


def oldest_event(tx: Tx) -> int:
    """The id of the oldest event to which a reaction is still to be tried again; 0: there is none."""
    row = tx.one("SELECT MIN(key) FROM jobs WHERE kind = :kind AND state <> 'set_aside'", kind=REACTION)
    return int(row[0].split()[0]) if row and row[0] else 0  # ids have as many digits until the year 2453


def retry(tx: Tx, ids: list[int]) -> int:
    """Have these tried at once and with all their attempts; how many. What runs is left alone."""
    return tx.changed(
        f"""UPDATE jobs SET state = 'waiting', due_ms = :now, attempts = 0
            WHERE {tx.sql.ids_in("id", "ids")} AND state <> 'running'""",
        ids=ids,
        now=tx.now_ms,
    )


def drop(tx: Tx, ids: list[int]) -> int:
    """Have these never done; how many. What runs is left alone."""
    return tx.changed(f"DELETE FROM jobs WHERE {tx.sql.ids_in('id', 'ids')} AND state <> 'running'", ids=ids)
