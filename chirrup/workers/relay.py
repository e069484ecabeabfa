"""Leases events of the outbox, acts on them, deletes them: at least once, in order for each actor, actors in parallel.

Each worker has its own partitions (outbox_partitions.py), and an actor's events are all in one.
A reaction that fails is tried again alone, as a job (reactions.py). An event that cannot be read is tried again later,
and set aside in the end. Later events of an actor do not wait for such an event, nor for one that a dead worker had
leased or that only a newer version can read: reactions look at the present state, not at earlier events. Leases from
before a loss of the database are given back when it is there again.
Large deliveries run in a separate pool of two, so they never delay small ones.
"""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Coroutine
from contextlib import suppress
from typing import Any, Literal

import structlog

from .. import logs, metrics, traces
from ..errors import Unavailable
from ..events import Event
from ..ids import bucket_of
from ..ports import Engines, Tx
from ..store import outbox
from ..store.outbox import Leased
from ..store.outbox_partitions import PARTITIONS, partition_of
from ..timelines.missed_pushes import note_streams
from ..waiting import happens
from .outbox_partitions import GATHER_S, Partitions
from .reactions import try_again
from .subscribers import handle

log = structlog.get_logger()

BATCH = 256  # events leased at once
SMALL_MAX, WIDE_MAX = 1024, 2  # events leased and not finished, in each pool; others wait in the database
GATHER_MAX_S = 0.03  # between wake-up and lease (GATHER_S times workers); events of this time are acted on together
BUSY = 4  # times that, after a lease of several: of 8 workers it saves a quarter of the work
SWEEP_S = 1.0  # finds events without a wake-up: expired leases, events of other processes
TRIES = 5
DEATHS = 2  # of processes, each while it acted alone on an event that had more than TRIES attempts without a result
BACKOFF_MS = (500, 2_000, 8_000, 30_000)
AWAY_MS = 8_000  # the longest pause, if the event itself is not the cause

Queue = tuple[Literal["actor", "event"], int]  # of an actor's events, one after the other; or of one event alone


class _Pool:
    """Events that are leased and not finished."""

    def __init__(self, most: int, *, wide: bool) -> None:
        self.most, self.wide = most, wide
        self.ids: set[int] = set()
        self.done: list[int] = []  # finished, to be deleted
        self.more = True  # more may wait in the database
        self.busy = False  # the last lease had several events, so waiting longer will gather more
        self.woken = asyncio.Event()
        self.woken.set()
        self.turn = asyncio.Lock()  # held while it deletes and leases

    @property
    def room(self) -> int:
        return self.most - len(self.ids)


