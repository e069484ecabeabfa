"""The contract of the outbox, on every database: one worker holds an event until it is finished."""

import asyncio
import threading

import pytest
from databases import Clock, OpenDatabase, open_database

from chirrup.events import AccountChanged, Event, Favourited, PostDeleted
from chirrup.ids import ms_of
from chirrup.ports import Database, Tx
from chirrup.store import jobs, outbox
from chirrup.store.outbox import LEASE_MS, Leased
from chirrup.store.outbox_partitions import BEAT_MS, PARTITIONS


def tell(tx: Tx, *events: Event) -> None:
    for event in events:
        tx.emit(event)


def change(number: int) -> Event:
    """An event of an actor in bucket 0: events of one bucket keep their order."""
    return AccountChanged(number << 12)


def numbers(leased: list[Leased]) -> list[int]:
    return [one.event.of >> 12 for one in leased]


async def test_events_come_back_whole_in_their_order(db: Database):
    events = [PostDeleted(7, 2**62, 0, ["a/ü.png", "b'\"%s:of.jpg"]), Favourited(7, 5), AccountChanged(2**62 + 7)]
    await db.write(tell, *events)

    leased = await db.write(outbox.lease, 10)

    assert [one.event for one in leased] == events
    assert [one.attempts for one in leased] == [1, 1, 1]
    assert [one.id for one in leased] == sorted(one.id for one in leased)
    assert await db.read(outbox.waiting) == 3


async def test_a_batch_is_the_oldest_ones(db: Database):
    await db.write(tell, *map(change, range(10)))

    batches = [numbers(await db.write(outbox.lease, limit)) for limit in (4, 4, 4, 4)]

    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []]


async def test_a_leased_event_is_given_to_nobody_else_until_its_lease_ends(db: Database, clock: Clock):
    await db.write(tell, change(1), change(2))
    first, second = await db.write(outbox.lease, 10)

    clock.pass_ms(LEASE_MS - 1)
    assert await db.write(outbox.lease, 10) == []
    await db.write(outbox.extend, [second.id])
    clock.pass_ms(1)
    assert [(one.id, one.attempts) for one in await db.write(outbox.lease, 10)] == [(first.id, 2)]
    clock.pass_ms(LEASE_MS)
    assert [(one.id, one.attempts) for one in await db.write(outbox.lease, 10)] == [(first.id, 3), (second.id, 2)]


async def test_what_is_finished_is_gone(db: Database, clock: Clock):
    await db.write(tell, *map(change, range(4)))
    leased = await db.write(outbox.lease, 10)

    await db.write(outbox.finish, [leased[0].id, leased[2].id])
    await db.write(outbox.finish, [leased[0].id])
    await db.write(outbox.finish, [])

    assert await db.read(outbox.waiting) == 2
    clock.pass_ms(LEASE_MS)
    assert numbers(await db.write(outbox.lease, 10)) == [1, 3]


async def test_the_rest_of_a_delivery_waits_among_the_wide_with_its_old_id(db: Database, clock: Clock):
    await db.write(tell, *map(change, range(4)))
    first, second, *_ = await db.write(outbox.lease, 3)

    await db.write(outbox.go_on, second.id, change(7))
    await db.write(outbox.go_on, first.id, change(6))
    await db.write(outbox.extend, [first.id])  # too late: the lease has ended

    assert numbers(await db.write(outbox.lease, 10)) == [3]
    wide = await db.write(outbox.lease, 10, wide=True)
    assert [(one.id, one.event, one.attempts) for one in wide] == [(first.id, change(6), 1), (second.id, change(7), 1)]
    assert await db.read(outbox.waiting) == 4


async def test_what_is_to_be_retried_comes_at_its_time_and_not_before(db: Database, clock: Clock):
    await db.write(tell, change(1))
    (one,) = await db.write(outbox.lease, 10)

    await db.write(outbox.retry_after, one.id, 500)
    clock.pass_ms(499)
    assert await db.write(outbox.lease, 10) == []
    clock.pass_ms(1)

    (again,) = await db.write(outbox.lease, 10)
    assert (again.id, again.event, again.attempts) == (one.id, one.event, 2)


