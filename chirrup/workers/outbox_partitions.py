"""A worker's partitions of the outbox, and the bell, which wakes workers in other processes.

Why: docs/decisions/0007-many-workers.md. Events would be acted on without this; with it, one worker at a time acts on a
partition, and sooner.
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

WORKERS = "workers"  # the channel on which workers tell each other to call share() again
AGAIN_S = 0.5  # after a failed try
SOONEST_S = 0.005  # between two looks at a lease that is about to end
GATHER_S = 0.003  # writes within this time ring the bell once
LEAVING_S = 0.1  # between two looks whether partitions that must be given up are no longer busy


class Partitions:
    """From start() to stop(). Calls on_call when there may be new events in a held partition.

    alone: there is no other worker and will be none. It holds all partitions, without asking the database.
    """

    def __init__(self, engines: Engines, on_call: Callable[[], None], *, alone: bool = False) -> None:
        self._engines, self._on_call, self._alone = engines, on_call, alone
        self._worker = secrets.randbits(62) | 1
        self._held: frozenset[int] = frozenset()
        self._leaving: frozenset[int] | None = None  # None: other workers do not know this one yet
        self._until_s = 0.0  # monotonic; a process that was suspended holds nothing afterwards
        self._due_s = 0.0  # monotonic; when share() is due
        self.until_ms = 0  # end of the lease by the database's clock; 0: no end
        self._listening: Listening | None = None
        self._others_changed = asyncio.Event()

    @property
    def held(self) -> frozenset[int]:
        """The partitions in which new work may begin."""
        return self._held if time.monotonic() < self._until_s else frozenset()

    async def start(self) -> None:
        self._listening = await self._engines.broker.listen([WORKERS], self._called, on_gap=self._on_call)

    def _called(self, channel: str, message: bytes) -> None:
        if channel != WORKERS:
            self._on_call()
        elif message != self._name:
            self._others_changed.set()

    async def wait(self) -> None:
        """Returns when share() is due: to renew the lease, or because the lease of another worker has ended."""
        await happens(self._others_changed, max(SOONEST_S, self._due_s - time.monotonic()))
        self._others_changed.clear()

    def hurry(self) -> None:
        """Make wait() return now."""
        self._others_changed.set()

    async def share(self, busy: Collection[int]) -> bool:
        """Renew the lease; take the partitions of our share, give up those of others that are not busy.

        True: it holds partitions that it did not hold before.
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
        """Free the partitions for other workers at once."""
        self._held = frozenset()
        if self._listening:
            await self._listening.stop()
        if self._alone:
            return
        with suppress(Exception):  # if this fails, they are free when the lease ends
            await self._engines.db.write(outbox_partitions.leave, self._worker)
            await self._engines.broker.publish([WORKERS], self._name)


def _share(tx: Tx, worker: int, busy: Collection[int]) -> tuple[tuple[frozenset[int], frozenset[int]], int, int]:
    """(result of store's share(), end of the lease in ms, ms until the next call)."""
    shared, end = outbox_partitions.share(tx, worker, busy), outbox_partitions.next_end(tx, worker)
    return shared, tx.now_ms + LEASE_MS, min(BEAT_MS, end - tx.now_ms) if end else BEAT_MS


class Bell:
    """Wakes the workers of the partitions that were written to, in any process. Create it in the event loop."""

    def __init__(self, engines: Engines) -> None:
        self._broker, self._loop = engines.broker, asyncio.get_running_loop()
        self._partitions: set[int] = set()
        self._ringing: asyncio.Task[None] | None = None

    def ring(self, buckets: Collection[int]) -> None:
        """May be called from any thread."""
        partitions = {partition_of(bucket) for bucket in buckets}
        with suppress(RuntimeError):  # we are in another thread
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
            with suppress(Exception):  # workers also look by themselves, once a second
                await self._broker.publish([f"partition:{partition}" for partition in partitions], b"")
