"""The Timelines socket: what every plug does, then what only a server can do wrong."""

import asyncio
import os
import signal
from collections.abc import Sequence
from itertools import count

import pytest
import redis
import servers
from engines import MakeTimelines, eventually
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import free_port

from chirrup.engines.timelines.redis import RedisTimelines
from chirrup.errors import MissedPush
from chirrup.ids import ID_MAX
from chirrup.ports import Timelines

ANN, BOB, EVE = 7 << 16, 8 << 16, 9 << 16


async def warm(timelines: Timelines, owner: int, ids: Sequence[int], *, complete: bool = True, kind: str = "home"):
    rebuild = await timelines.begin_rebuild(kind, owner)
    await timelines.warm(kind, owner, rebuild, ids, complete=complete)


async def page(
    timelines: Timelines,
    owner: int,
    *,
    kind: str = "home",
    before: int = ID_MAX,
    after: int = 0,
    limit: int = 20,
    oldest: bool = False,
) -> list[int] | None:
    return await timelines.page(kind, owner, before=before, after=after, limit=limit, oldest=oldest)


async def test_a_timeline_nobody_warmed_is_cold_and_takes_nothing(timelines: Timelines):
    assert await timelines.push("home", [ANN, BOB], 5) == 0

    assert await page(timelines, ANN) is None


async def test_pushes_reach_the_warm_ones_only(timelines: Timelines):
    await warm(timelines, ANN, [3, 2])
    await warm(timelines, EVE, [])

    assert await timelines.push("home", {ANN, BOB, EVE}, 5) == 2

    assert await page(timelines, ANN) == [5, 3, 2]
    assert await page(timelines, BOB) is None
    assert await page(timelines, EVE) == [5]


async def test_pushing_to_nobody_and_dropping_nobody_do_nothing(timelines: Timelines):
    await warm(timelines, ANN, [1])

    assert await timelines.push("home", [], 5) == 0
    await timelines.drop("home", [])

    assert await page(timelines, ANN) == [1]


async def test_pages_lie_strictly_between_and_are_newest_first(timelines: Timelines):
    await warm(timelines, ANN, [9, 7, 5, 3, 1])

    assert await page(timelines, ANN, limit=2) == [9, 7]
    assert await page(timelines, ANN, before=7, limit=2) == [5, 3]
    assert await page(timelines, ANN, after=3, limit=2) == [9, 7]
    assert await page(timelines, ANN, after=3, limit=2, oldest=True) == [7, 5]
    assert await page(timelines, ANN, before=9, after=3) == [7, 5]
    assert await page(timelines, ANN, limit=2, oldest=True) == [3, 1]
    assert await page(timelines, ANN, before=1) == []
    assert await page(timelines, ANN, after=9) == []


async def test_late_and_repeated_pushes_come_out_in_order_and_once(timelines: Timelines):
    await warm(timelines, ANN, [30, 20, 10])

    for id in (40, 25, 40, 30, 10, 50, 50, 15):
        await timelines.push("home", [ANN], id)

    assert await page(timelines, ANN) == [50, 40, 30, 25, 20, 15, 10]


async def test_ids_of_63_bits_keep_every_digit(make_timelines: MakeTimelines):
    timelines = make_timelines(length=2, slack=1)
    top = ID_MAX - 10
    await warm(timelines, ANN, [top + 2, top + 1])

    for id in (top + 4, top + 3, top + 5, top + 6):
        await timelines.push("home", [ANN], id)

    assert await page(timelines, ANN, limit=2) == [top + 6, top + 5]
    assert await page(timelines, ANN, after=top + 4) == [top + 6, top + 5]
    assert await page(timelines, ANN, after=top + 3) is None


async def test_what_reaches_below_an_incomplete_timeline_is_left_to_the_database(timelines: Timelines):
    await warm(timelines, ANN, [9, 7, 5], complete=False)

    assert await page(timelines, ANN, limit=3) == [9, 7, 5]
    assert await page(timelines, ANN, limit=4) is None
    assert await page(timelines, ANN, before=5, limit=1) is None
    assert await page(timelines, ANN, after=5) == [9, 7]
    assert await page(timelines, ANN, after=4) == [9, 7, 5]
    assert await page(timelines, ANN, after=3) is None
    assert await page(timelines, ANN, after=3, limit=1, oldest=True) is None
    assert await page(timelines, ANN, after=5, limit=1, oldest=True) == [7]


