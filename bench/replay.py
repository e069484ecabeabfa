"""`make replay`: repeats real activity on Twitter through the API, at a chosen speed.

Fetch the file yourself: the Higgs Twitter data set of snap.stanford.edu (July 2012) has the right form.

Retweets become boosts. People follow those they act on, and read their home timeline before an act. Slow answers do not
delay the schedule; an answer's time starts when its request was due.
"""

import argparse
import asyncio
import gzip
import json
import re
import secrets
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chirrup.ports import Tx
from chirrup.social import posts
from chirrup.types import Draft

from . import activity, load, target, world
from .activity import Act, Activity
from .open_loop import Client, Timings, percentile
from .target import Target
from .world import Person

CONNECTIONS = 64
TEXT_CHARS_MAX = 400


def main() -> None:
    parser = argparse.ArgumentParser(prog="make replay", description=__doc__)
    parser.add_argument("--speed", type=float, default=600, help="how many times faster than it was (600)")
    parser.add_argument("--from", dest="from_hour", type=float, default=36, help="hour of the 48 to begin with (36)")
    parser.add_argument("--hours", type=float, default=12, help="how many (12)")
    parser.add_argument("--reads", type=int, default=1, help="home timelines read for each act (1)")
    parser.add_argument("--streams", type=int, default=200, help="people whose streams are open, to see the lag (200)")
    parser.add_argument("--boxes", action="store_true", help="PostgreSQL, Redis, a process of web, worker and stream")
    parser.add_argument("--url", default="", help="a server that runs here, its CHIRRUP_* settings in the environment")
    parser.add_argument("file", type=Path, help="what was done, gzipped: `A B unixtime kind` a line")
    parser.add_argument("--texts", type=Path, help="what they say, gzipped: a message a line")
    asked = parser.parse_args()
    seen = activity.read(asked.file, asked.from_hour, asked.hours)
    if not seen.acts:
        raise SystemExit(f"nothing happened in the {asked.hours:g} hours from hour {asked.from_hour:g} on: take others")
    with target.at(asked.url) if asked.url else target.boxes() if asked.boxes else target.embedded() as server:
        with Console().status(f"making {seen.people:,} people who know each other"):
            replay = Replay(server, seen, _messages(asked.texts))
        result = uvloop.run(replay.run(asked.speed, asked.reads, asked.streams))
    Console().print(*result, sep="\n")


