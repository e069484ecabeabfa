"""Workers share the partitions, on every database: each has one holder at a time, and a dead one is replaced soon."""

import asyncio
from collections import Counter

from databases import Clock, OpenDatabase

from chirrup.ports import Database
from chirrup.store import outbox_partitions
from chirrup.store.outbox_partitions import LEASE_MS, PARTITIONS

ALL = set(range(PARTITIONS))


async def share(db: Database, worker: int, *busy: int) -> set[int]:
    held, _ = await db.write(outbox_partitions.share, worker, busy)
    return set(held)


async def test_the_first_has_all_and_others_their_share_once_it_gives_them_up(db: Database):
    assert await share(db, 1) == ALL
    assert await share(db, 2) == await share(db, 3) == set()

    found = [await share(db, worker) for worker in (1, 2, 3)]

    assert set.union(*found) == ALL
    assert sum(map(len, found)) == PARTITIONS
    assert max(map(len, found)) - min(map(len, found)) <= 1


async def test_workers_that_come_at_once_do_not_wait_for_each_other(open_db: OpenDatabase):
    dbs = {worker: open_db(timeout_s=0.5) for worker in range(1, 9)}
    await share(dbs[1], 1)

    for _ in range(3):
        found = await asyncio.gather(*(share(db, worker) for worker, db in dbs.items()))

    assert set.union(*found) == ALL
    assert sum(map(len, found)) == PARTITIONS


async def test_a_busy_partition_is_given_up_when_its_work_is_done(db: Database):
    await share(db, 1)
    await share(db, 2)

    held, leaving = await db.write(outbox_partitions.share, 1, [0, 1])
    assert len(leaving) == 1
    assert not leaving & held
    assert await share(db, 2) == ALL - held - leaving

    assert await share(db, 1) == held
    assert await share(db, 2) == ALL - held


async def test_partitions_of_a_dead_worker_are_free_after_its_lease(db: Database, clock: Clock):
    await share(db, 1)
    clock.pass_ms(LEASE_MS - 1)
    assert await share(db, 2) == set()

    clock.pass_ms(1)

    assert await share(db, 2) == ALL
    assert await share(db, 1, *ALL) == set()


async def test_a_worker_knows_when_the_next_lease_of_another_ends(db: Database, clock: Clock):
    await share(db, 1)
    assert await db.read(outbox_partitions.next_end, 1) == 0
    first_end = clock.now_ms + LEASE_MS
    clock.pass_ms(1000)
    await share(db, 2)

    assert await db.read(outbox_partitions.next_end, 1) == first_end + 1000
    assert await db.read(outbox_partitions.next_end, 2) == await db.read(outbox_partitions.next_end, 3) == first_end
    clock.pass_ms(first_end - clock.now_ms)
    assert await db.read(outbox_partitions.next_end, 2) == 0
    assert await db.read(outbox_partitions.next_end, 3) == first_end + 1000


async def test_partitions_of_a_worker_that_leaves_are_free_at_once(db: Database):
    await share(db, 1)
    await share(db, 2)

    await db.write(outbox_partitions.leave, 1)

    assert await share(db, 2) == ALL


async def test_however_many_ask_at_once_no_partition_has_two_holders(db: Database, open_db: OpenDatabase):
    databases = [open_db() for _ in range(4)]

    async def worker(number: int) -> set[int]:
        for _ in range(5):
            held = await share(databases[number], number + 1)
        return held

    found = await asyncio.gather(*map(worker, range(4)))

    assert max(Counter(partition for held in found for partition in held).values()) == 1


async def test_workers_that_stopped_renewing_are_deleted(db: Database, clock: Clock):
    await share(db, 1)
    clock.pass_ms(LEASE_MS + 1)
    await share(db, 2)

    await db.write(outbox_partitions.forget, clock.now_ms)

    assert await db.read(lambda tx: tx.all("SELECT id FROM workers")) == [(2,)]
