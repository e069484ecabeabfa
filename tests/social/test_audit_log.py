"""The log of acts is a chain: whoever changes, removes, inserts or swaps an entry in the database leaves a trace."""

import asyncio
from typing import Any

import msgspec
import pytest
from databases import open_database

from chirrup.ids import ID_MAX
from chirrup.ports import Database, Tx
from chirrup.social import audit
from chirrup.store import migrations
from chirrup.types import AuditEntry, AuditHead, Span

ORG = 7 << 16


class Undone(Exception):
    pass


def note(tx: Tx, org_id: int, n: int) -> None:
    audit.note(tx, org_id, 5, "suspend", "account", 1000 + n, f"name{n}", f"words {n}")


async def noted(db: Database) -> None:
    for n in range(1, 7):
        for org_id in (0, ORG):
            await db.write(note, org_id, n)


SAME = "UPDATE audit SET {} WHERE bucket = 0 AND org_id = 0 AND id = {}"
GONE = "DELETE FROM audit WHERE bucket = 0 AND org_id = 0 AND id {}"
COPY = """INSERT INTO audit SELECT bucket, org_id, {}, at_ms, actor_id, action, target_kind, target_id, target_name,
            words, hash_before, hash FROM audit WHERE bucket = 0 AND org_id = 0 AND id = {}"""
HEAD = "UPDATE audit_heads SET {} WHERE bucket = 0 AND org_id = 0"
SWAPPED = [SAME.format("id = 99", 2), SAME.format("id = 2", 5), SAME.format("id = 5", 99)]

TAMPERED: dict[str, tuple[list[str], list[int]]] = {  # what is done to the rows -> which entries are named
    "words": ([SAME.format("words = 'words 33'", 3)], [3]),
    "who": ([SAME.format("actor_id = 6", 1)], [1]),
    "when": ([SAME.format("at_ms = at_ms + 1", 6)], [6]),
    "hash": ([SAME.format("hash = 'abc'", 3)], [3]),
    "hash of the newest": ([SAME.format("hash = 'abc'", 6)], [6]),
    "one gone": ([GONE.format("= 3")], [3]),
    "the first ones gone": ([GONE.format("< 3")], [1]),
    "the end gone": ([GONE.format("> 4")], [5]),
    "all gone": ([GONE.format("> 0")], [1]),
    "one more at the end": ([COPY.format(7, 6)], [7]),
    "one more before the first": ([COPY.format(0, 1)], [0]),
    "swapped": (SWAPPED, [2, 5]),
    "another organisation's": ([SAME.format("org_id = 8", 3)], [3]),
    "numbered anew": ([GONE.format("= 3"), *(SAME.format(f"id = {n - 1}", n) for n in (4, 5, 6))], [3, 4, 5, 6]),
}


def replaced(tx: Tx) -> None:
    """An entry, with the hash that fits."""
    (entry,) = audit.page(tx, 0, Span(4, after=2))
    other = msgspec.structs.replace(entry, words="no words")
    tx.run(SAME.format("words = :words, hash = :hash", 3), words=other.words, hash=other.digest())
    raise Undone(audit.verify(tx, 0))


def tampered(tx: Tx, statements: list[str]) -> None:
    for statement in statements:
        tx.run(statement)
    raise Undone(audit.verify(tx, 0), audit.verify(tx, ORG))


async def test_verify_names_what_was_changed_removed_inserted_or_swapped(db: Database):
    await noted(db)
    as_written = await db.read(audit.verify, 0)
    assert (as_written.entries, as_written.faults) == (6, {})

    for name, (statements, expected) in TAMPERED.items():
        with pytest.raises(Undone) as undone:
            await db.write(tampered, statements)
        found, elsewhere = undone.value.args
        assert [*found.faults] == expected, (name, found.faults)
        assert elsewhere.faults == {}, name
    with pytest.raises(Undone) as undone:
        await db.write(replaced)
    assert [*undone.value.args[0].faults] == [3]
    assert (await db.read(audit.verify, 0)) == as_written


def written_anew(tx: Tx, kept: AuditHead) -> Any:
    """Somebody who knows the code cuts the end off, and makes another one."""
    tx.run(GONE.format("> 4"))
    hash = tx.one("SELECT hash FROM audit WHERE bucket = 0 AND org_id = 0 AND id = 4")
    tx.run(HEAD.format("id = 4, hash = :hash"), hash=hash[0] if hash else "")
    cut = audit.verify(tx, 0), audit.verify(tx, 0, kept)
    note(tx, 0, 55)
    note(tx, 0, 66)
    raise Undone(*cut, audit.verify(tx, 0), audit.verify(tx, 0, kept))


async def test_a_hash_that_was_kept_elsewhere_proves_that_the_end_was_cut_off_or_written_anew(db: Database):
    await noted(db)
    kept = await db.read(audit.head, 0)
    assert kept.id == 6
    await db.write(note, 0, 7)
    assert (await db.read(audit.verify, 0, kept)).faults == {}

    with pytest.raises(Undone) as undone:
        await db.write(written_anew, kept)
    found = [[*verdict.faults] for verdict in undone.value.args]

    assert found == [[], [6], [], [6]]


async def test_acts_at_the_same_time_follow_each_other(db: Database):
    await asyncio.gather(*(db.write(note, org_id, n) for n in range(20) for org_id in (0, ORG)))

    for org_id in (0, ORG):
        found = await db.read(audit.verify, org_id)
        assert (found.entries, found.newest.id, found.faults) == (20, 20, {})
        entries = await db.read(audit.page, org_id, Span(ID_MAX, limit=40))
        assert [one.id for one in entries] == [*range(20, 0, -1)]
        assert {one.target_id for one in entries} == {1000 + n for n in range(20)}


def log_as_before(tx: Tx) -> None:
    for n, org_id in ((1, 0), (2, ORG), (3, 0)):
        tx.run(
            """INSERT INTO moderation_log (bucket, target_id, id, actor_id, action, words, org_id, target_kind,
                 target_name) VALUES (0, :n, :id, 5, 'suspend', 'spam', :org, 'account', 'eve')""",
            n=n,
            id=n << 16,
            org=org_id,
        )
    for table in ("audit", "audit_heads"):
        tx.run(f"DROP TABLE {table}")
    tx.run("DELETE FROM schema_steps WHERE name = 'audit'")


async def test_the_log_of_a_program_before_is_taken_over(database_url: str):
    db = open_database(database_url)
    try:
        db.write_now(log_as_before)

        migrations.migrate(db)

        found = db.write_now(audit.page, 0, Span(ID_MAX))
        assert [(one.id, one.at_ms, one.target_id) for one in found] == [(2, 3, 3), (1, 1, 1)]
        assert found[0] == AuditEntry(
            0, 2, 3, 5, "suspend", "account", 3, "eve", "spam", found[1].hash, found[0].digest()
        )
        assert db.write_now(audit.verify, 0).faults == db.write_now(audit.verify, ORG).faults == {}
        assert [one.target_id for one in db.write_now(audit.about, ORG, 2, 9)] == [2]
    finally:
        db.close()
