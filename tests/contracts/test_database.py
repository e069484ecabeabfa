"""The contract of every database: ports.Database and ports.Tx."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from databases import Clock, OpenDatabase, open_database

from chirrup.errors import ChirrupError, Invalid, NotFound, Unavailable
from chirrup.events import AccountChanged
from chirrup.ids import bucket_of, made_at, ms_of
from chirrup.ports import Database, Row, Tx
from chirrup.store import migrations, outbox

TABLE = "CREATE TABLE things (id BIGINT NOT NULL, word TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (id))"
WORDS = "SELECT id, word FROM things WHERE {}"
NEVER_ENDS = """WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000000000)
                SELECT COUNT(*) FROM numbers"""


def put(tx: Tx, id: int, word: str = "", n: int = 0) -> int:
    return tx.changed("INSERT INTO things (id, word, n) VALUES (:id, :word, :n)", id=id, word=word, n=n)


def things(tx: Tx) -> list[Row]:
    return tx.all("SELECT id, word, n FROM things ORDER BY id")


def ids(tx: Tx) -> list[int]:
    return [id for (id,) in tx.all("SELECT id FROM things ORDER BY id")]


def add(tx: Tx, id: int, more: int = 1) -> int:
    return tx.changed("UPDATE things SET n = n + :more WHERE id = :id", id=id, more=more)


def put_and_tell(tx: Tx, id: int) -> None:
    put(tx, id)
    tx.emit(AccountChanged(id))


def count_slowly(tx: Tx) -> Row | None:
    return tx.one(NEVER_ENDS)


@pytest.fixture
def db(db: Database) -> Database:
    db.write_now(lambda tx: tx.run(TABLE))
    return db


# values


async def test_rows_are_tuples_of_numbers_and_text_in_the_order_asked_for(db: Database):
    await db.write(put, 2**62, "word", -(2**62))
    await db.write(put, 1, "", 0)

    rows = await db.read(lambda tx: tx.all("SELECT word, n, id, n < 0 FROM things ORDER BY id"))

    assert rows == [("", 0, 1, 0), ("word", -(2**62), 2**62, 1)]
    assert [[type(value) for value in row] for row in rows] == [[str, int, int, int]] * 2


async def test_sums_and_counts_are_whole_numbers(db: Database):
    await db.write(lambda tx: [put(tx, n, n=n) for n in (1, 2, 2**40)])

    row = await db.read(lambda tx: tx.one("SELECT SUM(n), COUNT(*), MAX(n), SUM(n) > 2 FROM things"))

    assert row == (2**40 + 3, 3, 2**40, 1)
    assert [type(value) for value in row or ()] == [int] * 4


async def test_one_is_the_first_row_or_none(db: Database):
    await db.write(lambda tx: [put(tx, n) for n in (3, 1, 2)])

    assert await db.read(lambda tx: tx.one("SELECT id FROM things ORDER BY id")) == (1,)
    assert await db.read(lambda tx: tx.one("SELECT id FROM things WHERE id > 3")) is None


async def test_questions_may_be_asked_together(db: Database):
    def word(tx: Tx, id: int) -> str:
        row = tx.one("SELECT word FROM things WHERE id = :id", id=id)
        if row is None:
            raise NotFound("thing", id)
        return row[0]

    def ask(tx: Tx, *ids: int) -> list[str]:
        longest = lambda: max(tx.together(lambda: word(tx, 1), lambda: word(tx, 2) + word(tx, 3)), key=len)  # noqa: E731
        return tx.together(longest, lambda: "nothing to ask", *(lambda id=id: word(tx, id) for id in ids))

    def store(tx: Tx) -> None:
        put(tx, 1, "one")
        tx.together(lambda: put(tx, 2, "two"), lambda: put(tx, 3, "three"))

    await db.write(store)

    assert await db.read(ask, 3, 1) == ["twothree", "nothing to ask", "three", "one"]
    assert await db.read(ask) == ["twothree", "nothing to ask"]
    with pytest.raises(NotFound):
        await db.read(ask, 3, 4, 1)
    with pytest.raises(NotFound):
        await db.write(ask, 4)
    assert db.write_now(ask, 2) == ["twothree", "nothing to ask", "two"]


async def test_it_is_told_how_many_rows_changed(db: Database):
    def operation(tx: Tx) -> list[int]:
        keep = "INSERT INTO things (id, word, n) VALUES (:id, :word, 0) ON CONFLICT (id) DO NOTHING"
        first = [put(tx, 1), tx.changed(keep, id=1, word="other")]
        tx.many(keep, [{"id": id, "word": "w"} for id in (1, 2, 3, 4)])
        tx.many(keep, [])
        return [
            *first,
            tx.changed("UPDATE things SET n = 5 WHERE id > 1"),
            tx.changed("DELETE FROM things WHERE n = 5 AND id < 4"),
            tx.changed("DELETE FROM things WHERE n = 6"),
        ]

    assert await db.write(operation) == [1, 0, 3, 2, 0]


async def test_returned_rows_are_rows(db: Database):
    await db.write(lambda tx: [put(tx, n) for n in (1, 2)])

    changed = await db.write(lambda tx: tx.all("UPDATE things SET n = id * 10 WHERE id < 9 RETURNING id, n"))

    assert sorted(changed) == [(1, 10), (2, 20)]


UNUSUAL = [
    "naïve façade — “quotes” 'single' \"double\"",
    "עברית \u202eabc\u202c العربية",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \U0010ffff",
    "%s %(name)s 100% $1 :id :: ? \\ \\x00 {brace} -- /* */ ;",
    "tab\tnew\nline\r",
    "",
]


@pytest.mark.parametrize("word", UNUSUAL)
async def test_text_comes_back_as_it_was_given(db: Database, word: str):
    await db.write(put, 1, word)

    assert await db.read(things) == [(1, word, 0)]
    assert await db.read(lambda tx: tx.all("SELECT id FROM things WHERE word = :word", word=word)) == [(1,)]
    assert await db.read(lambda tx: tx.all(f"SELECT id FROM things WHERE {tx.sql.is_in('word', 'w')}", w=[word]))


async def test_what_looks_like_a_parameter_in_text_or_a_comment_is_none(db: Database):
    await db.write(put, 1, "a:id%")

    def operation(tx: Tx) -> list[Row]:
        return tx.all(
            """SELECT ':id', '%', '100%s', 'it''s :n' -- :what 100%
               FROM things /* :neither ' */ WHERE "id" = :id AND word LIKE 'a:id%' AND word LIKE :like AND id = :id""",
            id=1,
            like="%:id_",
        )

    assert await db.read(operation) == [(":id", "%", "100%s", "it's :n")]


@pytest.mark.parametrize("empty", [[], (), set(), {}.keys()])
async def test_nothing_is_in_an_empty_list(db: Database, empty: Any):
    await db.write(lambda tx: [put(tx, -1, "-1"), put(tx, 0, ""), put(tx, 1, "1")])

    for column in ("id", "word"):
        rows = await db.read(
            lambda tx, c: tx.all(f"SELECT id FROM things WHERE {tx.sql.is_in(c, 'l')}", l=empty), column
        )
        assert rows == []


async def test_a_list_may_be_any_collection_of_any_length(db: Database):
    await db.write(lambda tx: tx.many(INSERT, [{"id": n, "word": f"w{n}"} for n in range(3000)]))

    def found(tx: Tx, column: str, values: Any) -> list[int]:
        return [
            id for (id,) in tx.all(f"SELECT id FROM things WHERE {tx.sql.is_in(column, 'l')} ORDER BY id", l=values)
        ]

    for make in (list, tuple, set, frozenset, dict.fromkeys, lambda ids: dict.fromkeys(ids).keys()):
        assert await db.read(found, "id", make([7, 7, 5, 2**50])) == [5, 7]
        assert await db.read(found, "word", make(["w7", "w5", "w'", 'w"', "{w,5}", "NULL"])) == [5, 7]
    assert await db.read(found, "id", list(range(1000, 9000))) == list(range(1000, 3000))
    assert await db.read(found, "word", [f"w{n}" for n in range(9000)]) == list(range(3000))


INSERT = "INSERT INTO things (id, word, n) VALUES (:id, :word, 0)"


async def test_rows_by_their_ids_are_everybodys_own_also_when_many_ask_at_once(db: Database):
    await db.write(lambda tx: [put(tx, id, f"word {id}") for id in range(100)])

    def words(tx: Tx, wanted: list[int]) -> dict[int, tuple[int, str]]:
        by_ids = lambda: tx.by_ids(WORDS.format(tx.sql.is_in("id", "ids")), lambda id, word: (id, word), wanted)  # noqa: E731
        first, second = tx.together(by_ids, by_ids)
        assert first == second
        return first

    wanted = [[id for id in range(start, start + 30) if id % 3] for start in range(50, 90)]
    found = await asyncio.gather(
        *(db.read(words, some) for some in wanted),
        db.read(words, [1, 2**63]),
        db.read(words, []),
        return_exceptions=True,
    )

    expected = [{id: (id, f"word {id}") for id in some if id < 100} for some in wanted]
    assert found[:-2] == expected
    assert isinstance(found[-2], Invalid)
    assert found[-1] == {}
    assert db.write_now(words, wanted[0]) == await db.write(words, wanted[0]) == expected[0]


async def test_lists_and_single_values_go_together(db: Database):
    await db.write(lambda tx: tx.many(INSERT, [{"id": n, "word": "odd" if n % 2 else "even"} for n in range(10)]))

    def operation(tx: Tx) -> int:
        return tx.changed(
            f"""UPDATE things SET n = :n WHERE {tx.sql.is_in("id", "ids")} AND word = :word
                  AND {tx.sql.is_in("word", "words")}""",
            n=2**33,
            ids=[1, 2, 3],
            word="odd",
            words=["odd", "even"],
        )

    assert await db.write(operation) == 2


async def test_lists_of_numbers_of_every_size_go_together_in_any_order(db: Database):
    numbers = [0, 1, 200, 40_000, 2**31, 2**40, -(2**62)]
    await db.write(lambda tx: tx.many("INSERT INTO things VALUES (:n, '', :n)", [{"n": n} for n in numbers]))

    def found(tx: Tx, first: list[int], second: list[int]) -> list[Row]:
        both = f"{tx.sql.is_in('id', 'first')} AND {tx.sql.is_in('n', 'second')}"
        return tx.all(f"SELECT id FROM things WHERE {both}", first=first, second=second)

    for small in numbers:
        for large in numbers:
            assert await db.read(found, [small], [large, small]) == [(small,)]
            assert await db.read(found, [], [large]) == []


@pytest.mark.parametrize(
    "values", [{"word": "half \ud83d"}, {"n": 2**63}, {"n": -(2**63) - 1}, {"word": "zero \0 zero"}]
)
async def test_what_cannot_be_stored_is_the_callers_fault(db: Database, values: dict[str, Any]):
    """U+0000 is stored by one database and refused by the other: the product refuses it earlier."""
    given = {"id": 1, "word": "", "n": 0, **values}

    for work in (
        db.write(put, **given),
        db.read(lambda tx: tx.all("SELECT id FROM things WHERE n = :n OR word = :word", **values | given)),
    ):
        try:
            await work
        except Invalid:
            continue
        assert "\0" in given["word"]
        assert await db.read(things) == [(1, given["word"], 0)]
    await db.write(put, 2)


# transactions


async def test_a_write_is_seen_by_the_next_read(db: Database):
    for n in range(50):
        await db.write(put, n)
        assert len(await db.read(ids)) == n + 1


async def test_what_an_operation_raises_undoes_it_alone(db: Database):
    def fail(tx: Tx, id: int) -> None:
        put(tx, id)
        raise NotImplementedError(id)

    def fail_in_sql(tx: Tx, id: int) -> None:
        put(tx, id)
        tx.run("INSERT INTO nowhere (id) VALUES (1)")

    def fail_on_a_key(tx: Tx, id: int) -> None:
        put(tx, id)
        put(tx, id)

    works = [[put, fail, fail_in_sql, fail_on_a_key][n % 4] for n in range(64)]
    results = await asyncio.gather(*(db.write(work, n) for n, work in enumerate(works)), return_exceptions=True)

    assert await db.read(ids) == list(range(0, 64, 4))
    assert [result for result in results if not isinstance(result, Exception)] == [1] * 16
    assert [error.args for error in results if isinstance(error, NotImplementedError)] == [
        (n,) for n in range(1, 64, 4)
    ]


async def test_errors_for_people_come_through_as_they_are(db: Database):
    def refuse(tx: Tx) -> None:
        put(tx, 1)
        raise Invalid("text", "blank", "must be there")

    for call in (db.write, db.read):
        with pytest.raises(ChirrupError, match="text must be there"):
            await call(
                refuse if call == db.write else lambda tx: (_ for _ in ()).throw(Invalid("text", "x", "must be there"))
            )
    with pytest.raises(Invalid):
        db.write_now(refuse)
    assert await db.read(ids) == []


async def test_no_addition_of_many_at_once_is_lost(db: Database):
    await db.write(put, 1)

    await asyncio.gather(*(db.write(add, 1) for _ in range(300)))

    assert await db.read(things) == [(1, "", 300)]


async def test_of_many_who_find_a_key_free_one_takes_it_and_the_others_find_that_out(db: Database):
    def take(tx: Tx, who: int) -> int:
        row = tx.one("SELECT n FROM things WHERE id = 1")
        if row is None:
            put(tx, 1, "taken", who)
        return row[0] if row else who

    winners = await asyncio.gather(*(db.write(take, who) for who in range(100)))

    assert len(set(winners)) == 1
    assert await db.read(things) == [(1, "taken", winners[0])]


async def test_a_read_is_one_snapshot(db: Database, open_db: OpenDatabase):
    other = open_db()

    def look_twice(tx: Tx) -> tuple[list[int], list[int]]:
        before = ids(tx)
        other.write_now(put, 1)
        return before, ids(tx)

    assert await db.read(look_twice) == ([], [])
    assert await db.read(ids) == [1]


async def test_a_read_cannot_write(db: Database):
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        await db.read(put, 1)

    assert await db.read(ids) == []


async def test_two_processes_share_a_database(db: Database, open_db: OpenDatabase):
    await db.write(put, 1)
    dbs = [db, open_db(), open_db()]

    await asyncio.gather(*(one.write(add, 1) for one in dbs for _ in range(30)))

    assert [await one.read(things) for one in dbs] == [[(1, "", 90)]] * 3


async def test_a_cancelled_caller_harms_nobody(db: Database):
    tasks = [asyncio.ensure_future(db.write(put, n)) for n in range(200)]
    for round_ in range(4):
        for task in tasks[round_::4]:
            if round_:
                task.cancel()
        await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)

    found = await db.read(ids)

    assert {n for n, result in enumerate(results) if result == 1} <= set(found)
    assert all(result == 1 for result in results[::4])
    await db.write(put, 1000)


async def test_programs_without_a_loop_write_too(db: Database):
    def fail(tx: Tx) -> None:
        put(tx, 2)
        raise NotImplementedError

    assert await asyncio.to_thread(db.write_now, put, 1, word="one", n=3) == 1
    with pytest.raises(NotImplementedError):
        await asyncio.to_thread(db.write_now, fail)

    assert await db.read(things) == [(1, "one", 3)]


# time, ids, events


async def test_time_and_ids_come_from_the_clock(db: Database, clock: Clock):
    def now(tx: Tx) -> tuple[int, float, int]:
        return tx.now_ms, tx.now.timestamp() * 1000, tx.new_id(77)

    clock.pass_ms(1234)
    for call in (db.write, db.read):
        now_ms, stamp, id = await call(now)
        assert now_ms == stamp == clock.now_ms
        assert (id >> 16, bucket_of(id)) == (clock.now_ms, 77)


async def test_ids_rise_whatever_the_clock_does(db: Database, clock: Clock):
    drawn: list[int] = []
    for step in (0, 0, 5, -60_000, 0, 1):
        clock.pass_ms(step)
        drawn += await db.write(lambda tx: [tx.new_id(9) for _ in range(40)])
        drawn += await db.write(lambda tx: [tx.new_id(4095), tx.new_id(0)])

    times = [id >> 12 for id in drawn]
    assert len(set(drawn)) == len(drawn)
    assert [id for id in drawn if bucket_of(id) == 9] == sorted(id for id in drawn if bucket_of(id) == 9)
    assert times[-1] > times[0]


async def test_an_event_commits_with_its_rows_or_not_at_all(db: Database):
    def tell_and_fail(tx: Tx) -> None:
        put_and_tell(tx, 2)
        raise NotImplementedError

    await asyncio.gather(db.write(put_and_tell, 1), db.write(tell_and_fail), return_exceptions=True)

    leased = await db.write(outbox.lease, 10)
    assert [one.event for one in leased] == [AccountChanged(1)]
    assert await db.read(ids) == [1]


async def test_on_commit_is_called_after_writes_that_announced_something(db: Database):
    called = threading.Semaphore(0)

    def fail(tx: Tx) -> None:
        put_and_tell(tx, 3)
        raise NotImplementedError

    db.on_commit = lambda buckets: called.release(len(buckets))
    await db.write(put, 1)
    with pytest.raises(NotImplementedError):
        await db.write(fail)
    assert not called.acquire(blocking=False)

    await db.write(put_and_tell, 2)
    assert called.acquire(timeout=10)
    await asyncio.to_thread(db.write_now, put_and_tell, 4)
    assert called.acquire(timeout=10)


# limits


async def test_a_read_that_takes_too_long_is_given_up_and_the_next_is_not(db: Database, open_db: OpenDatabase):
    db = open_db(timeout_s=0.2)

    with pytest.raises(Unavailable, match="longer than"):
        await db.read(count_slowly)
    results = await asyncio.gather(*(db.read(count_slowly) for _ in range(3)), db.write(put, 1), return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable] * 3 + [int]
    assert await db.read(ids) == [1]


async def test_when_too_many_wait_the_rest_is_told_to_come_back_and_nothing_is_lost(db: Database):
    await db.write(put, 1)

    results = await asyncio.gather(*(db.write(add, 1) for _ in range(8000)), return_exceptions=True)

    refused = [result for result in results if isinstance(result, Exception)]
    assert refused
    assert {str(error) for error in refused} == {"the server is busy; try again in a moment"}
    assert all(isinstance(error, Unavailable) for error in refused)
    assert await db.read(things) == [(1, "", 8000 - len(refused))]
    assert await db.write(add, 1) == 1


async def test_a_closed_database_says_so_and_can_be_closed_again(db: Database):
    db.close()
    db.close()

    for work in (db.write(put, 1), db.read(ids)):
        with pytest.raises(Unavailable, match="shutting down"):
            await work


# acknowledged data is durable

WRITER = """
import asyncio, sys
from databases import open_database
from chirrup.events import AccountChanged
from chirrup.ports import Tx

