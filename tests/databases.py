"""Fixtures that run a test on every database. A test never asks which one it got."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import servers

from chirrup.engines.database.postgres import PostgresDatabase
from chirrup.engines.database.sqlite import SqliteDatabase
from chirrup.engines.search.postgres_fts import PostgresFts
from chirrup.engines.search.sqlite_fts import SqliteFts
from chirrup.ports import Database
from chirrup.store import distribute, migrations, outbox

OpenDatabase = Callable[..., Database]


class Clock:
    """A clock that moves only when a test moves it."""

    now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms


def open_database(url: str, **options: Any) -> Database:
    """url: sqlite:PATH or postgresql://…; options: of the engine."""
    options = {"outbox": outbox.append, **options}
    if url.startswith("sqlite:"):
        return SqliteDatabase(url.removeprefix("sqlite:"), search=SqliteFts(), **options)
    return PostgresDatabase(url, search=PostgresFts(), **options)


def migrated(url: str) -> str:
    db = open_database(url)
    migrations.migrate(db)
    if os.environ.get("CHIRRUP_TEST_CITUS") and not url.startswith("sqlite:"):
        distribute.distribute(db, shards=4)  # with 32 a database takes a minute to make
    db.close()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "chirrup.db"
    migrated(f"sqlite:{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: servers.Postgres) -> Iterator[str]:
    with postgres.database() as url:
        yield migrated(url).rsplit("/", 1)[1]


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database for this test, with the schema and no rows."""
    if request.param == "sqlite":
        yield f"sqlite:{shutil.copy(request.getfixturevalue('sqlite_template'), tmp_path / 'chirrup.db')}"
    else:
        postgres = request.getfixturevalue("postgres")
        template = request.getfixturevalue("postgres_template")
        made = postgres.database if os.environ.get("CHIRRUP_TEST_CITUS") else postgres.emptied
        with made(template) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    return f"sqlite:{tmp_path / 'empty.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_db(database_url: str, clock: Clock) -> Iterator[OpenDatabase]:
    """open_db(**options) opens this test's database. Each call is like another process."""
    opened: list[Database] = []

    def open_again(**options: Any) -> Database:
        opened.append(open_database(database_url, **{"clock": clock, **options}))
        return opened[-1]

    yield open_again
    for db in opened:
        db.close()


@pytest.fixture
def db(open_db: OpenDatabase) -> Database:
    return open_db()