class Relay:
    """Runs from start() to stop(). The bell wakes it for events of its partitions. alone: there is no other worker."""

    def __init__(self, engines: Engines, *, alone: bool = False) -> None:
        self._engines = engines
        self._pools = self._small, self._wide = _Pool(SMALL_MAX, wide=False), _Pool(WIDE_MAX, wide=True)
        self._partitions = Partitions(engines, self._small.woken.set, alone=alone)
        self._queues: dict[Queue, deque[Leased]] = {}  # oldest first; one task drains each
        self._suspects = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = self._over = False
        self._lost = False  # the database was lost, so it may have leases for us that we do not know

    def start(self) -> None:
        for pool in self._pools:
            self._spawn(self._take_turns(pool))
        self._keeping = asyncio.ensure_future(self._keep())

    async def stop(self) -> None:
        """Wait for running reactions, 10 s at most. Then give back the leases of the other events."""
        self._stopping = True
        for pool in self._pools:
            pool.woken.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        for task in self._tasks:
            task.cancel()
        with suppress(Exception):  # if this fails, they are acted on once more, which is harmless
            for pool in self._pools:
                if pool.done:
                    await self._turn(pool, 0)
        self._over = True
        self._partitions.hurry()
        await self._keeping  # not cancelled, because its statements must not run after the next ones
        if self._leased:
            with suppress(Exception):  # if this fails, the leases expire
                await self._engines.db.write(outbox.give_back, self._leased)
        await self._partitions.stop()

    @property
    def held(self) -> Collection[int]:
        """The partitions that this worker holds now; it runs their jobs, too."""
        return self._partitions.held

    @property
    def _leased(self) -> list[int]:
        return [id for pool in self._pools for id in pool.ids]

    def _call_all(self) -> None:
        for pool in self._pools:
            pool.woken.set()

    async def _take_turns(self, pool: _Pool) -> None:
        while not self._stopping:
            await happens(pool.woken, SWEEP_S)
            if not self._stopping and not pool.wide:
                gather_s = min(GATHER_MAX_S, GATHER_S * PARTITIONS / (len(self._partitions.held) or 1))
                await asyncio.sleep(gather_s * BUSY if pool.busy else gather_s)
            pool.woken.clear()
            try:
                pool.more = True
                while not self._stopping and (pool.done or (pool.more and pool.room > 0 and self._partitions.held)):
                    await self._turn(pool, min(BATCH, pool.room))
            except Exception as error:  # the database is away or full: events wait there until the next turn
                logs.failed("outbox not readable, trying again", error)

    async def _turn(self, pool: _Pool, limit: int) -> None:
        if self._lost and self._partitions.held:
            await self._give_back_lost()
        async with pool.turn:
            done, pool.done = pool.done, []
            try:
                if done:
                    await note_streams(self._engines)
                leased = await self._engines.db.write(
                    _exchange, done, limit, self._partitions.held, self._partitions.until_ms, wide=pool.wide
                )
            except BaseException:
                pool.done += done
                self._lost = True
                raise
        pool.more, pool.busy = len(leased) == limit, len(leased) > 1
        for one in leased:
            if not one.newer:
                self._take(one, pool)
        if newer := [one.id for one in leased if one.newer]:
            await self._engines.db.write(outbox.leave_to_newer, newer)

    async def _give_back_lost(self) -> None:
        """No pool leases meanwhile: else later events of an actor could overtake those that are given back."""
        async with self._small.turn, self._wide.turn:
            if not self._lost:
                return
            self._lost = False  # first: what is lost meanwhile is given back the next time
            known = [*self._leased, *(id for pool in self._pools for id in pool.done)]
            try:
                await self._engines.db.write(outbox.give_back_lost, self._partitions.held, known)
            except BaseException:
                self._lost = True
                raise

    def _take(self, leased: Leased, pool: _Pool) -> None:
        if leased.id in pool.ids:
            return
        pool.ids.add(leased.id)
        name: Queue = ("actor", leased.event.of) if leased.event and not pool.wide else ("event", leased.id)
        if name in self._queues:
            self._queues[name].append(leased)
        else:
            self._queues[name] = deque([leased])
            self._spawn(self._drain(name, pool))

    async def _drain(self, name: Queue, pool: _Pool) -> None:
        queue = self._queues[name]
        while queue and not self._stopping:
            leased = queue.popleft()
            try:
                rest = await self._act(leased)
                pool.ids.discard(leased.id)  # first, because the leases of ids in the pool are renewed
                if rest:
                    await note_streams(self._engines)
                    await self._engines.db.write(outbox.go_on, leased.id, rest)
                    self._wide.woken.set()
                else:
                    pool.done.append(leased.id)
                    pool.woken.set()
            except Exception as error:
                pool.ids.discard(leased.id)
                await self._failed(leased, error)
            if pool.more:
                pool.woken.set()
        del self._queues[name]

    async def _act(self, leased: Leased) -> Event | None:
        if leased.event is None:
            raise ValueError(leased.problem)
        if leased.unfinished >= DEATHS:
            raise RuntimeError("the worker processes that acted on it died, again and again")
        if leased.attempts > TRIES:
            async with self._suspects:  # one at a time: if this process dies, only the event it acted on is unfinished
                await self._engines.db.write(outbox.begin_alone, leased.id)
                return await self._handle(leased)
        return await self._handle(leased)

    async def _handle(self, leased: Leased) -> Event | None:
        assert leased.event
        kind, began_s = type(leased.event).__name__, time.perf_counter()
        with traces.span(f"event {kind}"):
            rest, failures = await handle(self._engines, leased.event)
        if failures:
            await self._engines.db.write(try_again, leased.id, leased.event, failures)
        for reaction, error in failures:
            metrics.events_failed[kind] += 1
            logs.failed("reaction failed", error, id=leased.id, what=reaction.name)
        metrics.acted(kind, began_s, leased.id)
        return rest

    async def _failed(self, leased: Leased, error: Exception) -> None:
        metrics.events_failed[type(leased.event).__name__] += 1
        logs.failed("event failed", error, id=leased.id, what=repr(leased.event), attempts=leased.attempts)
        try:
            pause_ms = BACKOFF_MS[min(leased.attempts, len(BACKOFF_MS)) - 1]
            if isinstance(error, Unavailable):
                await self._engines.db.write(outbox.retry_after, leased.id, min(pause_ms, AWAY_MS))
            elif leased.attempts < TRIES:
                await self._engines.db.write(outbox.retry_after, leased.id, pause_ms)
            else:
                await self._engines.db.write(outbox.set_aside, leased.id, repr(error)[:500])
        except Exception:
            self._lost = True  # its lease is given back when the database is there again

    async def _keep(self) -> None:
        """Renew the leases of partitions and of events."""
        await self._partitions.start()
        while not self._over:
            try:
                came = await self._partitions.share({partition_of(bucket_of(id)) for id in self._leased})
                if self._leased:
                    await self._engines.db.write(outbox.extend, self._leased, self._partitions.until_ms)
                if came:
                    self._call_all()
            except Exception as error:  # the database is away: others take over leases that expire
                logs.failed("partitions not kept, trying again", error)
            await self._partitions.wait()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _exchange(
    tx: Tx,
    done: list[int],
    limit: int,
    partitions: Collection[int],
    until_ms: int,
    *,
    wide: bool,
) -> list[Leased]:
    """Delete the finished events and lease the next ones, in one transaction with one flush."""
    if done:
        outbox.finish(tx, done)
    return outbox.lease(tx, limit, partitions, wide=wide, until_ms=until_ms) if limit and partitions else []
