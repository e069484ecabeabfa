"""The steps of the schema, in order. Each is its own transaction and may be run again, so a kill harms nothing.

While they run, the old and the new program read and write the database. So (docs/operate/postgres.md):

- A new table, or a new column with a DEFAULT, is harmless: the old program does not name it. Other changes take two
  releases. The first stops using a column or table, the next one drops it; nothing is ever renamed.
- A new database gets all of schema/ at once; steps update the others. tests/faults/test_migrations.py compares both.
- A new index on an existing table is an Index step: PostgreSQL builds it while others write.
- A step waits for a lock for LOCK_MS only, because everybody after it waits behind it. Then it lets them pass and is
  tried again.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import structlog

from ..errors import Held
from ..ports import Database, Tx
from . import audit, schema

LOCK_MS = 1_000
PATIENCE_S = 600.0  # for a lock that stays taken, or for another process that migrates

log = structlog.get_logger()

VERSION = """
CREATE TABLE IF NOT EXISTS schema_version (
  id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id))
"""
NAMES = "CREATE TABLE IF NOT EXISTS schema_steps (name TEXT NOT NULL, PRIMARY KEY (name))"


class Index(NamedTuple):
    """A step that builds an index of schema/ on an existing table."""

    name: str


def _create_missing(tx: Tx) -> None:
    """Create each table of schema/ that is missing."""
    there = {name for (name,) in tx.all(tx.sql.relations)}
    for statement in schema.statements(tx.sql.clustered):
        if schema.table_of(statement) not in there:  # with its indexes
            tx.run(statement)
    tx.search.create(tx)


def _add(table: str, column: str, definition: str) -> Callable[[Tx], None]:
    """A step that adds a column to an existing table. It must be in schema/ too, so a new database has it already.

    definition must end in DEFAULT …: the old program does not name the column, and may still run for a while.
    """

    def step(tx: Tx) -> None:
        if column not in {name for (name,) in tx.all(tx.sql.columns, table=table)}:
            tx.run(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")

    return step


def _may_be_null(table: str, column: str) -> Callable[[Tx], None]:
    """A step that lets an existing column be NULL, as in schema/. Harmless when repeated."""

    def step(tx: Tx) -> None:
        tx.run(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")

    return step


def _drop_index(name: str) -> Callable[[Tx], None]:
    """A step that drops an index which this program does not use. The old program becomes slower."""

    def step(tx: Tx) -> None:
        tx.run(f"DROP INDEX IF EXISTS {name}")

    return step


def _nothing(tx: Tx) -> None:
    """A step that a later one has made unnecessary."""


def _create_audit(tx: Tx) -> None:
    _create_missing(tx)
    audit.adopt(tx)


Step = Callable[[Tx], None] | Index
STEPS: dict[str, Step] = {  # by the name that a database remembers; new ones at the end
    "the first schema": _create_missing,
    "workers and lanes": _create_missing,
    "media of deleted posts": _create_missing,
    "outbox.wide": _add("outbox", "wide", "INTEGER NOT NULL DEFAULT 0"),
    "loads": _create_missing,
    "following.languages may be NULL": _may_be_null("following", "languages"),
    "followers.languages may be NULL": _may_be_null("followers", "languages"),
    "behind": _create_missing,
    "index media_released": Index("media_released"),
    "index followers_notified": Index("followers_notified"),
    "index posts_first": _nothing,  # replaced by posts_of_org
    "no index posts_public": _drop_index("posts_public"),
    "index posts_replied": Index("posts_replied"),
    "index media_post": Index("media_post"),
    "thread_posts.author_id": _add("thread_posts", "author_id", "BIGINT NOT NULL DEFAULT 0"),
    "thread_posts.audience": _add("thread_posts", "audience", "TEXT NOT NULL DEFAULT ''"),
    "post_versions.descriptions": _add("post_versions", "descriptions", "TEXT NOT NULL DEFAULT '[]'"),
    "polls.open_for_s": _add("polls", "open_for_s", "BIGINT NOT NULL DEFAULT 0"),
    "orgs and hosts": _create_missing,
    "accounts.org_id": _add("accounts", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    "accounts.host": _add("accounts", "host", "TEXT NOT NULL DEFAULT ''"),
    "accounts.uri": _add("accounts", "uri", "TEXT NOT NULL DEFAULT ''"),
    "users.org_id": _add("users", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    "posts.org_id": _add("posts", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    "oauth_apps.org_id": _add("oauth_apps", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    "index accounts_of_org": Index("accounts_of_org"),
    "index posts_of_org": Index("posts_of_org"),
    "no index posts_first": _drop_index("posts_first"),
    "jobs": _create_missing,
    "media.released_ms": _add("media", "released_ms", "BIGINT NOT NULL DEFAULT 0"),
    "index media_free": Index("media_free"),
    "missed_pushes": _create_missing,
    "drafts": _create_missing,
    "media.draft_id": _add("media", "draft_id", "BIGINT NOT NULL DEFAULT 0"),
    "notifications.group_id": _add("notifications", "group_id", "BIGINT NOT NULL DEFAULT 0"),
    "notifications.newest": _add("notifications", "newest", "INTEGER NOT NULL DEFAULT 1"),
    "notifications.members": _add("notifications", "members", "INTEGER NOT NULL DEFAULT 1"),
    "notifications.sample": _add("notifications", "sample", "TEXT NOT NULL DEFAULT ''"),
    "index notifications_newest": Index("notifications_newest"),
    "index notifications_about": Index("notifications_about"),
    "index notifications_group": Index("notifications_group"),
    "notifications.filtered": _add("notifications", "filtered", "INTEGER NOT NULL DEFAULT 0"),
    "index notifications_told": Index("notifications_told"),
    "index notifications_held": Index("notifications_held"),
    "index notifications_held_from": Index("notifications_held_from"),
    "no index notifications_order": _drop_index("notifications_order"),
    "policies and requests of notifications": _create_missing,
    "push_subscriptions": _create_missing,
    "quotes": _create_missing,
    "posts.quote_of_id": _add("posts", "quote_of_id", "BIGINT NOT NULL DEFAULT 0"),
    "posts.quote_revoked_ms": _add("posts", "quote_revoked_ms", "BIGINT NOT NULL DEFAULT 0"),
    "posts.quote_policy": _add("posts", "quote_policy", "TEXT NOT NULL DEFAULT ''"),
    "post_counts.quotes": _add("post_counts", "quotes", "BIGINT NOT NULL DEFAULT 0"),
    "users.quote_policy": _add("users", "quote_policy", "TEXT NOT NULL DEFAULT 'public'"),
    "filters": _create_missing,
    "accounts.filters_version": _add("accounts", "filters_version", "BIGINT NOT NULL DEFAULT 0"),
    "outbox.unfinished": _add("outbox", "unfinished", "INTEGER NOT NULL DEFAULT 0"),
    "outbox.left_to_newer_ms": _add("outbox", "left_to_newer_ms", "BIGINT NOT NULL DEFAULT 0"),
    "blocked_domains": _create_missing,
    "imports": _create_missing,
    "accounts.silenced_ms": _add("accounts", "silenced_ms", "BIGINT NOT NULL DEFAULT 0"),
    "accounts.sensitized_ms": _add("accounts", "sensitized_ms", "BIGINT NOT NULL DEFAULT 0"),
    "users.sign_up_ip": _add("users", "sign_up_ip", "TEXT NOT NULL DEFAULT ''"),
    "users.sign_up_reason": _add("users", "sign_up_reason", "TEXT NOT NULL DEFAULT ''"),
    "users.sign_up_app_id": _add("users", "sign_up_app_id", "BIGINT NOT NULL DEFAULT 0"),
    "users.gone_ms": _add("users", "gone_ms", "BIGINT NOT NULL DEFAULT 0"),
    "moderation_log.org_id": _add("moderation_log", "org_id", "BIGINT NOT NULL DEFAULT 0"),
    "moderation_log.target_kind": _add("moderation_log", "target_kind", "TEXT NOT NULL DEFAULT 'account'"),
    "moderation_log.target_name": _add("moderation_log", "target_name", "TEXT NOT NULL DEFAULT ''"),
    "reports and strikes": _create_missing,
    "index users_staff": Index("users_staff"),
    "index moderation_log_of_org": Index("moderation_log_of_org"),
    "second_factors": _create_missing,
    "passkeys": _create_missing,
    "archives": _create_missing,
    "media.state": _add("media", "state", "TEXT NOT NULL DEFAULT 'ready'"),
    "media.problem": _add("media", "problem", "TEXT NOT NULL DEFAULT ''"),
    "accounts.presentation": _add("accounts", "presentation", "TEXT NOT NULL DEFAULT ''"),
    "trends": _create_missing,
    "emojis": _create_missing,
    "announcements": _create_missing,
    "accounts.pending": _add("accounts", "pending", "INTEGER NOT NULL DEFAULT 0"),
    "imports.file_key": _add("imports", "file_key", "TEXT NOT NULL DEFAULT ''"),
    "imports.audience": _add("imports", "audience", "TEXT NOT NULL DEFAULT ''"),
    "imported_posts": _create_missing,
    "bans": _create_missing,
    "aliases and moves": _create_missing,
    "accounts.moved_to_id": _add("accounts", "moved_to_id", "BIGINT NOT NULL DEFAULT 0"),
    "collections": _create_missing,
    "reports.collection_ids": _add("reports", "collection_ids", "TEXT NOT NULL DEFAULT '[]'"),
    "index users_ip": Index("users_ip"),
    "annual_reports": _create_missing,
    "posts.link": _add("posts", "link", "TEXT NOT NULL DEFAULT ''"),
    "posts.card_id": _add("posts", "card_id", "BIGINT NOT NULL DEFAULT 0"),
    "index posts_link": Index("posts_link"),
    "links and cards": _create_missing,
    "trends.links": _add("trends", "links", "TEXT NOT NULL DEFAULT '[]'"),
    "trend_decisions": _create_missing,
    "trends.decisions": _add("trends", "decisions", "TEXT NOT NULL DEFAULT '{}'"),
    "audit": _create_audit,
    "orgs.settings": _add("orgs", "settings", "TEXT NOT NULL DEFAULT ''"),
    "holds and retention": _create_missing,
    "accounts.kind": _add("accounts", "kind", "TEXT NOT NULL DEFAULT ''"),
    "posts.audience_id": _add("posts", "audience_id", "BIGINT NOT NULL DEFAULT 0"),
    "rooms": _create_missing,
    "identities and directory_runs": _create_missing,
    "users.deactivated_ms": _add("users", "deactivated_ms", "BIGINT NOT NULL DEFAULT 0"),
    "users.compliance_by_id": _add("users", "compliance_by_id", "BIGINT NOT NULL DEFAULT 0"),
    "org_roles": _create_missing,
    "tokens.name": _add("tokens", "name", "TEXT NOT NULL DEFAULT ''"),
    "tokens.used_ms": _add("tokens", "used_ms", "BIGINT NOT NULL DEFAULT 0"),
    "scim": _create_missing,
    "directory_runs.read_ms": _add("directory_runs", "read_ms", "BIGINT NOT NULL DEFAULT 0"),
    "org_exports": _create_missing,
    "users.invite_id": _add("users", "invite_id", "BIGINT NOT NULL DEFAULT 0"),
    "account_counts.media_epoch": _add("account_counts", "media_epoch", "BIGINT NOT NULL DEFAULT 0"),
    "orgs.media_epoch": _add("orgs", "media_epoch", "BIGINT NOT NULL DEFAULT 0"),
    "index users_invited": Index("users_invited"),
    "invites": _create_missing,
    "domains": _create_missing,
    "mail": _create_missing,
    "orgs.closing_ms": _add("orgs", "closing_ms", "BIGINT NOT NULL DEFAULT 0"),
    "orgs.closing_note_id": _add("orgs", "closing_note_id", "BIGINT NOT NULL DEFAULT 0"),
    "orgs.ended_ms": _add("orgs", "ended_ms", "BIGINT NOT NULL DEFAULT 0"),
    "hooks in": _create_missing,
    "hooks out": _create_missing,
    "rules": _create_missing,
    "polls.limited": _add("polls", "limited", "INTEGER NOT NULL DEFAULT 0"),
    "acknowledgements": _create_missing,
    "mail in": _create_missing,
}
NUMBERED = 32  # older programs remembered only a number of steps, at most this


def done(tx: Tx) -> set[str]:
    """The names of the steps done in this database, including those that only a newer program knows."""
    tables = {name for (name,) in tx.all(tx.sql.relations)}
    names = {name for (name,) in tx.all("SELECT name FROM schema_steps")} if "schema_steps" in tables else set[str]()
    if names or "schema_version" not in tables:
        return names
    row = tx.one("SELECT version FROM schema_version WHERE id = 1")
    return set(list(STEPS)[: min(row[0], NUMBERED)]) if row else set()


def version(tx: Tx) -> int:
    """How many steps have been done in this database."""
    return len(done(tx))


def migrate(db: Database) -> int:
    """Do the missing steps; returns how many are done then. Other processes may call it at the same time.

    Raises Held: another transaction or process held a lock for PATIENCE_S.
    """
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            name = db.write_now(_go_on)
            while name:
                if isinstance(step := STEPS[name], Index):
                    db.build_index(step.name, schema.index(step.name))
                name = db.write_now(_go_on, built=name)
            known = db.write_now(done)
        except Held as error:  # another transaction has the lock, or another process migrates
            if time.monotonic() > give_up_at:
                raise
            log.info("the schema is not changed yet", why=error.message)
            time.sleep(0.2)
        else:
            if newer := known - STEPS.keys():
                log.warning("the schema is newer than this program, which goes on", newer=sorted(newer))
            return len(known)


def _go_on(tx: Tx, built: str = "") -> str:
    """Do the next step, unless it is an Index not built yet. Returns the name of the step after that; "": none."""
    if not _next(done(tx)):
        return ""
    if tx.one(tx.sql.lock_schema) != (1,):
        raise Held("another process changes the schema")
    tx.one(tx.sql.lock_patience, ms=LOCK_MS)
    tx.run(VERSION)
    tx.run(NAMES)
    names = done(tx)  # again, now with the lock
    if not names:  # a new database: schema/ has all of it
        _create_missing(tx)
        _remember(tx, set(STEPS))
        return ""
    name = _next(names)
    if not name:
        return ""
    step = STEPS[name]
    if not isinstance(step, Index):
        step(tx)
    elif name != built:
        return name
    _remember(tx, names | {name})
    return _next(names | {name})


def _next(names: set[str]) -> str:
    return next((name for name in STEPS if name not in names), "")


def _remember(tx: Tx, names: set[str]) -> None:
    """Store that these are done, and for older programs, which know only a number, how many of those they know."""
    tx.many(
        "INSERT INTO schema_steps (name) VALUES (:name) ON CONFLICT (name) DO NOTHING",
        [{"name": name} for name in sorted(names)],
    )
    tx.run(
        """INSERT INTO schema_version (id, version) VALUES (1, :version)
           ON CONFLICT (id) DO UPDATE SET version = excluded.version""",
        version=len(names.intersection(list(STEPS)[:NUMBERED])),
    )
