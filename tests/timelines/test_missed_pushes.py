"""Missed pushes are on record, so the process that recorded them may die."""

from pathlib import Path

import servers
from databases import OpenDatabase
from engines import eventually, outside
from faults.proxy import Proxy
from kit import people

from chirrup.access import sites
from chirrup.access.caller import Caller
from chirrup.config import Settings
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.redis import RedisBroker
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.timelines.redis import RedisTimelines
from chirrup.ids import ID_MAX
from chirrup.ports import Engines
from chirrup.social import follows, posts
from chirrup.store import missed_pushes as rows
from chirrup.store import outbox
from chirrup.timelines import missed_pushes, read
from chirrup.timelines.missed_pushes import MissedPushes
from chirrup.types import Draft, Span, Viewer
from chirrup.workers.relay import Relay

OWNER = 5 << 16


def process(open_db: OpenDatabase, url: str, folder: Path) -> Engines:
    db = open_db()
    return Engines(
        db=db,
        timelines=MissedPushes(RedisTimelines(url), db),
        broker=RedisBroker(url),
        blobs=DiskBlobs(folder),
        limits=MemoryLimits(),
        **outside(),
    )


async def close(one: Engines) -> None:
    await one.timelines.close()
    await one.broker.close()


async def home(one: Engines) -> list[int] | None:
    return await one.timelines.page("home", OWNER, before=ID_MAX, after=0, limit=20)


async def test_another_process_makes_up_for_what_a_dead_one_recorded(
    open_db: OpenDatabase, redis_server: servers.Redis, tmp_path: Path
):
    redis_server.flush()
    dies, lives = (process(open_db, redis_server.url, tmp_path) for _ in range(2))
    rebuild = await lives.timelines.begin_rebuild("home", OWNER)
    assert rebuild
    await lives.timelines.warm("home", OWNER, rebuild, [3, 2, 1], complete=True)
    assert await home(lives) == [3, 2, 1]

    redis_server.pause()
    try:
        assert await dies.timelines.push("home", [OWNER], 4) == 0
    finally:
        redis_server.go_on()
    await close(dies)
    assert await lives.db.read(rows.noted)

    async def made_up() -> bool:
        await missed_pushes.make_up(lives)
        return not await lives.db.read(rows.noted)

    await eventually(made_up)
    assert await home(lives) is None  # it is to be made from the database
    await close(lives)


async def test_records_of_an_older_program_are_made_up_for(
    open_db: OpenDatabase, redis_server: servers.Redis, tmp_path: Path
):
    redis_server.flush()
    one = process(open_db, redis_server.url, tmp_path)
    gaps: list[None] = []
    await one.broker.listen(["user:1"], lambda *_: None, on_gap=lambda: gaps.append(None))
    rebuild = await one.timelines.begin_rebuild("home", OWNER)
    assert rebuild
    await one.timelines.warm("home", OWNER, rebuild, [3, 2, 1], complete=True)
    redis_server.pause()
    try:
        await one.timelines.push("home", [OWNER], 4)
    finally:
        redis_server.go_on()
    ((_, part),) = await one.db.read(rows.noted)
    old = [{"part": number} for number in (part, 1 << 20)]
    await one.db.write(lambda tx: tx.many("INSERT INTO behind (bucket, part, times) VALUES (0, :part, 1)", old))
    await one.db.write(rows.made_up_for, {(rows.TIMELINES, part): 1})

    async def made_up() -> bool:
        await missed_pushes.make_up(one)
        return not await one.db.read(rows.noted)

    await eventually(made_up)
    assert await home(one) is None

    async def told() -> bool:
        return bool(gaps)

    await eventually(told)
    await close(one)


async def test_streams_look_up_the_signals_that_a_dead_worker_could_not_send(
    open_db: OpenDatabase, redis_server: servers.Redis, tmp_path: Path
):
    redis_server.flush()
    lives = process(open_db, redis_server.url, tmp_path)
    gaps: list[None] = []
    await lives.broker.listen(["user:1"], lambda *_: None, on_gap=lambda: gaps.append(None))
    ann, bob = await people(lives.db, "ann", "bob")
    await lives.db.write(follows.follow, bob, ann)
    with Proxy(redis_server.url) as wire:
        dies = process(open_db, wire.url, tmp_path)
        await dies.broker.connect()
        wire.reset()  # only for that worker: streams hear the others, and see no gap
        await dies.db.write(posts.publish, ann, Draft(text="hello"))
        relay = Relay(dies)
        relay.start()

        async def acted() -> bool:
            return not await lives.db.read(outbox.waiting)

        await eventually(acted)
        await relay.stop()
        await close(dies)
    assert not gaps

    async def made_up() -> bool:
        await missed_pushes.make_up(lives)
        return not await lives.db.read(rows.noted)

    await eventually(made_up)

    async def told() -> bool:
        return bool(gaps)

    await eventually(told)
    await close(lives)


async def test_a_missed_drop_of_an_operation_is_recorded_and_the_operation_succeeds(
    open_db: OpenDatabase, redis_server: servers.Redis, tmp_path: Path
):
    redis_server.flush()
    one = process(open_db, redis_server.url, tmp_path)
    bob, ann = await people(one.db, "bob", "ann")
    post = await one.db.write(posts.publish, ann, Draft(text="hello"))
    caller = Caller(one, Settings(), Viewer(account_id=bob), "", sites.own(Settings()))
    assert await read.home(one, bob, Span(ID_MAX)) == []

    redis_server.pause()
    try:
        await caller.write(follows.follow, bob, ann)
        assert await read.home(one, bob, Span(ID_MAX)) == [post.id]
    finally:
        redis_server.go_on()
    assert await one.db.read(rows.noted)

    async def made_up() -> bool:
        await missed_pushes.make_up(one)
        return not await one.db.read(rows.noted)

    await eventually(made_up)
    assert await read.home(one, bob, Span(ID_MAX)) == [post.id]
    await close(one)