def put(tx, id):
    tx.run("INSERT INTO things (id, word, n) VALUES (:id, '', 0)", id=id)
    tx.emit(AccountChanged(id))

async def main():
    db = open_database(sys.argv[1])

    async def write(first):
        for id in range(first, 10**6, 8):
            await db.write(put, id)
            print(id, flush=True)

    await asyncio.gather(*(write(n) for n in range(8)))

asyncio.run(main())
"""


def kill_while_it_writes(database_url: str) -> list[int]:
    """The values that were acknowledged to a process before it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert child.stdout
    acknowledged = [int(child.stdout.readline()) for _ in range(200)]
    child.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
    child.wait()
    child.stdout.close()
    return acknowledged


async def test_what_was_acknowledged_survives_a_kill_in_the_middle_of_writing(
    db: Database, database_url: str, open_db: OpenDatabase
):
    acknowledged = await asyncio.to_thread(kill_while_it_writes, database_url)

    fresh = open_db()
    await fresh.write(put, 10**9)  # nothing has to be repaired first
    found = await fresh.read(ids)

    assert set(acknowledged) <= set(found)
    announced = await fresh.read(lambda tx: tx.all("SELECT body FROM outbox"))
    assert len(announced) == len(found) - 1


async def test_ids_are_later_than_those_of_before_whatever_the_clock_says(db: Database, clock: Clock):
    before = await db.write(lambda tx: tx.new_id(5))
    clock.pass_ms(-3_600_000)
    after_a_start = made_at(ms_of(before) + 60_000, 15, 4095)
    db.draw_after(after_a_start)

    assert await db.write(lambda tx: tx.new_id(5)) > after_a_start


