"""Wrong counters are corrected, whatever happens meanwhile."""

import asyncio
import random
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from databases import Clock, OpenDatabase, open_database
from kit import people, settle
from social.test_counters import wrong
from test_cli import chirrup

from chirrup.errors import ChirrupError
from chirrup.ports import Database, Engines, Tx
from chirrup.recount import ACCOUNTS, POLLS, POSTS, Off, mend, off_among_newest, recount
from chirrup.social import follows, polls, posts, reactions, tags
from chirrup.store import accounts as account_rows
from chirrup.store import polls as poll_rows
from chirrup.store import posts as post_rows
from chirrup.store import tags as tag_rows
from chirrup.types import Draft, PollDraft, Visibility

pytestmark = pytest.mark.slow

DAMAGE = {  # statement -> what is counted -> corrections
    "UPDATE account_counts SET followers = followers + 1": "accounts: followers",
    "UPDATE account_counts SET followees = followees - 1": "accounts: followees",
    "UPDATE account_counts SET posts = posts + 7": "accounts: posts",
    "UPDATE account_counts SET last_post_ms = last_post_ms + 1": "accounts: last_post_ms",
    "UPDATE post_counts SET replies = replies + 1": "posts: replies",
    "UPDATE post_counts SET boosts = boosts - 1": "posts: boosts",
    "UPDATE post_counts SET favourites = 0 WHERE favourites > 0": "posts: favourites",
    "UPDATE polls SET voters = voters + 1": "polls: voters",
    "UPDATE poll_options SET votes = votes + 1": "polls: votes",
    "UPDATE featured_tags SET posts = posts + 1": "featured hashtags: posts",
    "UPDATE tag_days SET accounts = accounts + 1": "hashtags by day: accounts",
}


async def town(engines: Engines) -> tuple[list[int], list[int], int]:
    """Three accounts, two posts of the first (one replies to the other), and a poll: every counter is used."""
    db = engines.db
    ann, bob, eve = everybody = await people(db, "ann", "bob", "eve")
    for one, other in ((ann, bob), (bob, ann), (eve, ann)):
        await db.write(follows.follow, one, other)
    await db.write(tags.feature, ann, "bread")
    ask = await db.write(posts.publish, ann, Draft(text="which? #bread", poll=PollDraft(["a", "b"], 3600, True)))
    more = await db.write(posts.publish, ann, Draft(text="well? #bread", reply_to_id=ask.id))
    await db.write(posts.publish, bob, Draft(text="a", reply_to_id=ask.id))
    await db.write(posts.publish, eve, Draft(text="b", reply_to_id=more.id, visibility=Visibility.FOLLOWERS))
    await db.write(posts.publish, eve, Draft(text="#bread", reply_to_id=more.id))
    for one in (bob, eve):
        await db.write(reactions.favourite, one, ask.id)
        await db.write(reactions.boost, one, more.id, visibility="private" if one == eve else "")
    poll = (await db.read(poll_rows.by_ids, [ask.poll_id]))[ask.poll_id]
    await db.write(polls.vote, bob, poll, [0, 1])
    await db.write(polls.vote, eve, poll, [1])
    await settle(engines)
    return everybody, [ask.id, more.id], poll.id


async def test_whatever_is_off_is_found_and_put_right(engines: Engines):
    db = engines.db
    _, (ask, _), _ = await town(engines)
    assert await db.read(wrong) == []
    uses = await db.read(tag_rows.uses, ["bread"], since_day=0)

    await db.write(lambda tx: [tx.run(statement) for statement in DAMAGE])
    assert set(+await recount(db)) == set(DAMAGE.values())
    assert await db.read(wrong) == []
    assert await db.read(tag_rows.uses, ["bread"], since_day=0) == uses

    for table in ("account_counts", "post_counts"):  # rows that are missing
        await db.write(lambda tx, table=table: tx.run(f"DELETE FROM {table}"))
    assert await db.read(off_among_newest) == 3 + 2
    reports: list[tuple[str, float]] = []
    await recount(db, lambda part, done: reports.append((part, done)))
    assert await db.read(wrong) == []
    assert (await db.read(post_rows.counts, [ask]))[ask].favourites == 2
    assert {part for part, done in reports if done == 1} == {"accounts", "posts", "polls", "hashtags"}
    assert all(0 <= done <= 1 for _, done in reports)
    assert not +await recount(db)


async def test_what_hangs_on_deleted_posts_goes(engines: Engines):
    db = engines.db
    (ann, bob, _), (ask, more), _ = await town(engines)
    await db.write(reactions.pin, ann, more)

    await db.write(post_rows.delete, more)  # and nothing else, as the program of before did
    mended = +await recount(db)
    await settle(engines)

    assert (mended["pins of deleted posts"], mended["boosts of deleted posts"]) == (1, 2)
    assert await db.read(wrong) == []
    assert (await db.read(account_rows.states, [bob]))[bob].posts == 1
    assert (await db.read(post_rows.counts, [ask]))[ask].replies == 1


