"""Everything in this process, with a clock that stands still until a test moves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.database.sqlite import SqliteDatabase
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.search.sqlite_fts import SqliteFts
from chirrup.engines.timelines.memory import MemoryTimelines
from chirrup.events import Event
from chirrup.ports import Engines, Tx
from chirrup.social import accounts
from chirrup.store import migrations, outbox
from chirrup.workers.subscribers import handle


class Clock:
    now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms

    def pass_s(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)


@asynccontextmanager
async def engines(folder: Path, clock: Clock) -> AsyncIterator[Engines]:
    db = SqliteDatabase(folder / "chirrup.db", search=SqliteFts(), outbox=outbox.append, clock=clock)
    await db.write(migrations.migrate)
    yield Engines(
        db=db, timelines=MemoryTimelines(), broker=MemoryBroker(), blobs=DiskBlobs(folder / "m"), limits=MemoryLimits()
    )
    db.close()


def sign_up(tx: Tx, name: str) -> int:
    """The id of a new account."""
    return accounts.create(tx, accounts.SignUp(name, f"{name}@example.com", "hash")).id


async def settle(engines: Engines) -> list[Event]:
    """Act on all that is in the outbox, and what follows from it, as a worker would; the events, in order."""
    acted_on: list[Event] = []
    while leased := await engines.db.write(outbox.lease, 100):
        for one in leased:
            await handle(engines, one.event)
            acted_on.append(one.event)
        await engines.db.write(outbox.finish, [one.id for one in leased])
    return acted_on