async def test_an_id_pushed_from_below_an_incomplete_timeline_does_not_hide_the_gap(timelines: Timelines):
    await warm(timelines, ANN, [9, 7, 5], complete=False)

    await timelines.push("home", [ANN], 2)

    assert await page(timelines, ANN, limit=4) is None
    assert await page(timelines, ANN, after=4) == [9, 7, 5]


async def test_a_rebuild_that_found_nothing_and_did_not_see_the_end_stays_cold(timelines: Timelines):
    await warm(timelines, ANN, [], complete=False)

    assert await page(timelines, ANN) is None


async def test_the_newest_are_kept_and_what_was_cut_off_is_left_to_the_database(make_timelines: MakeTimelines):
    timelines = make_timelines(length=5, slack=2)
    await warm(timelines, ANN, [5, 4, 3, 2, 1])

    for id in range(6, 41):
        assert await timelines.push("home", [ANN], id) == 1

    assert await page(timelines, ANN, limit=5) == [40, 39, 38, 37, 36]
    assert await page(timelines, ANN, limit=20) is None
    assert await page(timelines, ANN, before=20, limit=2) is None


async def test_a_late_id_among_those_kept_does_not_hide_what_was_cut_off(make_timelines: MakeTimelines):
    timelines = make_timelines(length=5, slack=2)
    await warm(timelines, ANN, [50, 40, 30, 20, 10])

    for id in (35, 60, 70, 80, 90, 100, 110):
        await timelines.push("home", [ANN], id)

    assert await page(timelines, ANN, limit=4) == [110, 100, 90, 80]
    assert await page(timelines, ANN, after=1) is None
    assert await page(timelines, ANN, after=35, limit=1, oldest=True) in (None, [40])


async def test_an_id_from_a_clock_ahead_of_time_does_not_keep_a_timeline_cold(make_timelines: MakeTimelines):
    timelines = make_timelines(length=5, slack=2)
    await warm(timelines, ANN, [5, 4, 3, 2, 1])
    for id in (10**6, *range(6, 20)):
        await timelines.push("home", [ANN], id)

    assert await page(timelines, ANN, limit=3) in (None, [10**6, 19, 18])
    await warm(timelines, ANN, [10**6, 19, 18, 17, 16], complete=False)

    assert await page(timelines, ANN, limit=3) == [10**6, 19, 18]


async def test_more_ids_than_are_kept_are_cut_when_stored(make_timelines: MakeTimelines):
    timelines = make_timelines(length=3, slack=1)

    await warm(timelines, ANN, [5, 4, 3, 2, 1])

    assert await page(timelines, ANN, limit=3) == [5, 4, 3]
    assert await page(timelines, ANN, limit=4) is None


async def test_kinds_are_kept_apart(timelines: Timelines):
    await warm(timelines, ANN, [1])
    await warm(timelines, ANN, [2], kind="list")

    await timelines.push("list", [ANN], 5)
    await timelines.drop("home", [ANN])

    assert await page(timelines, ANN) is None
    assert await page(timelines, ANN, kind="list") == [5, 2]


async def test_what_is_dropped_is_cold(timelines: Timelines):
    for owner in (ANN, BOB, EVE):
        await warm(timelines, owner, [1])

    await timelines.drop("home", [ANN, BOB])

    assert await page(timelines, ANN) is None
    assert await page(timelines, BOB) is None
    assert await page(timelines, EVE) == [1]


async def test_what_is_pushed_during_a_rebuild_is_in_it(timelines: Timelines):
    rebuild = await timelines.begin_rebuild("home", ANN)
    assert await timelines.push("home", [ANN], 9) == 1
    assert await timelines.push("home", [ANN], 3) == 1
    assert await page(timelines, ANN) is None

    await timelines.warm("home", ANN, rebuild, [7, 3], complete=True)

    assert await page(timelines, ANN) == [9, 7, 3]


async def test_a_rebuild_overtaken_by_a_drop_is_not_stored(timelines: Timelines):
    rebuild = await timelines.begin_rebuild("home", ANN)
    await timelines.drop("home", [ANN])
    await timelines.push("home", [ANN], 9)

    await timelines.warm("home", ANN, rebuild, [7, 3], complete=True)

    assert await page(timelines, ANN) is None


