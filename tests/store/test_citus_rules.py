"""The schema and every SQL statement fit Citus: they are read from the source, nothing is run (citus_rules.py).

When this test fails for a statement you wrote: pin `bucket = :bucket` for every table in it, or join `a.bucket =
b.bucket`; or look rows up by a list of ids with tx.sql.ids_in. If it must go to all shards, say why in FANOUT.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import citus_rules
import pytest
from citus_rules import Registry, Schema
from collect_sql import PACKAGE, Statement, Unclear, calls, collect, collect_from

from chirrup.engines.postgres import sql
from chirrup.engines.search import postgres_fts
from chirrup.store import moderation, posts, reactions, reports, schema, scim, search
from chirrup.types import Span

# Statements that use every shard, and the reason. All others use one shard, or the shards of a list.
FANOUT = {
    "store/acks.py:page_of_org": "a person looks at what is asked for in the organisation: an index of those few alone",
    "store/approvals.py:page_of_org": "likewise, at what is to be decided",
    "store/identities.py:page": "a job that reads a directory: all that it has brought, every 15 minutes",
    "store/accounts.py:oldest_id": "housekeeping, six times in an hour: one row of each shard",
    "store/accounts.py:page": "administrators look through the accounts",
    "store/members.py:by_invite": "a person looks who came by an invitation: an index of those few alone",
    "store/members.py:count_with_role": "before a role is removed: an index of those few alone",
    "store/members.py:staff": "whom reports are told to: an index of those few alone",
    "store/audit.py:adopt": "once, when the schema changes",
    "store/bans.py:of_addresses": "each process once a minute, by an index of those few alone",
    "store/bans.py:delete_over": "daily housekeeping, by an index of those few alone",
    "store/bans.py:forget_tries": "daily housekeeping: what is counted for a week",
    "store/discovery.py:latest_speakers": "the directory of people, first page; not read at every visit",
    "store/discovery.py:newest_accounts": "the directory of people, first page; not read at every visit",
    "store/leaving.py:asked": "an account that goes, once: whom it has asked lies anywhere",
    "store/leaving.py:forget_elsewhere": "an account that goes, once: what others keep about it lies anywhere",
    "store/posts.py:ids_with_link": "posts with a link, once a page was fetched or a post lost its link: one index",
    "store/jobs.py:any_due": "the look for what is due, wherever it is",
    "store/jobs.py:due": "the sweep that finds what is due, wherever it is",
    "store/jobs.py:counts": "a figure for the people who run the server",
    "store/jobs.py:oldest_event": "how far work has come: the few reactions that are tried again, mostly none",
    "store/jobs.py:page": "a person looks at jobs",
    "store/jobs.py:set_aside_except": "once, in a copy or after a restore, while no worker runs",
    "store/jobs.py:release_all": "at the start of a server that is alone on its database",
    "store/mail_in.py:held": "staff look at the mails that wait for them: an index of those few alone",
    "store/mail_in.py:old": "daily housekeeping",
    "store/measures.py:sign_ups": "figures for staff, who look seldom",
    "store/measures.py:authors": "figures for staff, who look seldom",
    "store/measures.py:all_authors": "figures for staff, who look seldom",
    "store/measures.py:answers": "figures for staff, who look seldom",
    "store/measures.py:favourites": "figures for staff, who look seldom",
    "store/measures.py:reports": "figures for staff, who look seldom",
    "store/measures.py:resolved": "figures for staff, who look seldom",
    "store/measures.py:languages": "figures for staff, who look seldom",
    "store/measures.py:sources": "figures for staff, who look seldom",
    "store/measures.py:media_bytes": "figures for staff, who look seldom",
    "store/measures.py:days_of_authors": "figures for staff, who look seldom",
    "store/media.py:adopt_released": "hourly housekeeping, by an index of what a program of before has released",
    "store/media.py:released": "hourly housekeeping, by an index of those whose post was deleted",
    "store/media.py:unattached": "hourly housekeeping, by an index of those that no post took",
    "store/moderation.py:forget_ips": "daily housekeeping, by an index of those that have one",
    "store/moderation.py:page": "administrators look through the accounts",
    "store/orgs.py:page": "a person who runs the server looks through the organisations",
    "store/rooms.py:page": "a person looks through the rooms of their organisation",
    "store/outbox.py:give_back_lost": "once, when the database has been away: what was leased then may be anywhere",
    "store/outbox.py:failures": "a person looks at what could not be acted on",
    "store/outbox.py:failed": "a figure for the people who run the server",
    "store/outbox.py:lease": "the sweep that finds what is due, wherever it is",
    "store/outbox.py:left_to_newer": "a figure for the people who run the server",
    "store/outbox.py:newer": "a person looks at what waits for a newer version",
    "store/outbox.py:oldest": "how far work has come: one row of each",
    "store/outbox.py:release_all": "at the start of a server that is alone on its database",
    "store/outbox.py:waiting": "a figure for the people who run the server",
    "store/polls.py:due": "housekeeping, by an index of polls that are open",
    "store/posts.py:deleted_between": "some seconds of all shards, for a reader who comes back to a busy stream",
    "store/posts.py:newest_of_all": "once, when a process starts",
    "store/posts.py:forget_keys": "daily housekeeping, by an index of their age",
    "store/posts.py:ids_public": "the public timeline: the newest of every shard",
    "store/recount.py:ids": "a command goes through all of them; doctor looks at the newest",
    "store/reports.py:page": "staff look through the reports",
    "store/retention.py:orgs": "once a day, a short table",
    "store/rules.py:orgs_with_any": "each worker once a minute, and when rules change: a short table",
    "store/search.py:newest": "the newest posts, when somebody searches by operators without a word",
    "store/invites.py:withdraw_all": "a command that logs everybody out",
    "store/scim.py:delete_tokens": "a command that logs everybody out",
    "store/hooks_in.py:end_tokens": "a command that logs everybody out",
    "store/hooks_out.py:all_on": "each worker once a minute, and after a change: the few hooks that there are",
    "store/sessions.py:delete_expired": "daily housekeeping, by an index of their age",
    "store/sessions.py:delete_links_expired": "daily housekeeping, by an index of their age",
    "store/strikes.py:appealed": "staff look through the appeals, by an index of those that wait",
    "store/tags.py:beginning": "hashtags by how they begin lie on every shard",
    "store/blocks_and_mutes.py:mutes_over": "housekeeping, by an index of mutes that end",
    "store/tokens.py:delete_codes_expired": "daily housekeeping, by an index of their age",
    "store/tokens.py:delete_of_apps": "a command that logs everybody out",
    "store/tokens.py:holders": "a command that logs everybody out",
    "store/usage.py:people": "a figure about the whole server, kept for a while by who asks",
    "store/usage.py:said": "a figure about the whole server, kept for a while by who asks",
    "store/usage.py:posts": "a figure about the whole server, kept for a while by who asks",
    "engines/search/postgres_fts.py:find_accounts": "words lie on every shard",
    "engines/search/postgres_fts.py:find_posts": "words lie on every shard, unless one author's posts are asked for",
}

# Modules whose statements are made for every table of the schema, and read all of it.
WHOLE = {
    "redate.py": "a command, while all servers are stopped",
    "closing.py": "all rows of one organisation, in a job, once",
    "belonging.py": "all rows of one organisation, for exports",
    "tables.py": "whole tables, for commands while all servers are stopped",
}

# Pages in an order without a key may use OFFSET.
OFFSET = {"engines/search/postgres_fts.py:find_accounts", "store/scim.py:page", "store/tags.py:beginning"}

# Values of parameters that statements are built from: by name, or for one file "store/posts.py:name".
STAND_INS: dict[str, list[Any]] = {
    "span": [Span(before=1), Span(before=1, oldest=True)],
    "store/reactions.py:mark": list(reactions.MARKS),
    "store/reactions.py:MARKS": [{mark: table or "favourited_by" for mark, table in reactions.MARKS.items()}],
    "store/moderation.py:conditions": [[], list(moderation.CONDITIONS)],
    "store/reports.py:asked": [[], list(reports.OF_REPORTS)],
    "store/scim.py:column": list(scim.EQUAL),
    "store/recount.py:table": ["accounts", "posts", "polls"],
    "store/search.py:where": ["1 = 1", " AND ".join(search.CONDITIONS.values())],
    "store/posts.py:where": ["1 = 1", " AND ".join(posts.OF_AUTHOR.values())],
    "store/posts.py:only_media": [False, True],
    "store/notifications.py:from_id": [0, 1],
    "store/migrations.py:name": ["posts_first"],
    "store/migrations.py:table": ["outbox"],
    "store/migrations.py:column": ["later"],
    "store/migrations.py:definition": ["INTEGER NOT NULL DEFAULT 0"],
}


class _FakeTx:
    """Replaces tx in a statement's source, and provides its phrases."""

    sql = sql.PHRASES


