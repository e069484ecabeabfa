"""The contract of the table of jobs, for enqueueing and for workers, on every database."""

import pytest
from databases import Clock

from chirrup.ids import bucket_of, bucket_of_text
from chirrup.ports import Database, Tx
from chirrup.store import jobs
from chirrup.store.jobs import LEASE_MS, Job, Outcome, State
from chirrup.store.outbox_partitions import ALL, PARTITIONS

ANN = 5 << 12 | 7  # in bucket 7
BOB = 6 << 12 | 8


async def taken(db: Database, kind: str = "mail", limit: int = 100) -> list[Job]:
    """The jobs that a worker with all partitions gets now."""
    due = await db.read(jobs.due, kind, ALL, limit)
    return sorted(await db.write(jobs.take, [one.id for one in due]), key=lambda job: job.id)


async def test_a_job_comes_back_as_it_was_written(db: Database, clock: Clock):
    payload = {"to": "ann@example.com", "words": "ü 'x' %s :id"}
    assert await db.write(jobs.enqueue, "mail", of=ANN, key="a", payload=payload, destination="mx.example", order="o")

    (job,) = await taken(db)

    assert bucket_of(job.id) == 7
    assert (job.kind, job.key, job.destination, job.order_name) == ("mail", "a", "mx.example", "o")
    assert job.payload == '{"to":"ann@example.com","words":"ü \'x\' %s :id"}'
    assert (job.state, job.attempts, job.due_ms) == (State.RUNNING, 1, clock.now_ms + LEASE_MS)


async def test_it_is_there_if_and_only_if_its_transaction_committed(db: Database):
    def changes_its_mind(tx: Tx) -> None:
        jobs.enqueue(tx, "mail", of=ANN, key="a")
        raise ValueError

    with pytest.raises(ValueError):
        await db.write(changes_its_mind)

    assert await taken(db) == []


async def test_a_key_is_there_once_for_each_kind_and_bucket_whatever_its_state(db: Database):
    assert await db.write(jobs.enqueue, "mail", of=ANN, key="a")
    assert not await db.write(jobs.enqueue, "mail", of=ANN, key="a", payload="another")
    assert await db.write(jobs.enqueue, "mail", of=BOB, key="a")
    assert await db.write(jobs.enqueue, "hook", of=ANN, key="a")

    found = await taken(db)
    assert {job.payload for job in found} == {"null"}
    (first,) = (job for job in found if bucket_of(job.id) == 7)
    assert not await db.write(jobs.enqueue, "mail", of=ANN, key="a")
    await db.write(jobs.fail, [Outcome(first.id, 1, 1, State.SET_ASIDE, 0, "no")])
    assert not await db.write(jobs.enqueue, "mail", of=ANN, key="a")
    await db.write(jobs.finish, [first.id])
    assert await db.write(jobs.enqueue, "mail", of=ANN, key="a")


async def test_nobody_gets_it_before_its_date(db: Database, clock: Clock):
    await db.write(jobs.enqueue, "mail", of=ANN, key="later", due_ms=clock.now_ms + 1000)
    await db.write(jobs.enqueue, "mail", of=ANN, key="past", due_ms=1)

    clock.pass_ms(999)
    assert [job.key for job in await taken(db)] == ["past"]
    assert not await db.read(jobs.any_due, ["mail"])
    clock.pass_ms(1)
    assert await db.read(jobs.any_due, ["other", "mail"]) and not await db.read(jobs.any_due, ["other"])
    assert [job.key for job in await taken(db)] == ["later"]


async def test_what_is_taken_is_given_to_nobody_else_until_its_lease_ends(db: Database, clock: Clock):
    for key in "ab":
        await db.write(jobs.enqueue, "mail", of=ANN, key=key)
    first, second = await taken(db)

    clock.pass_ms(LEASE_MS - 1)
    assert await taken(db) == []
    await db.write(jobs.extend, [second.id])
    clock.pass_ms(1)
    (lost,) = await db.read(jobs.due, "mail", ALL, 10)
    assert (lost.id, lost.state, lost.attempts) == (first.id, State.RUNNING, 1)
    assert [(job.id, job.attempts) for job in await taken(db)] == [(first.id, 2)]


async def test_a_worker_that_lost_its_lease_does_not_undo_the_work_of_the_next(db: Database, clock: Clock):
    await db.write(jobs.enqueue, "mail", of=ANN, key="a")
    (early,) = await taken(db)
    clock.pass_ms(LEASE_MS)
    (late,) = await taken(db)

    await db.write(jobs.fail, [Outcome(early.id, early.attempts, 1, State.WAITING, 0, "too late")])

    assert (await db.read(jobs.by_id, late.id)) == late