async def test_a_rebuild_from_before_a_drop_is_not_stored_in_place_of_the_one_after(timelines: Timelines):
    stale = await timelines.begin_rebuild("home", ANN)
    await timelines.drop("home", [ANN])
    fresh = await timelines.begin_rebuild("home", ANN)

    await timelines.warm("home", ANN, stale, [7, 3], complete=True)
    assert await page(timelines, ANN) is None
    await timelines.warm("home", ANN, fresh, [8], complete=True)

    assert await page(timelines, ANN) == [8]


async def test_two_rebuilds_at_once_do_no_harm(timelines: Timelines):
    first = await timelines.begin_rebuild("home", ANN)
    await timelines.push("home", [ANN], 8)
    second = await timelines.begin_rebuild("home", ANN)
    await timelines.push("home", [ANN], 9)

    await timelines.warm("home", ANN, first, [7], complete=True)
    await timelines.push("home", [ANN], 10)
    await timelines.warm("home", ANN, second, [8, 7], complete=True)

    assert await page(timelines, ANN) == [10, 9, 8, 7]


async def test_there_is_nothing_to_rebuild_of_a_warm_timeline(timelines: Timelines):
    await warm(timelines, ANN, [1])

    rebuild = await timelines.begin_rebuild("home", ANN)
    await timelines.warm("home", ANN, rebuild, [2], complete=True)

    assert rebuild is None
    assert await page(timelines, ANN) == [1]


async def test_a_rebuild_that_never_ends_is_given_up_after_many_pushes(make_timelines: MakeTimelines):
    timelines = make_timelines(length=5, slack=2)
    rebuild = await timelines.begin_rebuild("home", ANN)

    took = [await timelines.push("home", [ANN], id) for id in range(1, 30)]
    await timelines.warm("home", ANN, rebuild, [], complete=True)

    assert took[:5] == [1] * 5
    assert took[-5:] == [0] * 5
    assert await page(timelines, ANN) is None


async def test_a_thousand_owners_at_once(timelines: Timelines):
    for owner in range(0, 1000, 2):
        await warm(timelines, owner, [owner])

    assert await timelines.push("home", range(1000), 5000) == 500

    assert await page(timelines, 998) == [5000, 998]


async def test_a_reader_who_leaves_early_does_not_mix_up_the_answers(timelines: Timelines):
    await warm(timelines, ANN, [1])
    await warm(timelines, BOB, [2])

    leaver = asyncio.create_task(page(timelines, ANN))
    others = [asyncio.create_task(page(timelines, BOB)) for _ in range(3)]
    await asyncio.sleep(0)
    leaver.cancel()

    assert await asyncio.gather(*others) == [[2]] * 3
    assert await page(timelines, ANN) == [1]


owners = count(1 << 20)

