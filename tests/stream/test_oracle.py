"""Who is told: the oracle asked about one post and many viewers says what it says about one viewer and many posts."""

import random

from kit import people

from chirrup.access import visibility
from chirrup.ports import Database, Tx
from chirrup.social import accounts, follows, posts, reactions
from chirrup.store import accounts as account_rows
from chirrup.store import posts as post_rows
from chirrup.types import Draft, Visibility


async def test_both_sides_of_the_oracle_say_the_same(db: Database):
    dice = random.Random(3)
    ids = await people(db, *(f"p{n}" for n in range(8)))
    for one in ids:
        for other in ids:
            if one != other and dice.random() < 0.5:
                await db.write(follows.follow, one, other)
    for _ in range(5):
        await db.write(follows.block, *dice.sample(ids, 2))
    said: list[int] = []
    for kind in Visibility:
        for author in ids:
            said.append((await db.write(posts.publish, author, Draft(text="hi @p1 @p2", visibility=kind))).id)
    for _ in range(60):
        try:
            said.append((await db.write(reactions.boost, dice.choice(ids), dice.choice(said))).id)
        except Exception as error:
            assert type(error).__name__ in ("NotFound", "Forbidden", "Invalid"), error
    await db.write(accounts.suspend, ids[7])

    for id in said:
        viewers = {0, *ids}
        expected = {viewer for viewer in viewers if await db.read(visibility.see_one, viewer, id)}
        assert await db.read(_viewers, id, viewers) == expected, id


def _viewers(tx: Tx, id: int, viewers: set[int]) -> set[int]:
    post = post_rows.by_id(tx, id)
    assert post
    found = post_rows.by_ids(tx, [id, post.boost_of_id])
    authors = account_rows.states(tx, {one.author_id for one in found.values()})
    return visibility.viewers_among(tx, post, found, authors, viewers)