# the schema


async def test_the_schema_is_made_once_and_again_without_harm(empty_database_url: str):
    db = open_database(empty_database_url)
    try:
        first = migrations.migrate(db)
        await db.write(lambda tx: tx.emit(AccountChanged(5)))

        assert migrations.migrate(db) == first
        assert await db.write(migrations.version) == first == len(migrations.STEPS)
        assert await db.read(outbox.waiting) == 1
    finally:
        db.close()


async def test_an_old_database_gets_the_newer_columns(empty_database_url: str):
    def as_before(tx: Tx) -> None:
        """The schema of version 3: the outbox has no column `wide`."""
        tx.run("ALTER TABLE outbox DROP COLUMN wide")
        tx.run(
            "INSERT INTO outbox (id, bucket, body, lease_until, attempts) VALUES (5, 5, '[\"AccountChanged\",5]', 0, 0)"
        )
        tx.run("UPDATE schema_version SET version = 3")
        tx.run("DROP TABLE schema_steps")

    db = open_database(empty_database_url)
    try:
        migrations.migrate(db)
        await db.write(as_before)

        migrations.migrate(db)

        assert [one.event for one in await db.write(outbox.lease, 10)] == [AccountChanged(5)]
    finally:
        db.close()


async def test_several_processes_may_make_the_schema_at_once(empty_database_url: str):
    dbs = [open_database(empty_database_url) for _ in range(4)]
    try:
        versions = await asyncio.gather(*(asyncio.to_thread(migrations.migrate, db) for db in dbs))
    finally:
        for db in dbs:
            db.close()

    assert versions == [len(migrations.STEPS)] * 4


