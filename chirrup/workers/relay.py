"""Lease what is in the outbox, act on it, remove it: at least once, in order for each actor, many actors at a time.

Of several workers each has partitions of its own (outbox_partitions.py), and an actor's events are all in one.
A reaction that fails is tried again alone, as a job (reactions.py). An event that cannot be read is tried again later
and set aside in the end. Later events of an actor wait for neither, nor for events that a dead worker had leased, or
that only a newer version can read: reactions look at how things stand, not at what came before. What was leased when
the database was lost is given back once it is there again.
What reaches more people than one turn takes goes on in the wide hand, a few at a time: it delays nothing small.
"""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Coroutine
from contextlib import suppress
from typing import Any

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
IN_HAND_MAX, WIDE_MAX = 1024, 2  # leased and not finished: more are not leased, they wait in the database
GATHER_MAX_S = 0.03  # from a call to the lease, GATHER_S times workers: what comes meanwhile is acted on together
BUSY = 4  # times that, after a lease of several: of 8 workers it saves a quarter of the work
SWEEP_S = 1.0  # finds what no wake-up told of: leases that ran out, other processes' events
TRIES = 5
DEATHS = 2  # of processes that acted on one event of those that were tried so often without an outcome
BACKOFF_MS = (500, 2_000, 8_000, 30_000)
AWAY_MS = 8_000  # at most, where it is not the event's fault


class _Hand:
    """What is leased and not finished."""

    def __init__(self, most: int, *, wide: bool) -> None:
        self.most, self.wide = most, wide
        self.ids: set[int] = set()
        self.done: list[int] = []  # finished, and to be removed
        self.more = True  # may wait in the database
        self.busy = False  # several came together, so that more are to be waited for
        self.woken = asyncio.Event()
        self.woken.set()

    @property
    def room(self) -> int:
        return self.most - len(self.ids)


