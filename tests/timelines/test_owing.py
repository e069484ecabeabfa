"""What timelines missed is on record: whoever noted it may die."""

from pathlib import Path

import servers
from databases import OpenDatabase
from engines import eventually

from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.timelines.redis import RedisTimelines
from chirrup.ids import ID_MAX
from chirrup.ports import Engines
from chirrup.store import behind
from chirrup.timelines import owing
from chirrup.timelines.owing import Owing

OWNER = 5 << 16


def process(open_db: OpenDatabase, url: str, folder: Path) -> Engines:
    db = open_db()
    return Engines(
        db=db,
        timelines=Owing(RedisTimelines(url), db),
        broker=MemoryBroker(),
        blobs=DiskBlobs(folder),
        limits=MemoryLimits(),
    )


async def home(one: Engines) -> list[int] | None:
    return await one.timelines.page("home", OWNER, before=ID_MAX, after=0, limit=20)


async def test_what_a_dead_process_has_noted_another_makes_up_for(
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
    await dies.timelines.close()
    assert await lives.db.read(behind.noted)

    async def made_up() -> bool:
        await owing.make_up(lives)
        return not await lives.db.read(behind.noted)

    await eventually(made_up)
    assert await home(lives) is None  # it is to be made from the database
    await lives.timelines.close()