class _ShardedTx:
    """_FakeTx for Citus, where ids_in() names the shards as well."""

    sql = sql.SHARDED


def files() -> list[Path]:
    """Every module that has SQL in it; SQLite's own search is never on Citus, and WHOLE goes through all of it."""
    stores = sorted(file for file in (PACKAGE / "store").glob("*.py") if file.name not in WHOLE)
    return [*stores, PACKAGE / "engines/search/postgres_fts.py"]


def statements() -> Iterator[Statement]:
    for file in files():
        yield from collect(file, {"tx": [_ShardedTx], **STAND_INS})


REGISTRY: Registry = {**schema.TABLES, **postgres_fts.TABLES}
CATALOGUE: Registry = dict.fromkeys(  # of PostgreSQL and Citus: each machine has its own
    ("columns", "pg_class", "pg_extension", "pg_stat_activity", "pg_dist_partition", "pg_dist_node"), "reference"
)


@pytest.fixture(scope="module")
def found() -> list[Statement]:
    return list(statements())


@pytest.fixture(scope="module")
def tables(found: list[Statement]) -> Schema:
    created, wrong = citus_rules.read_schema(one.sql for one in found if _creates(one))
    assert not wrong, "\n".join(wrong)
    return created


def _creates(one: Statement) -> bool:
    return one.sql.split()[0] == "CREATE"