async def test_a_step_of_the_schema_that_fails_leaves_nothing_behind(empty_database_url: str, monkeypatch):
    def fail(tx: Tx) -> None:
        tx.run(TABLE)
        raise NotImplementedError

    db = open_database(empty_database_url)
    try:
        before = migrations.migrate(db)
        monkeypatch.setattr(migrations, "STEPS", {**migrations.STEPS, "fails": fail})
        with pytest.raises(NotImplementedError):
            migrations.migrate(db)
        monkeypatch.undo()

        assert await db.write(migrations.version) == before
        await db.write(lambda tx: tx.run(TABLE))
        assert migrations.migrate(db) == before
    finally:
        db.close()


# phrases


@pytest.fixture
async def authors(db: Database) -> list[int]:
    """Three accounts, each with posts at 1000, 2000 … 9000 ms; the posts at 5000 ms are deleted."""

    def insert(tx: Tx) -> list[int]:
        accounts = [tx.new_id(bucket) for bucket in (1, 2, 3)]
        for author in accounts:
            values = {"id": author, "bucket": bucket_of(author)}
            tx.run(_blank("accounts"), **values)
            for at in range(1, 10):
                post = at * 1000 << 16 | bucket_of(author)
                tx.run(
                    _blank("posts", author_id=":author", deleted_ms=":gone"),
                    id=post,
                    bucket=bucket_of(author),
                    author=author,
                    gone=int(at == 5),
                )
        return accounts

    return await db.write(insert)


