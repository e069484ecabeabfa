"""`make bench-million`: figures with a million accounts and a hundred million follows.

Runs on SQLite in the folder --data (data-million), which is loaded first if it is empty; or on --database
postgresql://… with Redis and the parts web, worker and stream. The posts it writes stay there.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from chirrup import load as loading
from chirrup.access import apps, tokens
from chirrup.app import close_engines, open_database, open_engines
from chirrup.config import Settings
from chirrup.ids import ID_MAX
from chirrup.ports import Database, Engines, Tx
from chirrup.social import posts
from chirrup.store import follows, loads, outbox
from chirrup.timelines import fanout
from chirrup.types import Draft, Span
from tests.servers import Redis, running

from . import load, world
from .__main__ import limits
from .boxes import Boxes
from .world import Person, Server

AUTHORS, READERS, WATCHING, PAIRS = 200, 2_000, 2_000, 8
PACE = 50  # small posts a second, while a post goes to very many
WARM = 100_000  # timelines that this process keeps: the capacity of engines/timelines/memory.py


class People(msgspec.Struct):
    """The accounts that are measured."""

    star: Person
    star_followers: int
    last: Person  # the follower of the star who gets posts last
    watching: list[Person]  # followers of the star with warm homes
    authors: list[Person]  # have a typical number of followers
    author_followers: int
    readers: list[Person]  # follow about a hundred
    # an author, and a follower of this author who follows neither the star nor another of these authors
    pairs: list[tuple[Person, Person]]


class Running(msgspec.Struct):
    """Chirrup's processes. On SQLite web and stream are the same one."""

    web: Server
    stream: Server
    boxes: Boxes | None

    @property
    def cpu_s(self) -> dict[str, float]:
        return self.boxes.cost if self.boxes else {"server": self.web.cpu_s}


