"""The schema's steps, in order. Each is its own transaction and may be run again: a kill in the middle harms nothing.

While the steps run, programs of before and after them read and write. So (docs/operate/postgres.md):

- A new table, or a new column with a DEFAULT, is harmless: the program of before does not name it. Other changes take
  two releases. The first stops using a column or table, the next one drops it; nothing is ever renamed.
- A new database gets all of schema.py at once; steps bring the others there. tests/faults/test_migrations.py compares.
- A new index on a table of before is an Index step: PostgreSQL builds it while others write.
- A step waits for a lock for LOCK_MS only, because all who come after it wait behind it. Then it lets them pass, and is
  tried again.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import structlog

from ..errors import Held
from ..ports import Database, Tx
from . import schema

LOCK_MS = 1_000
PATIENCE_S = 600.0  # for a lock that is never free, or for another process that migrates

log = structlog.get_logger()

VERSION = """
CREATE TABLE IF NOT EXISTS schema_version (
  id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id))
"""


class Index(NamedTuple):
    """A step that builds an index of schema.py on a table of before."""

    name: str


def _create_missing(tx: Tx) -> None:
    """Tables that came later stand in schema.py with the others, and each is made where it is missing."""
    there = {name for (name,) in tx.all(tx.sql.relations)}
    for statement in schema.statements(tx.sql.clustered):
        if schema.table_of(statement) not in there:  # with its indexes
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


def _drop_index(name: str) -> Callable[[Tx], None]:
    """A step that drops an index that no statement of this program uses. The program of before goes on more slowly."""

    def step(tx: Tx) -> None:
        tx.run(f"DROP INDEX IF EXISTS {name}")

    return step


def _nothing(tx: Tx) -> None:
    """A step of before that a later one makes needless."""


STEPS: tuple[Callable[[Tx], None] | Index, ...] = (
    _create_missing,  # the first schema
    _create_missing,  # workers and lanes
    _create_missing,  # media of deleted posts
    _add("outbox", "wide", "INTEGER NOT NULL DEFAULT 0"),
    _create_missing,  # loads
    _may_be_null("following", "languages"),
    _may_be_null("followers", "languages"),
    _create_missing,  # behind
    Index("media_released"),
    Index("followers_notified"),
    _nothing,  # the index posts_first, which posts_of_org takes the place of
    _drop_index("posts_public"),
    Index("posts_replied"),
    Index("media_post"),
    _add("thread_posts", "author_id", "BIGINT NOT NULL DEFAULT 0"),
    _add("thread_posts", "audience", "TEXT NOT NULL DEFAULT ''"),
    _add("post_versions", "descriptions", "TEXT NOT NULL DEFAULT '[]'"),
    _add("polls", "open_for_s", "BIGINT NOT NULL DEFAULT 0"),
    _create_missing,  # orgs and hosts
    _add("accounts", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    _add("accounts", "host", "TEXT NOT NULL DEFAULT ''"),
    _add("accounts", "uri", "TEXT NOT NULL DEFAULT ''"),
    _add("users", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    _add("posts", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    _add("oauth_apps", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    Index("accounts_of_org"),
    Index("posts_of_org"),
    _drop_index("posts_first"),
    _create_missing,  # jobs
    _add("media", "released_ms", "BIGINT NOT NULL DEFAULT 0"),
    Index("media_free"),
    _create_missing,  # missed_pushes
)


def version(tx: Tx) -> int:
    """How many steps have been done here."""
    row = tx.one("SELECT version FROM schema_version WHERE id = 1") if _has_version(tx) else None
    return row[0] if row else 0


def _has_version(tx: Tx) -> bool:
    return any(name == "schema_version" for (name,) in tx.all(tx.sql.relations))


def migrate(db: Database) -> int:
    """Do the steps that are missing; the version it ends with. Others may do the same at the same time.

    Raises Held: somebody held what it needed for PATIENCE_S.
    """
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            done = db.write_now(_go_on)
            while done < len(STEPS):
                if isinstance(step := STEPS[done], Index):
                    db.build_index(step.name, schema.index(step.name))
                done = db.write_now(_go_on, built=done)
        except Held as error:  # a lock is another's, or the other one who migrates is not done
            if time.monotonic() > give_up_at:
                raise
            log.info("the schema is not changed yet", why=error.message, version_wanted=len(STEPS))
            time.sleep(0.2)
        else:
            if done > len(STEPS):
                log.warning("the schema is newer than this program, which goes on", schema=done, known=len(STEPS))
            return done


def _go_on(tx: Tx, built: int = -1) -> int:
    """The next step, unless it is an Index that is not built; the version there is now."""
    done = version(tx)
    if done >= len(STEPS):
        return done
    if tx.one(tx.sql.lock_schema) != (1,):
        raise Held("another process changes the schema")
    tx.one(tx.sql.lock_patience, ms=LOCK_MS)
    tx.run(VERSION)
    done = version(tx)  # by now
    if done == 0:  # new here: all of it is in schema.py
        _create_missing(tx)
        return _write_version(tx, len(STEPS))
    if done >= len(STEPS):
        return done
    step = STEPS[done]
    if not isinstance(step, Index):
        step(tx)
    elif done != built:
        return done
    return _write_version(tx, done + 1)


def _write_version(tx: Tx, version: int) -> int:
    tx.run(
        """INSERT INTO schema_version (id, version) VALUES (1, :version)
           ON CONFLICT (id) DO UPDATE SET version = excluded.version""",
        version=version,
    )
    return version
