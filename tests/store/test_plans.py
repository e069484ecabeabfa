"""PostgreSQL has an index for every statement, and uses it for a table without statistics, too.

A plan is made once for each connection, perhaps while the table is empty. A plan that reads the whole table would get
slower with every row. docs/decisions/0009-postgresql-costs.md.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
from servers import Postgres
from store.test_citus_rules import statements

from chirrup.engines.database.postgres import PLANS
from chirrup.engines.postgres.connection import numbered

WHOLE = {  # statement that reads a whole table -> the reason
    "store/hooks_out.py:all_on": "each worker once a minute, and after a change: the few hooks that there are",
    "store/audit.py:adopt": "once, when the schema changes: all of it",
    "store/bans.py:of_addresses": "all of them are kept in memory: an index of them alone",
    "store/bans.py:delete_over": "once a day: an index of them alone",
    "store/accounts.py:oldest_id": "its first row alone, by the primary key",
    "store/jobs.py:counts": "counts them all, for people",
    "store/jobs.py:page": "the oldest first, for a person",
    "store/jobs.py:set_aside_except": "once, in a copy or after a restore",
    "store/jobs.py:release_all": "once, when a server starts that is alone",
    "store/measures.py:languages": "figures for staff, who look seldom: all people of the organisation",
    "store/media.py:adopt_released": "an index of those few alone",
    "store/migrations.py:done": "once, when a server starts; some dozens",
    "store/outbox.py:lease": "the oldest first; the table is short, it is worked off",
    "store/outbox.py:give_back_lost": "once, when the database has been away; the table is short",
    "store/outbox.py:failures": "a page of a table that is nearly always empty",
    "store/outbox.py:left_to_newer": "the table is short",
    "store/outbox.py:newer": "the oldest first, for a person; the table is short",
    "store/outbox.py:release_all": "once, when a server starts that is alone",
    "store/outbox.py:waiting": "the table is short",
    "store/outbox.py:failed": "the table is nearly always empty",
    "store/posts.py:newest_of_all": "one row from the end of the index",
    "store/retention.py:orgs": "once a day, a short table",
    "store/rules.py:orgs_with_any": "each worker once a minute, and when rules change: a short table",
    "store/tags.py:beginning": "of all tags those that begin so: starts_with() has no index in every collation",
}
KINDS = {"SELECT", "UPDATE", "DELETE", "INSERT", "WITH"}


def test_no_statement_reads_a_whole_table_from_the_first_row_on(postgres: Postgres, postgres_template: str):
    found: dict[str, str] = {}
    with (
        postgres.database(postgres_template) as url,
        psycopg.connect(url, autocommit=True, cursor_factory=psycopg.RawCursor) as connection,
    ):
        for setting in PLANS:
            connection.execute(setting)
        for number, one in enumerate(statements()):
            if "pg_stat_activity" in one.sql:  # no table: what the server says of its connections
                continue
            if one.sql.split()[0] in KINDS and not one.place.startswith("store/distribute.py"):  # for Citus alone
                for node in _plan(connection, f"s{number}", one.sql):
                    if _reads_all(node):
                        found[one.place] = f"{node['Node Type']} {node.get('Index Name', '')}: {one.sql}"

    assert {place: plan for place, plan in found.items() if place not in WHOLE} == {}
    assert WHOLE.keys() <= found.keys(), "no longer needed in WHOLE"


LOOKS = ("store/jobs.py:due", "store/jobs.py:any_due", "store/outbox.py:lease")


def test_a_look_at_the_outbox_or_at_jobs_goes_through_none_of_a_hundred_thousand_that_wait(
    postgres: Postgres, postgres_template: str
):
    values = {
        "kind": "mail",
        "kinds": ["mail", "hook"],
        "now": 1000,
        "partitions": [*range(64)],
        "limit": 256,
        "wide": 0,
    }
    looked_at: dict[str, int] = {}
    with (
        postgres.database(postgres_template) as url,
        psycopg.connect(url, autocommit=True, cursor_factory=psycopg.RawCursor) as connection,
    ):
        for first, kind, due_ms in ((0, "mail", 1001), (100_000, "of another worker", 1)):
            connection.execute(
                """INSERT INTO jobs (id, bucket, kind, key, payload, destination, order_name, outbox_partition, state,
                     due_ms, attempts, answer, answered_ms)
                   SELECT CAST($1 + n AS BIGINT) * 4096, 0, $2, CAST(n AS TEXT), 'null', '', '', 0, 'waiting',
                     $3, 0, '', 0
                   FROM generate_series(1, 100000) AS n""",
                [first, kind, due_ms],
            )
        for setting in PLANS:
            connection.execute(setting)
        for one in statements():
            if one.place in LOOKS and one.sql.startswith("SELECT"):
                text, names = numbered(one.sql)
                plan = connection.execute(
                    b"EXPLAIN (ANALYZE, FORMAT JSON) " + text, [values[name] for name in names]
                ).fetchone()
                assert plan
                looked_at[one.place] = sum(
                    node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
                    for node in _nodes(plan[0][0]["Plan"])
                    if node.get("Relation Name") == "jobs"
                )

    assert looked_at == dict.fromkeys(LOOKS, 0)


def _plan(connection: psycopg.Connection[Any], name: str, sql: str) -> Iterator[dict[str, Any]]:
    text, names = numbered(sql)
    connection.execute(f"PREPARE {name} AS ".encode() + text)
    values = f"({', '.join(['NULL'] * len(names))})" if names else ""
    row = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {name}{values}".encode()).fetchone()
    assert row
    yield from _nodes(row[0][0]["Plan"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _reads_all(node: dict[str, Any]) -> bool:
    kind = node["Node Type"]
    return kind == "Seq Scan" or ("Index" in kind and "Scan" in kind and "Index Cond" not in node)
