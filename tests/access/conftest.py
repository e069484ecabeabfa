import pytest
from access_kit import URI, insert_person

from chirrup.access import apps


@pytest.fixture
async def ann(db):
    return await db.write(insert_person, "ann")


@pytest.fixture
async def client(db):
    """An app, proven by its secret."""
    app, secret = await db.write(apps.register, "App", URI, "read write:statuses")
    return await db.read(apps.identify, app.client_id, secret)
