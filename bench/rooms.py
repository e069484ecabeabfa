"""`python -m bench.rooms`: what rooms cost: a post in a room of 500 and of 10,000, and a home with 300 rooms.

One process, SQLite, timelines in memory, all in this process: requests and wake-ups cost more, see `make bench`.
Bars: a post in a room of 500 is with the last member within 0.1 s; rooms of 10,000 and 300 rooms a member stay quick
(docs/decisions/0061-rooms.md).
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chirrup.app import close_engines, open_engines
from chirrup.config import Settings
from chirrup.ids import ID_MAX
from chirrup.orgs import rooms
from chirrup.orgs.rooms import RoomChange
from chirrup.ports import Engines, Tx
from chirrup.social import accounts, follows, posts
from chirrup.social.accounts import SignUp
from chirrup.store import outbox
from chirrup.timelines import read, rebuild
from chirrup.types import Draft, Span
from chirrup.workers.subscribers import handle

BAR_S = 0.1  # until the last member of a room of 500 has a post
PAGE, WHOLE = Span(before=ID_MAX, limit=20), Span(before=ID_MAX, limit=read.KEPT)
STEP = 500  # people made in one transaction
POSTS = 20  # in each of the many rooms


def _people(tx: Tx, first: int, count: int) -> list[int]:
    names = [f"p{n}" for n in range(first, first + count)]
    return [accounts.create(tx, SignUp(name, f"{name}@example.com", "-")).id for name in names]


def _room(tx: Tx, name: str, owner: int) -> int:
    return rooms.create(tx, 0, owner, name, RoomChange(closed=True)).id


def _join(tx: Tx, room: int, people: list[int]) -> None:
    for one in people:
        follows.join(tx, one, room)


async def _settle(engines: Engines) -> None:
    """Act on all events, as a worker does."""
    while leased := await engines.db.write(outbox.lease, 256):
        for one in leased:
            event = one.event
            while event:
                event, _ = await handle(engines, event)
        await engines.db.write(outbox.finish, [one.id for one in leased])


async def _room_of(engines: Engines, people: list[int], name: str, runs: int) -> tuple[float, float]:
    """(seconds until the last of people has a post at home, seconds for a page of members). The median of runs."""
    owner = people[0]
    room = await engines.db.write(_room, name, owner)
    for at in range(1, len(people), STEP):
        await engines.db.write(_join, room, people[at : at + STEP])
    await _settle(engines)
    for one in people:
        await read.home(engines, one, PAGE)
    took, paged = list[float](), list[float]()
    for n in range(runs):
        began_s = time.perf_counter()
        post = await engines.db.write(posts.publish, owner, Draft(text=f"@{name} {n}"))
        await _settle(engines)
        took.append(time.perf_counter() - began_s)
        for one in (people[1], people[-1]):
            assert (await read.home(engines, one, PAGE))[0] == post.id
        began_s = time.perf_counter()
        await engines.db.read(rooms.members, people[-1], room, PAGE)
        paged.append(time.perf_counter() - began_s)
    return statistics.median(took), statistics.median(paged)


async def _many_rooms(engines: Engines, owner: int, member: int, count: int, runs: int) -> tuple[float, float]:
    """(seconds to rebuild the home of who is in count rooms, to read its first page from the cache)."""
    for n in range(count):
        room = await engines.db.write(_room, f"room{n}", owner)
        await engines.db.write(_join, room, [member])
        for k in range(POSTS):
            await engines.db.write(posts.publish, owner, Draft(text=f"@room{n} {k}"))
    await _settle(engines)
    rebuilt, paged = list[float](), list[float]()
    for _ in range(runs):
        began_s = time.perf_counter()
        await engines.db.read(rebuild.home, member, WHOLE)
        rebuilt.append(time.perf_counter() - began_s)
        await read.home(engines, member, PAGE)
        began_s = time.perf_counter()
        assert len(await read.home(engines, member, PAGE)) == PAGE.limit
        paged.append(time.perf_counter() - began_s)
    return statistics.median(rebuilt), statistics.median(paged)


async def _measure(folder: Path, small: int, large: int, count: int, runs: int) -> None:
    table = Table("what", "ms", "bar, ms", title="Rooms: one process, SQLite, timelines in memory")
    for column in table.columns[1:]:
        column.justify = "right"
    engines = open_engines(Settings(data=folder, testing=True))
    try:
        people = list[int]()
        while len(people) < large:
            people += await engines.db.write(_people, len(people), min(STEP, large - len(people)))
        for size, name in ((small, "small"), (large, "large")):
            post_s, page_s = await _room_of(engines, people[:size], name, runs)
            bar = f"{BAR_S * 1000:.0f}" if size == small else ""
            table.add_row(f"a post in a room of {size:,}, until the last member has it", f"{post_s * 1000:.1f}", bar)
            table.add_row("a page of its members", f"{page_s * 1000:.2f}", "")
        rebuild_s, home_s = await _many_rooms(engines, people[0], people[1], count, runs)
        table.add_row(
            f"home of who is in {count} rooms with {POSTS} posts each, rebuilt", f"{rebuild_s * 1000:.1f}", ""
        )
        table.add_row("a page of it, from the cache", f"{home_s * 1000:.3f}", "")
        Console().print(table)
    finally:
        await close_engines(engines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rooms", description=__doc__)
    parser.add_argument("--small", type=int, default=500, help="people in the small room (500)")
    parser.add_argument("--large", type=int, default=10_000, help="people in the large room (10,000)")
    parser.add_argument("--rooms", type=int, default=300, help="rooms of one member (300)")
    parser.add_argument("--runs", type=int, default=7, help="of each measurement; the median counts (7)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), asked.small, asked.large, asked.rooms, asked.runs))


if __name__ == "__main__":
    main()
