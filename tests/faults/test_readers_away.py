"""Readers of streams who are disconnected while a worker dies: docs/operate/faults.md, R2, and docs/streams.md."""

import asyncio
import json
import random
import signal
from asyncio import Event
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from client import Person, Server
from databases import open_database
from engines import eventually
from faults.boxes import Boxes, worker_ids
from faults.ledger import ROUNDS as ALL_ROUNDS
from faults.ledger import SEED, Line
from servers import Redis

from chirrup.ports import Tx
from chirrup.store import outbox
from chirrup.store.outbox_partitions import PARTITIONS

ROUNDS = max(1, ALL_ROUNDS // 10)
AUTHORS = 8
SOME = 40  # posts
IN_HAND_MAX = 32  # requests of authors at a time, if the machine is slower than the wanted rate
WITHIN_S = 60  # a lease ends after 10; on a busy machine


class Reader:
    """Reads a stream of server-sent events, and resumes it as `EventSource` does.

    It disconnects at `leave` and is away until `back`. With `steps`, it disconnects after some events, until `stay`.
    """

    def __init__(self, name: str, urls: list[str], token: str, **when: Any) -> None:
        self.name, self._urls, self._headers = name, urls, {"Authorization": f"Bearer {token}"}
        self._leave: Event | None = when.get("leave")
        self._back: Event | None = when.get("back")
        self._steps: random.Random | None = when.get("steps")
        self._stay: Event | None = when.get("stay")
        self.heard: Counter[str] = Counter()
        self.gaps: list[str] = []
        self.came = 0  # number of connections
        self.begun = Event()
        self._last = ""

    async def live(self, session: aiohttp.ClientSession) -> None:
        while True:
            step = self._steps.randint(1, 60) if self._steps and self._stay and not self._stay.is_set() else 0
            reading = asyncio.ensure_future(self._read(session, step))
            if self._leave and self._back:
                leaving = asyncio.ensure_future(self._leave.wait())
                await asyncio.wait((reading, leaving), return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    reading.cancel()
                    await asyncio.wait((reading,))
                    await self._back.wait()
                    self._leave = None
                    continue
                leaving.cancel()
            await reading

    async def _read(self, session: aiohttp.ClientSession, most: int) -> None:
        """Read up to the end of the stream, or so many events."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": self._last} if self._last else {})
        url, taken = self._urls[self.came % len(self._urls)], 0
        self.came += 1
        fields: dict[str, str] = {}
        async with session.get(url, headers=self._headers | headers) as stream:
            assert stream.status == 200, await stream.text()
            async for raw in stream.content:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if name and value:
                    fields[name] = value
                elif fields:
                    taken += self._take(fields)
                    fields = {}
                    if most and taken >= most:
                        return

    def _take(self, fields: dict[str, str]) -> int:
        self._last = fields.get("id", self._last)
        self.begun.set()
        if fields.get("event") == "update":
            self.heard[json.loads(fields["data"])["id"]] += 1
        elif fields.get("event") == "gap":
            self.gaps.append(fields["data"])
        return "event" in fields

    def __repr__(self) -> str:
        return f"{self.name} (came {self.came} times, gaps {self.gaps})"


class Talk:
    """Authors who post at a rate, to both web processes in turn."""

    def __init__(self, webs: list[Server], authors: list[Person], line: Line) -> None:
        self._webs, self._authors, self._line = webs, authors, line
        self.said: list[str] = []
        self._over, self._room = Event(), asyncio.Semaphore(IN_HAND_MAX)
        self._posting: set[asyncio.Task[None]] = set()

    async def go_on(self, session: aiohttp.ClientSession, per_s: int) -> None:
        loop, n = asyncio.get_running_loop(), 0
        began_s = loop.time()
        while not self._over.is_set():
            await self._room.acquire()
            task = asyncio.ensure_future(self._post(session, n))
            self._posting.add(task)
            n += 1
            await asyncio.sleep(max(0, began_s + n / per_s - loop.time()))
        await asyncio.gather(*self._posting)

    async def _post(self, session: aiohttp.ClientSession, n: int) -> None:
        try:
            headers = {"Authorization": f"Bearer {self._authors[n % len(self._authors)].token}"}
            url = f"{self._webs[n % len(self._webs)].url}/api/v1/statuses"
            async with session.post(url, json={"status": f"#tea {n}"}, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                self.said.append((await answer.json())["id"])
                self._line.posts += 1
                self._line.acknowledged += 1
        finally:
            self._room.release()

    async def more(self, count: int) -> None:
        """Returns once so many more have been acknowledged."""
        wanted = len(self.said) + count

        async def are_there() -> bool:
            return len(self.said) >= wanted

        await eventually(are_there, within_s=WITHIN_S)

    def end(self) -> None:
        self._over.set()


@pytest.fixture(scope="module")
def two_streams(boxes: Boxes) -> list[Server]:
    return [boxes.streams, boxes.launch("stream2").answered()]


@pytest.mark.timeout(120 + ROUNDS * 120)
@pytest.mark.parametrize("per_s", [16, 200 if ROUNDS > 1 else 80])
async def test_nobody_who_was_away_misses_what_a_dead_worker_had(
    boxes: Boxes,
    two_streams: list[Server],
    redis_server: Redis,
    ledger_line: Callable[[str], Line],
    per_s: int,
):
    line, dice = ledger_line(f"R2 readers away, worker killed, {per_s} posts/s"), random.Random(SEED)
    bob, authors = boxes.webs[0].person(), [boxes.webs[0].person() for _ in range(AUTHORS)]
    made = bob.post("/api/v1/lists", title="friends").json()["id"]
    for author in authors:
        bob.follow(author)
    bob.post(f"/api/v1/lists/{made}/accounts", account_ids=[author.id for author in authors])
    db = open_database(boxes.database)
    lists = {
        "user": "/api/v1/timelines/home",
        "public": "/api/v1/timelines/public",
        "hashtag?tag=tea": "/api/v1/timelines/tag/tea",
        f"list?list={made}": f"/api/v1/timelines/list/{made}",
    }

    async def is_drained() -> bool:
        return not await db.read(outbox.waiting)

    async def kill_one(victim: Server) -> list[int]:
        """Kill it during deliveries: Redis is suspended until both workers have some. Returns the victim's events."""
        redis_server.pause()

        async def both_have_some() -> bool:
            return len(await db.read(holders)) == 2

        await eventually(both_have_some, within_s=WITHIN_S)
        in_hand = await db.read(leased)
        victim.stop(signal.SIGKILL)
        redis_server.go_on()
        return in_hand

    async def one_round() -> None:
        await eventually(is_drained, within_s=WITHIN_S)
        before, killed, ended, taken_over, later, end = (Event() for _ in range(6))
        spans: dict[str, dict[str, Any]] = {
            "never away": {},
            "in steps": {"steps": dice, "stay": end},
            "from before the kill, until soon after": {"leave": before, "back": killed},
            "from before the kill, until the lease ends": {"leave": before, "back": ended},
            "from before the kill, until it was taken over": {"leave": before, "back": taken_over},
            "from after the kill, until it was taken over": {"leave": killed, "back": taken_over},
            "from after the kill, until later": {"leave": killed, "back": later},
            "until all is over": {"leave": ended, "back": end},
        }
        readers: dict[Reader, str] = {}
        for n, (name, path) in enumerate(lists.items()):
            for span, when in spans.items():
                urls = [f"{one.url}/api/v1/streaming/{name}" for one in two_streams]
                readers[Reader(f"{name}, {span}", urls[n % 2 :] + urls[: n % 2], bob.token, **when)] = path
        talk, victim = Talk(boxes.webs, authors, line), dice.choice(boxes.workers)

        async def complete() -> bool:
            return not any(missing(one, talk.said) for one in readers if not one.gaps)

        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout()
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            living = [asyncio.ensure_future(one.live(session)) for one in readers]
            await asyncio.gather(*(one.begun.wait() for one in readers))
            talking = asyncio.ensure_future(talk.go_on(session, per_s))
            await talk.more(SOME)
            before.set()
            in_hand = await kill_one(victim)
            await talk.more(SOME)
            left = await db.read(waiting_of, in_hand)
            killed.set()
            await eventually(lambda: lease_has_ended(db.read(worker_ids)), within_s=WITHIN_S)
            ended.set()
            await eventually(lambda: is_nothing(db.read(waiting_of, in_hand)), within_s=WITHIN_S)
            taken_over.set()
            await talk.more(SOME)
            later.set()
            talk.end()
            await talking
            end.set()
            over_s = asyncio.get_running_loop().time()
            with suppress(TimeoutError):  # what is missing then is told below
                await eventually(complete, within_s=WITHIN_S)
            line.recovery_s.append(asyncio.get_running_loop().time() - over_s)
            alive = [not one.done() for one in living]
            for one in living:
                one.cancel()
            ends = await asyncio.gather(*living, return_exceptions=True)
        for one, path in readers.items():
            if one.gaps:
                one.heard.update({id: 1 for id in read_on(bob, path, one.gaps[0]) if id not in one.heard})
            line.lost += len(missing(one, talk.said))
        victim.start()
        line.round_over(ROUNDS)

        assert left, "the worker that was killed had nothing in hand"
        assert all(alive), [end for end in ends if not isinstance(end, asyncio.CancelledError)]
        lost = {one: ids for one in readers if (ids := missing(one, talk.said))}
        assert lost == {}, {one: len(ids) for one, ids in lost.items()}
        doubled = {one: times for one in readers if (times := one.heard.total() - len(one.heard))}
        print(f"{len(talk.said)} posts, {len(left)} in hand of the dead; sent twice: {doubled}")

    for _ in range(ROUNDS):
        await one_round()
    db.close()


def missing(reader: Reader, said: list[str]) -> list[str]:
    return [id for id in said if id not in reader.heard]


def read_on(person: Person, path: str, after: str) -> list[str]:
    """Read the rest as a client does after the signal of a gap."""
    found: list[str] = []
    while page := person.get(path, min_id=after, limit=40).json():
        found += [post["id"] for post in page]
        after = page[0]["id"]
    return found


async def lease_has_ended(reading: Awaitable[list[Any]]) -> bool:
    return len(await reading) == 1


async def is_nothing(reading: Awaitable[list[Any]]) -> bool:
    return not await reading


def leased(tx: Tx) -> list[int]:
    return [id for (id,) in tx.all("SELECT id FROM outbox WHERE lease_until > :now", now=tx.now_ms)]


def holders(tx: Tx) -> list[int]:
    """Workers that have leased events."""
    rows = tx.all(
        f"""SELECT DISTINCT holder FROM lanes JOIN outbox ON lane = outbox.bucket % {PARTITIONS}
            WHERE lease_until > :now AND until > :now""",
        now=tx.now_ms,
    )
    return [holder for (holder,) in rows]


def waiting_of(tx: Tx, ids: list[int]) -> list[int]:
    return [id for (id,) in tx.all(f"SELECT id FROM outbox WHERE {tx.sql.is_in('id', 'ids')}", ids=ids)]
