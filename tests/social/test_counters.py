"""Every counter equals the count of its rows, after any operations."""

import random
from typing import Any

import pytest
from kit import people, settle

from chirrup.errors import ChirrupError
from chirrup.ports import Engines, Tx
from chirrup.recount import off_among_newest, recount
from chirrup.social import account_lists, accounts, follows, polls, posts, reactions, tags
from chirrup.social.accounts import ProfileChange
from chirrup.store import polls as poll_rows
from chirrup.types import Draft, PollDraft, Visibility

pytestmark = pytest.mark.slow

COUNTED = "('public', 'unlisted')"


def wrong(tx: Tx) -> list[Any]:
    """(what, whose, count, stored counter) wherever the two differ."""
    kept = {
        "account": "SELECT account_id, followers, followees, posts, last_post_ms FROM account_counts",
        "post": """SELECT post_id, replies, boosts, favourites FROM post_counts
                   WHERE post_id IN (SELECT id FROM posts WHERE deleted_ms = 0)""",
        "poll": "SELECT id, voters FROM polls",
        "option": "SELECT poll_id * 10 + position, votes FROM poll_options",
        "featured": "SELECT id, posts FROM featured_tags",
    }
    live = "SELECT COUNT(*) FROM posts p WHERE p.deleted_ms = 0 AND p.visibility IN " + COUNTED
    counted = {
        "account": f"""SELECT c.account_id, (SELECT COUNT(*) FROM followers f WHERE f.account_id = c.account_id),
                        (SELECT COUNT(*) FROM following f WHERE f.account_id = c.account_id),
                        ({live} AND p.author_id = c.account_id),
                        COALESCE((SELECT MAX(p.id) >> 16 FROM posts p WHERE p.author_id = c.account_id
                          AND p.deleted_ms = 0 AND p.visibility IN {COUNTED}), 0) FROM account_counts c""",
        "post": f"""SELECT c.post_id, ({live} AND p.reply_to_id = c.post_id), ({live} AND p.boost_of_id = c.post_id),
                      (SELECT COUNT(*) FROM favourites f WHERE f.post_id = c.post_id) FROM post_counts c
                    WHERE c.post_id IN (SELECT id FROM posts WHERE deleted_ms = 0)""",
        "poll": "SELECT id, (SELECT COUNT(DISTINCT account_id) FROM poll_votes v WHERE v.poll_id = p.id) FROM polls p",
        "option": """SELECT poll_id * 10 + position, (SELECT COUNT(*) FROM poll_votes v WHERE v.poll_id = o.poll_id
                       AND v.position = o.position) FROM poll_options o""",
        "featured": """SELECT id, (SELECT COUNT(*) FROM tag_posts t JOIN posts p ON p.id = t.post_id
                         WHERE t.tag = f.tag AND p.author_id = f.account_id) FROM featured_tags f""",
    }
    found = [
        (what, now, before)
        for what in kept
        for now, before in zip(sorted(tx.all(counted[what])), sorted(tx.all(kept[what])), strict=True)
        if tuple(now) != tuple(before)
    ]
    # marks without their post: a pin or boost of a deleted post, a deleted boost
    for mark in ("pins", "boosts"):
        found += tx.all(
            f"SELECT '{mark}', post_id FROM {mark} WHERE post_id IN (SELECT id FROM posts WHERE deleted_ms > 0)"
        )
    return [*found, *tx.all("SELECT 'boost', id FROM boosts WHERE id IN (SELECT id FROM posts WHERE deleted_ms > 0)")]