async def test_a_lease_ends_with_that_of_its_partitions_and_not_at_once(db: Database, clock: Clock):
    await db.write(tell, change(1), change(2))

    (first,) = await db.write(outbox.lease, 1, until_ms=clock.now_ms + 7000)
    (second,) = await db.write(outbox.lease, 1, until_ms=clock.now_ms + 1)

    clock.pass_ms(BEAT_MS - 1)
    assert await db.write(outbox.lease, 10) == []
    clock.pass_ms(1)
    assert [one.id for one in await db.write(outbox.lease, 10)] == [second.id]
    clock.pass_ms(7000 - BEAT_MS)
    assert [one.id for one in await db.write(outbox.lease, 10)] == [first.id]


async def test_a_lease_that_the_worker_does_not_know_is_given_back(db: Database):
    await db.write(tell, *map(change, range(3)), AccountChanged(1))
    leased = {one.event: one.id for one in await db.write(outbox.lease, 10)}
    await db.write(outbox.begin_alone, leased[change(2)])

    await db.write(outbox.give_back_lost, {0}, [leased[change(0)]])

    again = await db.write(outbox.lease, 10)
    assert numbers(again) == [1, 2]
    assert [(one.attempts, one.unfinished) for one in again] == [(1, 0), (1, 1)]


async def test_what_somebody_began_on_alone_is_known_until_something_comes_of_it(db: Database, clock: Clock):
    await db.write(tell, change(1), change(2), change(3))
    for one in await db.write(outbox.lease, 10):
        await db.write(outbox.begin_alone, one.id)
    clock.pass_ms(LEASE_MS)

    again = await db.write(outbox.lease, 10)
    assert [(one.attempts, one.unfinished) for one in again] == [(2, 1)] * 3

    await db.write(outbox.retry_after, again[0].id, 500)
    await db.write(outbox.give_back, [again[1].id])
    await db.write(outbox.go_on, again[2].id, change(4))
    clock.pass_ms(500)
    ended = [*await db.write(outbox.lease, 10), *await db.write(outbox.lease, 10, wide=True)]
    assert [(one.attempts, one.unfinished) for one in ended] == [(3, 0), (2, 0), (1, 0)]


async def test_what_was_left_to_a_newer_version_is_listed_until_somebody_takes_it(db: Database, clock: Clock):
    await db.write(tell, change(1), change(2))
    first, second = await db.write(outbox.lease, 10)
    await db.write(outbox.retry_after, second.id, outbox.NEWER_MS)

    await db.write(outbox.leave_to_newer, [first.id])

    await db.write(outbox.give_back_lost, {0}, [second.id])  # it is not lost
    assert [(one.id, one.failed_ms) for one in await db.read(outbox.newer, 10)] == [(first.id, clock.now_ms)]
    assert await db.read(outbox.left_to_newer) == 1
    clock.pass_ms(outbox.NEWER_MS)
    assert [(one.id, one.attempts) for one in await db.write(outbox.lease, 10)] == [(first.id, 1), (second.id, 2)]
    assert await db.read(outbox.left_to_newer) == 0


async def test_what_keeps_failing_is_set_aside_with_its_reason(db: Database, clock: Clock):
    await db.write(tell, change(1), change(2))
    bad, _ = await db.write(outbox.lease, 10)

    await db.write(outbox.set_aside, bad.id, "ValueError('half')")
    await db.write(outbox.set_aside, bad.id, "again")

    assert (await db.read(outbox.waiting), await db.read(outbox.failed)) == (1, 1)
    rows = await db.read(lambda tx: tx.all("SELECT id, reason, failed_ms FROM outbox_failed"))
    assert rows == [(bad.id, "ValueError('half')", clock.now_ms)]
    clock.pass_ms(LEASE_MS)
    assert numbers(await db.write(outbox.lease, 10)) == [2]


async def test_a_server_that_starts_alone_takes_everything_back(db: Database):
    await db.write(tell, *map(change, range(3)))
    await db.write(outbox.lease, 2)

    assert await db.write(outbox.release_all) == 2

    assert numbers(await db.write(outbox.lease, 10)) == [0, 1, 2]


async def test_a_worker_leases_in_its_partitions_only(db: Database):
    actors = [5, 6, 5 + PARTITIONS, 5 + 4 * PARTITIONS]  # an account's id ends in its bucket
    await db.write(tell, *map(AccountChanged, actors))

    leased = await db.write(outbox.lease, 10, {5, 7})

    assert {one.event.of for one in leased} == {5, 5 + PARTITIONS, 5 + 4 * PARTITIONS}
    assert await db.write(outbox.lease, 10, set()) == []


