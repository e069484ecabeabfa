"""Who gets which posts at home: the rules one by one, and fan-out and rebuild always agree."""

import random
from collections.abc import Sequence

import pytest
from engines import eventually
from kit import people, settle

from chirrup.errors import NotFound
from chirrup.ids import ID_MAX
from chirrup.orgs import rooms
from chirrup.ports import Engines, Tx
from chirrup.social import follows, lists, posts, reactions, tags
from chirrup.store import follows as follow_rows
from chirrup.timelines import fanout, read, rebuild
from chirrup.timelines.once import Excerpt
from chirrup.types import Draft, Span, Visibility

pytestmark = pytest.mark.slow

EVERYTHING = Span(before=ID_MAX, limit=400)


async def home(engines: Engines, account_id: int) -> list[int]:
    return await read.home(engines, account_id, EVERYTHING)


async def say(engines: Engines, author: int, text: str, **how: object) -> int:
    post = await engines.db.write(posts.publish, author, Draft(text=text, **how))  # type: ignore[arg-type]
    return post.id


async def test_a_post_reaches_followers_and_its_author_once_even_if_delivered_twice(engines: Engines):
    ann, bob, eve = await people(engines.db, "ann", "bob", "eve")
    await engines.db.write(follows.follow, bob, ann)
    await settle(engines)
    for reader in (ann, bob, eve):
        assert await home(engines, reader) == []

    post = await say(engines, ann, "hello")
    await settle(engines)
    await fanout.deliver(engines, post)

    assert [await home(engines, reader) for reader in (ann, bob, eve)] == [[post], [post], []]


async def test_a_post_reaches_the_last_of_several_steps_of_followers(engines: Engines, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fanout, "STEP", 2)
    ann, *readers = await people(engines.db, "ann", *(f"r{n}" for n in range(5)))
    for reader in readers:
        await engines.db.write(follows.follow, reader, ann)
    await settle(engines)
    for reader in readers:
        await home(engines, reader)

    post = await say(engines, ann, "hello")
    await settle(engines)

    assert [await home(engines, reader) for reader in readers] == [[post]] * 5


async def test_a_reply_reaches_those_who_follow_both_sides(engines: Engines):
    ann, bob, both, one = await people(engines.db, "ann", "bob", "both", "one")
    for follower, followee in ((both, ann), (both, bob), (one, bob), (ann, bob)):
        await engines.db.write(follows.follow, follower, followee)
    question = await say(engines, ann, "who?")
    await settle(engines)
    for reader in (ann, both, one):
        await home(engines, reader)

    answer = await say(engines, bob, "me", reply_to_id=question)
    await settle(engines)

    assert answer in await home(engines, ann)
    assert answer in await home(engines, both)
    assert answer not in await home(engines, one)


async def test_boosts_switched_off_and_muted_originals_stay_out(engines: Engines):
    ann, bob, calm, sore, fan = await people(engines.db, "ann", "bob", "calm", "sore", "fan")
    await engines.db.write(follows.follow, calm, bob, show_boosts=False)
    await engines.db.write(follows.follow, sore, bob)
    await engines.db.write(follows.mute, sore, ann)
    await engines.db.write(follows.follow, fan, bob)
    original = await say(engines, ann, "news")
    await settle(engines)
    for reader in (calm, sore, fan):
        await home(engines, reader)

    boost = await engines.db.write(reactions.boost, bob, original)
    await settle(engines)

    assert [await home(engines, reader) for reader in (calm, sore, fan)] == [[], [], [boost.id]]


async def test_a_direct_post_reaches_no_home_but_those_of_the_people_it_names(engines: Engines):
    ann, bob, eve = await people(engines.db, "ann", "bob", "eve")
    for follower in (bob, eve):
        await engines.db.write(follows.follow, follower, ann)
    await settle(engines)
    for reader in (ann, bob, eve):
        await home(engines, reader)

    post = await say(engines, ann, "@bob psst", visibility=Visibility.DIRECT)
    await settle(engines)

    assert [await home(engines, reader) for reader in (ann, bob, eve)] == [[post], [post], []]


async def test_a_deleted_post_is_not_announced_as_new(engines: Engines):
    ann, bob = await people(engines.db, "ann", "bob")
    await engines.db.write(follows.follow, bob, ann)
    await settle(engines)
    await home(engines, bob)
    heard: list[bytes] = []
    await engines.broker.listen([f"user:{bob}"], lambda channel, message: heard.append(message))

    post = await say(engines, ann, "oops")
    await engines.db.write(posts.delete, ann, post)
    await settle(engines)

    assert not any(b"update" in message for message in heard)


@pytest.mark.parametrize("kept", ["warm", "cold"])
@pytest.mark.parametrize("policy", ["list", "followed", "none"])
async def test_a_list_shows_answers_to_its_owner_who_may_stand_on_it(engines: Engines, policy: str, kept: str):
    owner, ann, bob, eve = await people(engines.db, "owner", "ann", "bob", "eve")
    for one in (ann, bob):
        await engines.db.write(follows.follow, owner, one)
    change = lists.ListChange(title="us", replies=policy, exclusive=True)
    of_ann, of_us = [(await engines.db.write(lists.create, owner, change)).id for _ in range(2)]
    await engines.db.write(lists.add, owner, of_ann, [ann])
    await engines.db.write(lists.add, owner, of_us, [owner, ann])
    await settle(engines)
    questions = {who: await say(engines, who, "who?") for who in (owner, ann, bob, eve)}
    await settle(engines)

    async def read_all() -> list[set[int]]:
        shown = [await read.of_list(engines, one, EVERYTHING) for one in (of_ann, of_us)]
        return [set(ids) - set(questions.values()) for ids in (*shown, await home(engines, owner))]

    if kept == "warm":
        await read_all()
    by_ann, own = [
        {who: await say(engines, author, "me", reply_to_id=id) for who, id in questions.items()}
        for author in (ann, owner)
    ]
    await settle(engines)

    answered = {"list": (owner,), "followed": (owner, bob), "none": ()}[policy]
    on_ann = {by_ann[who] for who in (ann, *answered)}
    on_us = on_ann | {own[who] for who in (owner, *answered, *((ann,) if policy != "none" else ()))}
    assert await read_all() == [on_ann, on_us, set(own.values())]


