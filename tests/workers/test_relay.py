"""Workers act on every event, in order for each actor and in parallel for many, whatever fails or dies."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

import msgspec
import pytest
from databases import Clock, OpenDatabase
from engines import eventually, outside
from kit import people, settle

from chirrup import events
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.timelines.memory import MemoryTimelines
from chirrup.errors import Unavailable
from chirrup.events import Event, unpack
from chirrup.ids import ID_MAX, bucket_of
from chirrup.ports import Broker, Database, Engines, Timelines, Tx
from chirrup.social import follows, posts
from chirrup.store import outbox
from chirrup.store.outbox import Leased
from chirrup.timelines import fanout, read
from chirrup.types import Draft, Span
from chirrup.workers import relay as relays
from chirrup.workers.outbox_partitions import Bell
from chirrup.workers.reactions import Reaction, Reactions
from chirrup.workers.relay import BACKOFF_MS, DEATHS, TRIES, Relay
from chirrup.workers.subscribers import BY_EVENT, handle

NEWEST = Span(before=ID_MAX, limit=40)


class Ears:
    """A plug for the broker's socket that records what is published. It refuses or delays channels as the test says."""

    blind = has_gaps = False

    def __init__(self, broker: Broker) -> None:
        self.listen, self.close, self._publish = broker.listen, broker.close, broker.publish
        self.heard: list[int] = []  # posts
        self.refused: dict[str, type[Exception]] = {}  # channel -> error
        self.refusals = self.waiting = 0
        self.held: dict[str, asyncio.Event] = {}  # channel -> event that publishers wait for

    async def publish(self, channels: Collection[str], message: bytes) -> None:
        for channel in channels:
            if channel in self.refused:
                self.refusals += 1
                raise self.refused[channel]("no such thing")
            if channel in self.held:
                self.waiting += 1
                await self.held[channel].wait()
        if "public" in channels:  # the last step of each delivery
            self.heard.append(unpack(message).id)
        await self._publish(channels, message)

    async def all_heard(self, *ids: int) -> None:
        await true(lambda: set(ids) <= set(self.heard))


class Frail:
    """A plug for the database's socket that loses answers or refuses writes when the test says so."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.loses_leases = self.refuses = False
        self.lost: list[Callable[..., Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, operation: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if self.refuses:
            self.lost.append(operation)
            raise Unavailable("away")
        answer = await self._db.write(operation, *args, **kwargs)
        if self.loses_leases and isinstance(answer, list) and any(isinstance(one, Leased) for one in answer):
            self.lost.append(operation)
            raise Unavailable("the connection was lost")
        return answer


async def true(look: Callable[[], bool]) -> None:
    """Returns once look() is true."""

    async def answer() -> bool:
        return look()

    await eventually(answer, within_s=20)


@pytest.fixture
def ears(broker: Broker) -> Ears:
    return Ears(broker)


@pytest.fixture
def engines(db: Database, ears: Ears, tmp_path: Path) -> Engines:
    blobs, limits = DiskBlobs(tmp_path / "m"), MemoryLimits()
    return Engines(db=db, timelines=MemoryTimelines(), broker=ears, blobs=blobs, limits=limits, **outside())


@pytest.fixture(autouse=True)
def never_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable sweeps, so that all effects come from wake-ups."""
    monkeypatch.setattr(relays, "SWEEP_S", 3600)


Start = Callable[[Engines], Relay]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a worker that is woken by the commits of its database."""
    started: list[Relay] = []

    def start(engines: Engines) -> Relay:
        relay = Relay(engines)
        engines.db.on_commit = Bell(engines).ring
        relay.start()
        started.append(relay)
        return relay

    yield start
    for relay in started:
        await relay.stop()


def plant(tx: Tx, body: str) -> int:
    """Write an event with any body."""
    id = tx.new_id(7)
    tx.run(
        "INSERT INTO outbox (id, bucket, body, lease_until, attempts) VALUES (:id, :bucket, :body, 0, 0)",
        id=id,
        bucket=bucket_of(id),
        body=body,
    )
    return id


def ring(engines: Engines, event_id: int) -> None:
    """Wake the holder of this event's partition."""
    Bell(engines).ring([bucket_of(event_id)])


