"""Annual reports: when they are offered, and what a year's figures are, on every database."""

from datetime import UTC, datetime

import pytest
from databases import Clock
from kit import people, settle, work_off

from chirrup.errors import NotFound
from chirrup.ports import Engines
from chirrup.social import annual_reports, follows, posts, reactions
from chirrup.social.annual_reports import State, archetype
from chirrup.types import Draft, Month, Post

YEAR = 2027  # of the clock


def go_to(clock: Clock, month: int, day: int, year: int = YEAR) -> None:
    clock.pass_ms(round(datetime(year, month, day, 12, tzinfo=UTC).timestamp() * 1000) - clock.now_ms)


async def test_a_year_is_counted_at_its_end_and_kept(engines: Engines, clock: Clock):
    db = engines.db
    ann, bob, carla = await people(db, "ann", "bob", "carla")

    async def say(text: str, visibility: str = "public") -> Post:
        return await db.write(posts.publish, ann, Draft(text=text, visibility=visibility))

    await db.write(follows.follow, carla, ann)
    first = await say("#Bread")
    go_to(clock, 3, 1)
    await db.write(follows.follow, bob, ann)
    for n in range(7):
        await say(f"{n} #bread #milk", visibility="unlisted")
    quiet = await say("quiet", visibility="unlisted")
    closed = await say("for followers", visibility="private")
    await say("@bob between us", visibility="direct")
    other = await db.write(posts.publish, bob, Draft(text="hello"))
    await db.write(reactions.boost, ann, other.id)
    for who, post in ((bob, first), (bob, quiet), (carla, quiet), (ann, closed)):
        await db.write(reactions.boost, who, post.id)
    await settle(engines)

    async def state(year: int = YEAR) -> State:
        return await db.read(annual_reports.state, ann, year)

    go_to(clock, 12, 9)
    assert await state() == State.INELIGIBLE == await db.write(annual_reports.generate, ann, YEAR)
    go_to(clock, 12, 10)
    assert await state() == State.ELIGIBLE
    assert await state(YEAR - 1) == State.INELIGIBLE == await db.read(annual_reports.state, bob, YEAR)  # too few posts
    assert await db.write(annual_reports.generate, ann, YEAR) == State.GENERATING == await state()
    with pytest.raises(NotFound):
        await db.read(annual_reports.get, ann, YEAR)
    await work_off(engines)
    assert await state() == State.AVAILABLE == await db.write(annual_reports.generate, ann, YEAR)

    found = (await db.read(annual_reports.get, ann, YEAR)).counted
    months = {1: Month(1, 1, 1), 3: Month(3, 11, 1)}  # boosts count, direct posts do not
    assert found.months == [months.get(n, Month(n, 0, 0)) for n in range(1, 13)]
    assert (found.archetype, found.top_tag, found.top_tag_uses) == ("lurker", "bread", 8)
    assert found.most_boosted_id == quiet.id
    await annual_reports.count(engines, ann, YEAR, step=2)  # as if it had been killed: the same in smaller steps
    assert (await db.read(annual_reports.get, ann, YEAR)).counted == found

    go_to(clock, 2, 1, YEAR + 1)
    assert await state() == State.AVAILABLE
    await db.write(annual_reports.read, ann, YEAR)
    (kept,) = await db.read(annual_reports.every, ann)
    assert kept.read_ms == clock.now_ms
    with pytest.raises(NotFound):
        await db.write(annual_reports.read, bob, YEAR)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("lurker", {"own": 20, "reply": 10, "boost": 21}),
        ("booster", {"own": 30, "boost": 31}),
        ("pollster", {"own": 53, "poll": 6}),
        ("replier", {"own": 30, "reply": 31}),
        ("oracle", {"own": 60, "reply": 60, "boost": 120, "poll": 12}),
    ],
)
def test_what_one_does_most_is_what_one_is(name: str, kinds: dict[str, int]):
    assert archetype(annual_reports.Counter(kinds)) == name


def test_of_many_hashtags_the_rare_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(annual_reports, "TAGS_MAX", 4)
    tally = annual_reports.Tally()
    for n in range(10):
        some = [
            annual_reports.Said(n * 10 + i, 0, 0, 0, "public", tags, 0)
            for i, tags in enumerate(['["often"]', f'["rare{n}"]', f'["once{n}"]'])
        ]
        tally.add(some)

    assert (tally.result().top_tag, tally.result().top_tag_uses) == ("often", 10)