@pytest.mark.parametrize("batch", [1, 7, 60])
async def test_of_many_workers_one_holds_each_event(db: Database, open_db: OpenDatabase, batch: int):
    await db.write(tell, *map(change, range(60)))

    async def work(own: Database) -> list[Leased]:
        held: list[Leased] = []
        while len(held) < 60 and await db.read(unheld):
            held += await own.write(outbox.lease, batch)
        return held

    def unheld(tx: Tx) -> bool:
        return tx.one("SELECT id FROM outbox WHERE lease_until = 0 LIMIT 1") is not None

    held = await asyncio.gather(*(work(own) for own in (db, db, open_db(), open_db())))

    taken = [number for each in held for number in numbers(each)]
    assert sorted(taken) == list(range(60))
    assert {one.attempts for each in held for one in each} == {1}


async def test_processes_that_draw_the_same_id_both_get_their_event_in(open_db: OpenDatabase):
    """Their clocks stand still at the same millisecond."""
    dbs = [open_db(), open_db(), open_db()]

    await asyncio.gather(*(db.write(tell, AccountChanged(5)) for db in dbs))

    assert await dbs[0].read(outbox.waiting) == 3


async def test_nothing_waits_that_was_written_before_the_low_watermark(db: Database, clock: Clock):
    first_ms = clock.now_ms
    clock.pass_ms(1000)
    assert ms_of(await db.write(outbox.low_watermark)) == clock.now_ms - 1

    await db.write(tell, change(1))
    clock.pass_ms(5000)
    await db.write(tell, change(2))
    (held,) = await db.write(outbox.lease, 1)
    clock.pass_ms(5000)

    assert first_ms < ms_of(await db.write(outbox.low_watermark)) < ms_of(held.id)
    await db.write(outbox.retry_after, held.id, 30_000)
    assert ms_of(await db.write(outbox.low_watermark)) < ms_of(held.id)
    await db.write(outbox.finish, [held.id])
    (later,) = await db.write(outbox.lease, 1)
    assert ms_of(held.id) < ms_of(await db.write(outbox.low_watermark)) < ms_of(later.id)


async def test_an_event_to_which_a_reaction_is_tried_again_waits_as_far_as_the_low_watermark_goes(
    db: Database, clock: Clock
):
    events: list[int] = []
    for _ in range(2):
        await db.write(tell, change(1))
        (held,) = await db.write(outbox.lease, 1)
        await db.write(jobs.enqueue, jobs.REACTION, of=held.id, key=f"{held.id} a.b")
        await db.write(outbox.finish, [held.id])
        events.append(held.id)
        clock.pass_ms(1000)
    older, newer = [one.id for one in await db.read(jobs.page, 10)]

    assert ms_of(await db.write(outbox.low_watermark)) < ms_of(events[0])
    await db.write(jobs.finish, [older])
    assert ms_of(events[0]) < ms_of(await db.write(outbox.low_watermark)) < ms_of(events[1])
    await db.write(jobs.fail, [jobs.Outcome(newer, 0, 5, jobs.State.SET_ASIDE, 0, "no")])
    assert ms_of(events[1]) < ms_of(await db.write(outbox.low_watermark))


async def test_what_is_being_written_is_above_the_low_watermark(database_url: str):
    db, other = open_database(database_url), open_database(database_url)  # with their own clocks
    drawn, looked = threading.Event(), threading.Event()

    def slow(tx: Tx) -> int:
        tx.run("UPDATE accounts SET id = id WHERE bucket = 0 AND id = 0")  # as an author's row is locked first
        tx.one("SELECT 1")
        tell(tx, change(1))
        drawn.set()
        looked.wait(0.3)  # SQLite lets the look wait for this
        return tx.now_ms

    writing = asyncio.ensure_future(asyncio.to_thread(db.write_now, slow))
    assert await asyncio.to_thread(drawn.wait, 20)
    watermark = await other.write(outbox.low_watermark)
    looked.set()

    assert ms_of(watermark) <= await writing
    ((id,),) = await db.read(lambda tx: tx.all("SELECT id FROM outbox"))
    assert watermark < id
    db.close()
    other.close()