def test_every_table_is_made_for_shards(tables: Schema):
    breaches = list(citus_rules.check_schema(tables, REGISTRY))

    assert not breaches, "\n".join(breaches)


def test_every_statement_is_made_for_shards(found: list[Statement], tables: Schema):
    breaches: dict[str, str] = {}  # one of the variants of a statement is enough
    for one in found:
        if _creates(one) or one.sql.startswith(("ALTER INDEX ", "DROP INDEX ")):  # which Citus does on every shard
            continue
        kind, wrong = citus_rules.check(one.sql, tables, REGISTRY | CATALOGUE, may_skip=one.place in OFFSET)
        if kind == "fanout" and one.place not in FANOUT:
            wrong.append(
                "goes to every shard: pin `bucket = :bucket` for every table, or look up by a list of ids that the "
                "bucket is taken from, with tx.sql.ids_in (is_in asks every shard for them), or by a list of buckets; "
                f'if it must, give the reason in FANOUT here: "{one.place}": "…"'
            )
        for breach in wrong:
            breaches.setdefault(f"{one.place}{one.line}{breach}", f"{one}\n      {breach}")

    assert not breaches, "\n\n" + "\n\n".join(breaches.values())


def test_exceptions_are_still_needed(found: list[Statement], tables: Schema):
    checked = [(one, citus_rules.check(one.sql, tables, REGISTRY | CATALOGUE)) for one in found if not _creates(one)]

    assert FANOUT.keys() - {one.place for one, (kind, _) in checked if kind == "fanout"} == set()
    assert OFFSET - {one.place for one, (_, breaches) in checked if any("OFFSET" in b for b in breaches)} == set()


