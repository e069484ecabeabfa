"""Helpers for tests of operations: accounts, and handling the outbox and jobs as a worker would."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from engines import outside

from chirrup.config import Settings
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.broker.redis import RedisBroker
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.timelines.memory import MemoryTimelines
from chirrup.engines.timelines.redis import RedisTimelines
from chirrup.ports import Database, Engines, Tx
from chirrup.social import accounts
from chirrup.social.accounts import SignUp
from chirrup.store import outbox, outbox_partitions
from chirrup.timelines.missed_pushes import MissedPushes
from chirrup.workers.jobs import Jobs, Kind
from chirrup.workers.kinds import kinds
from chirrup.workers.subscribers import handle


def person(tx: Tx, name: str, org_id: int = 0) -> int:
    """The id of a new account."""
    return accounts.create(tx, SignUp(name, f"{name}@example.com", "-", org_id=org_id)).id


async def people(db: Database, *names: str) -> list[int]:
    return [await db.write(person, name) for name in names]


async def settle(engines: Engines) -> None:
    """Act on all events in the outbox."""
    while leased := await engines.db.write(outbox.lease, 256):
        for one in leased:
            rest = one.event
            while rest:
                rest, failures = await handle(engines, rest)
                if failures:
                    raise failures[0].error
            await engines.db.write(outbox.finish, [one.id])  # at once: a reply waits for its parent's end


TOWN = Settings(url="https://town.example", title="Town", link_cards="never")


async def work_off(engines: Engines, known: Mapping[str, Kind] | None = None) -> None:
    """Run all jobs that are due, as a new worker would. known: the test's own kinds."""
    await Jobs(engines, kinds(TOWN) if known is None else known, lambda: outbox_partitions.ALL).work_off()


@pytest.fixture
async def engines(db: Database, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engines]:
    """All engines, in two profiles: SQLite with memory, and PostgreSQL with Redis."""
    if type(db).__name__ == "SqliteDatabase":
        timelines, broker = MemoryTimelines(), MemoryBroker()
    else:
        url = request.getfixturevalue("redis_url")
        timelines, broker = MissedPushes(RedisTimelines(url), db), RedisBroker(url)
    blobs, limits = DiskBlobs(tmp_path / "media"), MemoryLimits()
    yield Engines(db=db, timelines=timelines, broker=broker, blobs=blobs, limits=limits, **outside())
    await timelines.close()
    await broker.close()
