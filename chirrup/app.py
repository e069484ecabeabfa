"""The wiring: the one file that knows every engine. `build` makes a server, `serve` runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.response import Response

from .config import Settings
from .engines.blobs.disk import DiskBlobs
from .engines.broker.memory import MemoryBroker
from .engines.database.sqlite import SqliteDatabase
from .engines.limits.memory import MemoryLimits
from .engines.search.sqlite_fts import SqliteFts
from .engines.timelines.memory import MemoryTimelines
from .errors import SettingsError
from .http import server
from .http.auth import Authenticator
from .http.call import Services
from .http.render import Renderer
from .ports import Database, Engines
from .store import migrations, outbox
from .workers.relay import Relay

log = structlog.get_logger()


def open_database(settings: Settings) -> Database:
    """The database of the settings, with its schema up to date. Raises SettingsError."""
    url = settings.database_url
    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:")
        settings.data.mkdir(parents=True, exist_ok=True)
        db: Database = SqliteDatabase(path, search=SqliteFts(), outbox=outbox.append)
    else:
        raise SettingsError(f"database must be sqlite:PATH or postgresql://…, is {url[:60]!r}")
    db.write_now(migrations.migrate)
    return db


def open_engines(settings: Settings) -> Engines:
    return Engines(
        db=open_database(settings),
        timelines=MemoryTimelines(),
        broker=MemoryBroker(),
        blobs=DiskBlobs(settings.data / "media"),
        limits=MemoryLimits(),
    )


def build(settings: Settings, engines: Engines | None = None) -> Litestar:
    """The whole server as an ASGI application."""
    engines = engines or open_engines(settings)
    services = Services(engines=engines, settings=settings, render=Renderer(settings), auth=Authenticator(engines.db))

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        relay = Relay(engines)
        engines.db.on_commit = relay.wake
        relay.start()
        try:
            yield
        finally:
            await relay.stop()
            await engines.timelines.close()
            await engines.broker.close()
            engines.db.close()

    return Litestar(
        route_handlers=[*server.handlers(services)],
        lifespan=[running],
        exception_handlers={HTTPException: _http_error},
        openapi_config=None,
        logging_config=None,
    )


def _http_error(_: Any, error: HTTPException) -> Response[dict[str, str]]:
    """What the framework refuses itself: unknown paths, wrong methods, bodies too large."""
    words = {404: "Record not found", 405: "This method is not allowed here"}
    return Response(
        {"error": words.get(error.status_code, error.detail)}, status_code=error.status_code, headers=server.HEADERS
    )