def test_sql_is_in_the_store_only():
    known = {*(PACKAGE / "store").glob("*.py"), *(PACKAGE / "engines").rglob("*.py")}
    for file in PACKAGE.rglob("*.py"):
        if file not in known:
            lines = [call.lineno for call in calls(ast.parse(file.read_text()))]
            assert not lines, f"{file}: SQL in lines {lines}; make it a function in store/"


# the rules themselves: each can fail

SMALL = [
    "CREATE TABLE posts (id BIGINT NOT NULL, bucket INTEGER NOT NULL, author_id BIGINT NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY (id, bucket), CHECK (bucket = (id & 4095)))",
    "CREATE TABLE marks (bucket INTEGER NOT NULL, account_id BIGINT NOT NULL, post_id BIGINT NOT NULL,"
    " n BIGINT NOT NULL, PRIMARY KEY (bucket, account_id, post_id))",
    "CREATE UNIQUE INDEX marks_n ON marks (n, bucket)",
    "CREATE TABLE apps (id BIGINT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (id))",
]
SMALL_REGISTRY = {"posts": "id (the author's)", "marks": "account_id, or another", "apps": "reference"}


@pytest.fixture(scope="module")
def small() -> Schema:
    created, wrong = citus_rules.read_schema(SMALL)
    assert not wrong
    assert list(citus_rules.check_schema(created, SMALL_REGISTRY)) == []
    return created


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("apps (id", "clients (id"), "clients: not in TABLES"),
        (("apps (id", "clients (id"), "apps: in TABLES (store/schema/), but no statement creates it"),
        (("bucket INTEGER NOT NULL, author_id", "author_id"), "posts: needs `bucket INTEGER NOT NULL`"),
        (("bucket INTEGER NOT NULL, author_id", "bucket BIGINT NOT NULL, author_id"), "posts: needs `bucket INTEGER"),
        (("bucket INTEGER NOT NULL, author_id", "bucket INTEGER, author_id"), "posts: needs `bucket INTEGER NOT NULL`"),
        (("n BIGINT NOT NULL", "n BIGINT"), "marks: n must be NOT NULL"),
        (("text TEXT", "text JSONB"), "posts: text is JSONB; types are"),
        (("n BIGINT NOT", "n BIGINT GENERATED ALWAYS AS (post_id) STORED NOT"), "marks: n is BIGINT "),
        (("n BIGINT NOT", "n BIGSERIAL NOT"), "marks: n is BIGSERIAL"),
        ((" PRIMARY KEY (id, bucket),", ""), "posts: needs a PRIMARY KEY"),
        (("PRIMARY KEY (id, bucket)", "PRIMARY KEY (id)"), "posts: the unique key (id) must include bucket"),
        (
            ("PRIMARY KEY (id, bucket)", "PRIMARY KEY (bucket, id)"),
            "posts: its PRIMARY KEY (bucket, id) must begin with",
        ),
        (("ON marks (n, bucket)", "ON marks (n)"), "marks: the unique key (n) must include bucket"),
        (("n BIGINT NOT NULL,", "n BIGINT NOT NULL, UNIQUE (n),"), "marks: the unique key (n) must include bucket"),
        (("n BIGINT NOT NULL", "n BIGINT NOT NULL UNIQUE"), "marks: the unique key (n) must include bucket"),
        ((", CHECK (bucket = (id & 4095))", ""), "posts: needs CHECK (bucket = (id & 4095))"),
        (("id & 4095", "id & 1023"), "posts: needs CHECK (bucket = (id & 4095))"),
        (("account_id", "owner_id"), "marks: TABLES says the bucket is taken from account_id, which is no column"),
        (("n BIGINT NOT NULL", "n BIGINT NOT NULL REFERENCES apps (id)"), "marks: no foreign keys"),
        (("n BIGINT NOT NULL,", "n BIGINT NOT NULL, FOREIGN KEY (n) REFERENCES apps (id),"), "marks: no foreign keys"),
        (("name TEXT", "bucket INTEGER"), "apps: a reference table has no bucket"),
        (("CREATE UNIQUE INDEX marks_n ON marks (n, bucket)", "CREATE SEQUENCE numbers"), "only tables and indexes"),
    ],
)
def test_a_table_that_does_not_fit_is_named(change: tuple[str, str], expected: str):
    tables, wrong = citus_rules.read_schema(sql.replace(*change) for sql in SMALL)

    assert any(breach.startswith(expected) for breach in [*citus_rules.check_schema(tables, SMALL_REGISTRY), *wrong])


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", "router"),
        ("SELECT * FROM apps WHERE name = :name", "router"),
        ("SELECT * FROM posts WHERE bucket = :b AND id = :id", "router"),
        ("SELECT * FROM posts WHERE (id = :id) AND (text = '' AND (bucket = 5))", "router"),
        ("SELECT * FROM posts WHERE id = :id", "fanout"),
        ("SELECT * FROM posts WHERE bucket = :b OR id = :id", "fanout"),
        ("SELECT * FROM posts WHERE bucket > :b", "fanout"),
        ("SELECT * FROM posts WHERE NOT bucket = :b", "fanout"),
        ("SELECT * FROM posts WHERE id = ANY(:ids)", "fanout"),
        ("SELECT * FROM posts WHERE (id = ANY(:ids) AND bucket = ANY(:buckets))", "multi"),
        ("SELECT * FROM posts WHERE id IN (:a, :b)", "fanout"),
        ("SELECT * FROM posts WHERE bucket IN (:a, :b)", "multi"),
        ("SELECT * FROM posts WHERE author_id = ANY(:ids)", "fanout"),
        ("SELECT * FROM posts WHERE bucket = ANY(:buckets)", "multi"),
        ("SELECT * FROM posts WHERE bucket = :b AND id = ANY(:ids)", "router"),
        ("SELECT * FROM marks WHERE account_id = ANY(:ids)", "fanout"),
        ("SELECT * FROM marks WHERE post_id = ANY(:ids)", "fanout"),
        ("SELECT * FROM posts p JOIN marks m ON m.bucket = p.bucket WHERE p.bucket = :b", "router"),
        ("SELECT * FROM posts p JOIN marks m ON m.bucket = p.bucket WHERE m.bucket = :b", "router"),
        ("SELECT * FROM posts p JOIN marks m ON m.bucket = :b WHERE p.bucket = :b", "router"),
        ("SELECT * FROM posts p LEFT JOIN marks m ON m.bucket = p.bucket WHERE p.bucket = :b", "router"),
        ("SELECT * FROM posts p LEFT JOIN marks m ON m.bucket = p.bucket AND p.bucket = :b", "fanout"),
        ("SELECT * FROM posts p JOIN marks m ON m.bucket = p.bucket WHERE p.id = ANY(:ids)", "fanout"),
        ("SELECT * FROM posts p JOIN marks m ON m.bucket = p.bucket WHERE p.bucket = ANY(:buckets)", "multi"),
        ("SELECT * FROM posts p JOIN apps a ON a.id = p.author_id WHERE p.bucket = :b", "router"),
        ("SELECT * FROM marks WHERE bucket = :b UNION ALL SELECT * FROM marks", "fanout"),
        ("SELECT * FROM marks WHERE bucket = :b AND post_id IN (SELECT id FROM posts WHERE bucket = :b)", "router"),
        ("SELECT * FROM marks WHERE bucket = :b AND post_id IN (SELECT id FROM posts)", "fanout"),
        ("SELECT 1 FROM posts p WHERE bucket = :b AND EXISTS (SELECT 1 FROM marks WHERE bucket = p.bucket)", "router"),
        ("SELECT * FROM posts WHERE bucket = :b AND id IN (SELECT id FROM posts WHERE text = '')", "fanout"),
        ("WITH own AS (SELECT * FROM posts WHERE bucket = :b) SELECT * FROM own", "router"),
        ("WITH own AS (SELECT * FROM posts) SELECT * FROM own", "fanout"),
        ("UPDATE posts SET text = '' WHERE bucket = :b AND id = :id", "router"),
        ("UPDATE posts SET text = '' WHERE id = :id", "fanout"),
        ("DELETE FROM posts WHERE bucket = :b", "router"),
        ("DELETE FROM posts WHERE id = ANY(:ids) RETURNING id", "fanout"),
        ("DELETE FROM posts WHERE id = ANY(:ids) AND bucket = ANY(:buckets) RETURNING id", "multi"),
        ("INSERT INTO posts (id, bucket, author_id, text) VALUES (:id, :b, 1, '')", "router"),
        ("INSERT INTO marks (bucket, account_id, post_id) SELECT 1, 1, id FROM posts WHERE bucket = 1", "router"),
        ("INSERT INTO marks (bucket, account_id, post_id, n) SELECT bucket, 1, id, 1 FROM posts", "fanout"),
    ],
)  # fmt: skip
def test_what_a_statement_costs_is_read_from_it(small: Schema, sql: str, kind: str):
    assert citus_rules.check(sql, small, SMALL_REGISTRY) == (kind, [])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM nowhere WHERE bucket = :b", "the table nowhere is not in TABLES"),
        ("SELECT * FROM posts p JOIN marks m ON m.post_id = p.id WHERE p.bucket = :b", "must share their bucket"),
        ("SELECT * FROM posts p JOIN marks m ON m.bucket = :a WHERE p.bucket = :b", "must share their bucket"),
        ("SELECT * FROM posts p, marks m WHERE p.bucket = :b", "must share their bucket"),
        ("SELECT * FROM marks WHERE bucket = ANY(:b) AND account_id = ANY(:ids)", "needs a key or index that"),
        ("SELECT * FROM posts WHERE bucket = :b LIMIT 5 OFFSET 5", "OFFSET: page by key"),
        ("SELECT * FROM posts WHERE id = ANY(:ids) FOR UPDATE", "FOR UPDATE works in one bucket only"),
        ("WITH RECURSIVE up AS (SELECT * FROM posts WHERE id = ANY(:ids)) SELECT * FROM up", "WITH RECURSIVE works in"),
        ("INSERT INTO posts VALUES (:id, :b, 1, '')", "INSERT must list its columns"),
        ("INSERT INTO posts (id, author_id, text) VALUES (:id, 1, '')", "INSERT must list bucket"),
        ("INSERT INTO marks (bucket, what) VALUES (:b, 1)", "marks has no column what"),
        ("INSERT INTO marks (bucket, n) VALUES (:b, 1) ON CONFLICT DO NOTHING", "ON CONFLICT must name its target"),
        ("INSERT INTO marks (bucket, n) VALUES (:b, 1) ON CONFLICT (n) DO NOTHING", "the target must include bucket"),
        ("INSERT INTO marks (bucket, n) VALUES (:b, 1) ON CONFLICT (bucket) DO NOTHING", "has no such unique key"),
        ("INSERT INTO marks (bucket, n) VALUES (:b, 1) ON CONFLICT (bucket, n) DO UPDATE SET bucket = 1", "SET bucket"),
        ("UPDATE posts SET bucket = :c WHERE bucket = :b AND id = :id", "SET bucket: a row never moves"),
        ("UPDATE posts SET text = now() WHERE bucket = :b", "now differs from shard to shard"),
        ("DELETE FROM posts WHERE bucket = :b AND author_id < random()", "random differs from shard to shard"),
        ("INSERT INTO posts (bucket, text) VALUES (:b, CURRENT_TIMESTAMP)", "CURRENT_TIMESTAMP differs"),
        ("SELECT FROM WHERE", "sqlglot cannot read it"),
    ],
)  # fmt: skip
def test_a_statement_that_does_not_fit_is_explained(small: Schema, sql: str, expected: str):
    _, breaches = citus_rules.check(sql, small, SMALL_REGISTRY)

    assert [breach for breach in breaches if expected in breach], breaches


