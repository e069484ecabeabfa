"""Totals of an organisation. Counting a large one takes long, so results are cached for a while."""

import asyncio
import time

import msgspec

from ..ports import Database, Tx
from ..store import usage as rows

DAY_MS = 24 * 3600 * 1000
MONTH_MS = 28 * DAY_MS  # Mastodon's: four weeks
HALF_YEAR_MS = 182 * DAY_MS
KEPT_TIMES = 200  # how many times as long as counting took, so counting takes at most half a percent of the time
KEPT_S_MIN = 1.0


class Counts(msgspec.Struct, frozen=True):
    """Active: has published a counted post (posts.COUNTED)."""

    people: int
    posts: int
    active_month: int
    active_half_year: int


def count(tx: Tx, org_id: int = 0) -> Counts:
    posts, month, half_year = rows.posts(tx, org_id, tx.now_ms - MONTH_MS, tx.now_ms - HALF_YEAR_MS)
    return Counts(rows.people(tx, org_id), posts, month, half_year)


class Usage:
    """One per process."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Counts]] = {}
        self._counting = asyncio.Lock()

    async def counts(self, db: Database, org_id: int = 0) -> Counts:
        """At most 200 times as old as counting takes: a second on a small server, minutes on a large one."""
        async with self._counting:
            began_s = time.monotonic()
            until_s, counts = self._known.get(org_id, (0.0, None))
            if counts is None or began_s >= until_s:
                counts = await db.read(count, org_id)
                ended_s = time.monotonic()
                self._known[org_id] = ended_s + max(KEPT_S_MIN, KEPT_TIMES * (ended_s - began_s)), counts
            return counts
