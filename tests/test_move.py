"""A town moves to another database, and back: every row arrives as it was, and nothing starts on half of it."""

import re
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import forkserver
import msgspec
import pytest
from client import eventually
from databases import open_database
from kit import person
from rich.console import Console
from rich.progress import Progress

from chirrup import app, move
from chirrup.config import Settings, load
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.errors import SettingsError
from chirrup.ids import BUCKETS, ID_MAX, bucket_of
from chirrup.ports import Database, Row, Tx
from chirrup.social import images, posts
from chirrup.store import loads, migrations, tables
from chirrup.types import Draft

pytestmark = pytest.mark.slow

QUIET = Console(quiet=True)
ODD = "tab\tand\\line\nbreak, \"quotes\", 'ü' 🐦 \\N \\. ,{}"
WORD = "moving"
_PAIR = re.compile(r"\b(\w+) (BIGINT|INTEGER|SMALLINT|TEXT)\b")


def settings(data: Path, database: str = "") -> Settings:
    return load({"data": data, "database": database or None, "testing": True}, environ={})


@pytest.fixture
def town(tmp_path: Path, sqlite_template: Path) -> Settings:
    """A town on SQLite with a row in every table."""
    (tmp_path / "data").mkdir()
    shutil.copy(sqlite_template, tmp_path / "data" / "chirrup.db")
    db = open_database(f"sqlite:{tmp_path / 'data' / 'chirrup.db'}")
    db.write_now(fill)
    db.close()
    return settings(tmp_path / "data")


def fill(tx: Tx) -> None:
    ann = person(tx, "ann")
    posts.publish(tx, ann, Draft(f"{WORD} house"))
    for table in tables.every().values():
        if table.name != "loads":
            tx.copy(table.name, table.columns, [row(table, number) for number in (1, 2)])


def row(table: tables.Table, number: int) -> Row:
    """The largest numbers and the oddest texts that there are."""
    id = (ID_MAX >> 16 << 16) - number * BUCKETS
    kinds = dict(columns(table.name))
    values: dict[str, Any] = {name: f"{number}{ODD}" if kind == "TEXT" else number for name, kind in kinds.items()}
    values |= {name: id for name, kind in kinds.items() if kind == "BIGINT"}
    if table.name in ("following", "followers"):
        values["languages"] = None
    if "bucket" in values:
        values["bucket"] = bucket_of(id)
    return tuple(values[name] for name in table.columns)


def columns(table: str) -> Iterable[tuple[str, str]]:
    from chirrup.store import schema

    made = next(one for one in schema.statements("") if one.startswith(f"CREATE TABLE IF NOT EXISTS {table} "))
    return (pair for pair in _PAIR.findall(made))


def content(url: str) -> dict[str, list[Row]]:
    db = open_database(url)
    with db.snapshot() as read:
        found = {one.name: sorted(read(one.rows), key=repr) for one in tables.every().values() if one.name != "loads"}
    db.close()
    return found


def finds(tx: Tx) -> int:
    return len(tx.search.find_posts(tx, WORD, author_id=0, before=ID_MAX, limit=10))


def test_every_column_of_the_schema_is_known(db: Database):
    for table in tables.every().values():
        there = {name for (name,) in db.write_now(lambda tx, name=table.name: tx.all(tx.sql.columns, table=name))}
        assert set(table.columns) == there
        assert set(table.key) <= there


