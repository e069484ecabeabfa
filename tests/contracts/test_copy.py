"""Copying rows into every database: ports.Tx.copy."""

import pytest

from chirrup.errors import Invalid
from chirrup.ports import Database, Row, Tx

TABLE = "CREATE TABLE things (id BIGINT NOT NULL, small SMALLINT NOT NULL, word TEXT, PRIMARY KEY (id))"
ROWS: list[Row] = [(2**62, 1, "tab\tand\\line\nbreak, \"quotes\", 'ü' \\N"), (1, 0, None), (2, -1, ""), (3, 9, "\\.")]


@pytest.fixture
def db(db: Database) -> Database:
    db.write_now(lambda tx: tx.run(TABLE))
    return db


def put(tx: Tx, rows: list[Row]) -> None:
    tx.copy("things", ("id", "small", "word"), iter(rows))


def things(tx: Tx) -> list[Row]:
    return tx.all("SELECT id, small, word FROM things ORDER BY id")


def test_what_is_copied_in_comes_out_as_it_was(db: Database):
    db.write_now(put, ROWS)
    db.write_now(put, [])

    assert db.write_now(things) == sorted(ROWS)


def test_a_copy_belongs_to_its_transaction(db: Database):
    def fails(tx: Tx) -> None:
        put(tx, ROWS)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        db.write_now(fails)

    assert db.write_now(things) == []


def test_a_copy_of_a_key_that_is_taken_stores_nothing(db: Database):
    db.write_now(put, ROWS[:1])

    for wrong in (ROWS[0], (8, None, "no number")):
        with pytest.raises(Invalid, match="is in things twice, or is not as it must be there"):
            db.write_now(put, [(7, 1, "new"), wrong])

    assert db.write_now(things) == ROWS[:1]


def test_an_index_can_be_packed_and_everything_measured(db: Database):
    def operation(tx: Tx) -> None:
        tx.run(tx.sql.packed("things"))
        put(tx, ROWS)
        tx.run(tx.sql.measure)

    db.write_now(operation)

    assert len(db.write_now(things)) == len(ROWS)
