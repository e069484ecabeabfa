"""`python -m bench.weights`: what posts, reads and streams cost besides CPU: bytes on disk, in memory, on the network.

The results go into bench/costs.toml, for the model of many boxes. Starts PostgreSQL, Redis and one process of each
role.
"""

import asyncio
import itertools
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg
import redis

from chirrup.app import close_engines, open_database

from . import load, world
from .boxes import Boxes, boxes
from .world import Person

AUTHORS, FOLLOWERS, READERS, LISTENERS, POSTS, READS = 200, 10, 16, 1000, 3000, 2000
MIXED = 64  # reads for each post: 173 to 2.7 a day (costs.toml)
TIMELINES, IDS = 1000, 400


def main() -> None:
    with boxes() as machine:
        db = open_database(machine.settings)
        authors, readers = world.people(db, "a", AUTHORS), world.people(db, "r", READERS)
        star, *listeners = world.people(db, "l", LISTENERS + 1)
        world.follow(db, [(authors[(n + k) % AUTHORS], authors[n]) for n in range(AUTHORS) for k in range(1, 11)])
        world.follow(db, [(readers[n % READERS], author) for n, author in enumerate(authors)])  # without overlap
        world.follow(db, [(listener, star) for listener in listeners])
        world.follow(db, [(listeners[n], authors[n]) for n in range(AUTHORS)])
        db.write_now(lambda tx: tx.run("DELETE FROM outbox"))
        db.close()
        with machine.roles(web=1, worker=1, stream=1):
            home = [load.get("/api/v1/timelines/home?limit=20", one.token) for one in readers]
            _run(machine, [load.say(one.token, n) for n, one in enumerate(authors * 4)])
            _run(machine, home * 10)
            _posts_and_reads(machine, authors, home)
            _connections(machine)
            asyncio.run(_streams(machine, authors, star, listeners))
        asyncio.run(_timelines(machine))


def _posts_and_reads(machine: Boxes, authors: list[Person], home: list[bytes]) -> None:
    posts = [load.say(one.token, n) for n, one in zip(range(POSTS), itertools.cycle(authors), strict=False)]
    for work, requests in (("post", posts), ("read", list(itertools.islice(itertools.cycle(home), READS)))):
        weighed = _heavy(machine)
        _run(machine, requests)
        for what, size in _heavy(machine).items():
            print(f"{work}: {what} {(size - weighed[what]) / len(requests):,.0f} bytes each")
    few = POSTS // 100
    mixed = [request for post in posts[:few] for request in (post, *itertools.islice(itertools.cycle(home), MIXED))]
    before = sum(machine.cost.values())
    _run(machine, mixed)
    cost = (sum(machine.cost.values()) - before) / few * 1e6
    print(f"mixed: {cost:,.0f} µs of all processes for a post and the {MIXED} reads beside it")
    print(f"read: answer {asyncio.run(_length(machine.web.port, home[0])):,} bytes")


def _heavy(machine: Boxes) -> dict[str, float]:
    """Everything that grows, in bytes so far."""
    with psycopg.connect(machine.settings.database, autocommit=True) as connection:
        sizes = connection.execute(
            """SELECT sum(pg_total_relation_size(oid)) FILTER (WHERE relname <> 'outbox')::float8,
                      (pg_current_wal_lsn() - '0/0')::float8
               FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
        ).fetchone()
    assert sizes
    return {
        "database": sizes[0],
        "database's log": sizes[1],
        "to and from PostgreSQL": _traffic(machine.postgres.port),
        "to and from Redis": _traffic(machine.redis[0].port),
    }


def _traffic(port: int) -> float:
    """Bytes so far on the connections to this port that are still open."""
    lines = subprocess.run(["ss", "-tinH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return sum(map(int, re.findall(r"bytes_(?:acked|received):(\d+)", lines)))


def _connections(machine: Boxes) -> None:
    assert machine.postgres.process
    pid = machine.postgres.process.pid
    own: list[int] = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(FileNotFoundError):  # has ended
            if b"127.0.0.1" in Path(f"/proc/{child}/cmdline").read_bytes():
                own.append(int(Path(f"/proc/{child}/smaps_rollup").read_text().split("Pss_Anon:")[1].split()[0]) * 1024)
    print(f"connection: {sum(own) / len(own):,.0f} bytes of PostgreSQL's own memory each, {len(own)} open")


async def _streams(machine: Boxes, authors: list[Person], star: Person, listeners: list[Person]) -> None:
    stream = next(server for role, server in machine.running if role == "stream")
    sockets = load.Sockets()

    async def cost(posters: list[Person], heard_by: int) -> tuple[float, float, float]:
        """For each post: CPU µs of the stream process and of PostgreSQL, and bytes to and from Redis."""
        before, frames, traffic = machine.cost, sockets.frames, _traffic(machine.redis[0].port)
        await load.run(machine.web.port, 4, (load.say(one.token, n) for n, one in enumerate(posters)))
        await sockets.until(frames + heard_by * len(posters))
        await asyncio.to_thread(machine.settle)
        after = machine.cost
        times = [(after[part] - before[part]) / len(posters) * 1e6 for part in ("stream", "postgres")]
        return times[0], times[1], (_traffic(machine.redis[0].port) - traffic) / len(posters)

    unheard = await cost(authors * 3, 0)
    before = stream.memory_mib
    await sockets.open(stream.port, [one.token for one in listeners])
    print(f"stream: {(stream.memory_mib - before) * 2**20 / LISTENERS:,.0f} bytes of memory each")
    few = await cost(authors * 3, 1)
    size = sockets.bytes
    many = await cost([star] * 100, LISTENERS)
    print(f"stream: {few[0]:,.0f} µs for a post that one reader hears, and {few[1] - unheard[1]:,.0f} of PostgreSQL")
    print(f"stream: {(many[0] - few[0]) / (LISTENERS - 1):.3g} µs for each reader more", end=", ")
    print(f"{(sockets.bytes - size) / 100 / LISTENERS:,.0f} bytes for each")
    print(f"delivery: to and from Redis {(many[2] - few[2]) / LISTENERS:,.0f} bytes each")
    sockets.close()


async def _timelines(machine: Boxes) -> None:
    engines = await asyncio.to_thread(machine.engines)
    server = redis.Redis.from_url(machine.settings.broker)
    before = server.info("memory")["used_memory"]
    newest = 117_000_000_000_000_000
    for owner in range(1 << 40, (1 << 40) + TIMELINES):
        rebuild = await engines.timelines.begin_rebuild("home", owner)
        await engines.timelines.warm("home", owner, rebuild, [newest - n * 70_000 for n in range(IDS)], complete=True)
    after = server.info("memory")["used_memory"]
    print(f"timeline: {(after - before) / TIMELINES:,.0f} bytes of Redis for one of {IDS} posts")
    await close_engines(engines)


def _run(machine: Boxes, requests: list[bytes]) -> None:
    """Send the requests and wait until all work that follows is done, without asking the server."""
    asyncio.run(load.run(machine.web.port, 32, iter(requests)))
    machine.settle()


async def _length(port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(request)
    body = await load.answer(reader)
    writer.close()
    return len(body)


if __name__ == "__main__":
    main()