class Replay:
    def __init__(self, server: Target, seen: Activity, texts: "deque[str]") -> None:
        """Makes the people, their follows, and the posts they start with."""
        self._server, self._seen = server, seen
        prefix = f"r{secrets.token_hex(3)}_"
        self._people = world.people(server.db, prefix, seen.people)
        self._names = [f"@{prefix}{n}" for n in range(seen.people)]
        world.follow(server.db, [(self._people[a], self._people[b]) for a, b in seen.follows])
        self._words = texts
        self._posts: dict[int, list[str]] = {}  # ids by author, newest last
        for author, ids in server.db.write_now(self._publish, seen.posts_needed).items():
            self._posts[author] = ids
        self._boosted: set[tuple[int, str]] = set()
        self._acknowledged: dict[str, float] = {}  # id -> when (time.perf_counter)
        self._oldest_s: list[float] = []
        self.timings = Timings()

    def _publish(self, tx: Tx, needed: dict[int, int]) -> dict[int, list[str]]:
        return {
            author: [
                str(posts.publish(tx, self._people[author].id, Draft(text=self._next_words())).id) for _ in range(count)
            ]
            for author, count in needed.items()
        }

    def _next_words(self) -> str:
        self._words.rotate(-1)
        return self._words[0]

    async def run(self, speed: float, reads: int, streams: int) -> list[Any]:
        """Run the replay. Returns what to print."""
        await target.drained(self._server)
        client = Client(self._server.port, self.timings)
        listening = Listening(self._server.streams_port)
        await client.open(CONNECTIONS)
        await listening.open([self._people[n] for n in self._best_placed(streams)])
        looking = asyncio.create_task(self._look())
        cost, own, started = self._server.cost(), target.own_cpu_s(), time.perf_counter()
        await self._play(client, speed, reads)
        await client.all_answered()
        took_s = time.perf_counter() - started
        await target.drained(self._server)
        drained_s = time.perf_counter() - started - took_s
        cost, own = self._server.cost() - cost, target.own_cpu_s() - own
        looking.cancel()
        await asyncio.sleep(0.2)  # time for the last events to reach the streams
        client.close()
        listening.close()
        lags = sorted(max(0.0, at - self._acknowledged[id]) for id, at in listening.heard if id in self._acknowledged)
        figures = Table.grid(padding=(0, 2, 0, 0))
        for what, figure in {
            "asked for": f"{client.sent / took_s:,.0f} requests/s, {speed:g} times the speed of life",
            "answered": f"{client.answered / took_s:,.0f} requests/s: {_statuses(self.timings)}",
            "lag": f"p50 {_ms(lags, 50)}, p99 {_ms(lags, 99)}, max {_ms(lags, 100)}",
            "": f"from the answer to a follower's stream; {len(lags):,} arrivals on {streams} streams",
            "outbox": f"oldest event {max(self._oldest_s, default=0):.2f} s; empty {drained_s:.2f} s after the end",
            "server": f"{1e6 * cost / len(self._seen.acts):,.0f} µs CPU for an act, its reads and what follows; "
            f"{cost / took_s:.0%} of a core"
            if cost
            else "CPU not seen",
            "client": f"{own / took_s:.0%} of a core",
        }.items():
            figures.add_row(what, figure)
        return [self._table(), "", figures]

    async def _play(self, client: Client, speed: float, reads: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, transient=True) as progress:
            task = progress.add_task("acts", total=len(self._seen.acts))
            started = time.perf_counter()
            for number, act in enumerate(self._seen.acts):
                due = started + act.at_s / speed
                wait_s = due - time.perf_counter()
                if wait_s > 0.001 or number % 20 == 0:
                    await asyncio.sleep(max(0, wait_s))
                    progress.update(task, completed=number)
                self._do(client, act, due, reads)

    def _do(self, client: Client, act: Act, due: float, reads: int) -> None:
        token = self._people[act.who].token
        for _ in range(reads):
            client.send("home", load.get("/api/v1/timelines/home?limit=20", token), due)
        body: dict[str, str] = {}
        if act.kind == "boost":
            path = f"/api/v1/statuses/{self._to_boost(act)}/reblog"
        else:
            path = "/api/v1/statuses"
            body["status"] = " ".join((*(self._names[other] for other in act.whom), self._next_words()))
            if act.kind == "reply":
                body["in_reply_to_id"] = self._posts[act.whom[0]][-1]

        def learn(status: int, answer: bytes, at: float) -> None:
            if status == 200:
                id = str(json.loads(answer)["id"])
                self._acknowledged[id] = at
                if act.kind != "boost":
                    self._posts.setdefault(act.who, []).append(id)

        client.send(act.kind, load.post(path, token, json.dumps(body).encode()), due, learn)

    def _to_boost(self, act: Act) -> str:
        """The author's newest post that this person has not boosted."""
        found = next(id for id in reversed(self._posts[act.whom[0]]) if (act.who, id) not in self._boosted)
        self._boosted.add((act.who, found))
        return found

    def _best_placed(self, count: int) -> list[int]:
        """The people who will get the most posts."""
        active = Counter(act.who for act in self._seen.acts)
        comes = Counter[int]()
        for follower, followee in self._seen.follows:
            comes[follower] += active[followee]
        return [number for number, _ in comes.most_common(count)]

    async def _look(self) -> None:
        while True:
            self._oldest_s.append(await self._server.db.read(target.oldest_s))
            await asyncio.sleep(0.25)

    def _table(self) -> Table:
        table = Table(title="Latency, from when it was due", box=None, padding=(0, 2, 0, 0))
        for name in ("", "answers", "p50", "p95", "p99", "max"):
            table.add_column(name, justify="right" if name else "left")
        for kind in ("home", *activity.KINDS.values()):
            took = self.timings.took(kind)
            table.add_row(kind, f"{len(took):,}", *(_ms(took, percent) for percent in (50, 95, 99, 100)))
        return table


class Listening:
    """Open streams (server-sent events) and what arrived on them."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, float]] = []  # (id of a post or boost, when it came)
        self.transports: list[asyncio.BaseTransport] = []
        self._port = port

    async def open(self, people: list[Person]) -> None:
        for person in people:
            loop = asyncio.get_running_loop()
            ready: asyncio.Future[None] = loop.create_future()
            made = _stream(self.heard, person.token, ready)
            transport, _ = await loop.create_connection(made, "127.0.0.1", self._port)
            self.transports.append(transport)
            await asyncio.wait_for(ready, 30)

    def close(self) -> None:
        for transport in self.transports:
            transport.close()


UPDATE = re.compile(rb'event: update\ndata: \{"id":"(\d+)"')


def _stream(heard: list[tuple[str, float]], token: str, ready: "asyncio.Future[None]") -> Any:
    class Stream(asyncio.Protocol):
        rest = b""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.write(load.get("/api/v1/streaming/user", token))  # pyright: ignore[reportAttributeAccessIssue]

        def data_received(self, data: bytes) -> None:
            now = time.perf_counter()
            if not ready.done():
                if b"HTTP/1.1 200" not in self.rest + data:
                    ready.set_exception(SystemExit(f"no stream: {data[:200]!r}"))
                    return
                ready.set_result(None)
            data = self.rest + data
            end = 0
            for found in UPDATE.finditer(data):
                heard.append((found[1].decode(), now))
                end = found.end()
            self.rest = data[max(end, len(data) - 60) :]  # it may be the beginning of an event

    return Stream


def _messages(file: Path | None) -> "deque[str]":
    if file is None:
        return deque(["the market opens early today: bring bread, coffee and a friend"])
    with gzip.open(file, "rt") as lines:
        said = (line.replace("@user", "").strip()[:TEXT_CHARS_MAX] for line in lines)
        return deque(words for words in said if words)


def _ms(ordered: list[float], percent: float) -> str:
    return f"{1000 * percentile(ordered, percent):,.1f} ms"


def _statuses(timings: Timings) -> str:
    return ", ".join(f"{count:,} × {status or 'lost'}" for status, count in timings.by_status().items())


if __name__ == "__main__":
    main()
