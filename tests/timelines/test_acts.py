"""The effects of an operation are in the actor's next answer, before any worker has acted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from counting import CountingDatabase
from databases import Clock
from kit import people, settle, work_off

from chirrup.access import sites, visibility
from chirrup.access.caller import Caller
from chirrup.config import Settings
from chirrup.events import Event, FollowChanged, Followed, ListChanged, Muted
from chirrup.ids import ID_MAX
from chirrup.ports import Engines, Tx
from chirrup.social import follows, lists, posts, reactions, tags
from chirrup.store import outbox
from chirrup.timelines import fanout, late, read, rebuild
from chirrup.types import Draft, Span, Viewer

pytestmark = pytest.mark.slow

EVERYTHING = Span(before=ID_MAX, limit=400)


class Town:
    """A reader with a warm home and a warm list, and authors with posts."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines

    async def build(self) -> "Town":
        self.reader, self.ann, self.bob, self.eve, self.shy = await people(
            self.engines.db, "reader", "ann", "bob", "eve", "shy"
        )
        write = self.engines.db.write
        for one in (self.ann, self.bob):
            await write(follows.follow, self.reader, one)
        await write(follows.mute, self.reader, self.bob)
        await write(follows.block, self.reader, self.shy)
        await write(tags.follow, self.reader, "sea")
        self.list = (await write(lists.create, self.reader, lists.ListChange(title="l", replies="none"))).id
        await write(lists.add, self.reader, self.list, [self.ann])
        self.of_ann = await self.say(self.ann, "hello")
        self.of_bob = await self.say(self.bob, "hello #town")
        self.of_eve = await self.say(self.eve, "hello #town")
        await self.say(self.eve, "hello #sea")
        await self.say(self.ann, "@shy is blocked")
        self.own = await self.say(self.reader, "mine")
        await self.say(self.ann, "an answer", reply_to_id=self.own)
        await write(reactions.boost, self.ann, self.of_eve)
        await settle(self.engines)
        await self.timelines()
        return self

    async def say(self, author: int, text: str, **how: Any) -> int:
        return (await self.engines.db.write(posts.publish, author, Draft(text=text, **how))).id

    async def act(self, operation: Callable[..., Any], actor: int, *args: Any, **kwargs: Any) -> Any:
        """Call the operation as every edge does."""
        caller = Caller(self.engines, Settings(), Viewer(account_id=actor), "", sites.own(Settings()))
        return await caller.write(operation, actor, *args, **kwargs)

    async def timelines(self) -> list[list[int]]:
        """(home, list) as the reader sees them."""
        return [
            await read.home(self.engines, self.reader, EVERYTHING),
            await read.of_list(self.engines, self.list, EVERYTHING),
        ]

    async def rebuilt(self) -> list[list[int]]:
        db = self.engines.db
        return [
            (await db.read(rebuild.home, self.reader, EVERYTHING))[0],
            (await db.read(rebuild.of_list, self.list, EVERYTHING))[0],
        ]


@pytest.fixture
async def town(engines: Engines) -> Town:
    return await Town(engines).build()


CHANGE = lists.ListChange
ACTS: dict[str, Callable[[Town], Awaitable[Any]]] = {
    "follow": lambda t: t.act(follows.follow, t.reader, t.eve),
    "unfollow": lambda t: t.act(follows.unfollow, t.reader, t.ann),
    "no boosts": lambda t: t.act(follows.follow, t.reader, t.ann, show_boosts=False),
    "languages": lambda t: t.act(follows.follow, t.reader, t.ann, languages=("fr",)),
    "block": lambda t: t.act(follows.block, t.reader, t.ann),
    "unblock": lambda t: t.act(follows.unblock, t.reader, t.shy),
    "follow of somebody blocked": lambda t: t.act(follows.follow, t.reader, t.shy),
    "blocked by a followee": lambda t: t.act(follows.block, t.ann, t.reader),
    "sent away": lambda t: t.act(follows.remove_follower, t.ann, t.reader),
    "mute": lambda t: t.act(follows.mute, t.reader, t.ann),
    "unmute": lambda t: t.act(follows.unmute, t.reader, t.bob),
    "tag": lambda t: t.act(tags.follow, t.reader, "town"),
    "tag no more": lambda t: t.act(tags.unfollow, t.reader, "sea"),
    "on the list": lambda t: t.act(lists.add, t.reader, t.list, [t.bob]),
    "off the list": lambda t: t.act(lists.remove, t.reader, t.list, [t.ann]),
    "replies": lambda t: t.act(lists.change, t.reader, t.list, CHANGE(replies="followed")),
    "exclusive": lambda t: t.act(lists.change, t.reader, t.list, CHANGE(exclusive=True)),
    "post": lambda t: t.act(posts.publish, t.reader, Draft(text="another")),
    "boost": lambda t: t.act(reactions.boost, t.reader, t.of_eve),
}
UNSEEN = ("on the list",)  # by a muted author


@pytest.mark.parametrize("name", ACTS)
async def test_the_next_answer_shows_it(town: Town, name: str):
    before = await town.timelines()

    await ACTS[name](town)

    after = await town.timelines()
    assert after == await town.rebuilt()
    assert (after != before) or name in UNSEEN
    await settle(town.engines)
    assert await town.timelines() == after