async def say(db: Database, *authors: int) -> list[int]:
    return [(await db.write(posts.publish, author, Draft(text="hello"))).id for author in authors]


async def drained(db: Database) -> None:
    async def answer() -> bool:
        return not await db.read(outbox.waiting)

    await eventually(answer, within_s=20)


async def test_each_actors_events_are_acted_on_in_order_and_once(engines: Engines, ears: Ears, start: Start):
    authors = await people(engines.db, "ann", "bob", "eve")
    start(engines)

    said = await asyncio.gather(*(say(engines.db, *[author] * 30) for author in authors))
    await drained(engines.db)

    for ids in said:
        assert [id for id in ears.heard if id in ids] == ids


async def test_of_several_workers_one_acts_on_each_event(
    engines: Engines, open_db: OpenDatabase, ears: Ears, start: Start
):
    authors = await people(engines.db, "ann", "bob", "eve")
    for _ in range(3):
        start(msgspec.structs.replace(engines, db=open_db()))
    engines.db.on_commit = Bell(engines).ring

    said = await asyncio.gather(*(say(engines.db, *[author] * 30) for author in authors))
    await drained(engines.db)

    assert sorted(ears.heard) == sorted(id for ids in said for id in ids)


async def test_an_actor_whose_event_takes_long_holds_up_nobody_else(engines: Engines, ears: Ears, start: Start):
    ann, bob = await people(engines.db, "ann", "bob")
    ears.held[f"user:{ann}"] = asyncio.Event()
    start(engines)

    of_ann = await say(engines.db, ann, ann)
    of_bob = await say(engines.db, *[bob] * 10)
    await ears.all_heard(*of_bob)

    assert not set(ears.heard) & set(of_ann)
    ears.held[f"user:{ann}"].set()
    await drained(engines.db)
    assert [id for id in ears.heard if id in of_ann] == of_ann


@pytest.mark.parametrize("body", ['["nobody writes this", 5]', '["PostPublished", "text"]', "{", "", "[" * 5000])
async def test_what_cannot_be_read_is_set_aside_and_holds_up_nobody(
    engines: Engines, ears: Ears, start: Start, clock: Clock, body: str
):
    (ann,) = await people(engines.db, "ann")
    planted = await engines.db.write(plant, body)
    start(engines)

    for tries in range(1, TRIES):
        await ears.all_heard(*await say(engines.db, ann))
        await retried(engines.db, planted, tries, clock.now_ms + BACKOFF_MS[tries - 1])
        clock.pass_ms(BACKOFF_MS[tries - 1])
        ring(engines, planted)
    await drained(engines.db)

    (failure,) = await engines.db.read(outbox.failures, 10)
    assert (failure.id, failure.body) == (planted, body)
    assert failure.reason


class FromTheFuture(events.Event, frozen=True):
    """A kind that only the next version of the program knows."""


