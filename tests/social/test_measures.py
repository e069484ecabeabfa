"""Figures for staff: counted from real rows, by UTC day, of one organisation alone."""

import pytest
from databases import Clock
from kit import TOWN, person

from chirrup.access import sites
from chirrup.errors import Invalid
from chirrup.ports import Database, Tx
from chirrup.social import follows, measures, posts, reactions, reports
from chirrup.social.measures import DIMENSIONS, MEASURES, Days
from chirrup.times import DAY_MS
from chirrup.types import Draft

SITE = sites.own(TOWN)


@pytest.fixture
async def today(db: Database, clock: Clock) -> int:
    """The second of two days. On the first one ann came and posted, and somebody in another organisation did so."""
    ann = await db.write(person, "ann")
    await db.write(person, "stranger", 7)
    first = await db.write(posts.publish, ann, Draft(text="hello"))
    await db.write(posts.publish, ann, Draft(text="hello again"))
    await db.write(_elsewhere)
    clock.pass_ms(DAY_MS)
    bob = await db.write(person, "bob")
    await db.write(follows.follow, bob, ann)
    await db.write(posts.publish, bob, Draft(text="hi", reply_to_id=first.id))
    await db.write(posts.publish, ann, Draft(text="my own", reply_to_id=first.id))
    await db.write(reactions.favourite, bob, first.id)
    await db.write(reactions.boost, bob, first.id)
    filed = [await db.write(reports.file, bob, ann) for _ in range(2)]
    await db.write(reports.resolve, 0, filed[0].id)
    return (await db.read(lambda tx: tx.now_ms)) // DAY_MS


def _elsewhere(tx: Tx) -> None:
    posts.publish(tx, person(tx, "other", 7), Draft(text="elsewhere"))


async def test_measures_tell_of_each_day_and_of_as_many_days_before(db: Database, today: int):
    async def told(key: str, first: int, last: int) -> tuple[int, int, list[int]]:
        one = await db.read(measures.measure, 0, key, Days(first, last + 1))
        return one.total, one.previous, list(one.by_day.values())

    assert await told("active_users", today, today) == (2, 1, [2])
    assert await told("active_users", today - 1, today) == (2, 0, [1, 2])
    assert await told("new_users", today, today) == (1, 1, [1])
    assert await told("new_users", today - 2, today) == (2, 0, [0, 1, 1])
    assert await told("interactions", today - 1, today) == (3, 0, [0, 3])
    assert await told("opened_reports", today, today) == (2, 0, [2])
    assert await told("resolved_reports", today, today) == (1, 0, [1])
    for key in MEASURES:
        assert (await db.read(measures.measure, 8, key, Days(today - 2, today + 1))).total == 0


async def test_of_the_last_days_that_a_date_can_name_nothing_is_told(db: Database, today: int):
    of = measures.days("9999-12-01", "9999-12-31", 0)

    assert [(await db.read(measures.measure, 0, key, of)).total for key in MEASURES] == [0] * len(MEASURES)
    assert {one.size for one in await db.read(measures.retention, 0, of, "day")} == {0}


async def test_dimensions_tell_of_what_it_is_made(db: Database, today: int):
    async def told(key: str, site: sites.Site = SITE) -> list[tuple[str, int | str]]:
        found = await db.read(measures.dimension, site, key, Days(today - 1, today + 1), 10)
        return [(one.key, one.value) for one in found]

    assert await told("languages") == [("en", 2)]
    assert await told("sources") == [("web", 2)]
    assert await told("servers") == [("town.example", 2)]
    assert await told("space_usage") == [("media", 0)]
    assert [key for key, _ in await told("software_versions")] == ["chirrup", "python"]
    assert DIMENSIONS.keys() == {"languages", "sources", "servers", "space_usage", "software_versions"}


async def test_retention_tells_how_many_of_those_who_came_stay(db: Database, clock: Clock, today: int):
    clock.pass_ms(DAY_MS)

    found = await db.read(measures.retention, 0, Days(today - 1, today + 2), "day")

    assert [one.size for one in found] == [1, 1, 0]
    assert [[count for _, count in one.active] for one in found] == [[1, 1, 0], [1, 0], [0]]
    (month, *_) = await db.read(measures.retention, 0, Days(today - 1, today + 1), "month")
    assert month.period.day == 1
    with pytest.raises(Invalid):
        await db.read(measures.retention, 0, Days(today, today + 1), "year")


@pytest.mark.parametrize(
    ("start_at", "end_at", "first", "end"),
    [
        ("2026-11-01", "2026-11-30", 20758, 20788),
        ("2026-11-30T12:00:00Z", "2026-11-30", 20787, 20788),
        ("", "2026-11-30", 20758, 20788),
        ("", "", 20758, 20788),
    ],
)
def test_days_are_named_by_dates(start_at: str, end_at: str, first: int, end: int):
    assert measures.days(start_at, end_at, 20787 * DAY_MS + 5) == Days(first, end)


@pytest.mark.parametrize(
    ("start_at", "end_at"),
    [("yesterday", ""), ("2026-11-30", "2026-11-01"), ("2020-01-01", "2026-01-01"), ("1900-01-01", "1900-01-02")],
)
def test_what_is_no_span_of_days_is_refused(start_at: str, end_at: str):
    with pytest.raises(Invalid):
        measures.days(start_at, end_at, 20787 * DAY_MS)