def test_a_town_goes_to_postgresql_and_back_and_is_the_same(town: Settings, tmp_path: Path, postgres_url: str):
    before = content(town.database_url)
    assert all(before.values())

    move.run(town, postgres_url, QUIET)

    assert content(postgres_url) == before
    there = msgspec.structs.replace(town, database=postgres_url)
    with pytest.raises(SettingsError, match=r"this town was moved to postgresql://127\.0\.0\.1.*: start there"):
        app.build(town)
    app.build(there).health  # noqa: B018
    with pytest.raises(SettingsError, match=r"stop all servers, then add --stopped"):
        move.run(there, f"sqlite:{tmp_path / 'back.db'}", QUIET)
    with pytest.raises(SettingsError, match="there is a town in the new database already"):
        move.run(there, town.database_url, QUIET, stopped=True)

    move.run(there, f"sqlite:{tmp_path / 'back.db'}", QUIET, stopped=True)

    assert content(f"sqlite:{tmp_path / 'back.db'}") == before
    for url in (postgres_url, f"sqlite:{tmp_path / 'back.db'}"):
        db = open_database(url)
        assert db.write_now(finds) == 1
        db.close()


def test_what_the_new_database_refuses_is_told_and_the_move_goes_on_when_it_is_mended(
    town: Settings, postgres_url: str
):
    db = open_database(town.database_url)
    db.write_now(lambda tx: tx.run("UPDATE markers SET timeline = 'ho' || char(0) || 'me' WHERE version = 1"))

    with pytest.raises(SettingsError, match=r"the table markers cannot be copied: text must not have .* U\+0000"):
        move.run(town, postgres_url, QUIET)

    with pytest.raises(SettingsError, match="a town is being moved into this database and that is not finished"):
        app.build(msgspec.structs.replace(town, database=postgres_url))
    app.build(town).health  # noqa: B018
    db.write_now(lambda tx: tx.run("UPDATE markers SET timeline = 'home' WHERE version = 1"))
    db.write_now(lambda tx: tx.run("UPDATE accounts SET locked = locked + 1"))
    with pytest.raises(SettingsError, match="accounts has changed in the old database since this move was begun"):
        move.run(town, postgres_url, QUIET)  # else what was written meanwhile would be lost
    db.write_now(lambda tx: tx.run("UPDATE accounts SET locked = locked - 1"))
    db.close()
    move.run(town, postgres_url, QUIET)
    assert content(postgres_url) == content(town.database_url)


def test_a_move_that_is_killed_goes_on(town: Settings, tmp_path: Path, postgres_url: str):
    new = open_database(postgres_url)
    migrations.migrate(new)
    words, env = ("move", "--to", postgres_url), {"CHIRRUP_DATA": str(town.data), "PATH": ""}

    with (tmp_path / "log").open("wb") as log:
        process = forkserver.start(*words, env=env, out=log, err=log)
        eventually(lambda: new.write_now(loads.get, loads.MOVED_IN), within_s=30)
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    half = new.write_now(loads.get, loads.MOVED_IN)
    assert half and not half.finished
    new.close()
    done = forkserver.run(*words, env=env)

    assert done.returncode == 0 and "and compared each" in " ".join(done.stdout.split())
    assert content(postgres_url) == content(town.database_url)


def test_what_makes_no_sense_is_told(town: Settings, tmp_path: Path):
    for to, words in (
        (f"sqlite:{tmp_path / 'other.db'}", "both are SQLite"),
        (town.database_url, "in this database already"),
        ("mysql://x", "must be sqlite:PATH or postgresql"),
    ):
        with pytest.raises(SettingsError, match=words):
            move.run(town, to, QUIET)


def test_files_go_to_a_bucket_and_back_once(s3_settings: Settings, tmp_path: Path):
    disk, again = DiskBlobs(tmp_path / "one"), DiskBlobs(tmp_path / "two")
    bucket = app.open_blobs(s3_settings)
    keys = [images.new_key("png", number) for number in range(5)]
    for key in keys:
        disk.put(key, key.encode(), "image/png")

    with Progress(console=QUIET) as progress:
        move.copy_files(disk, bucket, progress)
        disk.put(keys[0], b"changed, which no file ever is", "image/png")
        move.copy_files(disk, bucket, progress)
        move.copy_files(bucket, again, progress)

    assert [again.get(key) for key in keys] == [(key.encode(), "image/png") for key in keys]
