"""Redis is flushed, killed, promoted, moved: docs/operate/faults.md, R4, R5. It never has the only copy of anything.

Servers are started from this thread, never another: they die with the thread that started them (prctl(2)).
"""

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from client import Person, Server
from databases import open_database
from engines import eventually, outside
from faults.crowd import Crowd
from faults.ledger import ROUNDS, SEED, Line
from kit import people, settle
from servers import Redis, RedisCluster, RedisPair

from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.timelines.redis import RedisTimelines
from chirrup.ids import ID_MAX
from chirrup.ports import Engines
from chirrup.social import follows, posts
from chirrup.timelines import missed_pushes, read
from chirrup.timelines.missed_pushes import MissedPushes
from chirrup.types import Draft, Span

Trouble = Callable[[], Awaitable[None]]


@contextmanager
def town(database: str, broker: str, folder: Path) -> Iterator[list[Server]]:
    """Two web processes; a worker behind them."""
    with ExitStack() as running:
        url, webs = "", []
        for name in ("web1", "web2", "worker1"):
            env = {"CHIRRUP_DATABASE": database, "CHIRRUP_BROKER": broker, "CHIRRUP_DATA": str(folder / "data")}
            server = Server(folder / name, env=env | {"CHIRRUP_ROLE": name[:-1]})
            server.env["CHIRRUP_URL"] = url = url or server.url
            webs.append(running.enter_context(server))
        yield webs[:2]