class Bench:
    def __init__(self, settings: Settings, scale: float, console: Console) -> None:
        self.settings, self.scale, self._console = settings, scale, console
        self.db, self._loop = open_database(settings), asyncio.Runner()
        self.table = Table(title="Chirrup with a million accounts", box=None, padding=(0, 2, 0, 0))
        for name in ("work", "figure", "p50, p99, most", "CPU", "to reach"):
            self.table.add_column(name, justify="left" if name == "work" else "right", no_wrap=name != "CPU")

    def read(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        return self._loop.run(self.db.read(operation, *args, **kwargs))

    def close(self) -> None:
        self.db.close()
        self._loop.close()

    def row(self, work: str, figure: str, took: str = "", cpu: str = "", target: str = "") -> None:
        self._console.print(f"  {work}: {figure} {took} {cpu}", highlight=False)
        self.table.add_row(work, figure, took, cpu, target)

    def settle(self) -> None:
        """Wait until the outbox is empty."""
        while self.read(outbox.waiting):
            time.sleep(0.02)

    # the figures

    def limits(self) -> None:
        """The limits of this machine at this moment."""
        for row in limits(1, self.scale):
            self.row(row.work, f"{row.runs[0]:,.0f}/s", cpu=f"{row.cpu_us[0]:.0f} µs" if row.cpu_us else "")

    def start(self, running: Running) -> None:
        time.sleep(1)
        servers = [running.web] if not running.boxes else [server for _, server in running.boxes.running]
        self.row("start", f"{max(server.started_s for server in servers):.2f} s", target="1.5 s")
        memory = " + ".join(f"{server.memory_mib:.0f}" for server in servers)
        self.row("memory, idle", f"{memory} MiB", target="120 MiB")

    def homes(self, running: Running, people: People) -> None:
        page = [load.get("/api/v1/timelines/home?limit=20", one.token) for one in people.readers]
        self._rate(running, f"home timeline, cold, {READERS:,} readers", 16, page, "")
        warm = list(itertools.islice(itertools.cycle(page), int(12_000 * self.scale)))
        self._rate(running, "home timeline, warm", 16, warm, "4,000/s, 250 µs")

    def posting(self, running: Running, people: People) -> None:
        for clients, count in ((1, 500), (32, 3_000), (128, 6_000)):
            requests = [load.say(people.authors[n % AUTHORS].token, n) for n in range(int(count * self.scale))]
            self._rate(
                running,
                f"post, {people.author_followers} followers, {clients} at once",
                clients,
                requests,
                "2,000/s, 600 µs" if clients == 128 else "",
            )

    def _rate(self, running: Running, work: str, clients: int, requests: list[bytes], target: str) -> None:
        """Answers a second, until all work that follows is done, and the time of each answer."""
        before, started = running.cpu_s, time.perf_counter()
        took = asyncio.run(load.timed(running.web.port, clients, iter(requests)))
        self.settle()
        wall, after = time.perf_counter() - started, running.cpu_s
        cpu = " + ".join(f"{(after[part] - before[part]) / len(took) * 1e6:.0f} {part}" for part in after)
        self.row(work, f"{len(took) / wall:,.0f}/s", _ms(took), f"{cpu} µs", target)

    def wide(self, running: Running, people: People) -> None:
        """Posts by the star, one after the other, with small posts at the same time."""
        count = int(1_000 * self.scale)
        asyncio.run(self._warm(running, people))
        alone, _ = asyncio.run(self._wide(running, people, count, stars=False))
        self.settle()
        before = running.cpu_s
        beside, waits = asyncio.run(self._wide(running, people, count, stars=True))
        self.settle()
        cpu = " + ".join(f"{(running.cpu_s[part] - before[part]) / len(waits):.2f} {part}" for part in before)
        self.row(
            f"last of {people.star_followers:,} has it",
            f"{statistics.median(waits):.2f} s",
            _ms(waits),
            f"{cpu} s",
            "5 s",
        )
        self.row(f"{PACE} small posts a second, until seen", f"{len(alone)}", _ms(alone))
        self.row("the same beside the star's", f"{len(beside)}", _ms(beside), target="not delayed")

    async def _wide(
        self, running: Running, people: People, count: int, *, stars: bool
    ) -> tuple[list[float], list[float]]:
        """(seconds of each small post, seconds of each post by the star), from the due time to the stream."""
        last = load.Sockets()
        await last.open(running.stream.port, [people.last.token])
        ends = [load.Sockets() for _ in people.pairs]
        for sockets, (_, reader) in zip(ends, people.pairs, strict=True):
            await sockets.open(running.stream.port, [reader.token])
        numbers, small, waits = iter(range(count)), [], []
        begun = time.perf_counter()

        async def talk(sockets: load.Sockets, author: Person) -> None:
            for n in numbers:
                due = begun + n / PACE
                await asyncio.sleep(due - time.perf_counter())
                await _until_seen(running.web.port, sockets, author, f"small {n}")
                small.append(time.perf_counter() - due)

        async def shine() -> None:
            while len(small) < count:
                started = time.perf_counter()
                await _until_seen(running.web.port, last, people.star, f"star {len(waits)}")
                waits.append(time.perf_counter() - started)

        await asyncio.gather(
            *(talk(sockets, author) for sockets, (author, _) in zip(ends, people.pairs, strict=True)),
            *([shine()] if stars else []),
        )
        for sockets in (last, *ends):
            sockets.close()
        return small, waits

    async def _warm(self, running: Running, people: People) -> None:
        """Warm the homes of WATCHING followers of the star by reading them; and of all, if Redis has room."""
        pages = (load.get("/api/v1/timelines/home?limit=1", one.token) for one in people.watching)
        await load.run(running.web.port, 16, pages)
        if running.boxes:
            engines = open_engines(self.settings)
            ids = await _followers(engines.db, people.star.id)
            await _warm(engines, ids)
            await close_engines(engines)

    async def deliveries(self, people: People) -> None:
        """A post by the star into as many warm homes as fit into this process."""
        engines = open_engines(self.settings)
        ids = await _followers(engines.db, people.star.id)
        warm = ids if self.settings.broker else ids[:WARM]
        await _warm(engines, warm)
        for n in range(2):
            post = await engines.db.write(
                posts.publish, people.star.id, Draft(text=f"to everybody {n} {load.WORDS[:60]}")
            )
            started, used, place = time.perf_counter(), time.process_time(), fanout.START
            while place:
                place = await fanout.deliver(engines, post.id, cursor=place)
            wall, cpu = time.perf_counter() - started, time.process_time() - used
            if n:  # the first run reads the followers from disk
                self.row(
                    f"deliveries, {len(warm):,} of {len(ids):,} warm",
                    f"{len(ids) / wall:,.0f}/s",
                    cpu=f"{cpu / len(ids) * 1e6:.2f} µs",
                    target="250,000/s" if self.settings.broker else "1,000,000/s",
                )
        await close_engines(engines)


async def _until_seen(port: int, sockets: load.Sockets, author: Person, words: str) -> None:
    seen = sockets.frames
    body = json.dumps({"status": f"{words} {load.WORDS[:60]}"}).encode()
    posted = asyncio.ensure_future(load.run(port, 1, iter([load.post("/api/v1/statuses", author.token, body)])))
    await sockets.until(seen + 1)
    await posted


async def _followers(db: Database, account_id: int) -> list[int]:
    """The followers, in the order of delivery."""
    found: list[int] = []
    after = 0
    while step := await db.read(follows.followers_step, account_id, after=after, limit=10_000):
        found += [row[1] for row in step]
        after = step[-1][0]
    return found


async def _warm(engines: Engines, owners: list[int]) -> None:
    """Make timelines warm and empty, as if each owner had read."""

    async def some(part: list[int]) -> None:
        for owner in part:
            if rebuild := await engines.timelines.begin_rebuild("home", owner):
                await engines.timelines.warm("home", owner, rebuild, [], complete=True)

    await asyncio.gather(*(some(owners[n::64]) for n in range(64)))


def _ms(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    several = statistics.median(ordered), ordered[len(ordered) * 99 // 100], ordered[-1]
    return ", ".join(f"{one * 1000:.1f}" for one in several) + " ms"


def _choose(tx: Tx) -> People:
    """Chooses the accounts. Depends only on the database."""
    counts = tx.all("SELECT account_id, followers, followees FROM account_counts ORDER BY followers DESC LIMIT 1")
    star, star_followers, _ = counts[0]
    some = tx.all("SELECT account_id, followers, followees FROM account_counts LIMIT 100000")
    usual = statistics.median(row[1] for row in some)
    authors = [row[0] for row in some if abs(row[1] - usual) <= max(2, usual // 10) and row[0] != star]
    authors, spare = authors[:AUTHORS], authors[AUTHORS:]
    middle = statistics.median(row[2] for row in some)
    readers = [row[0] for row in some if middle <= row[2] <= middle * 2][:READERS]
    newest = [other for _, other in follows.followers(tx, star, Span(before=ID_MAX, limit=WATCHING))]

    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    for author in spare:
        for _, reader in follows.followers(tx, author, Span(before=ID_MAX, limit=50)):
            whom = {follow.other_id for follow in follows.followees(tx, reader)}
            if star not in whom and not whom & taken and not taken & {reader}:
                pairs.append((author, reader))
                taken |= {author, reader}
                break
        if len(pairs) == PAIRS:
            break

    app, _ = apps.register(tx, "bench", ["urn:ietf:wg:oauth:2.0:oob"], "read write follow push", "")
    known: dict[int, Person] = {}

    def person(id: int) -> Person:
        if id not in known:
            known[id] = Person(id, tokens.issue(tx, id, app.id, app.scopes)[1])
        return known[id]

    return People(
        star=person(star),
        star_followers=star_followers,
        last=person(newest[0]),
        watching=[person(id) for id in newest],
        authors=[person(id) for id in authors],
        author_followers=round(usual),
        readers=[person(id) for id in readers],
        pairs=[(person(author), person(reader)) for author, reader in pairs],
    )


@contextmanager
def _serving(settings: Settings, redis: Redis | None) -> Generator[Running]:
    if redis is None:
        with world.chirrup_server(settings.data) as server:
            yield Running(server, server, None)
        return
    boxes = Boxes(settings, _postmaster(settings.database), [redis])
    with boxes.roles(web=1, worker=1, stream=1):
        by_role = dict(boxes.running)
        yield Running(by_role["web"], by_role["stream"], boxes)


def _postmaster(url: str) -> Any:
    """What Boxes needs to know about a server on this machine that runs already."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row
        parent = Path(f"/proc/{row[0]}/stat").read_text().rsplit(")", 1)[1].split()[1]
    return SimpleNamespace(process=SimpleNamespace(pid=int(parent)))


@contextmanager
def _redis(settings: Settings) -> Generator[tuple[Settings, Redis | None]]:
    """A Redis and settings that name it, if the database is a server; else neither."""
    if not settings.database:
        yield settings, None
        return
    with running(Redis) as redis:
        yield msgspec.structs.replace(settings, broker=redis.url), redis


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-million", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data-million"), help="folder of the SQLite database")
    parser.add_argument("--database", default="", help="postgresql://… on this machine, in place of SQLite")
    parser.add_argument("--accounts", type=int, default=0, help="how many to load where nothing is: for a first look")
    parser.add_argument("--only", default="", help="homes, posting, wide or deliveries")
    parser.add_argument("--quick", action="store_true", help="a quarter of the requests")
    asked = parser.parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=150)
    with _redis(Settings(data=asked.data, database=asked.database)) as (settings, redis):
        bench = Bench(settings, 0.25 if asked.quick else 1.0, console)
        state = bench.db.write_now(loads.get)
        if not state or not state.finished:
            loading.run(bench.db, loading.Plan(accounts=asked.accounts, synthetic=True), console)
        people: People = bench.db.write_now(_choose)
        if len(people.pairs) < PAIRS:
            sys.exit("there are too few accounts to measure with: load more")
        with _serving(settings, redis) as server:
            bench.limits()
            bench.start(server)
            for measure in (bench.homes, bench.posting, bench.wide):
                if asked.only in measure.__name__:
                    measure(server, people)
            bench.row("memory, after all this", f"{server.web.memory_mib:.0f} MiB")
        if asked.only in "deliveries":
            asyncio.run(bench.deliveries(people))
        bench.close()
    console.print(bench.table)


if __name__ == "__main__":
    main()
