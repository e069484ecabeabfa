"""Numbers about the whole server. Counting them takes longer the more there is, so an answer is kept for a while."""

import asyncio
import time

import msgspec

from ..ports import Database, Tx
from ..store import usage as rows

DAY_MS = 24 * 3600 * 1000
MONTH_MS = 28 * DAY_MS  # Mastodon's: four weeks
HALF_YEAR_MS = 182 * DAY_MS
KEPT_TIMES = 200  # as long as counting took, so that counting costs half a percent of the time at most
KEPT_S_MIN = 1.0


class Counts(msgspec.Struct, frozen=True):
    """Active: wrote something that everybody may see."""

    people: int
    posts: int
    active_month: int
    active_half_year: int


def count(tx: Tx) -> Counts:
    posts, month, half_year = rows.posts(tx, tx.now_ms - MONTH_MS, tx.now_ms - HALF_YEAR_MS)
    return Counts(rows.people(tx), posts, month, half_year)


class Usage:
    """One per process."""

    def __init__(self) -> None:
        self._known: Counts | None = None
        self._until_s = 0.0
        self._counting = asyncio.Lock()

    async def counts(self, db: Database) -> Counts:
        """At most as old as 200 times what counting takes: a second on a small server, minutes on a large one."""
        async with self._counting:
            began_s = time.monotonic()
            if self._known is None or began_s >= self._until_s:
                self._known = await db.read(count)
                ended_s = time.monotonic()
                self._until_s = ended_s + max(KEPT_S_MIN, KEPT_TIMES * (ended_s - began_s))
            return self._known
