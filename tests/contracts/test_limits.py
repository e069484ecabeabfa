"""The Limits socket: tests of every plug, then of faults that only a server can have."""

import asyncio
import time

import pytest
import servers
from engines import PassTime, eventually

from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.limits.redis import RedisLimits
from chirrup.errors import SettingsError
from chirrup.ports import Limits


async def hits(limits: Limits, times: int, *, name: str = "login", key: str = "ann", cost: int = 1):
    """(allowed, remaining) of each of `times` hits against a limit of 3 in 60 s."""
    found = [await limits.hit(name, key, amount=3, per_s=60, cost=cost) for _ in range(times)]
    return [(each.allowed, each.remaining) for each in found]


async def test_so_many_are_allowed_and_no_more(limits: Limits):
    assert await hits(limits, 5) == [(True, 2), (True, 1), (True, 0), (False, 0), (False, 0)]


async def test_names_and_keys_are_counted_apart(limits: Limits):
    await hits(limits, 4)

    assert await hits(limits, 1, key="bob") == [(True, 2)]
    assert await hits(limits, 1, name="reset") == [(True, 2)]
    assert await hits(limits, 1, name="logi", key="nann") == [(True, 2)]


async def test_a_hit_may_cost_more(limits: Limits):
    assert await hits(limits, 2, cost=2) == [(True, 1), (False, 0)]


async def test_a_new_window_begins_when_the_first_hit_is_old_enough(limits: Limits, pass_time: PassTime):
    await hits(limits, 3)

    await pass_time(55)
    assert await hits(limits, 1) == [(False, 0)]
    await pass_time(6)

    assert await hits(limits, 1) == [(True, 2)]


async def test_it_says_when_the_window_ends(limits: Limits, pass_time: PassTime):
    first = await limits.hit("login", "ann", amount=3, per_s=60)
    await pass_time(40)
    second = await limits.hit("login", "ann", amount=3, per_s=60)

    assert 58 <= first.resets_at_s - time.time() <= 61
    assert 18 <= second.resets_at_s - time.time() <= 21


async def test_a_loose_limit_is_as_exact_where_one_process_counts(limits: Limits):
    found = [await limits.hit("requests", "ann", amount=200, per_s=60, loose=True) for _ in range(202)]

    assert [each.remaining for each in found] == [*range(199, -1, -1), 0, 0]
    assert [each.allowed for each in found] == [True] * 200 + [False] * 2
    assert all(58 <= each.resets_at_s - time.time() <= 61 for each in found)
    together = [limits.hit("requests", "bob", amount=200, per_s=60, loose=True) for _ in range(300)]
    assert sum(each.allowed for each in await asyncio.gather(*together)) == 200


async def test_hits_at_the_same_time_are_all_counted(limits: Limits):
    found = await asyncio.gather(*[limits.hit("login", "ann", amount=10, per_s=60) for _ in range(30)])

    assert sum(each.allowed for each in found) == 10


async def test_setting_the_clock_neither_opens_nor_locks(limits: Limits, monkeypatch: pytest.MonkeyPatch):
    await hits(limits, 3)
    await hits(limits, 1, key="bob")

    for shift_s in (-3600, 3600):
        now = time.time() + shift_s
        with monkeypatch.context() as clock:
            clock.setattr(time, "time", lambda now=now: now)
            assert await hits(limits, 1) == [(False, 0)]
            assert (await hits(limits, 1, key="bob"))[0][0]


async def test_what_has_ended_is_forgotten_and_what_goes_on_is_not():
    now_s = [0.0]
    limits = MemoryLimits(capacity=2000, now_s=lambda: now_s[0])
    await limits.hit("sign_up", "ann", amount=1, per_s=10_000)

    for n in range(10_000):
        now_s[0] += 0.1
        await limits.hit("login", str(n), amount=1, per_s=60)

    assert len(limits) < 3000
    assert not (await limits.hit("sign_up", "ann", amount=1, per_s=10_000)).allowed


# A server can be shared, and go away.


async def test_processes_count_together(redis_url: str):
    here, there = RedisLimits(redis_url), RedisLimits(redis_url)

    assert await hits(here, 2) + await hits(there, 2) == [(True, 2), (True, 1), (True, 0), (False, 0)]

    await here.close()
    await there.close()


async def test_each_process_but_one_may_let_through_a_twentieth_more_of_a_loose_limit(redis_url: str):
    processes = [RedisLimits(redis_url) for _ in range(4)]

    async def allowed(order: list[RedisLimits], key: str) -> int:
        found = [await one.hit("requests", key, amount=200, per_s=60, loose=True) for one in order]
        return sum(each.allowed for each in found)

    assert 200 <= await allowed(processes * 100, "in turn") <= 200 + 3 * 10
    assert 200 <= await allowed([*processes, *(one for one in processes for _ in range(250))], "in a row") <= 230
    for one in processes:
        await one.close()


async def test_a_loose_limit_goes_on_from_where_it_was_when_the_server_is_lost(
    redis_url: str, redis_server: servers.Redis
):
    limits = RedisLimits(redis_url)
    before = [await limits.hit("requests", "ann", amount=200, per_s=60, loose=True) for _ in range(50)]

    redis_server.kill()
    async with asyncio.timeout(3):
        after = [await limits.hit("requests", "ann", amount=200, per_s=60, loose=True) for _ in range(152)]
        stranger = await limits.hit("requests", "bob", amount=200, per_s=60, loose=True)
    redis_server.start()

    assert [each.remaining for each in before + after] == [*range(199, -1, -1), 0, 0]
    assert [each.allowed for each in after[-3:]] == [True, False, False]
    assert stranger.allowed
    await limits.close()


async def test_without_the_server_each_counts_for_itself_and_strict_limits_refuse(
    redis_url: str, redis_server: servers.Redis
):
    limits = RedisLimits(redis_url)
    await hits(limits, 1)

    redis_server.kill()
    async with asyncio.timeout(3):
        assert await hits(limits, 4) == [(True, 2), (True, 1), (True, 0), (False, 0)]
        refused = await limits.hit("login", "bob", amount=3, per_s=60, strict=True)
    redis_server.start()

    assert not refused.allowed
    assert 0 < refused.resets_at_s - time.time() <= 10

    async def strict_is_allowed() -> bool:
        return (await limits.hit("login", "eve", amount=3, per_s=60, strict=True)).allowed

    await eventually(strict_is_allowed)
    await limits.close()


async def test_a_password_that_is_wrong_is_a_server_that_is_away(redis_url: str, redis_server: servers.Redis):
    limits = RedisLimits(redis_url.replace(redis_server.password, "wrong"))

    assert await hits(limits, 1) == [(True, 2)]
    assert not (await limits.hit("login", "ann", amount=3, per_s=60, strict=True)).allowed

    await limits.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://127.0.0.1/0?ssl_cert_reqs=none"])
def test_a_url_that_is_not_understood_is_refused_at_once(url: str):
    with pytest.raises(SettingsError):
        RedisLimits(url)