async def test_what_one_says_is_on_ones_own_list_and_its_stream_at_once(engines: Engines):
    owner, ann = await people(engines.db, "owner", "ann")
    made = await engines.db.write(lists.create, owner, lists.ListChange(title="me"))
    await engines.db.write(lists.add, owner, made.id, [owner])
    with pytest.raises(NotFound):
        await engines.db.write(lists.add, owner, made.id, [ann])
    await settle(engines)
    heard: list[bytes] = []
    await engines.broker.listen([f"list:{made.id}"], lambda channel, message: heard.append(message))

    def ids(tx: Tx, viewer_id: int, ids: Sequence[int], excerpt: Excerpt) -> list[int]:
        return list(ids)

    assert await read.show_list(engines, made, EVERYTHING, ids) == ([], [])
    post = await say(engines, owner, "mine", visibility=Visibility.DIRECT)
    assert await read.show_list(engines, made, EVERYTHING, ids) == ([post], [post])
    await settle(engines)
    assert await read.of_list(engines, made.id, EVERYTHING) == [post]
    await eventually(lambda: _any(heard))


async def _any(heard: list[bytes]) -> bool:
    return any(b"update" in message for message in heard)


@pytest.mark.parametrize("seed", range(3))
async def test_fan_out_and_rebuild_agree_whatever_the_network(engines: Engines, seed: int):
    dice = random.Random(seed)
    ids = await people(engines.db, *(f"p{n}" for n in range(8)))
    await _tangle(engines, dice, ids)
    await settle(engines)
    kept = [await engines.db.write(_list, dice, owner) for owner in ids[:4]]
    await settle(engines)
    for reader in ids:
        await home(engines, reader)
    for list_id in kept:
        await read.of_list(engines, list_id, EVERYTHING)

    said: list[int] = []
    for _ in range(40):
        said.append(await _something(engines, dice, ids, said))
    await settle(engines)

    for reader in ids:
        rebuilt, _ = await engines.db.read(rebuild.home, reader, EVERYTHING)
        assert await home(engines, reader) == rebuilt
    for list_id in kept:
        rebuilt, _ = await engines.db.read(rebuild.of_list, list_id, EVERYTHING)
        assert await read.of_list(engines, list_id, EVERYTHING) == rebuilt


async def _tangle(engines: Engines, dice: random.Random, ids: list[int]) -> None:
    """Follows, some without boosts or in German only, mutes and blocks at random; two follow the tag #town."""
    for one in ids:
        for other in ids:
            if one != other and dice.random() < 0.6:
                languages = ("de",) if dice.random() < 0.3 else ()
                await engines.db.write(follows.follow, one, other, show_boosts=dice.random() < 0.8, languages=languages)
    for _ in range(4):
        one, other = dice.sample(ids, 2)
        await engines.db.write(dice.choice((follows.mute, follows.block)), one, other)
    for reader in ids[:2]:
        await engines.db.write(tags.follow, reader, "town")
    for name in ("lounge", "den"):  # an open and a closed room; not everybody wants them at home
        room = await engines.db.write(rooms.create, 0, ids[0], name, rooms.RoomChange(closed=name == "den"))
        for one in dice.sample(ids[1:], 5):
            await engines.db.write(follows.join, one, room.id)
            await engines.db.write(follows.follow, one, room.id, show_boosts=dice.random() < 0.7)


def _list(tx: Tx, dice: random.Random, owner: int) -> int:
    """A list of some of owner's followees; its id."""
    followees = [follow.other_id for follow in follow_rows.followees(tx, owner)]
    policy = dice.choice(("followed", "list", "none"))
    made = lists.create(tx, owner, lists.ListChange(title="a list", replies=policy, exclusive=dice.random() < 0.5))
    lists.add(tx, owner, made.id, [*followees[:3], *([owner] if dice.random() < 0.5 else [])])
    return made.id


async def _something(engines: Engines, dice: random.Random, ids: list[int], said: list[int]) -> int:
    """A post, a reply or a boost by anybody; its id."""
    author = dice.choice(ids)
    target = dice.choice(said) if said and dice.random() < 0.6 else 0
    try:
        if target and dice.random() < 0.4:
            return (await engines.db.write(reactions.boost, author, target)).id
        words = dice.choice(("hello", "hello #town", "@p1 and @p2 hello", "@lounge hello #town", "@p1 @den hello"))
        kind = dice.choice(list(Visibility))
        language = dice.choice(("de", "en"))
        return await say(engines, author, words, reply_to_id=target, visibility=kind, language=language)
    except Exception as error:
        if type(error).__name__ not in ("NotFound", "Forbidden", "Invalid"):
            raise
        return await say(engines, author, "then something else")
