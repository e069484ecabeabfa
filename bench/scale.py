"""`make bench-scale`: do a post, a delivery and a read cost the same with more workers and more Redis nodes?

All processes share this machine, so rates cannot grow. We compare the CPU of all processes for each piece of work. If
it stays the same, more boxes give more capacity. Workers get work in two ways. "shared": as much as they can do
together. "each": the same amount for each, as when a box is added for more work. The numbers of workers are measured in
turns, and the median turn of each kind of work counts, so a fast phase of the machine helps all of them. The raw
answers measure the machine: to compare two days, divide the costs by the cost of a raw answer.
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from chirrup.app import close_engines, open_database

from . import load, raw, world
from .boxes import Boxes, Cost, boxes
from .world import Person

SMALL, FOLLOWERS = 200, 10  # authors of ordinary posts, followers of each
BIG, MANY = 4, 5_000  # authors with warm followers, followers of each
READERS = 16
SMALL_POSTS, WIDE = 4000, 400  # posts of each kind, shared
EACH_POSTS, EACH_WIDE, EACH_S = 100, 5, 8  # posts a second for each worker; seconds
WARM_WIDE = 64  # so many that every worker has done both kinds
TURNS = 3


class Town(msgspec.Struct):
    small: list[Person]
    big: list[Person]
    readers: list[Person]  # follow all of small
    strangers: list[Person]  # follow a share of small each, without overlap
    crowd: list[Person]


class Measured(msgspec.Struct):
    """The result for one number of workers and nodes."""

    workers: int
    nodes: int
    rates: dict[str, float]  # pieces of work a second
    cpu_us: dict[str, Cost]  # by kind of work, by part


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-scale", description=__doc__)
    parser.add_argument("--workers", default="1,2,4,8", help="how many, one after the other (1,2,4,8)")
    parser.add_argument("--redis", default="1,3,6", help="how many Redis nodes; the first with all --workers (1,3,6)")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"times that each way is measured ({TURNS})")
    parser.add_argument("--quick", action="store_true", help="a quarter of the work")
    asked = parser.parse_args()
    workers, nodes = ([int(n) for n in text.split(",")] for text in (asked.workers, asked.redis))
    console, scale = Console(), 0.25 if asked.quick else 1.0
    found: list[Measured] = []
    bare: list[tuple[float, float]] = []
    with console.status("making PostgreSQL, Redis and a town") as status:
        for count, counts in zip(
            nodes, itertools.chain([workers], itertools.repeat(workers[1:2] or workers)), strict=False
        ):
            with boxes(count) as machine:
                town, measured = _people(machine), list[Measured]()
                for turn, each in itertools.product(range(1, asked.turns + 1), counts):
                    status.update(f"turn {turn} of {asked.turns}: {each} workers on {count} Redis nodes")
                    bare.append(raw.answers(int(10_000 * scale)))
                    measured.append(_measure(machine, town, each, scale))
                found += [_middle([one for one in measured if one.workers == each]) for each in counts]
    console.print(_table(found, sorted(bare)[len(bare) // 2]))
    console.print(_slopes(found))


def _people(machine: Boxes) -> Town:
    db = open_database(machine.settings)
    small, big = world.people(db, "s", SMALL), world.people(db, "b", BIG)
    readers, strangers = world.people(db, "r", READERS), world.people(db, "x", READERS)
    crowd = world.people(db, "c", MANY)
    world.follow(db, [(small[(n + k) % SMALL], small[n]) for n in range(SMALL) for k in range(1, FOLLOWERS + 1)])
    world.follow(db, [(one, author) for author in big for one in crowd])
    world.follow(db, [(reader, author) for reader in readers for author in small])
    world.follow(db, [(strangers[n % READERS], author) for n, author in enumerate(small)])
    db.write_now(lambda tx: tx.run("DELETE FROM outbox"))  # follows made before anybody reads
    db.close()
    return Town(small, big, readers, strangers, crowd)


def _measure(machine: Boxes, town: Town, workers: int, scale: float) -> Measured:
    def say(people: list[Person], count: float) -> list[bytes]:
        return [load.say(one.token, n) for n, one in _round(people, int(count))]

    def read(people: list[Person]) -> list[bytes]:
        return [load.get("/api/v1/timelines/home?limit=20", one.token) for _, one in _round(people, int(6000 * scale))]

    seconds = EACH_S * scale
    with machine.roles(web=1, worker=workers):
        asyncio.run(_warm(machine, town))
        for people, count in ((town.small, 400), (town.big, WARM_WIDE)):  # prepares statements and warms up the code
            asyncio.run(load.run(machine.web.port, 32, iter(say(people, count))))
        machine.settle()
        result = Measured(workers, len(machine.redis), {}, {})
        for work, requests, pieces, per_s in (
            ("post, shared", say(town.small, SMALL_POSTS * scale), 1, 0),
            ("post, each", say(town.small, EACH_POSTS * workers * seconds), 1, EACH_POSTS * workers),
            ("delivery, shared", say(town.big, WIDE * scale), MANY, 0),
            ("delivery, each", say(town.big, EACH_WIDE * workers * seconds), MANY, EACH_WIDE * workers),
            ("read", read(town.readers), 1, 0),
            ("read, strangers", read(town.strangers), 1, 0),
        ):
            before, started = machine.cost, time.perf_counter()
            asyncio.run(load.run(machine.web.port, 32 if pieces == 1 else 4, iter(requests), rate=per_s))
            machine.settle()
            count = len(requests) * pieces
            result.rates[work] = count / (time.perf_counter() - started)
            after = machine.cost
            result.cpu_us[work] = {part: (after[part] - before[part]) / count * 1e6 for part in after}
    return result


def _middle(turns: Sequence[Measured]) -> Measured:
    """For each kind of work, the turn with the median cost of all processes."""
    middle = Measured(turns[0].workers, turns[0].nodes, {}, {})
    for work in turns[0].cpu_us:
        one = sorted(turns, key=lambda turn: sum(turn.cpu_us[work].values()))[len(turns) // 2]
        middle.rates[work], middle.cpu_us[work] = one.rates[work], one.cpu_us[work]
    return middle


def _round(people: list[Person], count: int) -> Iterator[tuple[int, Person]]:
    return enumerate(itertools.islice(itertools.cycle(people), count))


async def _warm(machine: Boxes, town: Town) -> None:
    """Warm the timelines: those of the crowd are empty, the readers read theirs."""
    engines = await asyncio.to_thread(machine.engines)
    for one in town.crowd:
        if rebuild := await engines.timelines.begin_rebuild("home", one.id):
            await engines.timelines.warm("home", one.id, rebuild, [], complete=True)
    readers = town.readers + town.strangers
    await load.run(machine.web.port, 4, (load.get("/api/v1/timelines/home", one.token) for one in readers))
    await close_engines(engines)


def _table(found: list[Measured], bare: tuple[float, float]) -> Table:
    table = Table(title="CPU µs of all processes, by part", box=None, padding=(0, 2, 0, 0))
    for name in ("workers", "Redis", "work", "rate/s", "web", "worker", "postgres", "redis", "together"):
        table.add_column(name, justify="left" if name == "work" else "right", no_wrap=True)
    table.add_row("", "", "raw: 44 kB", f"{bare[0]:,.0f}", *[""] * 4, _short(bare[1]))
    for one in found:
        for work, cost in one.cpu_us.items():
            parts = [_short(cost.get(part, 0)) for part in ("web", "worker", "postgres", "redis")]
            table.add_row(
                str(one.workers),
                str(one.nodes),
                work,
                f"{one.rates[work]:,.0f}",
                *parts,
                _short(sum(cost.values())),
            )
    return table


def _slopes(found: list[Measured]) -> Table:
    """How costs change from the fewest to the most."""
    table = Table(title="\nTogether, against the first (flat within 15 %)", box=None, padding=(0, 2, 0, 0))
    for name in ("workers", "Redis", *found[0].cpu_us):
        table.add_column(name.replace(", ", "\n"), justify="right")
    sets: tuple[Callable[[Measured], bool], ...] = (
        lambda one: one.nodes == found[0].nodes,
        lambda one: one.workers == found[-1].workers,
    )
    for chosen in sets:
        few, *more = [one for one in found if chosen(one)]
        for one in more:
            changes = [
                f"{sum(one.cpu_us[work].values()) / sum(cost.values()) - 1:+.0%}" for work, cost in few.cpu_us.items()
            ]
            table.add_row(str(one.workers), str(one.nodes), *changes)
    return table


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


if __name__ == "__main__":
    main()
