"""Jobs are run to their end: each kind by its schedule and in parallel, whatever fails, hangs or dies."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from databases import Clock, OpenDatabase
from engines import eventually
from kit import work_off

from chirrup.errors import Refused, Unavailable, Unreachable
from chirrup.ports import Database, Engines, Tx
from chirrup.store import jobs
from chirrup.store.jobs import LEASE_MS, Job, State
from chirrup.store.outbox_partitions import ALL
from chirrup.workers import jobs as runner
from chirrup.workers.jobs import AWAY_MS, JITTER, LOOK, Jobs, Kind

ANN = 5 << 12 | 7
DAY_MS = 86_400_000


class Note(msgspec.Struct):
    words: str


class Outside:
    """The outside servers of the jobs. Jobs in held wait, jobs in raises fail, all others succeed."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.asked: list[str] = []  # keys of all attempts, also failed ones
        self.raises: dict[str, Exception] = {}  # key or destination -> error
        self.held: dict[str, asyncio.Event] = {}  # key or destination -> event to wait for
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()  # at once, by kind and by destination

    async def do(self, engines: Engines, job: Job, payload: Any) -> None:
        self.asked.append(job.key)
        for name in (job.kind, job.destination):
            self.at_once[name] += 1
            self.most[name] = max(self.most[name], self.at_once[name])
        try:
            await asyncio.sleep(0)
            for name in (job.kind, job.key, job.destination):
                if name in self.held:
                    await self.held[name].wait()
                if name in self.raises:
                    raise self.raises[name]
            self.done.append(job.key)
        finally:
            for name in (job.kind, job.destination):
                self.at_once[name] -= 1


@pytest.fixture
def outside() -> Outside:
    return Outside()


def kinds(outside: Outside, **others: Any) -> dict[str, Kind]:
    """Two kinds with the same handler: "mail" and "hook"."""
    options: dict[str, Any] = {"pauses_s": (5, 300, 3600), "payload": Any, **others}
    return {name: Kind(outside.do, **options) for name in ("mail", "hook")}


async def enqueue(db: Database, *keys: str, kind: str = "mail", **more: Any) -> None:
    def operation(tx: Tx) -> None:
        for key in keys:
            jobs.enqueue(tx, kind, of=ANN, key=key, **more)

    await db.write(operation)


async def job(db: Database) -> Job:
    """The only job."""
    (found,) = await db.read(jobs.page, 10)
    return found


async def left(db: Database) -> list[str]:
    return [one.key for one in await db.read(jobs.page, 5000)]


Start = Callable[..., Jobs]


