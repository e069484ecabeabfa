"""The schema changes while the old and the new program run, and `chirrup migrate` may be killed at any moment.

docs/operate/faults.md, R18; with CHIRRUP_ROUNDS set it is killed in every step. schema_1.sql is version 1's schema. The
steps must change it to the schema of schema.py, and take nothing away that the old program reads or writes.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import citus_rules
import psycopg
import pytest
from client import ROOT, eventually
from databases import open_database

from chirrup.ports import Database, Tx
from chirrup.store import migrations, schema

FIRST = (Path(__file__).parent / "schema_1.sql").read_text()


def make_first(tx: Tx) -> None:
    """A database as version 1 made it, without posts."""
    tx.run("CREATE TABLE schema_version (id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id))")
    tx.run("INSERT INTO schema_version (id, version) VALUES (1, 1)")
    for statement in re.sub(r"(?m)^--.*", "", FIRST).replace("{clustered}", tx.sql.clustered).split(";"):
        if statement.strip():
            tx.run(statement)
    tx.search.create(tx)
    write_as_first(tx, 4097)


def write_as_first(tx: Tx, id: int) -> None:
    """Write what the program of version 1 wrote, into tables that have changed since."""
    tx.run("INSERT INTO outbox (id, bucket, body, lease_until, attempts) VALUES (:id, :id & 4095, '', 0, 0)", id=id)
    tx.run(
        """INSERT INTO following (bucket, account_id, target_id, id, show_boosts, notify, languages)
           VALUES (1, 4097, :id, :id, 1, 0, '')""",
        id=id,
    )


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
        tables = re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", FIRST)
        before = columns(db, tables)

        assert migrations.migrate(db) == len(migrations.STEPS)

        assert before <= columns(db, tables)
        db.write_now(write_as_first, 8193)
    finally:
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