async def live_through(webs: list[Server], database: str, troubles: list[Trouble], line: Line) -> None:
    people = [webs[0].person() for _ in range(4)]
    crowd = Crowd([_at(webs[n % 2], one) for n, one in enumerate(people)], random.Random(SEED), line)
    rounds = max(len(troubles), ROUNDS // 4)
    for number in range(rounds):
        await crowd.live_through(troubles[number % len(troubles)]())
        line.round_over(rounds)
    await crowd.retry()
    await crowd.check(database)


def _at(web: Server, person: Person) -> Person:
    """The same person, as a client of that web process."""
    other = Person(web, person.token)
    other.name, other.id = person.name, person.id
    return other


@pytest.mark.timeout(150 + ROUNDS * 20)
async def test_a_server_that_is_flushed_or_killed_takes_nothing_with_it(
    redis_server: Redis, postgres_database: str, tmp_path: Path, ledger_line: Callable[[str], Line]
):
    async def flush() -> None:
        await asyncio.sleep(0.5)
        redis_server.flush()

    async def kill() -> None:
        await asyncio.sleep(0.5)
        redis_server.kill()
        await asyncio.sleep(1)  # the time it is away
        redis_server.start()

    with town(postgres_database, redis_server.url, tmp_path) as webs:
        await live_through(webs, postgres_database, [flush, kill], ledger_line("R4 Redis flushed, killed"))


@pytest.mark.timeout(150 + ROUNDS * 20)
async def test_a_replica_that_takes_over_is_found(
    redis_pair: RedisPair, postgres_database: str, tmp_path: Path, ledger_line: Callable[[str], Line]
):
    redis_pair.start()
    primary, replica = redis_pair.first, redis_pair.second

    async def fail_over() -> None:
        nonlocal primary, replica
        await asyncio.sleep(0.5)
        primary.kill()
        replica.ask("REPLICAOF", "NO", "ONE")
        await asyncio.sleep(1)
        primary.start()
        primary, replica = replica, primary
        redis_pair.follow(replica, primary)

    with town(postgres_database, redis_pair.url, tmp_path) as webs:
        await live_through(webs, postgres_database, [fail_over] * 2, ledger_line("R5 Redis replica promoted"))


@pytest.mark.timeout(150 + ROUNDS * 20)
async def test_a_cluster_loses_primaries_and_nothing_else(
    redis_cluster: RedisCluster, postgres_database: str, tmp_path: Path, ledger_line: Callable[[str], Line]
):
    redis_cluster.start()

    async def hand_over() -> None:
        await asyncio.sleep(0.5)
        replica = redis_cluster.replica_of(redis_cluster.primaries()[0])
        replica.ask("CLUSTER", "FAILOVER")
        redis_cluster.start()

    async def kill() -> None:
        await asyncio.sleep(0.5)
        redis_cluster.primaries()[1].kill()
        await asyncio.sleep(2)  # its replica takes over
        redis_cluster.start()

    async def stop_for_a_while() -> None:
        await asyncio.sleep(0.5)
        redis_cluster.primaries()[2].pause()
        await asyncio.sleep(3)  # longer than the others wait for it
        redis_cluster.start()

    async def move_slots() -> None:
        """Move some slots that have keys to another primary and back, while posts are delivered to them."""
        taker, *_, giver = sorted(redis_cluster.primaries(), key=lambda node: node.ask("DBSIZE"))
        slots = sorted({giver.ask("CLUSTER", "KEYSLOT", key) for key in giver.ask("KEYS", "*")})[:8]
        assert slots, "no timelines at all"
        for slot in slots:
            await asyncio.to_thread(redis_cluster.move, slot, giver, taker)
        assert len(redis_cluster.primaries()) == 3
        for slot in slots:
            await asyncio.to_thread(redis_cluster.move, slot, taker, giver)

    with town(postgres_database, redis_cluster.url, tmp_path) as webs:
        await live_through(
            webs,
            postgres_database,
            [hand_over, move_slots, kill, stop_for_a_while],
            ledger_line("R5 Redis Cluster fails over"),
        )


@pytest.mark.parametrize("how", ["started anew", "suspended", "demoted"])
async def test_old_timelines_of_a_primary_that_is_promoted_again_are_not_used(
    how: str, redis_pair: RedisPair, sqlite_template: Path, tmp_path: Path
):
    """A → B → A, and A missed the time of B, so its home timelines differ from the database."""
    shutil.copy(sqlite_template, tmp_path / "db")
    db = open_database(f"sqlite:{tmp_path / 'db'}")
    first, second = redis_pair.first, redis_pair.second
    redis_pair.start()
    first.flush()
    worker, web = (
        Engines(
            db=db,
            timelines=MissedPushes(RedisTimelines(redis_pair.url), db),
            broker=MemoryBroker(),
            blobs=DiskBlobs(tmp_path),
            limits=MemoryLimits(),
            **outside(),
        )
        for _ in range(2)
    )
    ann, bob = await people(db, "ann", "bob")
    await db.write(follows.follow, bob, ann)
    said: list[int] = []

    async def say() -> None:
        said.insert(0, (await db.write(posts.publish, ann, Draft(text="hello"))).id)
        await settle(worker)

    async def is_right_at(server: Redis) -> bool:
        """Whether Bob's home timeline is there, and matches the database."""
        await missed_pushes.make_up(worker)  # as a worker's timers do each second
        await read.home(web, bob, Span(before=ID_MAX, limit=20))
        kept = await web.timelines.page("home", bob, before=ID_MAX, after=0, limit=20)
        with redis.Redis.from_url(server.url, socket_timeout=5) as client:
            keys: Any = client.keys(f"chirrup:tl:*:home:{bob}")
            lists = [b"".join(cast(Any, client.lrange(key, 0, -1))) for key in keys]
        return kept == said and any(said[0].to_bytes(8) in one for one in lists)

    await say()
    await eventually(lambda: is_right_at(first))
    await say()
    await eventually(lambda: is_right_at(first))

    if how == "started anew":
        first.ask("SAVE")
        first.kill()
    elif how == "suspended":
        first.pause()
    second.ask("REPLICAOF", "NO", "ONE")
    if how == "demoted":
        redis_pair.follow(first, second)
    await eventually(lambda: is_right_at(second))
    if how == "demoted":
        first.pause()
    await say()
    await eventually(lambda: is_right_at(second))  # the first has all but this one

    second.kill()
    if how == "started anew":
        first.start()
        (first.folder / "dump.rdb").unlink()
    else:
        first.go_on()
        first.ask("REPLICAOF", "NO", "ONE")
    await eventually(lambda: is_right_at(first))
    await say()
    await eventually(lambda: is_right_at(first))

    for one in (worker, web):
        await one.timelines.close()
    db.close()
