"""PostgreSQL with a standby: reads that may lag go there, and it takes over when the primary dies.

docs/operate/faults.md, R17. docs/operate/postgres.md says how to set this up.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Person, Server, eventually
from databases import migrated, open_database
from engines import eventually as eventually_async
from postgres_pair import PostgresPair

from chirrup.engines.database import postgres_replica
from chirrup.events import AccountChanged
from chirrup.ports import Database, Tx
from chirrup.store import outbox


@pytest.fixture(scope="module")
def pair() -> Iterator[PostgresPair]:
    pair = PostgresPair()
    try:
        pair.start()
        yield pair
    finally:
        pair.remove()


@pytest.fixture
def name(pair: PostgresPair, request: pytest.FixtureRequest) -> str:
    """A database with the schema, on both servers."""
    name = f"test_{abs(hash(request.node.name))}"
    pair.ask(pair.first, f"CREATE DATABASE {name} TEMPLATE template0")
    migrated(pair.first.url(name))
    return name


def where(tx: Tx) -> str:
    row = tx.one("SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END")
    return row[0] if row else ""


async def test_what_may_lag_is_read_from_a_replica_unless_it_lags_too_much(pair: PostgresPair, name: str, monkeypatch):
    monkeypatch.setattr(postgres_replica, "LAG_MAX_S", 1.0)
    monkeypatch.setattr(postgres_replica, "LOOK_S", 0.1)
    db = open_database(pair.first.url(name), replica=pair.second.url(name))

    async def is_read_at(place: str) -> bool:
        return await db.read_lagging(where) == place

    try:
        await eventually_async(lambda: is_read_at("replica"))
        assert await db.read(where) == "primary"

        pair.ask(pair.second, "SELECT pg_wal_replay_pause()")
        await db.write(lambda tx: tx.emit(AccountChanged(5)))
        assert await db.read(outbox.waiting) == 1
        await eventually_async(lambda: is_read_at("primary"))
        assert await db.read_lagging(outbox.waiting) == 1

        pair.ask(pair.second, "SELECT pg_wal_replay_resume()")
        await eventually_async(lambda: is_read_at("replica"))
        assert await db.read_lagging(outbox.waiting) == 1
    finally:
        db.close()


async def test_a_replica_that_goes_away_is_missed_by_nobody(pair: PostgresPair, name: str):
    db = open_database(pair.first.url(name), replica=pair.second.url(name))

    async def is_read_at_the_replica() -> bool:
        return await db.read_lagging(where) == "replica"

    try:
        await eventually_async(is_read_at_the_replica)

        pair.second.stop()
        for _ in range(20):
            assert await db.read_lagging(where) == "primary"

        pair.second.start()
        await eventually_async(is_read_at_the_replica)
    finally:
        db.close()


def test_a_standby_that_no_commit_waits_for_is_pointed_out(pair: PostgresPair, name: str):
    def doubts(url: str) -> str:
        db: Database = open_database(url)
        try:
            return "".join(doubt.what for doubt in db.doubts())
        finally:
            db.close()

    assert doubts(pair.first.url(name)) == ""
    assert "need not have all that was acknowledged" in doubts(pair.url(name))
    pair.synchronous()
    assert doubts(pair.url(name)) == ""


def test_when_the_primary_dies_its_standby_goes_on_with_all_that_was_acknowledged(
    pair: PostgresPair, name: str, tmp_path: Path
):
    pair.synchronous()
    with Server(tmp_path / "data", env={"CHIRRUP_DATABASE": pair.url(name)}) as server:
        ann = server.person()
        said = [ann.say(f"before {n}")["id"] for n in range(20)]

        pair.first.kill()
        died_at = time.monotonic()
        assert try_to_say(ann, "while none is there") is None
        pair.promote()
        after = eventually(lambda: try_to_say(ann, "after"), within_s=30)
        assert time.monotonic() - died_at < 30
        said += [after, *(ann.say(f"after {n}")["id"] for n in range(20))]

        page = f"/api/v1/accounts/{ann.id}/statuses"
        shown = [post["id"] for post in ann.get(page, limit=40).json()]
        shown += [post["id"] for post in ann.get(page, limit=40, max_id=shown[-1]).json()]
        assert set(said) <= set(shown)
        assert len(set(said)) == len(said)
        assert sorted(said, key=int) == said


def try_to_say(person: Person, text: str) -> str | None:
    """The post's id; None when the server says it cannot now."""
    answer = person.post("/api/v1/statuses", status=text)
    assert answer.status_code in (200, 503), answer.text
    return answer.json()["id"] if answer.ok else None
