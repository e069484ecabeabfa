"""The schema's steps, in order. A step may be run again from its start: a kill in the middle harms nothing."""

from collections.abc import Callable

from ..ports import Tx
from . import schema

_VERSION = """
CREATE TABLE IF NOT EXISTS schema_version (
  id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id))
"""


def _create_missing(tx: Tx) -> None:
    """Tables and indexes that came later stand in schema.py with the others, and each is made where it is missing."""
    for statement in schema.statements(tx.sql.clustered):
        tx.run(statement)
    tx.search.create(tx)


def _add(table: str, column: str, definition: str) -> Callable[[Tx], None]:
    """A step that adds a column to a table of before. It stands in schema.py too, so a new database has it already.

    definition ends in DEFAULT …: the program of before does not name the column, and may run for a while yet.
    """

    def step(tx: Tx) -> None:
        if column not in {name for (name,) in tx.all(tx.sql.columns, table=table)}:
            tx.run(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")

    return step


def _may_be_null(table: str, column: str) -> Callable[[Tx], None]:
    """A step that lets a column of a table of before be NULL; as schema.py has it. Harmless when repeated."""

    def step(tx: Tx) -> None:
        tx.run(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")

    return step


STEPS = (
    _create_missing,  # the first schema
    _create_missing,  # workers and lanes
    _create_missing,  # media of deleted posts
    _add("outbox", "wide", "INTEGER NOT NULL DEFAULT 0"),
    _create_missing,  # loads
    _may_be_null("following", "languages"),
    _may_be_null("followers", "languages"),
)


def version(tx: Tx) -> int:
    """How many steps have been done here."""
    tx.run(_VERSION)
    row = tx.one("SELECT version FROM schema_version WHERE id = 1")
    return row[0] if row else 0


def migrate(tx: Tx) -> int:
    """Do the steps that are missing, all in one transaction; the version it ends with."""
    tx.all(tx.sql.lock_schema)
    done = version(tx)
    for step in STEPS[done:]:
        step(tx)
    tx.run(
        """INSERT INTO schema_version (id, version) VALUES (1, :version)
           ON CONFLICT (id) DO UPDATE SET version = excluded.version""",
        version=len(STEPS),
    )
    return len(STEPS)
