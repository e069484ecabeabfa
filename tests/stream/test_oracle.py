"""The oracle gives the same answer for one post and many viewers as for one viewer and many posts."""

import random
from collections.abc import Collection, Set

import pytest
from kit import people, person

from chirrup.access import visibility
from chirrup.errors import NotFound
from chirrup.orgs import rooms
from chirrup.ports import Database, Tx
from chirrup.social import accounts, follows, posts, reactions
from chirrup.store import accounts as account_rows
from chirrup.store import posts as post_rows
from chirrup.types import AccountKind, Draft, Post, Stranger, Visibility


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
    for id in tuple(said):
        author = dice.choice(sorted(await _who_sees(db, ids, id)))
        said.append((await db.write(posts.publish, author, Draft(text="oh", visibility="public", reply_to_id=id))).id)
    for _ in range(60):
        try:
            said.append((await db.write(reactions.boost, dice.choice(ids), dice.choice(said))).id)
        except Exception as error:
            assert type(error).__name__ in ("NotFound", "Forbidden", "Invalid"), error
    await db.write(accounts.suspend, ids[7])

    for id in said:
        viewers = {0, *ids}
        assert await db.read(_viewers, id, viewers) == await _who_sees(db, viewers, id), id


async def test_rooms_and_guests_are_seen_the_same_from_both_sides(db: Database):
    """in_room is in the closed room, as is the guest; fan follows the author; named is mentioned in all posts."""
    author, in_room, fan, named, left, guest = await people(db, "author", "in_room", "fan", "named", "left", "guest")
    acme = await db.write(person, "author", 77 << 28)
    await db.write(accounts.set_kind, guest, AccountKind.GUEST)
    await db.write(rooms.create, 0, author, "lounge", rooms.RoomChange())
    den = await db.write(rooms.create, 0, author, "den", rooms.RoomChange(closed=True))
    gone = await db.write(rooms.create, 0, author, "gone", rooms.RoomChange())
    for one in (in_room, left, guest):
        await db.write(follows.join, one, den.id)
    for follower in (fan, guest):
        await db.write(follows.follow, follower, author)
    said = {
        f"{room} {kind}": (
            await db.write(posts.publish, author, Draft(text=f"{room} @named @guest hi", visibility=kind))
        ).id
        for room in ("", "@lounge", "@den", "@gone")
        for kind in Visibility
    }
    answer = await db.write(posts.publish, in_room, Draft(text="so?", reply_to_id=said["@den public"]))
    boosted = await db.write(reactions.boost, fan, said["@lounge public"])
    await db.write(follows.unfollow, left, den.id)
    await db.write(accounts.suspend, gone.id)

    viewers = {0, author, in_room, fan, named, left, guest, acme}
    for id in (*said.values(), answer.id, boosted.id):
        found = await db.read(_viewers, id, viewers - {acme}, 0, {guest})
        assert found == await _who_sees(db, viewers, id), id
    inside, everybody = {author, in_room, guest}, {0, author, in_room, fan, named, left}
    sees = {key: await _who_sees(db, viewers, id) for key, id in said.items()}
    assert [sees[f"@den {kind}"] for kind in Visibility] == [inside] * 4
    assert [sees[f"@lounge {kind}"] for kind in Visibility] == [everybody, everybody, {author}, {author}]
    assert [sees[f"@gone {kind}"] for kind in Visibility] == [{author}] * 4
    assert [sees[f" {kind}"] for kind in Visibility] == [
        everybody, everybody, {author, fan, named}, {author, named, guest}
    ]  # fmt: skip
    assert await _who_sees(db, viewers, answer.id) == inside
    assert await _who_sees(db, viewers, boosted.id) == everybody


async def test_an_account_of_another_organisation_is_not_there(db: Database):
    """Neither the account nor its posts, for any viewer, from both sides of the oracle; nor in lists of accounts."""
    acme = 77 << 28
    ann, (eve, fay) = (await people(db, "ann"))[0], [await db.write(person, name, acme) for name in ("ann", "fay")]
    for author, others, org_id, other_org_id in ((ann, (eve, fay), 0, acme), (eve, (ann,), acme, 0)):
        for kind in Visibility:
            id = (await db.write(posts.publish, author, Draft(text="hi @ann @fay", visibility=kind))).id
            for other in (*others, Stranger(other_org_id)):
                assert await db.read(visibility.see_one, other, id) is None
                assert await db.read(_viewers, id, {int(other)}, other_org_id) == set()
            own = await db.read(visibility.see_one, Stranger(org_id), id)
            assert bool(own) == (kind in visibility.OPEN)
            assert await db.read(_viewers, id, {0}, org_id) == ({0} if own else set())
    assert await db.read(visibility.accounts_shown, ann, [ann, eve, fay]) == [ann]
    assert await db.read(visibility.accounts_shown, fay, [ann, eve, fay]) == [eve, fay]
    assert await db.read(visibility.accounts_shown, Stranger(acme), [ann, eve, fay]) == [eve, fay]
    with pytest.raises(NotFound):
        await db.write(follows.follow, ann, eve)
    with pytest.raises(NotFound):
        await db.write(follows.block, ann, eve)


async def _who_sees(db: Database, viewers: Collection[int], id: int) -> set[int]:
    return {viewer for viewer in viewers if await db.read(visibility.see_one, viewer, id)}


def _viewers(tx: Tx, id: int, viewers: set[int], org_id: int = 0, guests: Set[int] = frozenset()) -> set[int]:
    post = post_rows.by_id(tx, id)
    assert post
    found = post_rows.by_ids(tx, [id, post.boost_of_id])
    authors = account_rows.states(tx, {id for one in found.values() for id in (one.author_id, one.audience_id)})
    return visibility.viewers_among(tx, post, found, authors, viewers, org_id, guests)


async def test_what_a_post_replies_to_is_told_to_those_who_see_it(db: Database):
    """Also for boosted posts, and with any cached posts."""
    ann, bob, carla, dora = await people(db, "ann", "bob", "carla", "dora")
    await db.write(follows.follow, bob, ann)
    parents = [await db.write(posts.publish, ann, Draft(text="hi", visibility=kind)) for kind in ("public", "private")]
    replies = [
        await db.write(posts.publish, bob, Draft(text="oh", visibility="public", reply_to_id=one.id)) for one in parents
    ]
    boosts = [await db.write(reactions.boost, dora, one.id) for one in replies]
    await db.write(follows.block, ann, carla)
    got = {bob: [True, True], carla: [False, False], dora: [True, False], 0: [True, False]}

    def parent_ids(tx: Tx, viewer: int, known: dict[int, Post]) -> list[bool]:
        found = visibility.find(tx, [one.id for one in boosts], known)
        known |= found.posts
        seen = visibility.judge(tx, viewer, found)
        return [seen.parent_of(reply) == (parent.id, ann) for reply, parent in zip(replies, parents, strict=True)]

    for known in ({}, {one.id: one for one in replies}, {one.id: one for one in (*replies, *boosts, *parents)}):
        for viewer, expected in got.items():
            assert await db.read(parent_ids, viewer, known) == expected

    await db.write(posts.delete, ann, parents[0].id)
    assert await db.read(parent_ids, bob, {}) == [False, True]