async def test_an_accepted_request_is_seen_by_who_asked(engines: Engines):
    town = await Town(engines).build()
    await engines.db.write(_lock, town.eve)
    await town.act(follows.follow, town.reader, town.eve)
    assert town.of_eve not in (await town.timelines())[0]

    await town.act(follows.accept, town.eve, town.reader)

    assert town.of_eve in (await town.timelines())[0]


def _lock(tx: Tx, id: int) -> None:
    tx.run("UPDATE accounts SET locked = 1 WHERE id = :id", id=id)


async def test_an_own_post_that_was_deleted_is_gone_at_once(town: Town):
    made = await town.act(posts.publish, town.reader, Draft(text="oops"))
    await town.act(posts.delete, town.reader, made.id)

    assert made.id not in (await town.rebuilt())[0]
    assert await town.engines.db.read(_shown, town.reader, (await town.timelines())[0]) == (await town.rebuilt())[0]


def _shown(tx: Tx, viewer_id: int, ids: list[int]) -> list[int]:
    seen = visibility.see(tx, viewer_id, ids)
    return [id for id in ids if id in seen.posts]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("follow", (Followed, FollowChanged)),
        ("no boosts", (Followed, FollowChanged)),
        ("languages", (Followed, FollowChanged)),
        ("mute", (Muted,)),
        ("replies", (ListChanged,)),
        ("exclusive", (ListChanged,)),
    ],
)
async def test_a_repeat_changes_nothing_and_drops_nothing(town: Town, name: str, kinds: tuple[type[Event], ...]):
    await ACTS[name](town)
    await settle(town.engines)
    await town.timelines()

    await ACTS[name](town)

    announced = await town.engines.db.write(outbox.lease, 100)
    assert not [one.event for one in announced if isinstance(one.event, kinds)]
    page = town.engines.timelines.page
    for kind, owner in (("home", town.reader), ("list", town.list)):
        assert await page(kind, owner, before=ID_MAX, after=0, limit=1) is not None


class Held:
    """A database that delays the result of a read until the test releases it."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.has_read, self.go = asyncio.Event(), asyncio.Event()

    async def read(self, *args: Any, **kwargs: Any) -> Any:
        found = await self._db.read(*args, **kwargs)
        self.has_read.set()
        await self.go.wait()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


async def test_a_rebuild_that_read_before_the_act_is_not_believed(engines: Engines):
    reader, ann = await people(engines.db, "reader", "ann")
    post = (await engines.db.write(posts.publish, ann, Draft(text="hello"))).id
    await settle(engines)
    held = Held(engines.db)
    slow = msgspec.structs.replace(engines, db=held)
    first = asyncio.create_task(read.home(slow, reader, EVERYTHING))
    await held.has_read.wait()

    caller = Caller(slow, Settings(), Viewer(account_id=reader), "", sites.own(Settings()))
    await caller.write(follows.follow, reader, ann)
    second = asyncio.create_task(read.home(slow, reader, EVERYTHING))
    await asyncio.sleep(0)
    held.go.set()

    await first
    assert await second == [post]
    assert await read.home(slow, reader, EVERYTHING) == [post]


@pytest.mark.parametrize("is_late", [True, False])
@pytest.mark.parametrize("name", ["unfollow", "no boosts", "off the list", "tag no more", "block"])
async def test_a_push_that_read_before_the_act_is_taken_back(
    town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch, name: str, is_late: bool
):
    if is_late:
        monkeypatch.setattr(late, "LATE_S", 0)
    said = [await town.say(town.ann, "hello"), await town.say(town.eve, "the #sea")]
    said.append((await town.engines.db.write(reactions.boost, town.ann, town.of_bob)).id)
    held = [Held(town.engines.db) for _ in said]
    pushes = [
        asyncio.create_task(fanout.deliver(msgspec.structs.replace(town.engines, db=db), id))
        for db, id in zip(held, said, strict=True)
    ]
    await asyncio.gather(*(one.has_read.wait() for one in held))

    await ACTS[name](town)
    await town.timelines()  # they are warm again
    for one in held:
        one.go.set()
    await asyncio.gather(*pushes)
    if not is_late:
        await settle(town.engines)
        clock.pass_ms(late.STRAGGLERS_MS + 1000)
        await work_off(town.engines)

    assert await town.timelines() == await town.rebuilt()


async def test_only_a_push_reads_its_readers_again_when_it_is_late(town: Town, monkeypatch: pytest.MonkeyPatch):
    db = CountingDatabase(town.engines.db)
    engines = msgspec.structs.replace(town.engines, db=db)

    async def asked(event: str, late_s: float) -> int:
        monkeypatch.setattr(late, "LATE_S", late_s)
        db.asked.clear()
        await fanout.deliver(engines, town.of_ann, event)
        return db.asked.total()

    assert await asked("update", 0) > await asked("update", 60)
    for event in ("status.update", "delete"):
        assert await asked(event, 0) == await asked(event, 60)
