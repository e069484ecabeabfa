"""Every process is replaced in turn under load, and clients see no error: docs/operate/faults.md, R11.

CHIRRUP_STREAMS says how many streams are open meanwhile (100; 10000 for the long form), CHIRRUP_ROUNDS how often.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
import requests
from client import Person, Server
from faults.crowd import HANDS, PATIENCE, Crowd
from faults.ledger import ROUNDS as ALL_ROUNDS
from faults.ledger import SEED, Line
from servers import Postgres, Redis, free_port

ROUNDS = max(1, ALL_ROUNDS // 10)
STREAMS = int(os.environ.get("CHIRRUP_STREAMS", "100"))
RESTARTING = (1001, 1012)  # close codes that tell a client to come again


class Part(Server):
    """One process of a role. Others may share its port, so its readiness is checked on its port for metrics."""

    def __init__(self, folder: Path, role: str, port: int, shared: dict[str, str]) -> None:
        self.role, self.health = role, f"http://127.0.0.1:{(own := free_port())}/health"
        env = {"CHIRRUP_ROLE": role, "CHIRRUP_PORT": str(port), "CHIRRUP_METRICS_PORT": str(own)}
        super().__init__(folder, env=shared | env)
        self.port, self.url = port, f"http://127.0.0.1:{port}"

    def _answers(self) -> bool:
        assert self.process and self.process.poll() is None, self.log()
        try:
            return requests.get(self.health, timeout=2).ok
        except (requests.ConnectionError, requests.Timeout):
            return False


class Town:
    """Two web processes on one port, a worker, one for streams."""

    def __init__(self, folder: Path, database: str, broker: str, running: ExitStack) -> None:
        self.folder, self.database, self._running = folder, database, running
        self.ports = {role: free_port() for role in ("web", "worker", "stream")}
        self.shared = {
            "CHIRRUP_DATABASE": database,
            "CHIRRUP_BROKER": broker,
            "CHIRRUP_DATA": str(folder / "data"),
            "CHIRRUP_URL": f"http://127.0.0.1:{self.ports['web']}",
        }
        self.made = 0
        self.parts = [self.another(role) for role in ("web", "web", "worker", "stream")]

    def another(self, role: str) -> Part:
        self.made += 1
        return self._running.enter_context(
            Part(self.folder / f"{role}{self.made}", role, self.ports[role], self.shared)
        )

    def replace(self, number: int) -> float:
        """Start another, then stop this one. Returns how many seconds the stop took."""
        old = self.parts[number]
        self.parts[number] = self.another(old.role)
        began_s = time.monotonic()
        old.stop()
        assert not [line for line in old.log().splitlines() if '"level": "error"' in line], old.log()
        return time.monotonic() - began_s

    @property
    def streams_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['stream']}/api/v1/streaming"


@pytest.fixture
def town(postgres_template: str, postgres: Postgres, redis_server: Redis, tmp_path: Path) -> Iterator[Town]:
    redis_server.flush()
    with postgres.database(postgres_template) as database, ExitStack() as running:
        yield Town(tmp_path, database, redis_server.url, running)


class Demanding(Crowd):
    """Clients that accept no refusal and no lost connection."""

    async def live_as_ever(self, change: Awaitable[None]) -> None:
        """All clients send requests until change is over: half with a new connection for each, half with a kept one."""
        over = asyncio.Event()

        async def busy(who: Person, hand: int) -> None:
            connector = aiohttp.TCPConnector(force_close=bool(hand % 2))
            async with aiohttp.ClientSession(timeout=PATIENCE, connector=connector) as session:
                while not over.is_set():
                    assert await self._send_next(session, who, hand), "refused, where nothing is wrong"

        async def until_over() -> None:
            try:
                await change
            finally:
                over.set()

        async with asyncio.TaskGroup() as all_at_once:
            all_at_once.create_task(until_over())
            for person in self.people:
                for hand in range(HANDS):
                    all_at_once.create_task(busy(person, hand))


class Listener:
    """Reads a stream of server-sent events, and resumes it after each end."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.ends = 0

    async def listen(self, url: str, ready: asyncio.Event) -> None:
        last, name = "", ""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
            while True:
                async with session.get(url, headers={"Last-Event-ID": last} if last else {}) as stream:
                    assert stream.status == 200
                    async for raw in stream.content:
                        ready.set()
                        field, _, value = raw.decode().strip().partition(": ")
                        if field == "id":
                            last = value
                        elif field == "event":
                            name = value
                        elif field == "data" and name == "update":
                            self.heard[value.partition('"id":"')[2].partition('"')[0]] += 1
                self.ends += 1


async def keep_open(session: aiohttp.ClientSession, url: str, ends: Counter[int], open_now: list[int]) -> None:
    """Keeps a WebSocket open: when it ends, opens another after a random pause."""
    while True:
        async with session.ws_connect(url) as socket:
            open_now[0] += 1
            async for _ in socket:
                pass
            open_now[0] -= 1
            ends[socket.close_code or 0] += 1
        await asyncio.sleep(random.uniform(0, 1 + STREAMS / 1000))  # at most 1,000 a second


@pytest.mark.timeout(180 + ROUNDS * 120 + STREAMS // 50)
async def test_every_process_is_replaced_under_load_and_nobody_notices(town: Town, ledger_line: Callable[[str], Line]):
    line = ledger_line("R11 every process replaced in turn")
    people = [town.parts[0].person() for _ in range(4)]
    crowd = Demanding(people, random.Random(SEED), line)
    listener, ready, ends, open_now = Listener(), asyncio.Event(), Counter[int](), [0]

    async def replace_all() -> None:
        for _ in range(ROUNDS):
            for number in range(len(town.parts)):
                line.recovery_s.append(await asyncio.to_thread(town.replace, number))
            line.round_over(ROUNDS)

    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout()) as session,
        asyncio.TaskGroup() as readers,
    ):
        url = f"{town.streams_url}?stream=hashtag&tag=quiet"
        open_ones = [readers.create_task(keep_open(session, url, ends, open_now)) for _ in range(STREAMS)]
        open_ones.append(readers.create_task(listener.listen(f"{town.streams_url}/public", ready)))
        await ready.wait()
        await crowd.live_as_ever(replace_all())
        await crowd.check(town.database)

        public = {id for id, (_, text) in crowd.posts.items() if "@" not in text}
        async with asyncio.timeout(30):
            while not public <= set(listener.heard) or open_now[0] < STREAMS:  # noqa: ASYNC110 (polls what others do)
                await asyncio.sleep(0.05)
        for one in open_ones:
            one.cancel()

    print(f"{ends} ends of {STREAMS} streams; SSE taken up {listener.ends} times")
    assert set(ends) <= set(RESTARTING), ends
    assert [id for id, times in listener.heard.items() if times > 1] == []
    assert max(line.recovery_s) < 15
