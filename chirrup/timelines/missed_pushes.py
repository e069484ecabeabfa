"""Timelines that may be out of reach: what they miss is on record in the database, so nobody's death loses it.

A push or a drop that did not arrive is noted before its event is done with: one row for each part of the timelines,
however many events and however long it lasts. Any worker that reaches the part has it forgotten as a whole (so all of
it is rebuilt from the database) and strikes the note: make_up(), about once a second. So it does with what open streams
could not be told: whoever reaches the broker has them look what they missed. That costs a query for each stream, so not
while the note grows: whoever goes on losing things lives, and says so itself when it can.
"""

import asyncio
from collections.abc import Collection

from ..errors import MissedPush
from ..ports import Database, Engines, Timelines
from ..store import missed_pushes

QUIET_S = 1.0


class MissedPushes:
    """See ports.Timelines. Raises nothing when they are out of reach, only when the database is too."""

    def __init__(self, timelines: Timelines, db: Database) -> None:
        self._timelines, self._db = timelines, db
        self.page, self.begin_rebuild, self.warm = timelines.page, timelines.begin_rebuild, timelines.warm
        self.forget, self.close = timelines.forget, timelines.close
        self._parts: set[int] = set()  # to be noted by the next write
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
        """On return it is on record. Those who come while a write is under way share the one after it."""
        self._parts.update(parts)
        if self._next is None:
            self._next = asyncio.ensure_future(self._write())
        await asyncio.shield(self._next)

    async def _write(self) -> None:
        async with self._turn:
            parts, self._parts, self._next = self._parts, set(), None
            await self._db.write(missed_pushes.note, [(missed_pushes.TIMELINES, part) for part in parts])


async def note_streams(engines: Engines) -> None:
    """On return it is on record if something published here did not arrive. To be called before its event is gone."""
    if engines.broker.owes:
        await engines.db.write(missed_pushes.note, [missed_pushes.ALL_STREAMS])


async def make_up(engines: Engines) -> None:
    """Have all that is noted forgotten, or told to streams, as far as it can be reached."""
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
