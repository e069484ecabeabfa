"""Groups of notifications: who is in which, for how long, and what is left when something of them is undone."""

import asyncio
import itertools
import random
from collections.abc import Callable

import pytest
from counting import CountingDatabase, CountingTx
from databases import Clock, OpenDatabase
from kit import people, settle

from chirrup.errors import NotFound
from chirrup.ids import ID_MAX
from chirrup.ports import Database, Engines, Tx
from chirrup.social import accounts, follows, notification_groups, notifications, posts, reactions
from chirrup.social.notification_groups import SPAN_MS, Entry, Wanted, key_of
from chirrup.store.notifications import SAMPLE_MAX
from chirrup.types import Draft, NotificationKind, Span

FIRST = Span(before=ID_MAX, limit=40)


async def groups(db: Database, account_id: int, span: Span = FIRST, **wanted: object) -> list[Entry]:
    return (await db.read(notification_groups.page, account_id, span, Wanted(**wanted))).items  # type: ignore[arg-type]


async def told(db: Database, account_id: int) -> list[tuple[str, int, tuple[int, ...]]]:
    """(kind, how many, who) of each group, the newest first."""
    return [(one.at.kind, one.group.members, one.group.sample) for one in await groups(db, account_id)]


async def favourited(engines: Engines, post_id: int, *who: int) -> None:
    """One after the other."""
    for id in who:
        await engines.db.write(reactions.favourite, id, post_id)
        await settle(engines)


async def test_what_is_told_of_one_post_is_one_group_for_twelve_hours(engines: Engines, clock: Clock):
    ann, *others = await people(engines.db, "ann", "b", "c", "d", "e")
    post = (await engines.db.write(posts.publish, ann, Draft(text="hello"))).id

    await favourited(engines, post, *others[:2])
    clock.pass_ms(SPAN_MS - 1000)
    await favourited(engines, post, others[2])
    clock.pass_ms(2000)
    await favourited(engines, post, others[3])

    assert await told(engines.db, ann) == [
        ("favourite", 1, (others[3],)),
        ("favourite", 3, (others[2], others[1], others[0])),
    ]
    keys = {key_of(one.group.newest) for one in await groups(engines.db, ann)}
    singles = (await engines.db.read(notifications.page, ann, FIRST, set(NotificationKind))).items
    assert [key_of(one) for one in singles[1:]] == [key_of(singles[1])] * 3
    assert {key_of(one) for one in singles} == keys and len(keys) == 2


async def test_kinds_and_posts_are_not_mixed_and_mentions_stand_alone(engines: Engines):
    ann, bob, carla = await people(engines.db, "ann", "bob", "carla")
    first, second = [(await engines.db.write(posts.publish, ann, Draft(text=text))).id for text in "ab"]
    for who in (bob, carla):
        await engines.db.write(follows.follow, who, ann)
        await engines.db.write(reactions.boost, who, first)
        await engines.db.write(posts.publish, who, Draft(text="@ann hello"))
    await settle(engines)
    for id in (first, second):
        await favourited(engines, id, bob, carla)

    assert sorted((kind, members) for kind, members, _ in await told(engines.db, ann)) == [
        ("favourite", 2),
        ("favourite", 2),
        ("follow", 2),
        ("mention", 1),
        ("mention", 1),
        ("reblog", 2),
    ]


async def test_a_group_names_the_last_of_many_and_counts_all(engines: Engines):
    ann, *many = await people(engines.db, "ann", *(f"p{n}" for n in range(SAMPLE_MAX + 4)))
    post = (await engines.db.write(posts.publish, ann, Draft(text="hello"))).id

    await favourited(engines, post, *many)

    assert await told(engines.db, ann) == [("favourite", len(many), tuple(many[: -SAMPLE_MAX - 1 : -1]))]
    (one,) = await groups(engines.db, ann)
    key, walked, before = key_of(one.group.newest), list[int](), ID_MAX
    while found := (await engines.db.read(notification_groups.members, ann, key, Span(before=before, limit=5))).items:
        walked += [member.from_id for member in found]
        before = found[-1].id
    assert walked == many[::-1]


Undo = Callable[[Tx, int, int, int], object]


