"""Which rows are an organisation's: no table of the schema may be forgotten, today or later."""

from pathlib import Path

from databases import open_database

from chirrup.engines.search import postgres_fts
from chirrup.ports import Database
from chirrup.store import belonging, schema, tables
from chirrup.store.belonging import ACCOUNT, ALSO, FILES, LEFT_OUT, OF_ORG, ORG, TEXT, TEXTS_WITH_IDS, WAYS

KNOWN = {**schema.TABLES, **postgres_fts.TABLES}
# Columns that are named as if they held the key of a file, or ids, and do not.
NO_FILES = {("jobs", "key"), ("idempotency", "key"), ("passkeys", "public_key"), ("push_subscriptions", "key")}
NO_IDS = {("reports", "rule_ids")}  # numbers of the site's rules


def test_each_table_goes_along_with_its_organisation_or_is_left_out_for_a_reason():
    forgotten = KNOWN.keys() - WAYS.keys() - LEFT_OUT.keys()

    assert not forgotten, (
        f"{', '.join(sorted(forgotten))}: say in chirrup/store/belonging.py by which column a row is an organisation's "
        "(WAYS), or why none go along when an organisation is exported (LEFT_OUT)"
    )
    assert not WAYS.keys() & LEFT_OUT.keys()
    assert (WAYS.keys() | LEFT_OUT.keys()) - KNOWN.keys() == set()
    assert {name for name in WAYS if "org_id" not in tables.every()[name].columns} >= {
        name for name, (_, holds) in WAYS.items() if holds != ORG
    }, "a table with org_id belongs by it"


# Rows that are nobody's, are made of others, or end by themselves.
STAY = {"held", "outbox", "outbox_failed", "jobs", "schema_version", "schema_steps", "loads", "workers", "lanes"}
STAY |= {"missed_pushes", "behind", *postgres_fts.TABLES}


def test_what_does_not_go_along_is_deleted_with_its_organisation_too():
    forgotten = LEFT_OUT.keys() - {name for name, _, _ in ALSO} - set(OF_ORG) - STAY

    assert not forgotten, (
        f"{', '.join(sorted(forgotten))}: say in ALSO or OF_ORG of chirrup/store/belonging.py whose rows they are, so "
        "that they are deleted when an organisation closes for good"
    )


def test_each_way_leads_to_an_organisation(db: Database):
    for name, (column, holds) in WAYS.items():
        assert column in tables.every()[name].columns
        assert holds in (ORG, TEXT, ACCOUNT) or holds in WAYS
    with db.snapshot() as read:
        for name in belonging.order():
            assert list(read(belonging.rows(name, db.sql), org=5, prefix=belonging.prefix(5))) == []


def test_no_table_is_read_once_for_each_row_of_another(sqlite_template: Path):
    db = open_database(f"sqlite:{sqlite_template}")
    for name in WAYS:
        query = f"EXPLAIN QUERY PLAN {belonging.rows(name, db.sql)}"
        _, *then = [step for *_, step in db.write_now(lambda tx, query=query: tx.all(query, org=5, prefix="x"))]
        assert not [step for step in then if step.startswith("SCAN")], name
    db.close()


def test_columns_with_files_and_with_lists_of_ids_are_known():
    for name in WAYS:
        for column in tables.every()[name].columns:
            if column.endswith("key") and (name, column) not in NO_FILES:
                assert column in FILES.get(name, ()), f"{name}.{column}: FILES in chirrup/store/belonging.py"
            if column.endswith("_ids") and (name, column) not in NO_IDS:
                assert column in TEXTS_WITH_IDS.get(name, ()), f"{name}.{column}: TEXTS_WITH_IDS there"
