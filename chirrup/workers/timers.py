"""What time brings about, not anybody: a table of jobs. Each may run in several processes, and again at any time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from .. import logs
from ..access import sessions
from ..ports import Engines, Tx
from ..social import follows, media, polls, uploads
from ..store import blocks_and_mutes, outbox_partitions, posts
from ..timelines import missed_pushes
from ..waiting import happens

log = structlog.get_logger()

SWEEP_S = 600.0
STEP = 100  # rows of one transaction
KEYS_KEPT_MS = 25 * 3600 * 1000  # an Idempotency-Key is honoured for a day at least


class Job(msgspec.Struct, frozen=True):
    name: str
    every_s: float
    run: Callable[[Engines], Awaitable[None]]


async def end_polls(engines: Engines) -> None:
    """Tell the author and the voters of each poll whose time is over."""
    while due := await engines.db.read(polls.due, STEP):
        for poll in due:
            await engines.db.write(polls.end, poll)


async def end_mutes(engines: Engines) -> None:
    """A mute hides nothing from the moment its time is over; the home timeline made without those posts goes now."""
    while over := await engines.db.read(blocks_and_mutes.mutes_over, STEP):
        await engines.db.write(follows.end_mutes, over)


async def remove_unattached_media(engines: Engines) -> None:
    while gone := await engines.db.write(media.remove_unattached, STEP):
        for one in gone:
            for key in (one.key, one.preview_key):
                await asyncio.to_thread(engines.blobs.delete, key)


async def sweep_files(engines: Engines) -> None:
    """One folder in a turn: all are seen within two days, and none costs more than a moment."""
    await uploads.sweep(engines, int(time.time() / SWEEP_S) % uploads.FOLDERS)


async def forget_idempotency_keys(engines: Engines) -> None:
    await engines.db.write(_forget_keys)


def _forget_keys(tx: Tx) -> None:
    posts.forget_keys(tx, tx.now_ms - KEYS_KEPT_MS)


async def forget_ended_access(engines: Engines) -> None:
    await engines.db.write(sessions.sweep)


async def forget_dead_workers(engines: Engines) -> None:
    await engines.db.write(_forget_workers)


def _forget_workers(tx: Tx) -> None:
    outbox_partitions.forget(tx, tx.now_ms - 60 * outbox_partitions.LEASE_MS)


JOBS = (
    Job("forget dead workers", 600, forget_dead_workers),
    Job("make up for what timelines missed", 1, missed_pushes.make_up),
    Job("end polls", 2, end_polls),
    Job("end mutes", 1, end_mutes),
    Job("remove unattached media", 1800, remove_unattached_media),
    Job("sweep files that nothing names", SWEEP_S, sweep_files),
    Job("forget idempotency keys", 3600, forget_idempotency_keys),
    Job("forget ended access", 900, forget_ended_access),
)


class Timers:
    """Runs JOBS from start() to stop(), each at once and then every so often."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.ensure_future(self._repeat(job)) for job in JOBS]

    async def stop(self) -> None:
        """Let what runs come to its end, 10 s at most."""
        self._stopping.set()
        _, late = await asyncio.wait(self._tasks, timeout=10)
        for task in late:
            task.cancel()

    async def _repeat(self, job: Job) -> None:
        while not self._stopping.is_set():
            try:
                await job.run(self._engines)
            except Exception as error:  # the database is away or full: the next turn does it
                logs.failed("periodic job failed", error, job=job.name)
            await happens(self._stopping, job.every_s)