@pytest.fixture
async def start(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Starts a worker that looks often."""
    monkeypatch.setattr(runner, "SWEEP_S", 0.01)
    started: list[Jobs] = []

    def start(kinds: dict[str, Kind], **plugs: Any) -> Jobs:
        started.append(Jobs(msgspec.structs.replace(engines, **plugs), kinds, lambda: ALL))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        await one.stop()


async def true(look: Callable[[], bool]) -> None:
    async def answer() -> bool:
        return look()

    await eventually(answer, within_s=20)


async def test_what_is_due_is_done_once_and_gone(engines: Engines, outside: Outside, clock: Clock):
    await enqueue(engines.db, *"abc")
    await enqueue(engines.db, "later", due_ms=clock.now_ms + DAY_MS)

    for _ in range(2):
        await work_off(engines, kinds(outside))

    assert sorted(outside.done) == ["a", "b", "c"]
    assert await left(engines.db) == ["later"]
    clock.pass_ms(DAY_MS)
    await work_off(engines, kinds(outside))
    assert outside.done[3:] == ["later"]


async def test_the_handler_gets_the_payload_as_the_type_it_named(engines: Engines):
    got: list[Any] = []

    async def do(engines: Engines, job: Job, payload: Any) -> None:
        got.append(payload)

    await enqueue(engines.db, "a", payload=Note("ü"))
    await work_off(engines, {"mail": Kind(do, (), Note)})

    assert got == [Note("ü")]


async def test_what_fails_is_tried_again_by_the_schedule_of_its_kind_then_set_aside(
    engines: Engines, outside: Outside, clock: Clock
):
    outside.raises["a"] = ValueError("no such thing")
    await enqueue(engines.db, "a")

    for tries, pause_s in enumerate((5, 300, 3600), 1):
        await work_off(engines, kinds(outside))
        found = await job(engines.db)
        assert (found.state, found.attempts, found.answered_ms) == (State.WAITING, tries, clock.now_ms)
        assert 1000 * pause_s <= found.due_ms - clock.now_ms <= 1000 * pause_s * (1 + JITTER)
        clock.pass_ms(found.due_ms - clock.now_ms - 1)
        await work_off(engines, kinds(outside))
        assert len(outside.asked) == tries
        clock.pass_ms(1)
    await work_off(engines, kinds(outside))
    found = await job(engines.db)
    assert (found.state, found.attempts, found.answer) == (State.SET_ASIDE, 4, "ValueError('no such thing')")
    clock.pass_ms(365 * DAY_MS)
    await work_off(engines, kinds(outside))
    assert len(outside.asked) == 4

    outside.raises.clear()  # the fault is repaired, and an operator retries
    await engines.db.write(jobs.retry, [found.id])
    await work_off(engines, kinds(outside))
    assert (outside.done, await left(engines.db)) == (["a"], [])


async def test_what_is_refused_for_good_is_set_aside_at_once(engines: Engines, outside: Outside):
    outside.raises["a"] = Refused("410 Gone")
    await enqueue(engines.db, "a")

    await work_off(engines, kinds(outside))

    found = await job(engines.db)
    assert (found.state, found.attempts, found.answer) == (State.SET_ASIDE, 1, "410 Gone")


@pytest.mark.parametrize("payload", [None, {"words": 5}, {}, ["words"]])
async def test_a_payload_that_cannot_be_read_is_set_aside_with_its_reason(
    engines: Engines, outside: Outside, payload: Any
):
    await enqueue(engines.db, "a", payload=payload)

    await work_off(engines, kinds(outside, payload=Note))

    found = await job(engines.db)
    assert (found.state, outside.asked) == (State.SET_ASIDE, [])
    assert "payload cannot be read" in found.answer


async def test_an_engine_that_is_away_for_long_costs_no_job_a_try(engines: Engines, outside: Outside, clock: Clock):
    outside.raises["a"] = Unavailable("the database is away")
    await enqueue(engines.db, "a")

    for _ in range(10):
        await work_off(engines, kinds(outside))
        found = await job(engines.db)
        assert (found.state, found.attempts) == (State.WAITING, 0)
        assert AWAY_MS <= found.due_ms - clock.now_ms <= AWAY_MS * (1 + JITTER)
        clock.pass_ms(found.due_ms - clock.now_ms)
    outside.raises.clear()
    await work_off(engines, kinds(outside))

    assert outside.done == ["a"]


async def test_what_takes_long_is_not_done_all_the_time_while_an_engine_is_away(
    engines: Engines, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    async def work(engines: Engines, job: Job, payload: Any) -> None:
        began_s = time.perf_counter()
        while time.perf_counter() < began_s + 0.02:
            pass
        raise Unavailable("the storage of files is away")

    monkeypatch.setattr(runner, "AWAY_MS", 0)
    await enqueue(engines.db, "a")

    await work_off(engines, {"mail": Kind(work, (5,), Any)})

    assert (await job(engines.db)).due_ms - clock.now_ms >= 20


async def test_what_hangs_is_ended_and_counts_as_a_failure(engines: Engines, outside: Outside):
    outside.held["a"] = asyncio.Event()
    await enqueue(engines.db, "a", "b")

    await work_off(engines, kinds(outside, longest_s=0.05))

    assert ((await job(engines.db)).answer, outside.done) == ("no end after 0.05 s", ["b"])


async def test_jobs_of_a_kind_that_only_a_newer_version_knows_are_left_to_it(engines: Engines, outside: Outside):
    await enqueue(engines.db, "new", kind="newer")
    await enqueue(engines.db, "a")

    await work_off(engines, kinds(outside))

    assert (outside.done, await left(engines.db)) == (["a"], ["new"])


@pytest.mark.parametrize("slow", [True, False])
async def test_a_kind_that_is_slow_or_fails_delays_no_other(
    engines: Engines, outside: Outside, start: Start, slow: bool
):
    if slow:
        outside.held["mail"] = asyncio.Event()
    else:
        outside.raises["mail"] = Unreachable("nobody answers")
    await enqueue(engines.db, *(f"mail {n}" for n in range(2 * LOOK)))
    start(kinds(outside))
    await true(lambda: len(outside.asked) >= 4)

    await enqueue(engines.db, *(f"hook {n}" for n in range(20)), kind="hook")
    await true(lambda: len(outside.done) == 20)

    assert outside.most["mail"] == 4  # as many as the kind allows
    for held in outside.held.values():
        held.set()


async def test_a_host_is_spoken_to_by_one_job_first_and_then_by_as_many_as_its_kind_allows(
    engines: Engines, outside: Outside, start: Start
):
    outside.held["busy.example"] = asyncio.Event()
    await enqueue(engines.db, *(f"busy {n}" for n in range(20)), destination="busy.example")
    await enqueue(engines.db, *(f"other {n}" for n in range(3)), destination="other.example")
    start(kinds(outside, at_once=10, per_destination=3))

    await true(lambda: len(outside.done) == 3)
    assert outside.at_once["busy.example"] == 1
    outside.held["busy.example"].set()
    await true(lambda: len(outside.done) == 23)

    assert outside.most["busy.example"] == 3


async def test_a_busy_host_hides_no_other_behind_it(engines: Engines, outside: Outside, start: Start, clock: Clock):
    outside.held["busy.example"] = asyncio.Event()
    busy = [f"busy {n}" for n in range(2 * LOOK)]
    await enqueue(engines.db, *busy, destination="busy.example")
    await enqueue(engines.db, "other", destination="other.example")
    start(kinds(outside))

    await true(lambda: outside.done == ["other"])

    outside.held["busy.example"].set()

    def time_passes() -> bool:
        clock.pass_ms(1000)
        return len(outside.done) == 1 + len(busy)

    await true(time_passes)
    assert Counter(outside.asked) == Counter(["other", *busy])  # putting off does not count as an attempt


async def test_thousands_of_jobs_to_a_dead_host_cost_one_attempt_and_hold_up_no_other(
    engines: Engines, outside: Outside, clock: Clock
):
    outside.raises["dead.example"] = Unreachable("nobody answers at dead.example")
    keys = [f"dead {n}" for n in range(2000)]
    await enqueue(engines.db, *keys, destination="dead.example")
    await enqueue(engines.db, "other", destination="other.example")
    worker = Jobs(engines, kinds(outside), lambda: ALL)

    await worker.work_off()
    assert sorted(outside.asked) == [keys[0], "other"]
    for _ in range(60):
        clock.pass_ms(1000)
        await worker.work_off()

    assert len(outside.asked) <= 2 + 60 // 5  # each attempt holds for five seconds at least
    found = await engines.db.read(jobs.page, 5000)
    assert {(one.state, one.answer) for one in found} == {(State.WAITING, "nobody answers at dead.example")}
    clock.pass_ms(DAY_MS)
    outside.raises.clear()
    while await left(engines.db):  # the host does not take all at once
        await worker.work_off()
        clock.pass_ms(1000)
    assert len(outside.done) == 2001


async def test_a_host_that_is_dead_for_good_uses_up_the_tries_of_all_its_jobs_by_their_schedule(
    engines: Engines, outside: Outside, clock: Clock
):
    outside.raises["dead.example"] = Unreachable("nobody answers at dead.example")
    await enqueue(engines.db, *"abc", destination="dead.example")
    worker = Jobs(engines, kinds(outside), lambda: ALL)
    began_ms = clock.now_ms

    while any(one.state != State.SET_ASIDE for one in await engines.db.read(jobs.page, 10)):
        await worker.work_off()
        clock.pass_ms(60_000)

    assert (clock.now_ms - began_ms) / 1000 >= 5 + 300 + 3600
    assert {one.attempts for one in await engines.db.read(jobs.page, 10)} == {4}


async def test_jobs_of_an_order_are_done_in_it_though_one_fails(engines: Engines, outside: Outside, clock: Clock):
    await enqueue(engines.db, *"abc", order="o")
    outside.raises["b"] = ValueError("not yet")

    await work_off(engines, kinds(outside))
    assert outside.asked == ["a", "b"]
    outside.raises.clear()
    clock.pass_ms(10_000)
    await work_off(engines, kinds(outside))

    assert outside.done == ["a", "b", "c"]


async def test_of_several_workers_one_does_each_job(
    engines: Engines, outside: Outside, open_db: OpenDatabase, start: Start
):
    """Even while two hold the same partitions, as when one has just been cut off."""
    keys = [f"{n}" for n in range(60)]
    for _ in range(3):
        start(kinds(outside, at_once=5), db=open_db())

    await enqueue(engines.db, *keys)
    await true(lambda: len(outside.done) >= 60)

    assert Counter(outside.asked) == Counter(keys)


async def test_what_a_dead_worker_had_begun_is_done_by_another_one_at_a_time(
    engines: Engines, outside: Outside, clock: Clock
):
    await enqueue(engines.db, *"abcdef")
    await die(engines.db, *"abc")

    await work_off(engines, kinds(outside))
    assert sorted(outside.done) == ["d", "e", "f"]
    clock.pass_ms(LEASE_MS)
    outside.most.clear()
    await work_off(engines, kinds(outside))

    assert sorted(outside.done) == [*"abcdef"]
    assert outside.most["mail"] == 1


async def test_a_job_that_kills_its_worker_again_and_again_is_set_aside(
    engines: Engines, outside: Outside, clock: Clock
):
    await enqueue(engines.db, "deadly", "harmless")
    for _ in range(4):
        await die(engines.db, "deadly")
        clock.pass_ms(LEASE_MS)

    await work_off(engines, kinds(outside))

    found = await job(engines.db)
    assert (found.key, found.state, "died" in found.answer) == ("deadly", State.SET_ASIDE, True)
    assert outside.done == ["harmless"]


async def die(db: Database, *keys: str) -> None:
    """Leave these jobs like a worker that has begun them and died."""
    ids = [one.id for one in await db.read(jobs.page, 100) if one.key in keys]
    assert len(await db.write(jobs.take, ids)) == len(keys)


async def test_a_worker_that_stops_finishes_what_it_does_and_gives_back_the_rest(
    engines: Engines, outside: Outside, start: Start, monkeypatch: pytest.MonkeyPatch
):
    outside.held = {"a": asyncio.Event(), "b": asyncio.Event()}
    await enqueue(engines.db, *"ab")
    worker = start(kinds(outside))
    await true(lambda: len(outside.asked) == 2)

    monkeypatch.setattr(runner, "STOP_S", 0.05)
    outside.held["a"].set()
    await worker.stop()

    found = await job(engines.db)
    assert (found.key, found.state, found.attempts) == ("b", State.WAITING, 0)


class Frail:
    """A plug for the database's socket that refuses writes when the test says so."""

    def __init__(self, db: Database) -> None:
        self._db, self.refuses, self.refused = db, False, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, operation: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if self.refuses:
            self.refused += 1
            raise Unavailable("away")
        return await self._db.write(operation, *args, **kwargs)


async def test_what_was_done_while_the_database_took_nothing_is_written_down_later_and_not_done_again(
    engines: Engines, outside: Outside, start: Start, clock: Clock
):
    frail = Frail(engines.db)
    outside.held["a"], outside.held["b"] = asyncio.Event(), asyncio.Event()
    outside.raises["b"] = ValueError("no such thing")
    await enqueue(engines.db, *"ab")
    start(kinds(outside), db=frail)
    await true(lambda: len(outside.asked) == 2)

    frail.refuses = True
    for held in outside.held.values():
        held.set()
    await true(lambda: frail.refused > 1)
    clock.pass_ms(LEASE_MS)  # meanwhile the leases have ended
    frail.refuses = False

    async def written() -> bool:
        found = await engines.db.read(jobs.page, 10)
        return [(one.key, one.attempts, one.state) for one in found] == [("b", 1, "waiting")]

    await eventually(written, within_s=20)
    assert sorted(outside.asked) == ["a", "b"]
