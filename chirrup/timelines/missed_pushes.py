"""Records missed pushes in the database while the timelines cannot be reached, so that no crash loses them.

A missed push or drop is recorded before its event is finished: one row for each part of the timelines, however many
events it concerns. make_up() runs about once a second in each worker. A worker that reaches the part drops all of it,
so it is rebuilt from the database, and deletes the record. Missed signals to open streams are recorded too: a worker
that reaches the broker makes the streams look for what they missed. That costs a query for each stream, so we wait
until the counter stops rising: a process that is still losing signals is alive and will report the gap itself.
"""

import asyncio
from collections.abc import Collection

from ..errors import MissedPush
from ..ports import Database, Engines, Timelines
from ..store import missed_pushes

QUIET_S = 1.0


class MissedPushes:
    """See ports.Timelines. Raises only if the database cannot be reached either."""

    def __init__(self, timelines: Timelines, db: Database) -> None:
        self._timelines, self._db = timelines, db
        self.page, self.begin_rebuild, self.warm = timelines.page, timelines.begin_rebuild, timelines.warm
        self.forget, self.close = timelines.forget, timelines.close
        self._parts: set[int] = set()  # to be recorded by the next write
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def push(self, kind: str, owners: Collection[int], id: int) -> int:
        try:
            return await self._timelines.push(kind, owners, id)
        except MissedPush as late:
            await self._note(late.parts)
            return 0

    async def drop(self, kind: str, owners: Collection[int]) -> None:
        try:
            await self._timelines.drop(kind, owners)
        except MissedPush as late:
            await self._note(late.parts)

    async def _note(self, parts: Collection[int]) -> None:
        """Returns when it is recorded. Calls during a write share the next one."""
        self._parts.update(parts)
        if self._next is None:
            self._next = asyncio.ensure_future(self._write())
        await asyncio.shield(self._next)

    async def _write(self) -> None:
        async with self._turn:
            parts, self._parts, self._next = self._parts, set(), None
            await self._db.write(missed_pushes.note, [(missed_pushes.TIMELINES, part) for part in parts])


async def note_streams(engines: Engines) -> None:
    """Record it if a message published by this process did not arrive. Call it before the event is finished."""
    if engines.broker.has_gaps:
        await engines.db.write(missed_pushes.note, [missed_pushes.ALL_STREAMS])


async def make_up(engines: Engines) -> None:
    """Make up for all recorded missed pushes whose part of the timelines, or broker, can be reached."""
    noted = await engines.db.read(missed_pushes.noted)
    if any(kind == missed_pushes.OLD for kind, _ in noted):
        await engines.db.write(missed_pushes.adopt, noted)
        noted = await engines.db.read(missed_pushes.noted)
    if parts := [part for kind, part in noted if kind == missed_pushes.TIMELINES]:
        reached = set(parts)
        try:
            await engines.timelines.forget(parts)
        except MissedPush as late:
            reached -= late.parts
        timelines = {(missed_pushes.TIMELINES, part) for part in reached}
        await engines.db.write(missed_pushes.made_up_for, {part: noted[part] for part in timelines})
    if times := noted.get(missed_pushes.ALL_STREAMS):
        await asyncio.sleep(QUIET_S)
        still = (await engines.db.read(missed_pushes.noted)).get(missed_pushes.ALL_STREAMS)
        if still == times and await engines.broker.tell_of_gap():
            await engines.db.write(missed_pushes.made_up_for, {missed_pushes.ALL_STREAMS: times})