async def test_what_only_a_newer_version_knows_is_left_to_it_and_holds_up_nobody(
    engines: Engines, open_db: OpenDatabase, ears: Ears, start: Start, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    (ann,) = await people(engines.db, "ann")
    old = start(engines)
    planted = await engines.db.write(plant, events.encode(FromTheFuture(ann)).decode())

    for _ in range(2 * TRIES):
        clock.pass_ms(outbox.NEWER_MS)
        ring(engines, planted)
        await ears.all_heard(*await say(engines.db, ann))
        await retried(engines.db, planted, 0, clock.now_ms + outbox.NEWER_MS)
    assert [one.id for one in await engines.db.read(outbox.newer, 10)] == [planted]
    assert await engines.db.read(outbox.left_to_newer) == 1
    assert await engines.db.read(outbox.failed) == 0

    await old.stop()
    clock.pass_ms(outbox.NEWER_MS)
    monkeypatch.setattr(events, "decode", msgspec.json.Decoder(events.ANY | FromTheFuture).decode)  # the update
    acted_on: list[Event] = []

    async def act(_: Engines, event: Event) -> None:
        acted_on.append(event)

    monkeypatch.setitem(BY_EVENT, FromTheFuture, Reactions.of([Reaction(FromTheFuture, act)]))
    start(msgspec.structs.replace(engines, db=open_db()))
    await drained(engines.db)
    assert acted_on == [FromTheFuture(ann)]


async def test_what_nobody_came_to_know_within_a_day_is_set_aside(
    engines: Engines, ears: Ears, start: Start, clock: Clock
):
    (ann,) = await people(engines.db, "ann")
    planted = await engines.db.write(plant, events.encode(FromTheFuture(ann)).decode())
    clock.pass_ms(outbox.NEWER_MAX_MS)
    start(engines)

    for tries in range(1, TRIES):
        await retried(engines.db, planted, tries, clock.now_ms + BACKOFF_MS[tries - 1])
        clock.pass_ms(BACKOFF_MS[tries - 1])
        ring(engines, planted)
    await drained(engines.db)

    (failure,) = await engines.db.read(outbox.failures, 10)
    assert (failure.id, "FromTheFuture" in failure.reason) == (planted, True)


async def retried(db: Database, id: int, tries: int, at_ms: int) -> None:
    """Set that event id has had this many tries and is due at this time."""

    def answer(tx: Tx) -> bool:
        return tx.one("SELECT attempts, lease_until FROM outbox WHERE id = :id", id=id) == (tries, at_ms)

    await eventually(lambda: db.read(answer), within_s=20)


async def test_an_event_that_kills_its_worker_is_set_aside_and_nothing_else_is(
    engines: Engines, ears: Ears, start: Start, clock: Clock
):
    (ann,) = await people(engines.db, "ann")
    await settle(engines)
    deadly, harmless = await say(engines.db, ann, ann)

    async def die(*, acting_on_first: bool) -> None:
        """Leave both events like a worker that has leased them and died."""
        first, _ = await engines.db.write(outbox.lease, 10)
        if acting_on_first:
            await engines.db.write(outbox.begin_alone, first.id)
        clock.pass_ms(outbox.LEASE_MS)

    for _ in range(TRIES):
        await die(acting_on_first=False)
    for _ in range(DEATHS):
        await die(acting_on_first=True)
    start(engines)
    await drained(engines.db)

    (failure,) = await engines.db.read(outbox.failures, 10)
    assert (str(deadly) in failure.body, "died" in failure.reason) == (True, True)
    assert ears.heard == [harmless]


async def test_what_a_program_of_before_noted_in_the_attempts_is_acted_on(
    engines: Engines, ears: Ears, start: Start, clock: Clock
):
    """It added 1000 for each time that it began on an event alone, and subtracted that when something came of it."""
    (ann,) = await people(engines.db, "ann")
    await settle(engines)
    said = await say(engines.db, ann)
    await engines.db.write(lambda tx: tx.run("UPDATE outbox SET attempts = 2006"))

    start(engines)
    await drained(engines.db)

    assert ears.heard == said
    assert await engines.db.read(outbox.failed) == 0


async def test_a_lease_whose_answer_was_lost_is_given_back_at_the_next_look(
    engines: Engines, ears: Ears, start: Start, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relays, "SWEEP_S", 0.01)
    (ann,) = await people(engines.db, "ann")
    frail = Frail(engines.db)
    start(msgspec.structs.replace(engines, db=frail))
    await drained(engines.db)

    frail.loses_leases = True
    said = await say(engines.db, ann, ann)
    await true(lambda: bool(frail.lost))
    frail.loses_leases = False

    await drained(engines.db)  # the clock stands still, so no lease has ended
    assert ears.heard == said


async def test_what_failed_while_the_database_took_nothing_is_tried_again_when_it_does(
    engines: Engines, ears: Ears, start: Start, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relays, "SWEEP_S", 0.01)
    (ann,) = await people(engines.db, "ann")
    frail = Frail(engines.db)
    start(msgspec.structs.replace(engines, db=frail))
    await drained(engines.db)
    ears.held[f"user:{ann}"] = asyncio.Event()
    (post,) = await say(engines.db, ann)
    await true(lambda: ears.waiting == 1)

    frail.refuses, ears.refused["public"] = True, Unavailable
    ears.held[f"user:{ann}"].set()
    await true(lambda: outbox.retry_after in frail.lost)
    ears.refused.clear()
    frail.refuses = False

    await drained(engines.db)
    assert ears.heard == [post]


async def test_the_half_of_a_fan_out_that_a_dead_worker_left_is_done_by_another_when_its_lease_ends(
    db: Database, timelines: Timelines, start: Start, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(fanout, "STEP", 4)
    ears = Ears(MemoryBroker())
    blobs, limits = DiskBlobs(tmp_path), MemoryLimits()
    engines = Engines(db=db, timelines=timelines, broker=ears, blobs=blobs, limits=limits, **outside())
    ann, bob, *followers = await people(db, "ann", "bob", *(f"follower{n}" for n in range(15)))
    for follower in followers:
        await db.write(follows.follow, follower, ann)
    await settle(engines)
    for follower in followers:
        await read.home(engines, follower, NEWEST)
    (post,) = await say(db, ann)

    (held,) = await db.write(outbox.lease, 1)
    ears.refused[f"user:{sorted(followers)[5]}"] = ValueError  # in the second of four steps
    _, failures = await handle(engines, held.event)
    assert [str(one.error) for one in failures] == ["no such thing"]
    ears.refused.clear()
    some = [await timelines.page("home", one, before=ID_MAX, after=0, limit=9) for one in followers]
    assert [post] in some and [] in some
    start(engines)

    clock.pass_ms(outbox.LEASE_MS - 1)
    (of_bob,) = await say(db, bob)
    await ears.all_heard(of_bob)
    assert post not in ears.heard
    clock.pass_ms(1)
    await say(db, bob)
    await drained(db)

    for one in followers:
        assert await timelines.page("home", one, before=ID_MAX, after=0, limit=9) == [post]


async def test_a_post_to_very_many_lets_small_ones_pass_and_reaches_all(
    engines: Engines, ears: Ears, start: Start, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fanout, "STEP", 2)
    monkeypatch.setattr(fanout, "CHUNK", 2)
    monkeypatch.setattr(relays, "SMALL_MAX", 3)
    ann, bob, *followers = await people(engines.db, "ann", "bob", *(f"follower{n}" for n in range(19)))
    for follower in followers:
        await engines.db.write(follows.follow, follower, ann)
    await settle(engines)
    for follower in followers:
        await read.home(engines, follower, NEWEST)
    late = f"user:{sorted(followers)[9]}"
    ears.held[late] = asyncio.Event()
    start(engines)

    first, second, third = await say(engines.db, ann, ann, ann)  # more than the pool for large deliveries takes
    await ears.all_heard(*await say(engines.db, bob, bob))
    await engines.db.write(posts.delete, ann, second)
    assert not {first, second, third} & set(ears.heard)
    ears.held[late].set()
    await drained(engines.db)

    assert {first, third} <= set(ears.heard)
    for one in followers:
        page = await engines.timelines.page("home", one, before=ID_MAX, after=0, limit=9)
        assert page and [id for id in page if id != second] == [third, first]


async def test_a_worker_that_stops_finishes_what_it_does_and_gives_back_the_rest(
    engines: Engines, ears: Ears, start: Start
):
    ann, bob = await people(engines.db, "ann", "bob")
    ears.held[f"user:{ann}"] = asyncio.Event()
    relay = start(engines)
    said = await say(engines.db, *[ann] * 5)
    await ears.all_heard(*await say(engines.db, bob))

    stopping = asyncio.ensure_future(relay.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    ears.held[f"user:{ann}"].set()
    await stopping

    left = await engines.db.write(outbox.lease, 10)
    assert [one.event.post_id for one in left] == said[1:]
    assert {one.attempts for one in left} == {1}
    assert said[0] in ears.heard


async def test_it_is_woken_from_any_thread(engines: Engines, ears: Ears, start: Start):
    (ann,) = await people(engines.db, "ann")
    start(engines)
    await drained(engines.db)
    engines.db.on_commit = None
    (post,) = await say(engines.db, ann)

    waking = threading.Thread(target=Bell(engines).ring, args=([bucket_of(ann)],))
    waking.start()

    await ears.all_heard(post)
    waking.join()


async def test_what_nobody_told_it_of_it_finds_itself(
    engines: Engines, ears: Ears, start: Start, monkeypatch: pytest.MonkeyPatch
):
    (ann,) = await people(engines.db, "ann")
    monkeypatch.setattr(relays, "SWEEP_S", 0.01)
    start(engines)
    engines.db.on_commit = None

    await ears.all_heard(*await say(engines.db, ann))