async def test_pages_are_joined_without_a_gap(engines: Engines, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chirrup.recount.STEP", 2)
    db = engines.db
    names = await people(db, *(f"p{n}" for n in range(5)))
    for one in names:
        await db.write(account_rows.add_counts, one, followers=3)

    assert (await recount(db))["accounts: followers"] == len(names)


async def test_what_people_do_meanwhile_is_neither_lost_nor_counted_twice(engines: Engines, open_db: OpenDatabase):
    db, other, chance = engines.db, open_db(), random.Random(1)
    _, asked, poll_id = await town(engines)
    crowd = await people(db, *(f"p{n}" for n in range(16)))
    for one in crowd:
        await db.write(tags.feature, one, "bread")
    poll = (await db.read(poll_rows.by_ids, [poll_id]))[poll_id]
    over = asyncio.Event()

    async def act(me: int) -> None:
        person, post = chance.choice(crowd[:3]), chance.choice(asked)
        deed: Any = chance.choice(
            [follows.follow, follows.unfollow, reactions.boost, reactions.unboost, polls.vote, "say"]
        )
        if deed == "say":
            said = await db.write(posts.publish, me, Draft(text="#bread", reply_to_id=post))
            await db.write(chance.choice([posts.delete, posts.get]), me, said.id)
        elif deed == polls.vote:
            await db.write(polls.vote, me, poll, [chance.randrange(2)])
        else:
            await db.write(deed, me, person if deed in (follows.follow, follows.unfollow) else post)
        await db.write(chance.choice([reactions.favourite, reactions.unfavourite]), me, post)

    async def live(me: int) -> None:
        while not over.is_set():
            with suppress(ChirrupError):  # what is not allowed changes nothing
                await act(me)

    await db.write(lambda tx: [tx.run(statement) for statement in DAMAGE])
    acts = asyncio.gather(*map(live, crowd))
    try:
        await recount(other)
        for counters, keys in [(ACCOUNTS, crowd[:3]), (POSTS, asked), (POLLS, [poll_id])] * 5:
            for key in keys:
                await other.write(mend, counters, key)
    finally:
        over.set()
        await acts
    await settle(engines)

    assert await db.read(wrong) == []


async def test_a_counter_that_is_being_changed_is_waited_for(db: Database, open_db: OpenDatabase, clock: Clock):
    ann, bob = await people(db, "ann", "bob")
    post = (await db.write(posts.publish, ann, Draft(text="hello"))).id
    clock.pass_ms(1)
    done, go_on = threading.Event(), threading.Event()

    def favourite(tx: Tx) -> None:
        reactions.favourite(tx, bob, post)
        done.set()
        assert go_on.wait(5)

    slow = asyncio.create_task(asyncio.to_thread(open_db().write_now, favourite))
    await asyncio.to_thread(done.wait, 5)
    recounted = asyncio.create_task(asyncio.to_thread(open_db().write_now, mend, POSTS, post))
    go_on.set()
    await slow

    assert await recounted is None
    assert (await db.read(post_rows.counts, [post]))[post].favourites == 1


async def test_a_change_waits_while_a_counter_is_put_right(db: Database, open_db: OpenDatabase):
    ann, bob = await people(db, "ann", "bob")
    post = (await db.write(posts.publish, ann, Draft(text="hello"))).id
    await db.write(post_rows.add_counts, post, favourites=5)
    counted, favourited = threading.Event(), threading.Event()

    def look(tx: Tx, ids: Collection[int]) -> list[Off]:
        off = POSTS.look(tx, ids)
        counted.set()
        assert not favourited.wait(0.3), "it is counted, and not written yet"
        return off

    slowly = msgspec.structs.replace(POSTS, look=look)
    mending = asyncio.create_task(asyncio.to_thread(open_db().write_now, mend, slowly, post))
    await asyncio.to_thread(counted.wait, 5)
    await db.write(reactions.favourite, bob, post)
    favourited.set()
    await mending

    assert (await db.read(post_rows.counts, [post]))[post].favourites == 1


def test_the_doctor_finds_it_and_the_command_mends_it(tmp_path: Path):
    messages = tmp_path / "posts.txt"
    messages.write_text("good morning #bread\n" * 30)
    chirrup(tmp_path, "load", "--accounts", "9", "--synthetic", "--follows-each", "4", "--posts", str(messages))
    right = chirrup(tmp_path, "recount")
    assert "Every counter is right." in right.stdout, right.stdout + right.stderr

    db = open_database(f"sqlite:{tmp_path}/chirrup.db")
    db.write_now(lambda tx: account_rows.add_counts(tx, account_rows.oldest_id(tx), followers=3, posts=1))
    db.close()

    report = chirrup(tmp_path, "doctor")
    assert report.returncode == 0 and "`chirrup recount`" in " ".join(report.stdout.split())
    mended = chirrup(tmp_path, "recount")
    assert mended.returncode == 0 and "accounts: followers" in mended.stdout, mended.stderr
