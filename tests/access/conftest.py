import pytest
from access_kit import URI, Clock, insert_person

from chirrup.access import apps
from chirrup.engines.database.sqlite import SqliteDatabase
from chirrup.engines.search.sqlite_fts import SqliteFts
from chirrup.store import migrations, outbox


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def db(tmp_path, clock):
    db = SqliteDatabase(tmp_path / "chirrup.db", search=SqliteFts(), outbox=outbox.append, clock=clock)
    migrations.migrate(db)
    yield db
    db.close()


@pytest.fixture
async def ann(db):
    return await db.write(insert_person, "ann")


@pytest.fixture
async def client(db):
    """An app that sends its secret."""
    app, secret = await db.write(apps.register, "App", URI, "read write:statuses")
    return await db.read(apps.identify, app.client_id, secret)
