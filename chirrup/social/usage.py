"""Totals of an organisation. Counting a large one takes long, so results are cached for a while."""

import asyncio
import time

import msgspec

from ..ids import first_at
from ..ports import Database, Tx
from ..store import measures
from ..store import usage as rows
from ..times import DAY_MS

MONTH_MS = 28 * DAY_MS  # Mastodon's: four weeks
HALF_YEAR_MS = 182 * DAY_MS
KEPT_TIMES = 200  # how many times as long as counting took, so counting takes at most half a percent of the time
KEPT_S_MIN = 1.0
WEEK_MS = 7 * DAY_MS
WEEKS = 12  # Mastodon's
WEEKS_KEPT = 10_000
PAST_S = 3600.0  # how long a week is kept that is over: posts of it can only be deleted


class Counts(msgspec.Struct, frozen=True):
    """Active: has published a counted post (posts.COUNTED)."""

    people: int
    posts: int
    active_month: int
    active_half_year: int


class Week(msgspec.Struct, frozen=True):
    """A week from Monday on, in UTC."""

    began_ms: int
    posts: int  # counted ones, as in Counts
    people: int  # who published them
    sign_ups: int


def count_week(tx: Tx, org_id: int, began_ms: int) -> Week:
    first, last = first_at(began_ms), first_at(began_ms + WEEK_MS)
    posts, people = rows.said(tx, org_id, first, last)
    return Week(began_ms, posts, people, sum(measures.sign_ups(tx, org_id, first, last).values()))


def week_of(now_ms: int) -> int:
    """When the week began, in ms: on a Monday, and 1970 began on a Thursday."""
    return (now_ms // DAY_MS + 3) // 7 * WEEK_MS - 3 * DAY_MS


def count(tx: Tx, org_id: int = 0) -> Counts:
    posts, month, half_year = rows.posts(tx, org_id, tx.now_ms - MONTH_MS, tx.now_ms - HALF_YEAR_MS)
    return Counts(rows.people(tx, org_id), posts, month, half_year)


class Usage:
    """One per process."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Counts]] = {}
        self._weeks: dict[tuple[int, int], tuple[float, Week]] = {}  # by organisation and beginning
        self._counting = asyncio.Lock()

    async def weeks(self, db: Database, org_id: int = 0) -> list[Week]:
        """WEEKS weeks, this one first. Each is as old as counts() at most; what is over is counted once in an hour."""
        now_ms = int(time.time() * 1000)
        return [await self._week(db, org_id, week_of(now_ms) - n * WEEK_MS, now_ms) for n in range(WEEKS)]

    async def _week(self, db: Database, org_id: int, began_ms: int, now_ms: int) -> Week:
        async with self._counting:
            started_s = time.monotonic()
            until_s, week = self._weeks.get((org_id, began_ms), (0.0, None))
            if week is None or started_s >= until_s:
                week = await db.read(count_week, org_id, began_ms)
                if len(self._weeks) >= WEEKS_KEPT:
                    self._weeks.clear()
                ended_s = time.monotonic()
                kept_s = max(KEPT_S_MIN, KEPT_TIMES * (ended_s - started_s))
                over = began_ms + WEEK_MS < now_ms
                self._weeks[org_id, began_ms] = ended_s + (max(kept_s, PAST_S) if over else kept_s), week
            return week

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