def test_times_and_words_that_only_look_like_functions_are_fine(small: Schema):
    sql = "UPDATE posts SET text = 'now() or random' WHERE bucket = :b AND id < :now"

    assert citus_rules.check(sql, small, SMALL_REGISTRY) == ("router", [])


SOURCE = """
COLUMNS = "a, b"
TABLES = {"one": "x", "two": "y"}

def whole(tx, ids):
    tx.all(f"SELECT {COLUMNS} FROM t WHERE {tx.sql.is_in('id', 'ids')}", ids=ids)

def either(tx, span):
    tx.one(f"SELECT a FROM t ORDER BY a {'ASC' if span.oldest else 'DESC'}")

def _page(tx, select, more=""):
    tx.all(f"{select} WHERE b = :b {more}")

def first(tx):
    _page(tx, "SELECT a FROM t")

def second(tx):
    _page(tx, "SELECT b FROM t", more="LIMIT 1")

def looked_up(tx):
    for name in TABLES:
        tx.run(f"DELETE FROM {TABLES[name]}")

def joined(tx, flag):
    where = " AND ".join(f"{name} = :{name}" for name in COLUMNS.split(", "))
    tx.many(f"UPDATE t SET a = 1 WHERE {where if flag else '1 = 1'}", [])
"""


def _texts(source: str, **stand_ins: list[Any]) -> set[tuple[str, str]]:
    module: dict[str, Any] = {}
    exec(source, module)
    given = {"tx": [_FakeTx], **stand_ins}
    return {(one.place, one.sql) for one in collect_from(source, module, "store/x.py", given)}