def _blank(table: str, **given: str) -> str:
    """INSERT of a row of table; columns that are not given are 0 or empty."""
    from chirrup.types import POST_COLUMNS, Account, Post

    struct, columns = {"accounts": (Account, Account.__struct_fields__), "posts": (Post, POST_COLUMNS)}[table]
    kinds = struct.__annotations__
    values = {name: "0" if kinds[name] is int else "''" for name in columns}
    values |= {"id": ":id", "bucket": ":bucket", **given}
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


@pytest.mark.parametrize(
    ("phrase", "after", "before", "limit", "expected"),
    [
        ("newest_posts", 0, 2**63 - 1, 4, [(9, 2), (9, 1), (8, 2), (8, 1)]),
        ("newest_posts", 3, 6, 9, [(4, 2), (4, 1)]),
        ("newest_posts", 0, 2, 9, [(1, 2), (1, 1)]),
        ("newest_posts", 9, 99, 9, []),
        ("oldest_posts", 0, 2**63 - 1, 3, [(1, 1), (1, 2), (2, 1)]),
        ("oldest_posts", 3, 7, 9, [(4, 1), (4, 2), (6, 1), (6, 2)]),
    ],
)
async def test_posts_of_many_authors_from_either_end(
    db: Database, authors: list[int], phrase: str, after: int, before: int, limit: int, expected: list[tuple[int, int]]
):
    """after, before: seconds, exclusive; expected: (second, bucket)."""

    def found(tx: Tx, wanted: list[int]) -> list[tuple[int, int]]:
        span = {"after": (after * 1000 << 16) + 4095, "before": before if before > 99 else before * 1000 << 16}
        rows = tx.all(getattr(tx.sql, phrase), authors=wanted, limit=limit, **span)
        return [((id >> 16) // 1000, bucket_of(id)) for (id,) in rows]

    assert await db.read(found, [authors[0], authors[1], authors[0]]) == expected
    assert await db.read(found, []) == []


async def test_an_old_program_works_with_a_newer_schema(empty_database_url: str, monkeypatch):
    db = open_database(empty_database_url)
    try:
        newest = migrations.migrate(db)
        monkeypatch.setattr(migrations, "STEPS", dict(list(migrations.STEPS.items())[:-2]))

        assert migrations.migrate(db) == newest
        assert await db.write(migrations.version) == newest
    finally:
        db.close()


async def test_a_new_index_of_an_existing_table_is_a_step(empty_database_url: str, monkeypatch):
    db = open_database(empty_database_url)
    try:
        version = migrations.migrate(db)
        db.write_now(lambda tx: tx.run("DROP INDEX posts_author"))
        monkeypatch.setattr(migrations, "STEPS", {**migrations.STEPS, "again": migrations.Index("posts_author")})

        assert migrations.migrate(db) == migrations.migrate(db) == version + 1
        assert ("posts_author",) in await db.read(lambda tx: tx.all(tx.sql.relations))
    finally:
        db.close()
