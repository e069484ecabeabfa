"""`make bench`: the speed of one process on SQLite, beside the limits of this machine. `--quick` for a first look."""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import apsw
import msgspec
from rich.console import Console
from rich.table import Table

from chirrup.access import sessions
from chirrup.app import open_engines
from chirrup.config import Settings
from chirrup.ids import ID_MAX
from chirrup.social import posts
from chirrup.timelines import fanout, read
from chirrup.types import Draft, Span

from . import load, raw, world
from .world import Person, Server


class Row(msgspec.Struct):
    """One line of the table: figures of several runs. The median counts."""

    work: str
    unit: str
    target: str
    runs: list[float]
    cpu_us: list[float] = []
    compared: str = ""


class Reader(msgspec.Struct, frozen=True):
    token: str
    cookie: str  # for the pages


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    parser.add_argument("--only", default="", help="work whose name contains this")
    asked = parser.parse_args()
    runs, scale = (1, 0.25) if asked.quick else (3, 1.0)
    console = Console()
    rows: list[Row] = []
    for measure in (limits, posting, home, pages, deliveries, streams, last_follower, start):
        if asked.only in measure.__name__:
            with console.status(f"measuring: {measure.__doc__}"):
                rows += measure(runs, scale)
    console.print(_table(rows))


def _table(rows: list[Row]) -> Table:
    table = Table(
        title="Chirrup, one process, SQLite", caption=CAPTION, caption_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    for name in ("work", "median", "CPU", "of the raw", "to reach"):
        table.add_column(name, justify="right" if name in ("median", "CPU") else "left", no_wrap=True)
    for row in rows:
        cpu = f"{_short(row.cpu_us)} µs" if row.cpu_us else ""
        table.add_row(row.work, _short(row.runs) + row.unit, cpu, row.compared, row.target)
    return table


def _short(figures: list[float]) -> str:
    median = statistics.median(figures)
    return f"{median:,.0f}" if median >= 100 else f"{median:.3g}"


CAPTION = """\

inserts: FULL, 64 rows of 300 B a commit; post: durable, 10 followers, with
all deferred work; timelines: 5,000 warm; WebSockets: 1,000; last: on a stream
of the raw: posts of the inserts, home of uvicorn"""


_measured: dict[str, float] = {}  # the machine's limits in this run, for the ratios


def limits(runs: int, scale: float) -> list[Row]:
    """the machine's own limits"""
    flushed = [raw.inserts(int(20_000 * scale)) for _ in range(runs)]
    bare = [raw.answers(int(20_000 * scale)) for _ in range(runs)]
    _measured["inserts"] = statistics.median(flushed)
    _measured["bare"] = statistics.median(rate for rate, _ in bare)
    return [
        Row("raw: SQLite inserts", "/s", "", flushed),
        Row("raw: uvicorn, 44 kB", "/s", "", [r for r, _ in bare], [cpu for _, cpu in bare]),
    ]


def posting(runs: int, scale: float) -> list[Row]:
    """durable posts"""
    found = {clients: [] for clients in (1, 32, 128)}
    with world.folder() as data:
        with world.database(data) as db:
            authors = world.people(db, "a", 200)
            world.follow(db, [(authors[(n + k) % 200], authors[n]) for n in range(200) for k in range(1, 11)])
        with world.chirrup_server(data) as server:
            _settle(data)
            for _ in range(runs):
                for clients, results in found.items():
                    count = int((1000 if clients == 1 else 6000) * scale)
                    requests = (load.say(authors[n % 200].token, n) for n in range(count))
                    results.append(world.rate(server, clients, requests, lambda: _settle(data)))
    return [
        Row(
            f"post, {clients} client{'s' if clients > 1 else ''}",
            "/s",
            "2,000/s, 600 µs" if clients == 128 else "",
            [rate for rate, _ in results],
            [cpu for _, cpu in results],
            _ratio(results, "inserts"),
        )
        for clients, results in found.items()
    ]


def _settle(data: Path) -> None:
    """Wait until the outbox is empty, without asking the server."""
    connection = apsw.Connection(str(data / "chirrup.db"), flags=apsw.SQLITE_OPEN_READONLY)
    while connection.execute("SELECT EXISTS (SELECT 1 FROM outbox)").get:
        time.sleep(0.005)
    connection.close()


def _ratio(results: list[tuple[float, float]], limit: str) -> str:
    if limit not in _measured:
        return ""
    return f"1/{_measured[limit] / statistics.median(rate for rate, _ in results):.0f}"


def home(runs: int, scale: float) -> list[Row]:
    """home timelines"""
    with _talking() as (server, readers):
        asked = [load.get("/api/v1/timelines/home?limit=20", reader.token) for reader in readers]
        return [_read("home timeline, 20 posts", "4,000/s, 250 µs", server, asked, runs, int(12_000 * scale))]


def pages(runs: int, scale: float) -> list[Row]:
    """home pages, as HTML"""
    with _talking() as (server, readers):
        asked = [load.page("/home", reader.cookie) for reader in readers]
        return [_read("home page, 20 posts, HTML", "330/s, 3,000 µs", server, asked, runs, int(1600 * scale))]


def _read(work: str, target: str, server: Server, asked: list[bytes], runs: int, count: int) -> Row:
    """16 clients send these requests in turn, `count` of them in each run."""
    results = [world.rate(server, 16, islice(cycle(asked), count)) for _ in range(runs)]
    rates, cpu = [rate for rate, _ in results], [cpu for _, cpu in results]
    return Row(work, "/s", target, rates, cpu, _ratio(results, "bare"))


@contextmanager
def _talking() -> Generator[tuple[Server, list[Reader]]]:
    """A server with 200 people who write 600 posts, and 16 who follow them all."""
    with world.folder() as data:
        with world.database(data) as db:
            authors, people = world.people(db, "a", 200), world.people(db, "r", 16)
            world.follow(db, [(reader, author) for reader in people for author in authors])
            for n in range(600):
                db.write_now(
                    posts.publish, authors[n % 200].id, Draft(text=f"{n} {load.WORDS[:290]} #town http://a.example/{n}")
                )
            readers = [Reader(one.token, db.write_now(sessions.start, one.id, "bench")) for one in people]
        with world.chirrup_server(data) as server:
            _settle(data)
            yield server, readers


def deliveries(runs: int, scale: float) -> list[Row]:
    """deliveries into warm timelines"""
    with world.folder() as data:
        return asyncio.run(_deliveries(data, runs, int(100 * scale)))


async def _deliveries(data: Path, runs: int, count: int) -> list[Row]:
    engines = open_engines(Settings(data=data))
    author, *followers = await asyncio.to_thread(world.people, engines.db, "p", 5001)
    await asyncio.to_thread(world.follow, engines.db, [(follower, author) for follower in followers])
    for follower in followers:
        await read.home(engines, follower.id, Span(before=ID_MAX))
    results, cpu = [], []
    for _ in range(runs):
        made = [await engines.db.write(posts.publish, author.id, Draft(text=f"post {n}")) for n in range(count)]
        started, used = time.perf_counter(), time.process_time()
        for post in made:
            await fanout.deliver(engines, post.id)
        delivered = len(followers) * count
        results.append(delivered / (time.perf_counter() - started))
        cpu.append((time.process_time() - used) / delivered * 1e6)
    engines.db.close()
    return [Row("delivery, timelines", "/s", "1,000,000/s", results, cpu)]


def streams(runs: int, scale: float) -> list[Row]:
    """deliveries to open streams"""
    sockets_open = 1000
    with world.folder() as data:
        with world.database(data) as db:
            author, *followers = world.people(db, "p", sockets_open + 1)
            world.follow(db, [(follower, author) for follower in followers])
        with world.chirrup_server(data) as server:
            _settle(data)
            results, cpu = asyncio.run(_streams(server, author, followers, runs, int(60 * scale)))
    return [Row("delivery, WebSockets", "/s", "30,000/s, 35 µs", results, cpu)]


async def _streams(
    server: Server, author: Person, followers: list[Person], runs: int, count: int
) -> tuple[list[float], list[float]]:
    sockets = load.Sockets()
    await sockets.open(server.port, [follower.token for follower in followers])
    body = json.dumps({"status": load.WORDS[:120]}).encode()
    rates, cpu = [], []
    for _ in range(runs):
        before, used, started = sockets.frames, server.cpu_s, time.perf_counter()
        await load.run(server.port, 1, iter([load.post("/api/v1/statuses", author.token, body)] * count))
        await sockets.until(before + count * len(followers))
        rates.append(count * len(followers) / (time.perf_counter() - started))
        cpu.append((server.cpu_s - used) / (count * len(followers)) * 1e6)
    sockets.close()
    return rates, cpu


def last_follower(runs: int, scale: float) -> list[Row]:
    """the last follower of 10,000"""
    with world.folder() as data:
        with world.database(data) as db:
            author, *followers = world.people(db, "p", 10_001)
            world.follow(db, [(follower, author) for follower in followers])
        last = max(followers, key=lambda person: person.id)
        with world.chirrup_server(data) as server:
            _settle(data)
            waits = asyncio.run(_last_follower(server, author, last, followers, runs))
    return [Row("last of 10,000 followers", " s", "0.2 s", waits)]


async def _last_follower(
    server: Server, author: Person, last: Person, followers: list[Person], runs: int
) -> list[float]:
    warm = (load.get("/api/v1/timelines/home?limit=1", follower.token) for follower in followers)
    await load.run(server.port, 16, warm)
    sockets = load.Sockets()
    await sockets.open(server.port, [last.token])
    waits = []
    for n in range(max(3, runs)):
        started = time.perf_counter()
        body = json.dumps({"status": f"number {n}"}).encode()
        await load.run(server.port, 1, iter([load.post("/api/v1/statuses", author.token, body)]))
        await sockets.until(n + 1)
        waits.append(time.perf_counter() - started)
    sockets.close()
    return waits


def start(runs: int, scale: float) -> list[Row]:
    """start-up and memory"""
    seconds, memory = [], []
    with world.folder() as data:
        for _ in range(runs + 1):  # the first run creates the database
            with world.chirrup_server(data) as server:
                seconds.append(server.started_s)
                time.sleep(1)
                memory.append(server.memory_mib)
    return [Row("start", " s", "1.5 s", seconds[1:]), Row("memory, idle", " MiB", "120 MiB", memory[1:])]


if __name__ == "__main__":
    main()