@pytest.mark.parametrize("place", [0, 1, 2], ids=["the newest", "another", "the first"])
@pytest.mark.parametrize("how", ["unfavourite", "block", "dismiss"])
async def test_who_takes_it_back_is_neither_named_nor_counted(engines: Engines, how: str, place: int):
    ann, *others = await people(engines.db, "ann", "b", "c", "d")
    post = (await engines.db.write(posts.publish, ann, Draft(text="hello"))).id
    await favourited(engines, post, *others)
    (before,) = await groups(engines.db, ann)
    gone = before.group.sample[place]
    rest = tuple(id for id in before.group.sample if id != gone)

    if how == "unfavourite":
        await engines.db.write(reactions.unfavourite, gone, post)
    elif how == "block":
        await engines.db.write(follows.block, ann, gone)
        assert await told(engines.db, ann) == [("favourite", 2, rest)]  # at once
    else:
        singles = (await engines.db.read(notifications.page, ann, FIRST, set(NotificationKind))).items
        await engines.db.write(notifications.dismiss, ann, singles[place].id)
    await settle(engines)

    assert await told(engines.db, ann) == [("favourite", 2, rest)]
    (after,) = await groups(engines.db, ann)
    assert key_of(after.group.newest) == key_of(before.group.newest)
    late = (await people(engines.db, "late"))[0]
    await favourited(engines, post, late)
    assert await told(engines.db, ann) == [("favourite", 3, (late, *rest))]


async def test_groups_stay_right_whatever_is_done_and_undone(engines: Engines):
    """Against a count of the rows themselves."""
    choices = random.Random(7)
    ann, *many = await people(engines.db, "ann", *(f"p{n}" for n in range(14)))
    post = (await engines.db.write(posts.publish, ann, Draft(text="hello"))).id
    favourite = set[int]()
    for _ in range(120):
        who = choices.choice(many)
        undo = who in favourite and choices.random() < 0.7
        await engines.db.write(reactions.unfavourite if undo else reactions.favourite, who, post)
        favourite ^= {who} if undo or who not in favourite else set()
        await settle(engines)

        singles = (await engines.db.read(notifications.page, ann, FIRST, set(NotificationKind))).items
        found = await groups(engines.db, ann)
        assert {one.from_id for one in singles} == favourite
        assert sum(one.group.members for one in found) == len(favourite)
        assert [one.at.id for one in found] == ([singles[0].id] if singles else [])
        for one in found:
            named = list(one.group.sample)
            order = [single.from_id for single in singles]
            assert named[0] == order[0] and len(set(named)) == len(named)
            assert named == [id for id in order if id in named]


async def test_all_of_a_group_is_dismissed_and_no_other(engines: Engines):
    ann, bob, carla = await people(engines.db, "ann", "bob", "carla")
    first, second = [(await engines.db.write(posts.publish, ann, Draft(text=text))).id for text in "ab"]
    for id in (first, second):
        await favourited(engines, id, bob, carla)
    newest, other = await groups(engines.db, ann)
    key = key_of(newest.group.newest)

    with pytest.raises(NotFound):
        await engines.db.write(notification_groups.dismiss, bob, key)
    await engines.db.write(notification_groups.dismiss, ann, key)

    assert await groups(engines.db, ann) == [other]
    for read in (notification_groups.get, notification_groups.dismiss):
        with pytest.raises(NotFound):
            await engines.db.write(read, ann, key)


async def test_accounts_that_may_not_be_told_of_are_neither_named_nor_counted(engines: Engines):
    ann, bob, carla, dan = await people(engines.db, "ann", "bob", "carla", "dan")
    post = (await engines.db.write(posts.publish, ann, Draft(text="hello"))).id
    await favourited(engines, post, bob, carla, dan)

    await engines.db.write(accounts.suspend, dan)
    await engines.db.write(follows.mute, ann, bob)

    assert await told(engines.db, ann) == [("favourite", 1, (carla,))]
    (one,) = await groups(engines.db, ann)
    found = await engines.db.read(notification_groups.members, ann, key_of(one.group.newest), FIRST)
    assert [member.from_id for member in found.items] == [carla]
    await engines.db.write(follows.mute, ann, carla)
    assert await told(engines.db, ann) == []
    with pytest.raises(NotFound):
        await engines.db.read(notification_groups.get, ann, key_of(one.group.newest))


