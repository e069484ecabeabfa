"""A thread shows what the viewer may see, up to a cap, and no author can fill it."""

import pytest
from kit import people

from chirrup.ids import ID_MAX, bucket_of
from chirrup.ports import Database, Tx
from chirrup.social import accounts, conversations, follows, posts, threads
from chirrup.store import conversations as conversation_rows
from chirrup.types import Draft, Post, Visibility

PUBLIC, UNLISTED, FOLLOWERS, DIRECT = Visibility


def say(tx: Tx, author: int, text: str = "hello", visibility: str = PUBLIC, to: int = 0) -> int:
    return posts.publish(tx, author, Draft(text=text, visibility=visibility, reply_to_id=to)).id


def say_many(tx: Tx, author: int, to: int, count: int, text: str = "hello", visibility: str = PUBLIC) -> list[int]:
    return [say(tx, author, text, visibility, to) for _ in range(count)]


async def below(db: Database, viewer: int, id: int) -> list[int]:
    return (await db.read(threads.context, viewer, id)).below


async def pages(db: Database, viewer: int, id: int) -> list[list[int]]:
    found, before = [], ID_MAX
    while before:
        page = await db.read(threads.page, viewer, id, before)
        found.append(page.below)
        before = page.before
    return found


@pytest.mark.parametrize("kind", ["direct", "private", "deleted", "suspended", "blocking"])
async def test_replies_that_nobody_sees_take_no_place(db: Database, clock, kind: str):
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    root = await db.write(say, ann)
    early = await db.write(say, ann, "early", PUBLIC, root)
    clock.pass_ms(10)
    visibility = {"direct": DIRECT, "private": FOLLOWERS}.get(kind, PUBLIC)
    many = await db.write(say_many, bob, root, 300, "@ann psst", visibility)
    clock.pass_ms(1000)
    late = await db.write(say, ann, "late", PUBLIC, many[0])
    if kind == "deleted":
        await db.write(lambda tx: [posts.delete(tx, bob, id) for id in many])
    if kind == "suspended":
        await db.write(accounts.suspend, bob)
    if kind == "blocking":
        await db.write(follows.block, bob, eve)

    assert await below(db, eve, root) == [early, late]
    assert await pages(db, eve, root) == [[early, late]]
    assert await below(db, ann, early) == []


@pytest.mark.parametrize("how", [follows.block, follows.mute])
async def test_whom_the_viewer_blocks_or_mutes_says_nothing_in_threads(db: Database, how):
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    root = await db.write(say, bob)
    early = await db.write(say, ann, "early", PUBLIC, root)
    many = await db.write(say_many, bob, early, 300)
    late = await db.write(say, ann, "late", PUBLIC, many[0])
    await db.write(how, eve, bob)

    assert await below(db, eve, early) == [late]
    assert await pages(db, eve, early) == [[late]]
    assert (await db.read(threads.context, eve, late)).above == [early]
    assert (await db.read(threads.context, ann, late)).above == [root, early, many[0]]


async def test_one_who_answers_without_end_leaves_room_for_others(db: Database, clock):
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    root = await db.write(say, ann)
    others = []
    for _ in range(10):
        clock.pass_ms(10)
        others.append(await db.write(say, eve, "well", PUBLIC, root))
    clock.pass_ms(10)
    many = await db.write(say_many, bob, root, 400)

    shown = await below(db, eve, root)
    assert set(others) <= set(shown)
    assert len(shown) == threads.FULL.below
    assert sorted(set(shown) & set(many)) == sorted(many)[-190:]
    assert len(await below(db, 0, root)) == threads.STRANGERS.below

    walked = await pages(db, 0, root)
    assert set(others) <= set(walked[0])
    assert sorted(id for page in walked for id in page) == sorted([*others, *many])
    assert all(len(page) <= threads.PAGE for page in walked)


