"""Fixtures that run a test on every plug of a socket. A test never asks which one it got."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import redis.asyncio

from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.broker.redis import RedisBroker
from chirrup.engines.directory.plugs import Plugs
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.limits.redis import RedisLimits
from chirrup.engines.mailer.memory import MemoryMailer
from chirrup.engines.outgoing.client import GuardedHttp
from chirrup.engines.pusher.web_push import WebPush
from chirrup.engines.resolver.system import SystemResolver
from chirrup.engines.timelines.memory import MemoryTimelines
from chirrup.engines.timelines.redis import RedisTimelines
from chirrup.ports import Broker, Limits, OutgoingHttp, Timelines


def outside() -> dict[str, Any]:
    """The engines for the outside: mails are kept in memory, and only public addresses are fetched."""
    resolver = SystemResolver()
    outgoing = GuardedHttp(resolver, "https://town.example")
    told = pusher(outgoing)
    directories = Plugs(outgoing, resolver, (), told.open)
    return {
        "mailer": MemoryMailer(),
        "outgoing": outgoing,
        "pusher": told,
        "directories": directories,
        "resolver": resolver,
    }


class _Names:
    """A resolver that knows the names of servers of the tests."""

    def __init__(self, port: int, knows: Callable[[str], bool]) -> None:
        self._port, self._knows = port, knows

    async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        return [("127.0.0.1", self._port)] if self._knows(host) else []

    async def texts(self, name: str) -> list[str]:
        return []

    def close(self) -> None: ...


def reaching(port: int, knows: Callable[[str], bool]) -> GuardedHttp:
    """A client that reaches a server of the tests by the names that it knows, and nothing else that is not public."""
    may_reach = lambda ip, at: (ip, at) == ("127.0.0.1", port)  # noqa: E731
    return GuardedHttp(_Names(port, knows), "https://town.example", may_reach=may_reach)


def pusher(outgoing: OutgoingHttp) -> WebPush:
    return WebPush(outgoing, lambda: "a secret of tests, of so many characters", "mailto:mayor@town.example")


MakeTimelines = Callable[..., Timelines]


PLUGS = {"redis": "redis_url", "cluster": "redis_cluster_url"}  # plug -> fixture with its address


@pytest.fixture(params=["memory", *PLUGS])
async def make_timelines(request: pytest.FixtureRequest) -> AsyncIterator[MakeTimelines]:
    """Makes Timelines with the test's length and slack. Those of one test share their contents, if the plug can."""
    url = request.getfixturevalue(PLUGS[request.param]) if request.param in PLUGS else ""
    made: list[Timelines] = []

    def make(**sizes: int) -> Timelines:
        made.append(RedisTimelines(url, **sizes) if url else MemoryTimelines(**sizes))
        return made[-1]

    yield make
    for timelines in made:
        await timelines.close()


@pytest.fixture
def timelines(make_timelines: MakeTimelines) -> Timelines:
    return make_timelines()


@pytest.fixture(params=["memory", *PLUGS])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    url = request.getfixturevalue(PLUGS[request.param]) if request.param in PLUGS else ""
    broker = RedisBroker(url) if url else MemoryBroker()
    yield broker
    await broker.close()


PassTime = Callable[[float], Awaitable[None]]


@pytest.fixture(params=["memory", *PLUGS])
async def limits_and_time(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Limits, PassTime]]:
    """(limits, pass_time). pass_time(seconds) moves their time forward."""
    if request.param == "memory":
        now_s = [1000.0]

        async def pass_time(seconds: float) -> None:
            now_s[0] += seconds

        yield MemoryLimits(now_s=lambda: now_s[0]), pass_time
        return

    url = request.getfixturevalue(PLUGS[request.param])
    servers = (
        request.getfixturevalue("redis_cluster").primaries()
        if request.param == "cluster"
        else [request.getfixturevalue("redis_server")]
    )

    async def pass_time_there(seconds: float) -> None:
        for server in servers:
            async with redis.asyncio.Redis.from_url(server.url) as client:
                async for key in client.scan_iter():
                    await client.pexpire(key, max(0, int(await client.pttl(key)) - int(seconds * 1000)))

    limits = RedisLimits(url)
    yield limits, pass_time_there
    await limits.close()


@pytest.fixture
def limits(limits_and_time: tuple[Limits, PassTime]) -> Limits:
    return limits_and_time[0]


@pytest.fixture
def pass_time(limits_and_time: tuple[Limits, PassTime]) -> PassTime:
    return limits_and_time[1]


HEAL_S = 5.0  # within this a lost server is given up, and found again


async def eventually(answer: Callable[[], Awaitable[object]], within_s: float = HEAL_S) -> None:
    """Calls answer() again and again until it is true. For effects of other processes."""
    async with asyncio.timeout(within_s):
        while not await answer():  # noqa: ASYNC110 (nothing here could set an event)
            await asyncio.sleep(0.01)