async def test_all_jobs_to_one_destination_are_of_one_partition_and_others_of_their_buckets(db: Database):
    for of in (ANN, BOB):
        await db.write(jobs.enqueue, "mail", of=of, key="to", destination="mx.example")
        await db.write(jobs.enqueue, "mail", of=of, key="own")

    async def keys(partitions: set[int]) -> list[str]:
        due = [await db.read(jobs.by_id, one.id) for one in await db.read(jobs.due, "mail", partitions, 10)]
        return sorted(job.key for job in due if job)

    there = bucket_of_text("mx.example") % PARTITIONS
    assert there not in (7, 8)
    assert [await keys(partitions) for partitions in ({there}, {7}, {8}, {9}, set())] == [
        ["to", "to"],
        ["own"],
        ["own"],
        [],
        [],
    ]


async def test_jobs_of_one_order_come_one_after_the_other_and_hold_up_no_others(db: Database, clock: Clock):
    for key in ("1", "2"):
        await db.write(jobs.enqueue, "hook", of=ANN, key=key, order="o")
    await db.write(jobs.enqueue, "hook", of=ANN, key="of another order", order="p")
    await db.write(jobs.enqueue, "hook", of=BOB, key="of another bucket", order="o")
    await db.write(jobs.enqueue, "hook", of=ANN, key="without")

    found = {job.key: job for job in await taken(db, "hook")}
    first = found.pop("1")
    assert found.keys() == {"of another order", "of another bucket", "without"}
    await db.write(jobs.fail, [Outcome(first.id, 1, 1, State.WAITING, 1000, "away")])
    assert await taken(db, "hook") == []
    clock.pass_ms(1000)
    (again,) = await taken(db, "hook")
    assert again.key == "1"
    await db.write(jobs.fail, [Outcome(first.id, 2, 2, State.SET_ASIDE, 0, "no")])
    assert [job.key for job in await taken(db, "hook")] == ["2"]


async def test_a_person_sees_what_is_set_aside_and_has_it_tried_anew_or_dropped(db: Database, clock: Clock):
    for key in "abc":
        await db.write(jobs.enqueue, "mail", of=ANN, key=key)
    await db.write(jobs.enqueue, "hook", of=ANN, key="later", due_ms=clock.now_ms + 1)
    a, b, c = await taken(db)
    await db.write(jobs.fail, [Outcome(one.id, 1, 5, State.SET_ASIDE, 0, "no " * 1000) for one in (a, b)])

    aside = await db.read(jobs.page, 10, kind="mail", state="set_aside")
    assert [one.id for one in aside] == [a.id, b.id]
    assert {(one.attempts, len(one.answer), one.answered_ms) for one in aside} == {(5, 500, clock.now_ms)}
    assert [one.id for one in await db.read(jobs.page, 1)] == [a.id]
    counts = [(one.kind, one.state, one.jobs, one.due) for one in await db.read(jobs.counts)]
    assert counts == [("hook", "waiting", 1, 0), ("mail", "running", 1, 0), ("mail", "set_aside", 2, 2)]

    assert await db.write(jobs.retry, [a.id, c.id]) == 1
    assert await db.write(jobs.drop, [b.id, c.id]) == 1
    assert [(job.key, job.attempts) for job in await taken(db)] == [("a", 1)]
    assert await db.read(jobs.by_id, b.id) is None


async def test_what_comes_with_a_backup_waits_for_a_person_but_for_some_kinds(db: Database, clock: Clock):
    due_ms = clock.now_ms + 60_000
    for key in "ab":
        await db.write(jobs.enqueue, "mail", of=ANN, key=key, order="o")
    await db.write(jobs.enqueue, "mail", of=ANN, key="dated", due_ms=due_ms)
    await db.write(jobs.enqueue, "poll ends", of=BOB, key="c")
    (running,) = await taken(db)

    assert await db.write(jobs.set_aside_except, ["poll ends"], "from a backup") == 3
    assert await db.write(jobs.set_aside_except, ["poll ends"], "again") == 0

    aside = await db.read(jobs.page, 10, state="set_aside")
    assert [(one.key, one.answer, one.answered_ms) for one in aside] == [
        (key, "from a backup", clock.now_ms) for key in ("a", "b", "dated")
    ]
    assert [job.key for job in await taken(db, "poll ends")] == ["c"]
    clock.pass_ms(LEASE_MS)
    assert await taken(db) == []
    assert await db.write(jobs.retry, [one.id for one in aside]) == 3
    (first,) = await taken(db)  # "b" is behind it in their order
    assert (first.id, first.attempts) == (running.id, 1)
    await db.write(jobs.finish, [first.id])
    clock.pass_ms(60_000 - LEASE_MS)
    assert [job.key for job in await taken(db)] == ["b", "dated"]


async def test_a_server_that_starts_alone_ends_the_leases_of_the_one_before(db: Database):
    await db.write(jobs.enqueue, "mail", of=ANN, key="a")
    (job,) = await taken(db)

    await db.write(jobs.release_all)

    (again,) = await taken(db)
    assert (again.id, again.attempts) == (job.id, 2)


async def test_what_was_given_back_counts_as_no_attempt(db: Database):
    await db.write(jobs.enqueue, "mail", of=ANN, key="a")
    (job,) = await taken(db)

    await db.write(jobs.give_back, [job.id])

    assert [one.attempts for one in await taken(db)] == [1]
