"""The table of sweeps, which run at intervals. Each may run in several processes, and again at any time.

Work with a date of its own (the end of a poll or a mute) is a job: kinds.py. Sweeps look at all rows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import structlog

from .. import logs
from ..access import sessions, sites
from ..config import Settings
from ..orgs import retention
from ..orgs.directory import reading
from ..ports import Engines, Tx
from ..social import bans, files, follows, mails_in, media, polls, trends
from ..store import blocks_and_mutes, jobs, orgs, outbox_partitions, posts
from ..store import trends as trend_rows
from ..timelines import missed_pushes
from ..types import Org
from ..waiting import happens

log = structlog.get_logger()

SWEEP_S = 600.0
STEP = 100  # rows of one transaction
KEYS_KEPT_MS = 25 * 3600 * 1000  # an Idempotency-Key is honoured for a day at least


class Sweep(msgspec.Struct, frozen=True):
    name: str
    every_s: float
    run: Callable[[Engines], Awaitable[None]]


async def end_polls(engines: Engines) -> None:
    """Polls that a job should have ended (kinds.py), and those made before there were jobs."""
    while due := await engines.db.read(polls.due, STEP):
        for poll in due:
            await engines.db.write(polls.end, poll)


async def end_mutes(engines: Engines) -> None:
    """Expired mutes, as end_polls()."""
    while over := await engines.db.read(blocks_and_mutes.mutes_over, STEP):
        await engines.db.write(follows.end_mutes, over)


async def remove_unattached_media(engines: Engines) -> None:
    while gone := await engines.db.write(media.remove_unattached, STEP):
        await files.delete(engines.blobs, [key for one in gone for key in (one.key, one.preview_key)])


async def sweep_files(engines: Engines) -> None:
    """One folder each time: all within two days, and none takes long."""
    await files.sweep(engines, int(time.time() / SWEEP_S) % files.FOLDERS)


async def forget_idempotency_keys(engines: Engines) -> None:
    await engines.db.write(_forget_keys)


def _forget_keys(tx: Tx) -> None:
    posts.forget_keys(tx, tx.now_ms - KEYS_KEPT_MS)


async def count_trends(engines: Engines) -> None:
    """Of the server's own network and of each organisation."""
    org_id, left = 0, [0]
    while left:
        for org_id in left:
            found = await engines.db.read(trends.count, org_id)
            if found != await engines.db.read(trend_rows.get, org_id):
                await engines.db.write(trends.keep, org_id, found)
        left = [org.id for org in await engines.db.read(orgs.page, after=org_id, limit=STEP)]


async def forget_ended_access(engines: Engines) -> None:
    await engines.db.write(sessions.sweep)


async def forget_addresses(engines: Engines) -> None:
    await engines.db.write(bans.forget_old)


async def forget_mails(engines: Engines) -> None:
    while await engines.db.write(mails_in.forget_old, STEP) == STEP:
        pass


async def look_for_mails(settings: Settings, engines: Engines) -> None:
    """In the mailbox of the settings, if there is one: one job at a time, whatever the number of workers."""
    if settings.mail_in.startswith("imap"):
        await engines.db.write(jobs.enqueue, mails_in.LOOK, of=0, key="mailbox", destination=mails_in.LOOK)


async def forget_dead_workers(engines: Engines) -> None:
    await engines.db.write(_forget_workers)


def _forget_workers(tx: Tx) -> None:
    outbox_partitions.forget(tx, tx.now_ms - 60 * outbox_partitions.LEASE_MS)


async def read_directories(settings: Settings, engines: Engines) -> None:
    """Of the server's own network and of each organisation that has one: a job, a quarter of an hour after the last."""
    found: list[Org | None] = [await engines.db.read(orgs.by_id, 0)]
    while found:
        for org in found:
            if sites.of_row(settings, org).settings.ldap:
                await engines.db.write(reading.enqueue_due, org.id if org else 0)
        last = found[-1]
        found = list(await engines.db.read(orgs.page, after=last.id if last else 0, limit=STEP))


SWEEPS = (
    Sweep("forget dead workers", 600, forget_dead_workers),
    Sweep("make up for what timelines missed", 1, missed_pushes.make_up),
    Sweep("end polls", SWEEP_S, end_polls),
    Sweep("end mutes", SWEEP_S, end_mutes),
    Sweep("remove unattached media", 1800, remove_unattached_media),
    Sweep("sweep files that nothing names", SWEEP_S, sweep_files),
    Sweep("count trends", 300, count_trends),
    Sweep("forget idempotency keys", 3600, forget_idempotency_keys),
    Sweep("forget ended access", 900, forget_ended_access),
    Sweep("forget addresses of computers", 24 * 3600, forget_addresses),
    Sweep("forget mails that came in", 24 * 3600, forget_mails),
    Sweep("delete what is older than organisations keep", 24 * 3600, retention.apply),
)


class Timers:
    """Runs SWEEPS from start() to stop(), each at once and then at its interval. settings: also what these ask for."""

    def __init__(self, engines: Engines, settings: Settings | None = None) -> None:
        self._engines = engines
        asked: tuple[Sweep, ...] = ()
        if settings:
            looks = Sweep("look for mails", mails_in.LOOK_EVERY_S, partial(look_for_mails, settings))
            asked = (Sweep("read directories", 60, partial(read_directories, settings)), looks)
        self._sweeps = (*SWEEPS, *asked)
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.ensure_future(self._repeat(sweep)) for sweep in self._sweeps]

    async def stop(self) -> None:
        """Wait for running sweeps, 10 s at most."""
        self._stopping.set()
        _, late = await asyncio.wait(self._tasks, timeout=10)
        for task in late:
            task.cancel()

    async def _repeat(self, sweep: Sweep) -> None:
        while not self._stopping.is_set():
            try:
                await sweep.run(self._engines)
            except Exception as error:  # the database is away or full: the next run does it
                logs.failed("sweep failed", error, sweep=sweep.name)
            await happens(self._stopping, sweep.every_s)
