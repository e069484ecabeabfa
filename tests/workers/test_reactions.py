"""A reaction that fails is tried again alone: the others run once, and later events of the actor do not wait."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from counting import CountingDatabase
from databases import Clock
from engines import eventually
from kit import people, settle, work_off
from workers.test_relay import Ears

from chirrup import events
from chirrup.errors import Unavailable
from chirrup.ids import ID_MAX
from chirrup.ports import Engines, Tx
from chirrup.social import follows, notifications, posts
from chirrup.store import jobs, outbox
from chirrup.store.jobs import Job, State
from chirrup.timelines import fanout, read
from chirrup.types import Draft, NotificationKind, Post, Span
from chirrup.waiting import AtMost
from chirrup.workers import reactions
from chirrup.workers.jobs import AWAY_MS, JITTER
from chirrup.workers.outbox_partitions import Bell
from chirrup.workers.reactions import FIRST_PAUSE_MS, Published, Reaction, Reactions, Signals
from chirrup.workers.relay import Relay
from chirrup.workers.subscribers import BY_EVENT, REACTIONS, handle

pytestmark = pytest.mark.slow

NEWEST = Span(before=ID_MAX, limit=40)


class Extra:
    """One more reaction to posts. It raises or hangs as the test says."""

    def __init__(self, request: str) -> None:
        self.raises: Exception | None = None
        self.cannot_say = False
        self.hangs = False
        self.asked = 0
        self.done: list[int] = []
        self.reaction = (
            Reaction(events.PostPublished, self.writes, of_post=True, when=self.concerns)
            if request == "writes"
            else Reaction(events.PostPublished, self.goes_further, when=self.concerns)
        )

    def writes(self, tx: Tx, post: Post) -> Signals:
        self.react(post.id)
        return []

    async def goes_further(self, engines: Engines, event: events.PostPublished) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        self.react(event.post_id)

    def concerns(self, published: Published) -> bool:
        if self.cannot_say:
            raise ValueError("no such thing")
        return "nothing" not in published.post.text

    def react(self, post_id: int) -> None:
        self.asked += 1
        if self.raises:
            raise self.raises
        self.done.append(post_id)


@pytest.fixture(params=["writes", "goes further"])
def extra(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Extra:
    extra = Extra(request.param)
    others = [one for one in REACTIONS if one.to is events.PostPublished]
    monkeypatch.setitem(BY_EVENT, events.PostPublished, Reactions.of([extra.reaction, *others]))
    return extra


@pytest.fixture
def ears(engines: Engines) -> Ears:
    return Ears(engines.broker)


@pytest.fixture
async def working(engines: Engines, ears: Ears) -> AsyncIterator[Engines]:
    """The engines, with a worker that acts on events. Jobs are run when the test says so."""
    engines = msgspec.structs.replace(engines, broker=ears)
    engines.db.on_commit = Bell(engines).ring
    worker = Relay(engines)
    worker.start()
    yield engines
    await worker.stop()


async def drained(engines: Engines) -> None:
    async def answer() -> bool:
        return not await engines.db.read(outbox.waiting)

    await eventually(answer, within_s=20)


async def two_friends(engines: Engines) -> tuple[int, int]:
    """(ann, bob): bob follows ann and reads."""
    ann, bob = await people(engines.db, "ann", "bob")
    await engines.db.write(follows.follow, bob, ann)
    await drained(engines)
    await read.home(engines, bob, NEWEST)
    return ann, bob


async def say(engines: Engines, author: int, text: str) -> int:
    return (await engines.db.write(posts.publish, author, Draft(text=text))).id


async def mentions(engines: Engines, account_id: int) -> list[int]:
    told = await engines.db.read(notifications.page, account_id, NEWEST, [NotificationKind.MENTION])
    return [one.post_id for one in told.items]


async def waiting(engines: Engines) -> list[Job]:
    return await engines.db.read(jobs.page, 100)


async def test_a_reaction_that_fails_takes_no_other_with_it_and_is_tried_again_alone(
    working: Engines, ears: Ears, extra: Extra, clock: Clock
):
    ann, bob = await two_friends(working)
    extra.raises = ValueError("no such thing")

    first, second = await say(working, ann, "@bob hello"), await say(working, ann, "@bob again")
    await drained(working)

    assert await mentions(working, bob) == [second, first]
    assert await working.timelines.page("home", bob, before=ID_MAX, after=0, limit=9) == [second, first]
    assert [(one.attempts, one.due_ms) for one in await waiting(working)] == [(0, clock.now_ms + FIRST_PAUSE_MS)] * 2
    assert len({one.key for one in await waiting(working)}) == 2
    extra.raises = None
    clock.pass_ms(FIRST_PAUSE_MS)
    await work_off(working)
    assert sorted(extra.done) == [first, second] and await waiting(working) == []
    assert Counter(ears.heard) == Counter([first, second])  # delivered once


async def test_a_reaction_that_fails_again_and_again_is_set_aside_until_a_person_has_it_tried_anew(
    working: Engines, extra: Extra, clock: Clock
):
    (ann,) = await people(working.db, "ann")
    extra.raises = ValueError("no such thing")
    post = await say(working, ann, "hello")
    await drained(working)
    before = extra.asked

    for tries, pause_s in enumerate((2, 8, 30), 1):
        clock.pass_ms((await waiting(working))[0].due_ms - clock.now_ms)
        await work_off(working)
        (job,) = await waiting(working)
        assert (job.state, job.attempts, extra.asked) == (State.WAITING, tries, before + tries)
        assert 1000 * pause_s <= job.due_ms - clock.now_ms <= 1000 * pause_s * (1 + JITTER)
    clock.pass_ms(job.due_ms - clock.now_ms)
    await work_off(working)
    (job,) = await waiting(working)
    assert (job.state, job.answer, extra.reaction.name in job.key) == (State.SET_ASIDE, str(repr(extra.raises)), True)

    extra.raises = None
    await working.db.write(jobs.retry, [job.id])
    await work_off(working)
    assert (extra.done, await waiting(working)) == ([post], [])


async def test_an_engine_that_is_away_for_long_costs_no_reaction(working: Engines, extra: Extra, clock: Clock):
    (ann,) = await people(working.db, "ann")
    extra.raises = Unavailable("the index is away")
    post = await say(working, ann, "hello")
    await drained(working)

    clock.pass_ms(FIRST_PAUSE_MS)
    for _ in range(10):
        await work_off(working)
        (job,) = [one for one in await waiting(working) if one.key.endswith(extra.reaction.name)]
        assert (job.state, job.attempts) == (State.WAITING, 0)
        clock.pass_ms(int(AWAY_MS * (1 + JITTER)))
    extra.raises = None
    await work_off(working)

    assert (extra.done, await waiting(working)) == ([post], [])


async def test_a_reaction_says_itself_what_concerns_it_and_nobody_else_needs_to_know(
    working: Engines, ears: Ears, extra: Extra
):
    (ann,) = await people(working.db, "ann")

    nothing, something = await say(working, ann, "nothing"), await say(working, ann, "something")
    await drained(working)
    assert (extra.done, ears.heard) == ([something], [nothing, something])

    extra.cannot_say = True
    unclear = await say(working, ann, "nothing")
    await drained(working)
    assert (extra.done, ears.heard) == ([something, unclear], [nothing, something, unclear])


@pytest.mark.parametrize("extra", ["goes further"], indirect=True)
async def test_a_reaction_that_hangs_holds_up_its_actor_for_a_moment_only(
    working: Engines, ears: Ears, extra: Extra, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reactions, "at_most", AtMost(0.2))
    (ann,) = await people(working.db, "ann")
    extra.hangs = True

    said = [await say(working, ann, "one"), await say(working, ann, "two")]
    await ears.all_heard(*said)
    await drained(working)

    extra.hangs = False
    clock.pass_ms(FIRST_PAUSE_MS)
    await work_off(working)
    assert sorted(extra.done) == said


async def test_what_is_left_of_a_reaction_goes_on_after_it_was_tried_again(
    working: Engines, ears: Ears, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fanout, "STEP", 2)
    monkeypatch.setattr(fanout, "CHUNK", 2)
    ann, *followers = await people(working.db, "ann", *(f"follower{n}" for n in range(11)))
    for follower in followers:
        await working.db.write(follows.follow, follower, ann)
    await drained(working)
    for follower in followers:
        await read.home(working, follower, NEWEST)
    ears.refused[f"user:{sorted(followers)[2]}"] = ValueError

    post = await say(working, ann, "hello")
    await drained(working)
    assert len(await waiting(working)) == 1
    ears.refused.clear()
    clock.pass_ms(FIRST_PAUSE_MS)
    await work_off(working)
    await drained(working)

    for one in followers:
        assert await working.timelines.page("home", one, before=ID_MAX, after=0, limit=9) == [post]


async def test_a_job_of_a_reaction_that_another_version_knows_is_set_aside(engines: Engines):
    for reaction, event in (("PostPublished: gone.react", "[]"), ("x: y.z", '["PostPublished",5,7,0,0]')):
        payload = reactions.Again(reaction, event)
        await engines.db.write(jobs.enqueue, jobs.REACTION, of=5, key=f"{5 << 16} {reaction}", payload=payload)

    await work_off(engines)

    assert {(one.state, "another version" in one.answer) for one in await waiting(engines)} == {("set_aside", True)}


async def test_a_post_that_concerns_nobody_but_readers_is_looked_at_once_and_nothing_is_written(engines: Engines):
    (ann,) = await people(engines.db, "ann")
    await settle(engines)
    post = await say(engines, ann, "hello")
    counting: Any = CountingDatabase(engines.db)
    engines = msgspec.structs.replace(engines, db=counting)

    await fanout.deliver(engines, post)
    delivery = counting.asked.copy()
    counting.asked.clear()
    await handle(engines, events.PostPublished(ann, post))

    assert (
        counting.asked - delivery
    ).total() == 2  # the post, and the followers with notifications of all its author's posts
    assert not {"run", "changed", "many"} & counting.asked.keys()


class SlowBlobs:
    """A storage that answers when others were served meanwhile."""

    def __init__(self) -> None:
        self.others_served = threading.Event()
        self.deleted: list[str] = []

    def delete(self, key: str) -> None:
        assert self.others_served.wait(5)
        self.deleted.append(key)


async def test_others_are_served_while_files_are_deleted(engines: Engines):
    blobs: Any = SlowBlobs()
    event = events.PicturesReplaced(1, ["a", "b"])

    deleting = asyncio.create_task(handle(msgspec.structs.replace(engines, blobs=blobs), event))
    await asyncio.sleep(0)
    blobs.others_served.set()

    assert await deleting == (None, [])
    assert blobs.deleted == ["a", "b"]
