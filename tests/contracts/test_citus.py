"""Distributing a database over the nodes of Citus, with CHIRRUP_TEST_CITUS set: docs/operate/citus.md.

With it, all tests for PostgreSQL run on Citus, which covers the rest.
"""

import os

import psycopg
import pytest
from databases import open_database

from chirrup.errors import SettingsError
from chirrup.events import AccountChanged
from chirrup.store import distribute, migrations, outbox, schema

here = pytest.mark.skipif(not os.environ.get("CHIRRUP_TEST_CITUS"), reason="CHIRRUP_TEST_CITUS is not set")


@pytest.mark.skipif(bool(os.environ.get("CHIRRUP_TEST_CITUS")), reason="here is Citus")
def test_a_database_without_citus_cannot_be_spread_and_says_what_to_do(empty_database_url: str):
    db = open_database(empty_database_url)
    try:
        migrations.migrate(db)

        assert db.write_now(distribute.local) == []
        with pytest.raises(SettingsError, match="CREATE EXTENSION citus"):
            distribute.distribute(db)
    finally:
        db.close()


@here
async def test_a_database_is_spread_with_what_is_in_it_and_once(postgres_url: str):
    db = open_database(postgres_url)
    try:
        migrations.migrate(db)
        for bucket in range(20):
            await db.write(lambda tx, of=bucket: tx.emit(AccountChanged(of)))

        delivery = distribute.distribute(db, shards=4)

        assert set(schema.TABLES) <= set(delivery.tables) and delivery.workers == 2
        assert distribute.distribute(db).tables == []
        assert await db.read(outbox.waiting) == 20
        with psycopg.connect(postgres_url) as connection:
            assert connection.execute("SELECT COUNT(*) FROM ONLY outbox").fetchone() == (20,)
            groups = "SELECT COUNT(DISTINCT colocation_id) FROM citus_tables WHERE citus_table_type = 'distributed'"
            assert connection.execute(groups).fetchone() == (1,)
    finally:
        db.close()


@here
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_table_that_came_later_is_named_and_spread_by_the_next_call(db):
    await db.write(lambda tx: tx.run("SELECT undistribute_table('behind')"))

    assert await db.write(distribute.local) == ["behind"]
    assert distribute.distribute(db).tables == ["behind"]
    assert await db.write(distribute.local) == []