ids = st.integers(1, 40)
operations = st.one_of(
    st.tuples(st.just("post"), ids),
    st.tuples(st.just("repeat"), ids),
    st.tuples(st.just("read"), st.integers(1, 45), st.integers(0, 45), st.integers(1, 8), st.booleans()),
    st.sampled_from([("begin",), ("look",), ("warm",), ("drop",)]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(older=st.sets(ids, max_size=20), steps=st.lists(operations, min_size=5, max_size=50))
async def test_whatever_happens_a_page_is_what_the_database_would_say_or_none(
    make_timelines: MakeTimelines, older: set[int], steps: list[tuple]
):
    """The database is a set of posts. Posts come in any order, are pushed once there, some again; rebuilds overlap."""
    timelines, owner = make_timelines(length=6, slack=3), next(owners)
    posts, rebuilds, looks = set(older), [], []

    for step in [("begin",), ("look",), ("warm",), *steps, ("read", 45, 0, 3, False)]:
        match step:
            case ("post", id):
                posts.add(id)
                await timelines.push("home", [owner], id)
            case ("repeat", id) if id in posts:
                await timelines.push("home", [owner], id)
            case ("begin",):
                rebuilds.append(await timelines.begin_rebuild("home", owner))
            case ("look",) if rebuilds:
                found = sorted(posts, reverse=True)
                looks.append((rebuilds.pop(), found[:6], len(found) <= 6))
            case ("warm",) if looks:
                rebuild, found, complete = looks.pop(0)
                await timelines.warm("home", owner, rebuild, found, complete=complete)
            case ("drop",):
                await timelines.drop("home", [owner])
            case ("read", before, after, limit, oldest):
                window = sorted(id for id in posts if after < id < before)
                expected = window[:limit] if oldest else window[-limit:]
                answer = await page(timelines, owner, before=before, after=after, limit=limit, oldest=oldest)
                assert answer in (None, expected[::-1])


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(older=st.sets(ids, max_size=20), pushes=st.lists(ids, max_size=10))
async def test_the_first_page_is_there_when_few_came_late(
    make_timelines: MakeTimelines, older: set[int], pushes: list[int]
):
    timelines, owner = make_timelines(length=20, slack=10), next(owners)
    await warm(timelines, owner, sorted(older, reverse=True))

    for id in pushes:
        await timelines.push("home", [owner], id)

    assert await page(timelines, owner, limit=100) == sorted(older.union(pushes), reverse=True)


# What only the memory of this process can do: run out.


@pytest.mark.parametrize("make_timelines", ["memory"], indirect=True)
async def test_the_least_recently_read_are_dropped_first(make_timelines: MakeTimelines):
    timelines = make_timelines(capacity=3)
    await warm(timelines, ANN, [1])
    await warm(timelines, ANN, [2], kind="list")
    await warm(timelines, BOB, [3])
    await page(timelines, ANN)
    await timelines.push("list", [ANN], 9)  # a push is no sign of life

    await warm(timelines, EVE, [4])

    assert await page(timelines, ANN, kind="list") is None
    assert [await page(timelines, owner) for owner in (ANN, BOB, EVE)] == [[1], [3], [4]]


@pytest.mark.parametrize("make_timelines", ["memory"], indirect=True)
async def test_rebuilds_that_never_end_make_room(make_timelines: MakeTimelines):
    timelines = make_timelines(capacity=10)
    for owner in range(1000):
        await timelines.begin_rebuild("home", owner)

    assert await timelines.push("home", range(1000), 5) == 10


# What only a server can do: go away.


@pytest.fixture
async def two(redis_url: str):
    """Two processes with the same Redis."""
    pair = RedisTimelines(redis_url), RedisTimelines(redis_url)
    yield pair
    for timelines in pair:
        await timelines.close()


async def test_processes_share_their_timelines(two: tuple[Timelines, Timelines]):
    here, there = two
    await warm(here, ANN, [1])

    assert await there.push("home", [ANN], 5) == 1

    assert await page(here, ANN) == [5, 1]


async def test_without_a_server_every_timeline_is_cold_and_nobody_waits():
    timelines = RedisTimelines(f"redis://127.0.0.1:{free_port()}")

    async with asyncio.timeout(1):
        with pytest.raises(MissedPush):
            await timelines.push("home", [ANN], 5)
        assert await timelines.begin_rebuild("home", ANN) is None
        await timelines.warm("home", ANN, None, [1], complete=True)
        with pytest.raises(MissedPush):
            await timelines.drop("home", [ANN])
        with pytest.raises(MissedPush):
            await timelines.forget([0])
        assert await page(timelines, ANN) is None

    await timelines.close()


async def test_after_a_crash_of_the_server_timelines_are_cold_and_can_be_rebuilt(
    two: tuple[Timelines, Timelines], redis_server: servers.Redis
):
    here, there = two
    await warm(here, ANN, [1])
    await there.push("home", [ANN], 5)

    redis_server.kill()
    assert await page(here, ANN) is None
    with pytest.raises(MissedPush):
        await here.push("home", [ANN], 6)
    assert await there.begin_rebuild("home", ANN) is None
    redis_server.start()
    await eventually(lambda: there.begin_rebuild("home", BOB))
    await eventually(lambda: here.begin_rebuild("home", EVE))

    assert await page(here, ANN) is None
    await warm(here, ANN, [6, 5, 1])
    assert await page(there, ANN) == [6, 5, 1]


async def test_after_a_restart_with_an_old_snapshot_timelines_are_cold(
    two: tuple[Timelines, Timelines], redis_server: servers.Redis
):
    here, _ = two
    await warm(here, ANN, [1])
    with redis.Redis.from_url(redis_server.url) as client:
        client.save()
    await here.push("home", [ANN], 5)

    redis_server.kill()
    redis_server.start()
    (redis_server.folder / "dump.rdb").unlink()
    await eventually(lambda: here.begin_rebuild("home", BOB))

    assert await page(here, ANN) is None


@pytest.mark.parametrize("lost", ["push", "drop"])
async def test_what_missed_something_is_cold_for_everybody_once_it_is_forgotten(
    lost: str, two: tuple[Timelines, Timelines], redis_server: servers.Redis
):
    """One process is cut off; the other is not, and reads what lacks a post."""
    reader, cut_off = two
    await warm(reader, ANN, [1])
    with redis.Redis.from_url(redis_server.url) as client:
        known = {each["id"] for each in client.client_list()}
        assert await page(cut_off, ANN) == [1]
        [its] = {each["id"] for each in client.client_list()} - known
        client.config_set("requirepass", "another")
        client.client_kill_filter(_id=its)
        with pytest.raises(MissedPush) as late:
            await (cut_off.push("home", [ANN], 5) if lost == "push" else cut_off.drop("home", [ANN]))
        assert await page(reader, ANN) == [1]

        client.config_set("requirepass", redis_server.password)
        await eventually(lambda: cut_off.begin_rebuild("home", BOB))

    await reader.forget(late.value.parts)
    assert await page(reader, ANN) is None
    await warm(reader, ANN, [5, 1])
    assert await cut_off.push("home", [ANN], 6) == 1
    assert await page(cut_off, ANN) == await page(reader, ANN) == [6, 5, 1]


async def test_a_push_of_a_process_that_does_not_know_the_new_epoch_arrives(
    two: tuple[RedisTimelines, RedisTimelines], redis_server: servers.Redis
):
    here, there = two
    await warm(here, ANN, [1])
    assert await page(there, ANN) == [1]
    await here.forget([0])

    await warm(here, ANN, [2, 1])

    assert await there.push("home", [ANN], 3) == 1
    assert await page(here, ANN) == [3, 2, 1]


async def test_a_flush_makes_everything_cold_and_stops_rebuilds(
    two: tuple[Timelines, Timelines], redis_server: servers.Redis
):
    here, _ = two
    await warm(here, ANN, [1])
    rebuild = await here.begin_rebuild("home", BOB)

    redis_server.flush()
    await here.warm("home", BOB, rebuild, [2], complete=True)

    assert await page(here, ANN) is None
    assert await page(here, BOB) is None
    await warm(here, ANN, [1])
    assert await page(here, ANN) == [1]


async def test_a_silent_server_is_left_and_found_again(two: tuple[Timelines, Timelines], redis_server: servers.Redis):
    here, _ = two
    await warm(here, ANN, [1])
    assert redis_server.process

    os.kill(redis_server.process.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(5):
            assert await page(here, ANN) is None
        async with asyncio.timeout(0.2):
            assert await page(here, ANN) is None
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)

    await eventually(lambda: page(here, ANN))


async def test_a_server_that_refuses_to_write_is_left_until_it_does(
    two: tuple[Timelines, Timelines], redis_server: servers.Redis
):
    here, _ = two
    await warm(here, ANN, [1])
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(MissedPush):
            await here.push("home", [ANN], 5)
        assert await page(here, ANN) is None
        client.config_set("maxmemory", 0)
    await eventually(lambda: page(here, ANN))

    assert await here.push("home", [ANN], 5) == 1
    assert await page(here, ANN) == [5, 1]


async def test_lists_in_redis_expire_and_there_is_one_epoch(
    two: tuple[Timelines, Timelines], redis_server: servers.Redis
):
    here, there = two
    await warm(here, ANN, [1])
    await here.forget([0])
    await there.begin_rebuild("home", BOB)
    await warm(here, ANN, [2, 1])
    await here.push("home", [ANN, BOB], 5)

    with redis.Redis.from_url(redis_server.url) as client:
        lives_s = {kind: [client.ttl(key) for key in client.scan_iter(_type=kind)] for kind in ("LIST", "STRING")}

    assert [len(lives) for lives in lives_s.values()] == [3, 1]
    assert 0 < min(lives_s["LIST"]) <= 60
    assert 3600 <= max(lives_s["LIST"]) <= 24 * 3600
