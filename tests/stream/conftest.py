from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stream.town import Town, running


@pytest.fixture
async def town(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    """In both profiles: SQLite with memory, PostgreSQL with Redis."""
    redis_url = "" if database_url.startswith("sqlite") else request.getfixturevalue("redis_url")
    async with running(database_url, redis_url, tmp_path) as town:
        yield town
