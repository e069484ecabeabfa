"""Events may come twice, and after later ones: from a worker that died while it had leased them."""

import random
from collections import Counter
from contextlib import suppress
from itertools import permutations

import pytest
from databases import Clock
from kit import people

from chirrup.errors import NotFound
from chirrup.events import Event
from chirrup.ids import ID_MAX
from chirrup.ports import Engines, Tx
from chirrup.social import accounts, conversations, follows, notifications, posts, reactions
from chirrup.store import follows as follow_rows
from chirrup.store import outbox, tags
from chirrup.store import reactions as reaction_rows
from chirrup.timelines import read
from chirrup.types import Draft, NotificationKind, Span
from chirrup.workers.subscribers import handle

pytestmark = pytest.mark.slow

NEWEST = Span(before=ID_MAX, limit=400)
Notice = tuple[int, str, int, int]  # (recipient, kind, cause, post) of a notification


async def announced(engines: Engines) -> list[Event]:
    """The events of the outbox, in order; removes them."""
    leased = await engines.db.write(outbox.lease, 1000)
    await engines.db.write(outbox.finish, [one.id for one in leased])
    return [one.event for one in leased]


async def handle_jumbled(engines: Engines, choices: random.Random) -> None:
    """Handle each event twice, in random order."""
    events = 2 * await announced(engines)
    for event in choices.sample(events, len(events)):
        _, failures = await handle(engines, event)
        assert not failures


def told(tx: Tx, ids: list[int]) -> Counter[Notice]:
    pages = [notifications.page(tx, id, NEWEST, set(NotificationKind)).items for id in ids]
    return Counter((one.account_id, one.kind, one.from_id, one.post_id) for page in pages for one in page)


def standing(tx: Tx, ids: list[int], post: int) -> Counter[Notice]:
    """The notifications that the present state should give. ids[0] wrote the post."""
    author, found = ids[0], Counter[Notice]()
    for one, other in permutations(ids, 2):
        found[other, "follow", one, 0] = int(follow_rows.get(tx, one, other) is not None)
        found[other, "follow_request", one, 0] = len(follow_rows.requested_among(tx, one, [other]))
    for one in ids[1:]:
        found[author, "favourite", one, post] = int(bool(reaction_rows.find(tx, "favourites", one, post)))
        found[author, "reblog", one, post] = int(bool(reaction_rows.find(tx, "boosts", one, post)))
    return +found


@pytest.mark.parametrize("seed", range(8))
async def test_the_final_notifications_match_the_final_state(engines: Engines, seed: int):
    choices, db = random.Random(seed), engines.db
    ids = await people(db, "ann", "bob", "eve")
    await db.write(accounts.change_profile, ids[2], accounts.ProfileChange(locked=True))
    post = (await db.write(posts.publish, ids[0], Draft(text="hello"))).id
    marks = (reactions.favourite, reactions.unfavourite, reactions.boost, reactions.unboost)
    ties = (follows.follow, follows.unfollow, follows.accept, follows.reject)

    for _ in range(25):
        who, other = choices.sample(ids, 2)
        if choices.random() < 0.5:
            await db.write(choices.choice(marks), who, post)
        else:
            with suppress(NotFound):  # nobody has asked
                await db.write(choices.choice(ties), who, other)
    await handle_jumbled(engines, choices)

    assert await db.read(told, ids) == await db.read(standing, ids, post)


@pytest.mark.parametrize("seed", range(4))
async def test_an_edited_post_and_a_deleted_one_are_found_as_they_are_now(engines: Engines, seed: int):
    db = engines.db
    ann, bob = await people(db, "ann", "bob")
    edited, gone = [(await db.write(posts.publish, ann, Draft(text="a #heron"))).id for _ in range(2)]
    await db.write(posts.edit, ann, edited, Draft(text="a #stork @bob"))
    await db.write(posts.delete, ann, gone)

    await handle_jumbled(engines, random.Random(seed))

    def found(tx: Tx) -> list[list[int]]:
        by_tag = [tags.posts_with(tx, tag, NEWEST) for tag in ("heron", "stork")]
        by_word = [tx.search.find_posts(tx, word, author_id=0, before=ID_MAX, limit=9) for word in ("heron", "stork")]
        return [*by_tag, *by_word]

    assert await db.read(found) == [[], [edited], [], [edited]]
    assert await db.read(told, [bob]) == Counter([(bob, "mention", ann, edited)])


@pytest.mark.parametrize("seed", range(4))
async def test_a_home_timeline_has_each_post_once_in_order_and_is_right_after_ties_change(engines: Engines, seed: int):
    db = engines.db
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    await db.write(follows.follow, bob, ann)
    await handle_jumbled(engines, random.Random(seed))
    await read.home(engines, bob, NEWEST)  # warm from here on
    said = [(await db.write(posts.publish, ann, Draft(text=f"hello {n}"))).id for n in range(6)]
    original = (await db.write(posts.publish, eve, Draft(text="hear"))).id
    boosted = (await db.write(reactions.boost, ann, original)).id
    await db.write(posts.delete, ann, said[2])

    await handle_jumbled(engines, random.Random(seed))

    assert await read.home(engines, bob, NEWEST) == [boosted, *(id for id in reversed(said) if id != said[2])]
    await db.write(follows.unfollow, bob, ann)
    await db.write(follows.follow, bob, eve)
    await handle_jumbled(engines, random.Random(seed + 1))
    assert await read.home(engines, bob, NEWEST) == [original]


@pytest.mark.parametrize("seed", range(4))
async def test_a_conversation_shows_the_last_post_that_is_left(engines: Engines, clock: Clock, seed: int):
    db = engines.db
    ann, bob = await people(db, "ann", "bob")
    said: list[int] = []
    for author, text in ((ann, "@bob hello"), (bob, "@ann hello"), (bob, "@ann what a day")):
        clock.pass_ms(1)  # ids of different accounts are ordered only by time
        draft = Draft(text=text, visibility="direct", reply_to_id=said[0] if said else 0)
        said.append((await db.write(posts.publish, author, draft)).id)
    await db.write(posts.delete, bob, said[2])

    await handle_jumbled(engines, random.Random(seed))

    for one in (ann, bob):
        found = (await db.read(conversations.page, one, NEWEST)).items
        assert [each.last_post_id for each in found] == [said[1]]
