"""The server to measure: our own on SQLite, one in parts on PostgreSQL and Redis, or one that runs already."""

import asyncio
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import msgspec

from chirrup import config
from chirrup.app import open_database
from chirrup.config import Settings
from chirrup.ids import ms_of
from chirrup.ports import Database, Tx
from chirrup.store import outbox

from . import world


class Target(msgspec.Struct):
    port: int
    streams_port: int
    db: Database
    cost: Callable[[], float]  # seconds of CPU so far, of all processes; 0 if they cannot be seen
    memory_mib: Callable[[], float]  # of the process that answers requests; 0 likewise


@contextmanager
def embedded() -> Generator[Target]:
    with world.folder() as data, world.database(data) as db, world.chirrup_server(data) as server:
        yield Target(server.port, server.port, db, lambda: server.cpu_s, lambda: server.memory_mib)


@contextmanager
def boxes() -> Generator[Target]:
    """One process each of web, worker and stream."""
    from . import boxes as parts  # needs an installed PostgreSQL and Redis

    with parts.boxes() as several, several.roles(web=1, worker=1, stream=1):
        streams = next(server for role, server in several.running if role == "stream")
        db, web = open_database(several.settings), several.web
        try:
            yield Target(web.port, streams.port, db, lambda: sum(several.cost.values()), lambda: several.web.memory_mib)
        finally:
            db.close()


@contextmanager
def at(url: str) -> Generator[Target]:
    """A server on this machine. Its settings are in the environment, and accounts are made in its database."""
    settings: Settings = config.load({})
    db, port = open_database(settings), urlsplit(url).port or 80
    streams = urlsplit(settings.streaming_url).port or port
    try:
        yield Target(port, streams, db, lambda: 0.0, lambda: 0.0)
    finally:
        db.close()


def oldest_s(tx: Tx) -> float:
    """The age of the oldest event that was not handled yet; 0 without one."""
    oldest = outbox.oldest(tx)
    return max(0.001, (tx.now_ms - ms_of(oldest)) / 1000) if oldest else 0.0


async def drained(target: Target) -> None:
    """Returns once the outbox is empty."""
    while await target.db.read(oldest_s):  # noqa: ASYNC110 - looked at from outside
        await asyncio.sleep(0.01)


def own_cpu_s() -> float:
    used = os.times()
    return used.user + used.system