async def test_who_favourites_at_the_same_moment_in_other_processes_is_in_one_group(
    engines: Engines, open_db: OpenDatabase, clock: Clock
):
    ann, *many = await people(engines.db, "ann", *(f"p{n}" for n in range(12)))
    post = (await engines.db.write(posts.publish, ann, Draft(text="hello"))).id
    for who in many:
        await engines.db.write(reactions.favourite, who, post)
    ticks = itertools.count(clock.now_ms)  # as clocks do: ids drawn at the same ms might be equal
    alone = type(engines.db).__name__ == "SqliteDatabase"
    others = [open_db(clock=lambda: next(ticks)) for _ in range(1 if alone else 3)]

    def tell(tx: Tx, who: int) -> None:
        assert notification_groups.write(tx, ann, NotificationKind.FAVOURITE, who, post)

    await asyncio.gather(*(others[n % len(others)].write(tell, who) for n, who in enumerate(many)))

    assert [(kind, members) for kind, members, _ in await told(engines.db, ann)] == [("favourite", len(many))]


async def test_a_page_costs_the_same_however_large_its_groups_are(engines: Engines):
    """Also in rows: what is read of the table is what is shown, and at most as much again for where the page ends."""
    ann, *many = await people(engines.db, "ann", *(f"p{n}" for n in range(30)))
    said = [(await engines.db.write(posts.publish, ann, Draft(text=str(n)))).id for n in range(6)]

    def tell(tx: Tx, post: int, who: list[int]) -> None:
        for id in who:
            notification_groups.write(tx, ann, NotificationKind.FAVOURITE, id, post)

    async def cost() -> tuple[int, int]:
        """(queries, groups)."""
        counting = CountingDatabase(engines.db)
        found = (await counting.read(notification_groups.page, ann, FIRST, Wanted())).items
        await counting.read(notification_groups.oldest_on_page, ann, found, FIRST)
        return counting.asked.total(), len(found)

    await engines.db.write(tell, said[0], many[:2])
    few = await cost()
    for post in said:
        await engines.db.write(tell, post, many)
    assert await cost() == (few[0], len(said))
    assert few[0] <= 8

    rows = list[int]()

    class Watched(CountingTx):
        def all(self, sql: str, **values: object) -> object:
            found = self._tx.all(sql, **values)
            rows.append(len(found) if "FROM notifications" in sql else 0)
            return found

    def read(tx: Tx) -> None:
        watched = Watched(tx, CountingDatabase(engines.db).asked)
        found = notification_groups.page(watched, ann, FIRST, Wanted())  # type: ignore[arg-type]
        notification_groups.oldest_on_page(watched, ann, found.items, FIRST)  # type: ignore[arg-type]

    await engines.db.read(read)
    assert sum(rows) <= 2 * len(said)


async def test_pages_begin_where_the_last_one_ended_by_any_of_its_edges(engines: Engines, clock: Clock):
    """Clients go on from the oldest group's page_min_id, or from the Link header: no group is left out or repeated."""
    ann, bob, carla = await people(engines.db, "ann", "bob", "carla")
    said = [(await engines.db.write(posts.publish, ann, Draft(text=str(n)))).id for n in range(7)]
    for who in (bob, carla):
        for post in said if who == bob else said[::-1]:
            clock.pass_ms(1000)
            await favourited(engines, post, who)
    everything = [one.at.post_id for one in await groups(engines.db, ann)]
    assert len(everything) == len(said)

    walked, span = list[int](), Span(before=ID_MAX, limit=3)
    while found := await groups(engines.db, ann, span):
        oldest = await engines.db.read(notification_groups.oldest_on_page, ann, found, span)
        walked += [one.at.post_id for one in found]
        assert all(found[-1].at.id <= oldest.get(one.at.id, one.at.id) <= one.at.id for one in found)
        span = Span(before=oldest.get(found[-1].at.id, found[-1].at.id), limit=3)

    assert walked == everything
