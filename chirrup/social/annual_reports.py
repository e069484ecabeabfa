"""Annual reports: what an account did in a year, counted by a job from its own posts and followers.

They are offered at the end of the year, as Mastodon does: https://docs.joinmastodon.org/methods/annual_reports/.
Counting goes through the year in steps, each a short read of its own. Rows are in store/annual_reports.py.
"""

from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from ..access.visibility import OPEN
from ..errors import NotFound
from ..ids import first_at, ms_of
from ..ports import Engines, Tx
from ..store import annual_reports as rows
from ..store import jobs, posts
from ..store.annual_reports import Said
from ..times import day
from ..types import AnnualReport, Month, Span, Visibility, YearData
from ..types.lists import json_strings
from .text import hashtag_key

COUNT = "count a year"  # a kind of job; the payload is (account, year)
OFFERED_FROM, OFFERED_UNTIL = "12-10", "12-31"  # of each year, in UTC; Mastodon's
POSTS_MIN = 10  # in the year, else there is nothing to tell
STEP = 2000  # posts or followers that are read at once
TAGS_MAX = 20_000  # that are counted at a time; then the rarer half is forgotten


class State(StrEnum):
    AVAILABLE = "available"
    GENERATING = "generating"
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"


def campaign(today: str) -> str:
    """The year whose reports are offered on this day (2026-12-10); "": none are."""
    return today[:4] if OFFERED_FROM <= today[5:] <= OFFERED_UNTIL else ""


def state(tx: Tx, account_id: int, year: int) -> State:
    found = _find(tx, account_id, year)
    if found:
        return State.AVAILABLE if found.data else State.GENERATING
    offered = str(year) == campaign(day(tx.now_ms)) and _has_enough(tx, account_id, year)
    return State.ELIGIBLE if offered else State.INELIGIBLE


def generate(tx: Tx, account_id: int, year: int) -> State:
    """Have a job count the year, if it is offered and has not been counted. How it stands now."""
    now = state(tx, account_id, year)
    if now != State.ELIGIBLE:
        return now
    rows.insert(tx, account_id, year)
    jobs.enqueue(tx, COUNT, of=account_id, key=f"{account_id} {year}", payload=(account_id, year))
    return State.GENERATING


def every(tx: Tx, account_id: int) -> list[AnnualReport]:
    """Those that have been counted, the first year first."""
    return [one for one in rows.of_account(tx, account_id) if one.data]


def get(tx: Tx, account_id: int, year: int) -> AnnualReport:
    """Raises NotFound: there is none, or it is being counted."""
    found = _find(tx, account_id, year)
    if found is None or not found.data:
        raise NotFound("annual report", year)
    return found


def read(tx: Tx, account_id: int, year: int) -> None:
    """Its owner has looked at it. Raises NotFound."""
    rows.mark_read(tx, account_id, get(tx, account_id, year).year)


def _find(tx: Tx, account_id: int, year: int) -> AnnualReport | None:
    return next((one for one in rows.of_account(tx, account_id) if one.year == year), None)


def _bounds(year: int) -> tuple[int, int]:
    """(an id right before the year in UTC, the first id after it)."""
    first, end = (round(datetime(one, 1, 1, tzinfo=UTC).timestamp() * 1000) for one in (year, year + 1))
    return first_at(first) - 1, first_at(end)


def _has_enough(tx: Tx, account_id: int, year: int) -> bool:
    after, before = _bounds(year)
    span = Span(before=before, after=after, limit=POSTS_MIN)
    return len(posts.ids_by_author(tx, account_id, span, ["not direct"])) == POSTS_MIN


# counting


async def count(engines: Engines, account_id: int, year: int, *, step: int = STEP) -> None:
    """Count a year and keep the result. Killed, it begins anew; done again, it finds the same or newer figures."""
    (after, before), tally = _bounds(year), Tally()
    last = after
    while found := await engines.db.read(rows.said, account_id, after=last, before=before, limit=step):
        tally.add(found)
        last = found[-1].id
    last = after
    while new := await engines.db.read(rows.followers, account_id, after=last, before=before, limit=step):
        tally.followers.update(map(_month_of, new))
        last = new[-1]
    data = msgspec.json.encode(tally.result()).decode()
    await engines.db.write(rows.set_data, account_id, year, data)


class Tally:
    """What has been counted so far. Direct posts are left out: a report is made to be shown."""

    def __init__(self) -> None:
        self.posts, self.followers = Counter[int](), Counter[int]()  # by month
        self._kinds, self._tags = Counter[str](), Counter[str]()
        self._names: dict[str, str] = {}  # of tags, as written last
        self._most_boosted = (0, 0)  # (boosts, post)

    def add(self, some: list[Said]) -> None:
        for one in some:
            if one.visibility == Visibility.DIRECT:
                continue
            self.posts[_month_of(one.id)] += 1
            self._kinds[_kind_of(one)] += 1
            if one.tags != "[]":
                self._count_tags(one)
            if one.boosts and one.visibility in OPEN:
                self._most_boosted = max(self._most_boosted, (one.boosts, one.id))
        self._forget_rare()

    def _count_tags(self, one: Said) -> None:
        names = {hashtag_key(name): name for name in json_strings(one.tags)}
        self._tags.update(names.keys())
        self._names |= names

    def _forget_rare(self) -> None:
        if len(self._tags) > TAGS_MAX:
            self._tags = Counter(dict(self._tags.most_common(TAGS_MAX // 2)))
            self._names = {key: self._names[key] for key in self._tags}

    def result(self) -> YearData:
        ((tag, uses),) = self._tags.most_common(1) or [("", 0)]
        return YearData(
            archetype=archetype(self._kinds),
            months=[Month(n, self.posts[n], self.followers[n]) for n in range(1, 13)],
            top_tag=self._names.get(tag, ""),
            top_tag_uses=uses,
            most_boosted_id=self._most_boosted[1],
        )


def _month_of(id: int) -> int:
    return datetime.fromtimestamp(ms_of(id) / 1000, UTC).month


def _kind_of(one: Said) -> str:
    if one.boost_of_id:
        return "boost"
    if one.poll_id:
        return "poll"
    return "reply" if one.answers else "own"


SELDOM = 52  # posts in a year: less than one a week
POLLS_SHARE = 10  # one post of so many is a poll


def archetype(kinds: Counter[str]) -> str:
    """One of Mastodon's five, which says what one does most. Its rules are not documented; these are ours."""
    said = kinds["own"] + kinds["reply"] + kinds["poll"]
    if said + kinds["boost"] < SELDOM:
        return "lurker"
    if kinds["boost"] > said:
        return "booster"
    if kinds["poll"] * POLLS_SHARE > said:
        return "pollster"
    return "replier" if kinds["reply"] > kinds["own"] + kinds["poll"] else "oracle"