def test_statements_are_found_however_they_are_put_together():
    assert _texts(SOURCE, span=[Span(1), Span(1, oldest=True)]) == {
        ("store/x.py:whole", "SELECT a, b FROM t WHERE id = ANY(:ids)"),
        ("store/x.py:either", "SELECT a FROM t ORDER BY a ASC"),
        ("store/x.py:either", "SELECT a FROM t ORDER BY a DESC"),
        ("store/x.py:_page", "SELECT a FROM t WHERE b = :b LIMIT 1"),
        ("store/x.py:_page", "SELECT b FROM t WHERE b = :b LIMIT 1"),
        ("store/x.py:_page", "SELECT a FROM t WHERE b = :b "),
        ("store/x.py:_page", "SELECT b FROM t WHERE b = :b "),
        ("store/x.py:looked_up", "DELETE FROM x"),
        ("store/x.py:looked_up", "DELETE FROM y"),
        ("store/x.py:joined", "UPDATE t SET a = 1 WHERE a = :a AND b = :b"),
        ("store/x.py:joined", "UPDATE t SET a = 1 WHERE 1 = 1"),
    }


@pytest.mark.parametrize("made", ["", "    order = order + ' ASC'\n", "    order += 'x'\n", "    order: str = 'a'\n"])
def test_a_statement_that_cannot_be_read_says_which_name_is_unknown(made: str):
    source = f'def f(tx, order):\n{made}    tx.all(f"SELECT a FROM t ORDER BY {{order}}")'

    with pytest.raises(Unclear, match=r"x\.py:\d f\(\): what is `order`.*\"store/x\.py:order\": \[\.\.\.\]"):
        _texts(source)
    assert len(_texts(source, order=["a", "b"])) == 2