async def test_whoever_is_addressed_sees_it_and_followers_what_is_theirs(db: Database, clock):
    ann, bob, eve, fan = await people(db, "ann", "bob", "eve", "fan")
    await db.write(follows.follow, fan, bob)
    root = await db.write(say, ann)
    said: dict[str, int] = {}
    for name, text, visibility in [
        ("to followers", "hm", FOLLOWERS),
        ("to followers and eve", "@eve", FOLLOWERS),
        ("to eve", "@eve", DIRECT),
        ("quiet", "hm", UNLISTED),
        ("loud", "hm", PUBLIC),
    ]:
        clock.pass_ms(1)
        said[name] = await db.write(say, bob, text, visibility, root)

    async def seen(viewer: int) -> list[str]:
        names = {id: name for name, id in said.items()}
        return [names[id] for id in await below(db, viewer, root)]

    assert await seen(bob) == list(said)
    assert await seen(0) == await seen(ann) == ["quiet", "loud"]
    assert await seen(eve) == ["to followers and eve", "to eve", "quiet", "loud"]
    assert await seen(fan) == ["to followers", "to followers and eve", "quiet", "loud"]
    await db.write(posts.edit, bob, said["to eve"], Draft(text="@fan"))
    assert await seen(eve) == ["to followers and eve", "quiet", "loud"]
    assert await seen(fan) == ["to followers", "to followers and eve", "to eve", "quiet", "loud"]


async def test_a_thread_is_read_depth_first_also_past_what_is_hidden(db: Database, clock):
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    made: dict[str, int] = {}
    for name, author, to, visibility in [
        ("root", ann, "", PUBLIC),
        ("1", ann, "root", PUBLIC),
        ("2", bob, "root", FOLLOWERS),
        ("3", ann, "root", PUBLIC),
        ("1.1", ann, "1", PUBLIC),
        ("2.1", bob, "2", PUBLIC),
        ("2.1.1", ann, "2.1", PUBLIC),
        ("1.1.1", ann, "1.1", PUBLIC),
        ("2.2", bob, "2", PUBLIC),
    ]:
        clock.pass_ms(1)
        made[name] = await db.write(say, author, name, visibility, made.get(to, 0))
    names = {id: name for name, id in made.items()}

    thread = await db.read(threads.context, eve, made["root"])
    assert [names[id] for id in thread.below] == ["1", "1.1", "1.1.1", "2.1", "2.1.1", "2.2", "3"]
    thread = await db.read(threads.context, eve, made["2.1"])
    assert [names[id] for id in thread.above] == ["root"]
    assert [names[id] for id in thread.below] == ["2.1.1"]
    thread = await db.read(threads.context, bob, made["2.1.1"])
    assert [names[id] for id in thread.above] == ["root", "2", "2.1"]


async def test_strangers_see_so_deep_and_so_far_up(db: Database, clock):
    (ann,) = await people(db, "ann")
    chain = [await db.write(say, ann)]
    for _ in range(130):
        clock.pass_ms(1)
        chain.append(await db.write(say, ann, "on", PUBLIC, chain[-1]))

    assert await below(db, 0, chain[0]) == chain[1 : 1 + threads.STRANGERS.depth]
    assert await below(db, ann, chain[0]) == chain[1:]
    assert (await db.read(threads.context, 0, chain[-1])).above == chain[-1 - threads.STRANGERS.above : -1]
    assert (await db.read(threads.context, ann, chain[-1])).above == chain[-1 - threads.FULL.above : -1]


async def test_visibility_of_rows_without_an_audience_is_left_to_the_oracle(db: Database, clock):
    ann, bob = await people(db, "ann", "bob")
    root = await db.write(say, ann)
    open_reply = await db.write(say, ann, "hi", PUBLIC, root)
    clock.pass_ms(1)
    await db.write(say, ann, "psst", DIRECT, root)

    def as_before(tx: Tx) -> None:
        tx.run(
            "UPDATE thread_posts SET author_id = 0, audience = '' WHERE bucket = :bucket AND root_id = :root",
            bucket=bucket_of(root),
            root=root,
        )

    await db.write(as_before)
    assert await below(db, bob, root) == [open_reply]


async def test_a_conversation_goes_back_to_its_last_post_however_long_it_is(db: Database, clock):
    ann, bob = await people(db, "ann", "bob")
    first = await db.write(say, ann, "@bob hello", DIRECT)

    def talk(tx: Tx) -> list[Post]:
        said = [posts.publish(tx, bob, Draft(text="@ann so", visibility=DIRECT, reply_to_id=first)) for _ in range(250)]
        conversations.on_published(tx, said[-1])
        return said

    said = await db.write(talk)
    await db.write(posts.delete, bob, said[-1].id)

    def tell(tx: Tx) -> int:
        found = conversation_rows.by_thread(tx, ann, first)
        assert found
        newest = threads.newest(tx, ann, first)
        conversation_rows.set_last(tx, found, newest)
        return newest

    assert await db.write(tell) == said[-2].id
