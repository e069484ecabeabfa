"""`make burst`: ten times as many requests as the server can handle. docs/operate/faults.md, R13.

Refusals must come at once, accepted work must be done well and stay, and nothing may pile up. Runs one process on
SQLite, or with --boxes several. The client has one core of this machine for itself and the servers have the others. If
the client cannot send ten times as much, the table says how much it sent.
"""

import argparse
import asyncio
import itertools
import os
import time
from collections.abc import Callable, Iterator

import msgspec
import uvloop
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from chirrup.ports import Database

from . import load, target, world
from .open_loop import Client, Timings, pace, percentile
from .target import Target
from .world import Person

CONNECTIONS = 1000
CLIENTS = 64  # in a closed loop, to measure the capacity
NORMAL = 0.5  # share of the capacity
PEOPLE = 200


class Watch:
    """Reads the server's health, memory and outbox five times a second."""

    def __init__(self, server: Target, client: Client) -> None:
        self.most_mib = self.oldest_s = 0.0
        self._server, self._client = server, client

    async def look(self) -> None:
        while True:
            self._client.send("health", b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n", time.perf_counter())
            self.most_mib = max(self.most_mib, self._server.memory_mib())
            self.oldest_s = max(self.oldest_s, await self._server.db.read(target.oldest_s))
            await asyncio.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make burst", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="length of the burst (20; R13 says 600)")
    parser.add_argument("--times", type=float, default=10, help="how many times the capacity is asked for (10)")
    parser.add_argument("--work", choices=["post", "home"], default="post", help="what is asked for (post)")
    parser.add_argument("--boxes", action="store_true", help="PostgreSQL, Redis, a process of each role")
    asked = parser.parse_args()
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, others or [first])  # for the processes that are started now
    with target.boxes() if asked.boxes else target.embedded() as server:
        os.sched_setaffinity(0, [first])
        people = world.people(server.db, "p", PEOPLE)
        world.follow(server.db, [(people[(n + k) % PEOPLE], people[n]) for n in range(PEOPLE) for k in range(1, 11)])
        uvloop.run(_measure(server, people, asked.work, asked.times, asked.seconds))


def requests(work: str, people: list[Person]) -> Iterator[bytes]:
    for n in itertools.count():
        token = people[n % len(people)].token
        if work == "home":
            yield load.get("/api/v1/timelines/home?limit=20", token)
        else:
            yield load.say(token, n)


async def _measure(server: Target, people: list[Person], work: str, times: float, seconds: float) -> None:
    todo = requests(work, people)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, transient=True, console=Console()) as progress:
        task = progress.add_task("filling timelines")
        await load.run(server.port, 16, itertools.islice(requests("post", people), 20 * PEOPLE))
        progress.update(task, description="measuring capacity")
        found = [await load.run(server.port, CLIENTS, itertools.islice(todo, 6000)) for _ in range(3)]
        capacity = max(count / took_s for count, took_s in found)
        await _drained(server)
        progress.update(task, description=f"asking for {NORMAL:.0%} of {capacity:,.0f}/s")
        normal = await _phase(server, todo, capacity * NORMAL, min(10, seconds))
        progress.update(task, description=f"asking for {times:g} times {capacity:,.0f}/s")
        before = await asyncio.to_thread(_posts, server.db)
        burst = await _phase(server, todo, capacity * times, seconds)
        stored = await asyncio.to_thread(_posts, server.db) - before
        progress.update(task, description="afterwards")
        after = await _phase(server, todo, capacity * NORMAL, min(10, seconds))
    Console().print(_table(work, capacity, {"normal": normal, "burst": burst, "after": after}))
    accepted = len(burst.timings.took("work"))
    if work == "post":
        print(f"accepted in the burst: {accepted:,}, stored: {stored:,}" + ("" if stored == accepted else ": WRONG"))


class Phase(msgspec.Struct):
    timings: Timings
    asked_per_s: float
    seconds: float
    server_cpu: float  # of one core
    client_cpu: float
    most_mib: float
    oldest_s: float
    drained_s: float  # from the last answer until the outbox was empty
    most_waiting: int  # requests that wait in the client for a connection

    def count(self, status: int) -> int:
        return self.timings.by_status("work").get(status, 0)


async def _phase(server: Target, todo: Iterator[bytes], rate: float, seconds: float) -> Phase:
    timings = Timings()
    client = Client(server.port, timings)
    watching = Client(server.port, timings)
    await client.open(CONNECTIONS)
    await watching.open(1)
    watch = Watch(server, watching)
    looking = asyncio.create_task(watch.look())
    cost, own, started = server.cost(), target.own_cpu_s(), time.perf_counter()
    await pace(rate, seconds, lambda _, due: client.send("work", next(todo), due))
    await client.all_answered()
    took_s = time.perf_counter() - started
    cpu, own = server.cost() - cost, target.own_cpu_s() - own
    drained_s = await _drained(server)
    looking.cancel()
    client.close()
    watching.close()
    return Phase(
        timings,
        client.sent / took_s,
        took_s,
        cpu / took_s,
        own / took_s,
        watch.most_mib,
        watch.oldest_s,
        drained_s,
        client.most_waiting,
    )


async def _drained(server: Target) -> float:
    """Seconds until the outbox was empty."""
    started = time.perf_counter()
    await target.drained(server)
    return time.perf_counter() - started


def _posts(db: Database) -> int:
    return asyncio.run(db.read(lambda tx: tx.all("SELECT COUNT(*) FROM posts")[0][0]))


def _table(work: str, capacity: float, phases: dict[str, Phase]) -> Table:
    title = f"Overload by {work}; capacity {capacity:,.0f}/s ({CLIENTS} clients, closed loop)"
    table = Table(title=title, box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for name in phases:
        table.add_column(name, justify="right")

    def row(name: str, figure: Callable[[Phase], str]) -> None:
        table.add_row(name, *(figure(phase) for phase in phases.values()))

    def ms(phase: Phase, percent: float, among: Callable[[int], bool], kind: str = "work") -> str:
        return f"{1000 * percentile(phase.timings.took(kind, among), percent):,.1f} ms"

    for status in sorted({status for phase in phases.values() for status in phase.timings.by_status("work")}):
        row(f"answers with {status}, /s", lambda p: f"{p.count(status) / p.seconds:,.0f}")  # noqa: B023
    row("asked for, /s", lambda p: f"{p.asked_per_s:,.0f}")
    row("accepted, p50", lambda p: ms(p, 50, lambda status: status == 200))
    row("accepted, p99", lambda p: ms(p, 99, lambda status: status == 200))
    row("refused, p50", lambda p: ms(p, 50, lambda status: status != 200))
    row("refused, p99", lambda p: ms(p, 99, lambda status: status != 200))
    row("/health, p99", lambda p: ms(p, 99, lambda _: True, "health"))
    row("memory at most", lambda p: f"{p.most_mib:,.0f} MiB")
    row("oldest event at most", lambda p: f"{p.oldest_s:.2f} s")
    row("drained after", lambda p: f"{p.drained_s:.2f} s")
    row("CPU, all servers", lambda p: f"{p.server_cpu:.0%}")
    row("CPU, client", lambda p: f"{p.client_cpu:.0%}")
    row("waited in the client, at most", lambda p: f"{p.most_waiting:,}")
    return table


if __name__ == "__main__":
    main()