class Relay:
    """Runs from start() to stop(), woken by the bell when it is rung for one of its partitions. alone: there is no
    other.
    """

    def __init__(self, engines: Engines, *, alone: bool = False) -> None:
        self._engines = engines
        self._hands = self._small, self._wide = _Hand(IN_HAND_MAX, wide=False), _Hand(WIDE_MAX, wide=True)
        self._partitions = Partitions(engines, self._small.woken.set, alone=alone)
        self._queues: dict[int, deque[Leased]] = {}  # actor -> its events, oldest first; one task drains each
        self._suspects = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = self._over = False
        self._lost = False  # the database was lost: what it says is leased here need not be in hand

    def start(self) -> None:
        for hand in self._hands:
            self._spawn(self._take_turns(hand))
        self._keeping = asyncio.ensure_future(self._keep())

    async def stop(self) -> None:
        """Let what runs come to its end, 10 s at most; the rest waits in the outbox, for whoever comes first."""
        self._stopping = True
        for hand in self._hands:
            hand.woken.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        for task in self._tasks:
            task.cancel()
        with suppress(Exception):  # they are acted on once more, harmlessly
            for hand in self._hands:
                if hand.done:
                    await self._turn(hand, 0)
        self._over = True
        self._partitions.hurry()
        await self._keeping  # not cancelled: what it asks of the database must not come after the following
        if self._in_hand:
            with suppress(Exception):  # if this fails, their leases run out
                await self._engines.db.write(outbox.give_back, self._in_hand)
        await self._partitions.stop()

    @property
    def held(self) -> Collection[int]:
        """The partitions that this worker holds at the moment; it also runs their jobs."""
        return self._partitions.held

    @property
    def _in_hand(self) -> list[int]:
        return [id for hand in self._hands for id in hand.ids]

    def _call_all(self) -> None:
        for hand in self._hands:
            hand.woken.set()

    async def _take_turns(self, hand: _Hand) -> None:
        while not self._stopping:
            await happens(hand.woken, SWEEP_S)
            if not self._stopping and not hand.wide:
                gather_s = min(GATHER_MAX_S, GATHER_S * PARTITIONS / (len(self._partitions.held) or 1))
                await asyncio.sleep(gather_s * BUSY if hand.busy else gather_s)
            hand.woken.clear()
            try:
                hand.more = True
                while not self._stopping and (hand.done or (hand.more and hand.room > 0 and self._partitions.held)):
                    await self._turn(hand, min(BATCH, hand.room))
            except Exception as error:  # the database is away or full: the events wait in it, we for the next turn
                logs.failed("outbox not readable, trying again", error)

    async def _turn(self, hand: _Hand, limit: int) -> None:
        done, hand.done = hand.done, []
        held, known = self._partitions.held, None
        if self._lost and held:
            known = [*self._in_hand, *done, *(id for other in self._hands for id in other.done)]
            self._lost = False
        try:
            if done:
                await note_streams(self._engines)
            leased = await self._engines.db.write(
                _exchange, done, limit, held, self._partitions.until_ms, known, wide=hand.wide
            )
        except BaseException:
            hand.done += done
            self._lost = True
            raise
        hand.more, hand.busy = len(leased) == limit, len(leased) > 1
        for one in leased:
            if not one.newer:
                self._take(one, hand)
        if newer := [one.id for one in leased if one.newer]:
            await self._engines.db.write(outbox.leave_to_newer, newer)

    def _take(self, leased: Leased, hand: _Hand) -> None:
        if leased.id in hand.ids:
            return
        hand.ids.add(leased.id)
        actor = leased.event.of if leased.event and not hand.wide else -leased.id
        if actor in self._queues:
            self._queues[actor].append(leased)
        else:
            self._queues[actor] = deque([leased])
            self._spawn(self._drain(actor, hand))

    async def _drain(self, actor: int, hand: _Hand) -> None:
        queue = self._queues[actor]
        while queue and not self._stopping:
            leased = queue.popleft()
            try:
                rest = await self._act(leased)
                hand.ids.discard(leased.id)  # first: what is in hand is kept, not tried again
                if rest:
                    await note_streams(self._engines)
                    await self._engines.db.write(outbox.go_on, leased.id, rest)
                    self._wide.woken.set()
                else:
                    hand.done.append(leased.id)
                    hand.woken.set()
            except Exception as error:
                hand.ids.discard(leased.id)
                await self._failed(leased, error)
            if hand.more:
                hand.woken.set()
        del self._queues[actor]

    async def _act(self, leased: Leased) -> Event | None:
        if leased.event is None:
            raise ValueError(leased.problem)
        if leased.attempts > DEATHS * outbox.MARK:
            raise RuntimeError("whoever acted on it died of it, or was killed at that moment, again and again")
        if leased.attempts > TRIES:
            async with self._suspects:  # one at a time: only what is acted on is marked when this process dies
                await self._engines.db.write(outbox.mark, leased.id)
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
            self._lost = True  # it is given back once the database is there again

    async def _keep(self) -> None:
        """The partitions, and what is leased."""
        await self._partitions.start()
        while not self._over:
            try:
                came = await self._partitions.share({partition_of(bucket_of(id)) for id in self._in_hand})
                if self._in_hand:
                    await self._engines.db.write(outbox.extend, self._in_hand, self._partitions.until_ms)
                if came:
                    self._call_all()
            except Exception as error:  # the database is away: what is not kept in time is another's
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
    known: Collection[int] | None,
    *,
    wide: bool,
) -> list[Leased]:
    """What is done for what is next, in one transaction: a flush for both.

    known: what is in hand, after the database was lost; what is leased besides is lost, and free again.
    """
    if done:
        outbox.finish(tx, done)
    if known is not None:
        outbox.give_back_lost(tx, partitions, known)
    return outbox.lease(tx, limit, partitions, wide=wide, until_ms=until_ms) if limit and partitions else []
