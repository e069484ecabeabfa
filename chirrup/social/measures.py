"""Figures for staff: what happened in an organisation in a span of days, and how many stay. All in UTC.

Everything is counted from the rows themselves, so it is exact, and takes time on a large server: staff look seldom.
Active is who published something.
"""

import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import msgspec

from .. import __version__
from ..access.sites import Site
from ..errors import Invalid, not_among
from ..ids import ID_MAX, first_at, ms_of
from ..ports import Tx
from ..store import apps as app_rows
from ..store import measures as rows
from ..times import DAY_MS

DAYS_MAX = 400  # in one look
DAYS = 30  # where no days are named
KEPT_MAX = 200_000  # days of accounts that retention looks at
EPOCH = date(1970, 1, 1)


class Days(msgspec.Struct, frozen=True):
    """Days since 1970: the first, and the one after the last."""

    first: int
    end: int

    @property
    def ids(self) -> tuple[int, int]:
        """The first id of them, and the first one after."""
        return min(first_at(self.first * DAY_MS), ID_MAX), min(first_at(self.end * DAY_MS), ID_MAX)

    @property
    def before(self) -> "Days":
        """As many, right before."""
        return Days(2 * self.first - self.end, self.first)


def days(start_at: str, end_at: str, now_ms: int) -> Days:
    """From dates like 2026-11-30; what follows (a time) is not looked at. "": today, and 30 days until then.

    Raises Invalid: no date, the end is before the start, or more than DAYS_MAX days.
    """
    end = _day("end_at", end_at) if end_at else now_ms // DAY_MS
    first = _day("start_at", start_at) if start_at else end - DAYS + 1
    if not 0 < end - first + 1 <= DAYS_MAX or first < 0:
        raise Invalid("end_at", "invalid", "must be after start_at, by {most} days at most", most=DAYS_MAX)
    return Days(first, end + 1)


def _day(field: str, text: str) -> int:
    try:
        return (date.fromisoformat(text.strip()[:10]) - EPOCH).days
    except ValueError as error:
        raise Invalid(field, "invalid", "must be a date like 2026-11-30, got {got!r}", got=text[:30]) from error


# measures


class Measure(msgspec.Struct, frozen=True):
    key: str
    total: int
    previous: int  # in as many days right before
    by_day: dict[int, int]


Count = Callable[[Tx, int, int, int], dict[int, int]]


def _interactions(tx: Tx, org_id: int, first: int, last: int) -> dict[int, int]:
    return Counter(rows.answers(tx, org_id, first, last)) + Counter(rows.favourites(tx, org_id, first, last))


MEASURES: dict[str, Count] = {
    "active_users": rows.authors,
    "new_users": rows.sign_ups,
    "interactions": _interactions,
    "opened_reports": rows.reports,
    "resolved_reports": rows.resolved,
}


def measure(tx: Tx, org_id: int, key: str, of: Days) -> Measure:
    """key: one of MEASURES."""
    count, before = MEASURES[key], of.before
    by_day = count(tx, org_id, *of.ids)
    if key == "active_users":  # who was active on several days is counted once
        total, previous = (rows.all_authors(tx, org_id, *some.ids) for some in (of, before))
    else:
        total, previous = sum(by_day.values()), sum(count(tx, org_id, *before.ids).values())
    return Measure(key, total, previous, {day: by_day.get(day, 0) for day in range(of.first, of.end)})


# dimensions


class Part(msgspec.Struct, frozen=True):
    key: str
    name: str
    value: int | str
    is_bytes: bool = False


def _languages(tx: Tx, site: Site, of: Days, limit: int) -> list[Part]:
    found = rows.languages(tx, site.org_id, *of.ids, limit)
    return [Part(code or "und", code or "Not known", count) for code, count in found]


def _sources(tx: Tx, site: Site, of: Days, limit: int) -> list[Part]:
    found = rows.sources(tx, site.org_id, *of.ids, limit)
    known = app_rows.by_ids(tx, [id for id, _ in found if id])
    names = {id: known[id].name if id in known else "An app that is gone" for id, _ in found} | {0: "Website"}
    return [Part(str(id) if id else "web", names[id], count) for id, count in found]


def _servers(tx: Tx, site: Site, of: Days, limit: int) -> list[Part]:
    """Active accounts by server: there is only this one."""
    return [Part(site.domain, site.domain, rows.all_authors(tx, site.org_id, *of.ids))]


def _space(tx: Tx, site: Site, of: Days, limit: int) -> list[Part]:
    return [Part("media", "Media storage", rows.media_bytes(tx, site.org_id), is_bytes=True)]


def _software(tx: Tx, site: Site, of: Days, limit: int) -> list[Part]:
    return [Part("chirrup", "Chirrup", __version__), Part("python", "Python", sys.version.split()[0])]


DIMENSIONS: dict[str, Callable[[Tx, Site, Days, int], list[Part]]] = {
    "languages": _languages,
    "sources": _sources,
    "servers": _servers,
    "space_usage": _space,
    "software_versions": _software,
}


def dimension(tx: Tx, site: Site, key: str, of: Days, limit: int) -> list[Part]:
    """key: one of DIMENSIONS. At most `limit` parts, the largest first."""
    return DIMENSIONS[key](tx, site, of, limit)[:limit]


# retention


class Cohort(msgspec.Struct, frozen=True):
    """Those who signed up in one period, and how many of them were active in it and in each later one."""

    period: datetime  # its beginning
    size: int
    active: list[tuple[datetime, int]]


def retention(tx: Tx, org_id: int, of: Days, frequency: str) -> list[Cohort]:
    """By "day" or "month", the oldest first. Raises Invalid: another frequency."""
    if frequency not in ("day", "month"):
        raise not_among("frequency", ("day", "month"), frequency)
    periods = sorted({_period(day, frequency) for day in range(of.first, of.end)})
    sizes = Counter[datetime]()
    for day, count in rows.sign_ups(tx, org_id, *of.ids).items():
        sizes[_period(day, frequency)] += count
    active = {
        (_period(ms_of(account_id) // DAY_MS, frequency), _period(day, frequency), account_id)
        for account_id, day in rows.days_of_authors(tx, org_id, *of.ids, KEPT_MAX)
    }
    counts = Counter((cohort, period) for cohort, period, _ in active)
    return [
        Cohort(cohort, sizes[cohort], [(period, counts[cohort, period]) for period in periods if period >= cohort])
        for cohort in periods
    ]


def _period(day: int, frequency: str) -> datetime:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return at.replace(day=1) if frequency == "month" else at
