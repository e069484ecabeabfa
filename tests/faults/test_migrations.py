"""The schema changes while the old and the new program run, and `chirrup migrate` may be killed at any moment.

docs/operate/faults.md, R18; with CHIRRUP_ROUNDS set it is killed in every step. schema_1.sql is version 1's schema. The
steps must change it to the schema of schema/, and take nothing away that the old program reads or writes.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import citus_rules
import psycopg
import pytest
from client import ROOT, eventually
from databases import open_database

from chirrup.access import logins
from chirrup.errors import InvalidFields
from chirrup.ids import ID_MAX, bucket_of, bucket_of_text, made_at
from chirrup.ports import Database, Tx
from chirrup.social import accounts, discovery
from chirrup.social.accounts import SignUp
from chirrup.store import migrations, schema
from chirrup.timelines import pull
from chirrup.types import Span, Stranger

FIRST = (Path(__file__).parent / "schema_1.sql").read_text()
STATEMENTS = [one.strip() for one in re.sub(r"(?m)^--.*", "", FIRST).split(";") if one.strip()]
TABLES, _ = citus_rules.read_schema([one.replace("{clustered}", "") for one in STATEMENTS])


def make_first(tx: Tx) -> None:
    """A database as version 1 made it, without posts."""
    tx.run("CREATE TABLE schema_version (id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id))")
    tx.run("INSERT INTO schema_version (id, version) VALUES (1, 1)")
    for statement in STATEMENTS:
        tx.run(statement.replace("{clustered}", tx.sql.clustered))
    tx.search.create(tx)
    write_as_first(tx, 4097)


def insert_as_first(tx: Tx, table: str, *, end: str = "", **values: Any) -> int:
    """INSERT with the columns that the program of version 1 knows; how many rows. Columns without a value: 0 or ""."""
    columns = TABLES[table].columns
    row = {name: "" if kind == "TEXT" else 0 for name, kind in columns.items()} | values
    names, given = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    return tx.changed(f"INSERT INTO {table} ({names}) VALUES ({given}) {end}", **row)


def write_as_first(tx: Tx, id: int) -> None:
    """Write a row into every table."""
    assert {insert_as_first(tx, name, **row(name, id)) for name in TABLES} == {1}


def write_as_first_again(tx: Tx, id: int) -> None:
    """The same rows again: the unique keys that the old program names still find them."""
    for name, table in TABLES.items():
        for key in table.conflicts:
            end = f"ON CONFLICT ({', '.join(key)}) DO NOTHING"
            assert insert_as_first(tx, name, end=end, **row(name, id)) == 0


def row(table: str, id: int) -> dict[str, Any]:
    kinds = TABLES[table].columns
    values: dict[str, Any] = {name: f"{id}" if kind == "TEXT" else id for name, kind in kinds.items()}
    return values | ({"bucket": bucket_of(id)} if "bucket" in kinds else {})


def old_database(url: str) -> Database:
    db = open_database(url)
    db.write_now(make_first)
    return db


def columns(db: Database, tables: Iterable[str]) -> set[tuple[str, str]]:
    def read(tx: Tx) -> set[tuple[str, str]]:
        return {(table, name) for table in tables for (name,) in tx.all(tx.sql.columns, table=table)}

    return db.write_now(read)


def test_whatever_the_first_program_wrote_and_read_it_can_afterwards(empty_database_url: str):
    db = old_database(empty_database_url)
    try:
        before = columns(db, TABLES)

        assert migrations.migrate(db) == len(migrations.STEPS)

        assert before <= columns(db, TABLES)
        db.write_now(write_as_first, 8193)
        db.write_now(write_as_first_again, 8193)
    finally:
        db.close()


def test_what_the_program_before_organisations_writes_belongs_to_the_servers_own_network(empty_database_url: str):
    db = old_database(empty_database_url)
    ann, post = made_at(1_800_000_000_000, 0, 5), made_at(1_800_000_000_001, 0, 5)

    def sign_up_and_speak(tx: Tx) -> None:
        own: dict[str, Any] = {"account_id": ann, "bucket": 5}
        insert_as_first(tx, "accounts", id=ann, bucket=5, username="Ann", fields="[]", discoverable=1, indexable=1)
        insert_as_first(tx, "account_names", bucket=bucket_of_text("ann"), name="ann", account_id=ann)
        insert_as_first(tx, "emails", bucket=bucket_of_text("ann@a.example"), email="ann@a.example", account_id=ann)
        insert_as_first(tx, "users", **own, email="ann@a.example", password_hash="hash", confirmed_ms=1, approved=1)
        insert_as_first(tx, "account_counts", **own, posts=1)
        said: dict[str, Any] = {"id": post, "bucket": 5, "author_id": ann, "root_id": post, "visibility": "public"}
        insert_as_first(tx, "posts", **said, text="hello", mentions="[]", tags="[]", media_ids="[]")

    def shown(tx: Tx) -> list[Any]:
        stranger, newest = Stranger(0), Span(before=ID_MAX, limit=20)
        login = logins.look_up(tx, email="ann@a.example")
        found = [accounts.by_acct(tx, "ann", "town.example").id, login.account_id, *discovery.directory(tx, stranger)]
        return [*found, pull.public(tx, stranger, newest).items, pull.account(tx, stranger, ann, newest).items]

    def shown_elsewhere(tx: Tx) -> list[Any]:
        login = logins.look_up(tx, email="ann@a.example", org_id=7)
        listed = discovery.directory(tx, Stranger(7), org_id=7)
        return [login.account_id, *listed, *pull.public(tx, Stranger(7), Span(before=ID_MAX, limit=20), org_id=7).items]

    migrations.migrate(db)
    db.write_now(sign_up_and_speak)

    assert db.write_now(shown) == [ann, ann, ann, [post], [post]]
    assert db.write_now(shown_elsewhere) == [0]
    with pytest.raises(InvalidFields):
        db.write_now(accounts.create, SignUp("ann", "other@a.example", "-"))
    assert db.write_now(accounts.create, SignUp("ann", "ann@a.example", "-", org_id=7)).id != ann
    db.close()


def test_an_old_database_gets_all_that_a_new_one_has(empty_database_url: str):
    db = old_database(empty_database_url)
    try:
        migrations.migrate(db)

        tables, _ = citus_rules.read_schema(schema.statements(""))
        assert {(name, column) for name, table in tables.items() for column in table.columns} <= columns(db, tables)
        names = {re.split(r"EXISTS ", one)[1].split()[0] for one in schema.statements("")}
        assert names <= {name for (name,) in db.write_now(lambda tx: tx.all(tx.sql.relations))}
    finally:
        db.close()


def test_a_migration_waits_for_who_holds_a_table_and_lets_others_pass_meanwhile(postgres_url: str):
    """All later transactions wait behind a step that waits for a table lock."""
    db = old_database(postgres_url)
    with psycopg.connect(postgres_url) as holder, psycopg.connect(postgres_url, autocommit=True) as other:
        holder.execute("SELECT * FROM outbox")
        command = migrate_command(postgres_url)
        eventually(lambda: is_waiting(other), within_s=20)

        other.execute("SET statement_timeout = '5s'")
        for n in range(3):
            other.execute(f"UPDATE outbox SET attempts = {n}".encode())
        assert command.poll() is None
        holder.rollback()

        assert command.wait(20) == 0
    assert db.write_now(migrations.version) == len(migrations.STEPS)
    db.close()


EVERY = range(migrations.NUMBERED)  # as older programs remember them


@pytest.mark.parametrize("done", EVERY if os.environ.get("CHIRRUP_ROUNDS") else (0, 3, EVERY[-1]))
def test_a_migration_killed_in_a_step_is_finished_by_the_next_one(postgres_url: str, done: int):
    if done:
        db = old_database(postgres_url)
        do(db, list(migrations.STEPS.values())[:done])
        db.write_now(lambda tx: tx.run("UPDATE schema_version SET version = :done", done=done))
    else:
        db = open_database(postgres_url)
        db.write_now(lambda tx: tx.run(migrations.VERSION))
    with psycopg.connect(postgres_url) as holder, psycopg.connect(postgres_url, autocommit=True) as other:
        holder.execute("LOCK TABLE schema_version IN SHARE ROW EXCLUSIVE MODE")  # a step ends with writing it
        command = migrate_command(postgres_url)
        eventually(lambda: is_waiting(other), within_s=20)
        command.send_signal(signal.SIGKILL)
        command.wait()
    assert db.write_now(migrations.version) == done

    assert migrations.migrate(db) == len(migrations.STEPS)
    db.write_now(write_as_first, 8193)
    db.close()


def do(db: Database, steps: Iterable[Any]) -> None:
    for step in steps:
        if isinstance(step, migrations.Index):
            db.build_index(step.name, schema.index(step.name))
        else:
            db.write_now(step)


def migrate_command(url: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "chirrup", "migrate"],
        env=os.environ | {"CHIRRUP_DATABASE": url},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )


def is_waiting(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    """Whether a transaction waits for a lock on this database."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return connection.execute(query).fetchone() is not None