@pytest.mark.parametrize("seed", range(2))
async def test_counters_equal_a_count_after_anything(engines: Engines, seed: int):
    db, chance = engines.db, random.Random(seed)
    names = await people(db, *(f"p{n}" for n in range(5)))
    for one in names:
        await db.write(tags.feature, one, "bread")
    said: list[int] = []

    async def publish() -> None:
        poll = PollDraft(["a", "b", "c"], 3600, multiple=chance.random() < 0.5) if chance.random() < 0.3 else None
        draft = Draft(
            text=f"{chance.choice(['#bread', 'hi'])} {chance.random()}",
            visibility=chance.choice(list(Visibility)),
            reply_to_id=chance.choice([0, 0, *said[-8:]]),
            poll=poll,
        )
        said.append((await db.write(posts.publish, me, draft)).id)

    async def boost() -> None:
        wanted = chance.choice(["", "public", "unlisted", "private"])
        said.append((await db.write(reactions.boost, me, post, visibility=wanted)).id)

    async def edit() -> None:
        poll = chance.choice(
            [None, PollDraft(chance.choice([["a", "b"], ["a", "b", "c"]]), 3600, chance.random() < 0.5)]
        )
        await db.write(posts.edit, me, post, Draft(text=chance.choice(["#bread", "plain"]), poll=poll))

    async def vote() -> None:
        if (found := await db.read(posts.get, me, post)).poll_id:
            poll = (await db.read(poll_rows.by_ids, [found.poll_id]))[found.poll_id]
            await db.write(polls.vote, me, poll, chance.sample(range(3), chance.randint(1, 2)))

    async def lock() -> None:
        await db.write(accounts.change_profile, me, ProfileChange(locked=chance.random() < 0.5))

    on_posts = [
        reactions.favourite,
        reactions.unfavourite,
        reactions.unboost,
        reactions.pin,
        reactions.unpin,
        posts.delete,
    ]
    on_people = [follows.follow, follows.follow, follows.unfollow, follows.block, follows.unblock, follows.accept]
    on_people += [follows.reject, follows.remove_follower, follows.unblock]
    for step in range(120):
        me, other, post = chance.choice(names), chance.choice(names), chance.choice(said or [1])
        act: Any = chance.choice(
            [publish, publish, boost, edit, vote, lock, "post", "post", "post", "people", "people"]
        )
        try:
            if act == "post":
                await db.write(chance.choice(on_posts), me, post)
            elif act == "people":
                await db.write(chance.choice(on_people), me, other)
            else:
                await act()
        except ChirrupError:
            pass  # what is not allowed changes nothing
        if step % 40 == 39:
            assert await db.read(off_among_newest) == 0, "while something is left to be done"
            await settle(engines)
            assert await db.read(wrong) == []
    assert (await recount(db)).total() == 0


async def test_a_deleted_post_takes_its_boosts_and_its_pin_along(engines: Engines, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chirrup.workers.subscribers.STEP", 2)
    db = engines.db
    ann, *fans = await people(db, "ann", *(f"f{n}" for n in range(5)))
    pinned = [(await db.write(posts.publish, ann, Draft(text=str(n)))).id for n in range(reactions.PINS_MAX + 1)]
    for id in pinned[:-1]:
        await db.write(reactions.pin, ann, id)
    boosts = [(await db.write(reactions.boost, fan, pinned[0])).id for fan in fans]

    await db.write(posts.delete, ann, pinned[0])
    await db.write(reactions.pin, ann, pinned[-1])
    await settle(engines)

    for fan, id in zip(fans, boosts, strict=True):
        with pytest.raises(ChirrupError):
            await db.read(posts.get, fan, id)
    assert await db.read(wrong) == []


@pytest.mark.parametrize("locked_again", [False, True])
async def test_who_is_locked_no_more_accepts_all_who_wait(
    engines: Engines, monkeypatch: pytest.MonkeyPatch, locked_again
):
    monkeypatch.setattr("chirrup.workers.subscribers.STEP", 2)
    db = engines.db
    ann, *askers = await people(db, "ann", *(f"f{n}" for n in range(5)))
    await db.write(accounts.change_profile, ann, ProfileChange(locked=True))
    for asker in askers:
        await db.write(follows.follow, asker, ann, notify=True)
    await settle(engines)

    await db.write(accounts.change_profile, ann, ProfileChange(locked=False))
    if locked_again:
        await db.write(accounts.change_profile, ann, ProfileChange(locked=True))
    await settle(engines)

    for asker in askers:
        (tie,) = await db.read(account_lists.relationships, asker, [ann])
        assert (tie.following, tie.notify, tie.requested) == (not locked_again, not locked_again, locked_again)
    assert await db.read(wrong) == []


async def test_a_tag_that_is_featured_while_a_post_with_it_is_being_deleted_counts_the_others(engines: Engines):
    db = engines.db
    (ann,) = await people(db, "ann")
    _, second = [(await db.write(posts.publish, ann, Draft(text=f"#bread {n}"))).id for n in range(2)]
    await settle(engines)

    await db.write(posts.delete, ann, second)
    await db.write(tags.feature, ann, "bread")
    await settle(engines)

    assert [one.posts for one in await db.read(tags.featured, ann, ann)] == [1]
