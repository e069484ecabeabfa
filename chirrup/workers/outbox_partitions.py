"""A worker's share of the outbox, and the bell that calls it from other processes.

docs/decisions/0007-many-workers.md says why. Nothing here is needed for what is written to be acted on: it is only
acted on by one worker at a time, and sooner.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Collection
from contextlib import suppress

from ..ports import Engines, Listening, Tx
from ..store import outbox_partitions
from ..store.outbox_partitions import BEAT_MS, LEASE_MS, partition_of
from ..waiting import happens

WORKERS = "workers"  # the channel on which workers tell each other to share anew
AGAIN_S = 0.5  # after a try in vain
SOONEST_S = 0.005  # between two looks at a lease that is about to end
GATHER_S = 0.003  # one call for what comes meanwhile
LEAVING_S = 0.1  # between looks whether what is to be given up is done with


class Partitions:
    """From start() to stop(). on_call is called when there may be something in a partition that is held.

    alone: there is no other worker and will be none; all is held, and the database is not asked.
    """

    def __init__(self, engines: Engines, on_call: Callable[[], None], *, alone: bool = False) -> None:
        self._engines, self._on_call, self._alone = engines, on_call, alone
        self._worker = secrets.randbits(62) | 1
        self._held: frozenset[int] = frozenset()
        self._leaving: frozenset[int] | None = None  # None: nobody knows of this worker yet
        self._until_s = 0.0  # by the monotonic clock: one who slept holds nothing any more
        self._due_s = 0.0  # by the same: when share() is due
        self.until_ms = 0  # by the database's clock; 0: for ever
        self._listening: Listening | None = None
        self._others_changed = asyncio.Event()

    @property
    def held(self) -> frozenset[int]:
        """Where something new may be begun."""
        return self._held if time.monotonic() < self._until_s else frozenset()

    async def start(self) -> None:
        self._listening = await self._engines.broker.listen([WORKERS], self._called, on_gap=self._on_call)

    def _called(self, channel: str, message: bytes) -> None:
        if channel != WORKERS:
            self._on_call()
        elif message != self._name:
            self._others_changed.set()

    async def wait(self) -> None:
        """Until share() is due: to renew the lease, or because that of another worker has ended."""
        await happens(self._others_changed, max(SOONEST_S, self._due_s - time.monotonic()))
        self._others_changed.clear()

    def hurry(self) -> None:
        """End wait() now."""
        self._others_changed.set()

    async def share(self, busy: Collection[int]) -> bool:
        """Say that this worker lives; take what it is to have, give up what others are to have and is not busy.

        Whether it holds partitions that it did not hold before.
        """
        asked_s, before, were_leaving, next_ms = time.monotonic(), self._held, self._leaving, BEAT_MS
        could, self._due_s = self.held, asked_s + AGAIN_S
        if self._alone:
            self._held, self._leaving = outbox_partitions.ALL, frozenset()
        else:
            (self._held, self._leaving), self.until_ms, next_ms = await self._engines.db.write(
                _share, self._worker, busy
            )
        self._until_s = asked_s + LEASE_MS / 1000
        self._due_s = asked_s + (LEAVING_S if self._leaving else next_ms / 1000)
        came, went = self._held - before, before - self._held
        if self._listening:
            await self._listening.add([f"partition:{partition}" for partition in came])
            await self._listening.remove([f"partition:{partition}" for partition in went])
        if were_leaving is None or (went | were_leaving) - self._leaving:
            await self._engines.broker.publish([WORKERS], self._name)
        return bool(self._held - could)

    @property
    def _name(self) -> bytes:
        return b"%d" % self._worker

    async def stop(self) -> None:
        """Let others have the partitions at once."""
        self._held = frozenset()
        if self._listening:
            await self._listening.stop()
        if self._alone:
            return
        with suppress(Exception):  # if this fails, they are free when the time is over
            await self._engines.db.write(outbox_partitions.leave, self._worker)
            await self._engines.broker.publish([WORKERS], self._name)


def _share(tx: Tx, worker: int, busy: Collection[int]) -> tuple[tuple[frozenset[int], frozenset[int]], int, int]:
    """(what store/partitions.share() says, when the lease ends, in how many ms to look again)."""
    shared, end = outbox_partitions.share(tx, worker, busy), outbox_partitions.next_end(tx, worker)
    return shared, tx.now_ms + LEASE_MS, min(BEAT_MS, end - tx.now_ms) if end else BEAT_MS


class Bell:
    """Calls the workers, in whatever process, whose partitions something was written to. Made in the loop it rings
    in.
    """

    def __init__(self, engines: Engines) -> None:
        self._broker, self._loop = engines.broker, asyncio.get_running_loop()
        self._partitions: set[int] = set()
        self._ringing: asyncio.Task[None] | None = None

    def ring(self, buckets: Collection[int]) -> None:
        """From any thread."""
        partitions = {partition_of(bucket) for bucket in buckets}
        with suppress(RuntimeError):  # another thread's
            if asyncio.get_running_loop() is self._loop:
                return self._ring(partitions)
        with suppress(RuntimeError):  # the loop is closed: the next start finds the events
            self._loop.call_soon_threadsafe(self._ring, partitions)

    def _ring(self, partitions: set[int]) -> None:
        self._partitions |= partitions
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.ensure_future(self._publish())

    async def _publish(self) -> None:
        while self._partitions:
            await asyncio.sleep(GATHER_S)
            partitions, self._partitions = self._partitions, set()
            with suppress(Exception):  # they look by themselves now and then
                await self._broker.publish([f"partition:{partition}" for partition in partitions], b"")
