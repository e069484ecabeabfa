"""Tests for PostgreSQL only: it goes away and comes back, and transactions lock each other."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
import servers
from databases import open_database

from chirrup.engines.database.postgres_clock import ServerClock
from chirrup.errors import SettingsError, Unavailable
from chirrup.events import AccountChanged
from chirrup.ports import Row, Tx
from chirrup.store import outbox


@pytest.fixture
def url(postgres: servers.Postgres, postgres_template: str):
    with postgres.database(postgres_template) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE things (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)")
            connection.execute("INSERT INTO things (id, n) VALUES (1, 0), (2, 0)")
        yield url


@pytest.fixture
def db(url: str):
    db = open_database(url)
    yield db
    db.close()


def add(tx: Tx, *ids: int) -> None:
    for id in ids:
        tx.run("UPDATE things SET n = n + 1 WHERE id = :id", id=id)


def things(tx: Tx) -> list[Row]:
    return tx.all("SELECT id, n FROM things ORDER BY id")


@contextmanager
def held_up(url: str) -> Iterator[None]:
    """Until the end of the block, everybody waits in wait_in_line()."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        yield


def wait_in_line(tx: Tx) -> None:
    tx.one("SELECT 1 FROM pg_advisory_xact_lock_shared(1)")


def end_connections(url: str) -> None:
    """End all connections, like a restart of the server or a failing network."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )


async def test_operations_that_lock_each_other_out_are_run_again(db):
    runs = []

    def add_both(tx: Tx, first: int, second: int) -> None:
        runs.append(first)
        for id in (first, second):
            tx.changed("UPDATE things SET n = n + 1 WHERE id = :id", id=id)

    rounds = 0
    while len(runs) == 2 * rounds:  # one of them was quick enough to have both
        rounds += 1
        await asyncio.gather(db.write(add_both, 1, 2), db.write(add_both, 2, 1))

    assert await db.read(things) == [(1, 2 * rounds), (2, 2 * rounds)]


async def test_of_two_who_find_a_key_free_the_slower_runs_again_and_finds_it_taken(db):
    runs = []

    def take(tx: Tx, key: int, who: int) -> int:
        runs.append(who)
        row = tx.one("SELECT n FROM things WHERE id = :key", key=key)
        if row is None:
            tx.run("INSERT INTO things (id, n) VALUES (:key, :who)", key=key, who=who)
            tx.emit(AccountChanged(who))
        return row[0] if row else who

    winners = []
    while len(runs) == 2 * len(winners):  # one of them was quick enough to be alone
        key = 3 + len(winners)
        winner, again = await asyncio.gather(db.write(take, key, 7), db.write(take, key, 8))
        assert winner == again
        winners.append(winner)

    assert len(runs) == 2 * len(winners) + 1
    told = await db.write(outbox.lease, 1000)
    assert [one.event for one in told] == [AccountChanged(winner) for winner in winners]


async def test_a_key_that_stays_taken_is_an_error_in_the_end(db):
    with pytest.raises(psycopg.errors.UniqueViolation):
        await db.write(lambda tx: tx.run("INSERT INTO things (id, n) VALUES (1, 1)"))


async def test_connections_that_were_lost_are_replaced_unnoticed(db, url: str):
    await asyncio.gather(*(db.write(add, 1) for _ in range(50)), *(db.read(things) for _ in range(50)))

    await asyncio.to_thread(end_connections, url)
    await asyncio.gather(*(db.write(add, 1) for _ in range(50)), *(db.read(things) for _ in range(50)))

    assert await db.read(things) == [(1, 100), (2, 0)]


@pytest.mark.parametrize("how", ["read", "write"])
async def test_a_connection_lost_before_the_commit_is_no_error(db, url: str, how: str):
    runs = []

    def interrupted(tx: Tx) -> list[Row]:
        runs.append(tx)
        if how == "write":
            add(tx, 1)
        if len(runs) == 1:
            end_connections(url)
        return things(tx)

    assert await getattr(db, how)(interrupted) == [(1, int(how == "write")), (2, 0)]

    assert len(runs) == 2
    assert await db.read(things) == [(1, int(how == "write")), (2, 0)]


async def test_a_connection_lost_at_the_commit_leaves_the_answer_open_and_nothing_is_run_twice(db, url: str):
    runs = []

    def cut_off(tx: Tx) -> None:
        runs.append(tx)
        add(tx, 1)
        things(tx)
        end_connections(url)

    with pytest.raises(Unavailable, match="look whether it is there"):
        await db.write(cut_off)

    assert len(runs) == 1
    assert await db.read(things) in ([(1, 0), (2, 0)], [(1, 1), (2, 0)])


async def test_while_the_server_is_away_callers_are_told_and_afterwards_all_is_well(
    postgres: servers.Postgres, db, url: str
):
    await db.write(add, 1)

    postgres.kill()
    try:
        for work in (db.write(add, 1), db.read(things)):
            with pytest.raises(Unavailable, match="cannot be reached; try again"):
                await work
    finally:
        postgres.start()

    assert await db.read(things) == [(1, 1), (2, 0)]
    await db.write(add, 1)
    assert await db.read(things) == [(1, 2), (2, 0)]


async def test_an_operation_that_hides_an_error_of_the_database_stores_nothing_and_says_so(db):
    def careless(tx: Tx) -> None:
        add(tx, 1)
        with suppress(psycopg.Error):
            tx.one("SELECT n FROM nowhere")

    with pytest.raises(RuntimeError, match="let it pass through"):
        await db.write(careless)

    assert await db.read(things) == [(1, 0), (2, 0)]


async def test_a_write_waits_for_a_lock_no_longer_than_it_may_and_a_command_as_long_as_it_takes(url: str):
    db = open_database(url, timeout_s=0.2)
    try:
        with psycopg.connect(url) as other:
            other.execute("UPDATE things SET n = 5 WHERE id = 1")
            with pytest.raises(Unavailable, match="longer than"):
                await db.write(add, 1)
            patient = asyncio.create_task(asyncio.to_thread(db.write_now, add, 1))
            with pytest.raises(Unavailable, match="longer than"):
                await db.write(add, 1)
            other.commit()
            await patient

        assert await db.read(things) == [(1, 6), (2, 0)]
    finally:
        db.close()


async def test_slow_reads_hold_up_no_write(db, url: str):
    with held_up(url):
        slow = [asyncio.ensure_future(db.read(wait_in_line)) for _ in range(20)]

        await db.write(add, 1)

        assert not any(read.done() for read in slow)
    await asyncio.gather(*slow)


async def test_a_slow_read_holds_up_no_quick_one(db, url: str):
    with held_up(url):
        slow = asyncio.ensure_future(db.read_lagging(wait_in_line))
        await db.read(things)

        assert await db.read(things) == [(1, 0), (2, 0)]
        assert not slow.done()
    await slow


async def test_a_read_that_fails_leaves_those_that_come_with_it_alone(db):
    def wrong(tx: Tx) -> None:
        things(tx)
        tx.one("SELECT 1 / n FROM things WHERE id = 1")

    reads = [db.read(wrong if number == 5 else things) for number in range(12)]
    answers = await asyncio.gather(*reads, return_exceptions=True)

    assert isinstance(answers.pop(5), psycopg.errors.DivisionByZero)
    assert answers == [[(1, 0), (2, 0)]] * 11


async def test_who_no_longer_waits_for_a_write_has_it_stored_all_the_same(db):
    write = asyncio.ensure_future(db.write(add, 1))
    await db.read(things)
    write.cancel()

    while await db.read(things) != [(1, 1), (2, 0)]:
        pass


async def test_what_is_acknowledged_is_on_disk_whatever_the_server_was_told(url: str):
    name = url.rsplit("/", 1)[1]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())
    db = open_database(url)
    try:
        assert await db.write(lambda tx: tx.one("SELECT current_setting('synchronous_commit')")) == ("on",)
    finally:
        db.close()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("/test_", "/nowhere_"), "does not exist"),
        (("chirrup:", "nobody:"), "authentication failed"),
        (("127.0.0.1:", "127.0.0.1:1"), "check the setting `database`"),
        (("postgresql://", "postgresql://a b:"), "check the setting `database`"),
    ],
)
def test_a_database_that_cannot_be_opened_is_explained_without_its_password(url: str, change, expected: str):
    password = url.split(":")[2].split("@")[0]

    with pytest.raises(SettingsError, match=expected) as caught:
        open_database(url.replace(*change))

    assert password not in str(caught.value)


def test_a_database_in_another_encoding_is_refused(postgres: servers.Postgres):
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")

    with pytest.raises(SettingsError, match="UTF8"):
        open_database(postgres.url("latin"))


def test_processes_agree_on_the_time_however_wrong_their_own_clocks_are(postgres: servers.Postgres):
    """Monotonic clocks start at any value; none is set."""
    clocks = [ServerClock(lambda ahead=ahead: time.monotonic() + ahead) for ahead in (0, 3600, -3600)]
    for one in clocks:
        one.look_at(postgres.url("postgres"))

    first, *others = [one() for one in clocks]

    assert abs(first - time.time() * 1000) < 2000
    assert all(abs(first - other) < 2000 for other in others)
    assert not any(one.is_due for one in clocks)
