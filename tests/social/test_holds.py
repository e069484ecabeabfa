"""What is held is out of sight when it is deleted, and nothing deletes it for good; what is old goes, but not that."""

import asyncio
import io
from typing import Any

import pytest
from databases import Clock
from kit import people, settle, work_off
from world import png

from chirrup.access import sites
from chirrup.config import Settings
from chirrup.errors import NotFound
from chirrup.ids import ID_MAX
from chirrup.orgs import compliance, holds, retention, rooms
from chirrup.ports import Engines, Tx
from chirrup.social import audit, leaving, media, posts, uploads
from chirrup.store import held_content
from chirrup.store import holds as hold_rows
from chirrup.store import media as media_rows
from chirrup.store import posts as rows
from chirrup.types import Draft, HoldScope, PollDraft, Post, RetentionClass, Span
from chirrup.workers import timers

RULES = uploads.rules(Settings(), sites.own(Settings()))
DAY_MS = 24 * 3600 * 1000


async def upload(engines: Engines, owner: int) -> int:
    return (await uploads.add(engines, owner, io.BytesIO(png()), media.Change(), RULES)).id


async def say(engines: Engines, author: int, text: str, **more: Any) -> Post:
    return await engines.db.write(posts.publish, author, Draft(text=text, **more))


async def hold(engines: Engines, scope: HoldScope, subject: int = 0, **more: int) -> int:
    return (await engines.db.write(holds.place, 0, 1, holds.Wanted(scope, "case 7", subject, **more))).id


async def kept(engines: Engines, id: int) -> list[str]:
    """All that the database has of what the post said; the last: how many files there are."""

    def read(tx: Tx) -> tuple[list[str], list[str]]:
        post = held_content.tombstones(tx, [id])[id]
        files = list(media_rows.by_ids(tx, media_rows.of_post(tx, id)).values())
        words = [post.text, post.summary, *(one.text for one in rows.versions(tx, id, 1000))]
        return [one for one in words if one], [one.key for one in files]

    words, keys = await engines.db.read(read)
    for key in keys:
        found = await asyncio.to_thread(engines.blobs.open, key)
        assert found, "a row without its file"
        found[0].close()
    return [*words, str(len(keys))]


def found(tx: Tx) -> list[int]:
    return [one[0] for one in tx.search.find_posts(tx, "once", author_id=0, before=ID_MAX, limit=9)]


async def all_done(engines: Engines) -> None:
    for _ in range(2):
        await settle(engines)
        await work_off(engines)
    await timers.remove_unattached_media(engines)


async def test_what_is_held_is_hidden_when_it_is_deleted_and_goes_when_no_hold_is_left(engines: Engines, clock: Clock):
    ann, bob = await people(engines.db, "ann", "bob")
    one, two = await hold(engines, HoldScope.ACCOUNT, ann), await hold(engines, HoldScope.ALL)
    picture = await upload(engines, ann)
    post = await say(engines, ann, "the price is 7", media_ids=(picture,))
    for n in range(posts.VERSIONS_KEPT + 2):
        clock.pass_ms(1)
        await engines.db.write(posts.edit, ann, post.id, Draft(text=f"it is {n}", media_ids=(picture,)))
    again = await say(engines, ann, "once more", poll=PollDraft(["yes", "no"], 3600))
    await engines.db.write(posts.delete, ann, post.id, keep_media=True)
    await engines.db.write(posts.delete, ann, again.id)
    clock.pass_ms(DAY_MS)
    await all_done(engines)

    assert len(await kept(engines, post.id)) == posts.VERSIONS_KEPT + 4  # the first, every edit, the file
    assert (await kept(engines, again.id)) == ["once more", "0"]
    for viewer in (ann, bob):
        with pytest.raises(NotFound):
            await engines.db.read(posts.get, viewer, post.id)
    with pytest.raises(NotFound):
        await engines.db.read(media.get, ann, picture)
    assert await engines.db.read(found) == []

    await engines.db.write(holds.end, 0, 1, one)
    await all_done(engines)
    assert len(await kept(engines, post.id)) == posts.VERSIONS_KEPT + 4
    await engines.db.write(holds.end, 0, 1, two)
    await all_done(engines)
    assert (await kept(engines, post.id), await kept(engines, again.id)) == (["0"], ["0"])
    assert await engines.db.read(hold_rows.posts_of, [ann, bob], Span(ID_MAX)) == []
    with pytest.raises(NotFound):
        await engines.db.write(holds.end, 0, 1, two)
    log = [(entry.action, entry.target_id) for entry in await engines.db.read(audit.page, 0, Span(ID_MAX))]
    assert log == [("remove", two), ("remove", one), ("add", two), ("add", one)]


async def test_a_hold_is_about_its_account_and_its_time_only(engines: Engines, clock: Clock):
    ann, bob = await people(engines.db, "ann", "bob")
    before, other = await say(engines, ann, "before"), await say(engines, bob, "other")
    clock.pass_ms(DAY_MS)
    began_ms = clock.now_ms
    within = await say(engines, ann, "within")
    clock.pass_ms(DAY_MS)
    after = await say(engines, ann, "after")
    await hold(engines, HoldScope.ACCOUNT, ann, from_ms=began_ms, until_ms=began_ms + DAY_MS)

    for post in (before, within, after, other):
        await engines.db.write(posts.delete, post.author_id, post.id)

    assert [await kept(engines, post.id) for post in (before, within, after, other)] == [
        ["0"],
        ["within", "0"],
        ["0"],
        ["0"],
    ]


async def test_who_leaves_is_gone_at_once_and_deleted_when_the_hold_has_ended(engines: Engines, clock: Clock):
    ann, bob = await people(engines.db, "ann", "bob")
    post, other = await say(engines, ann, "mine"), await say(engines, bob, "mine too")
    id = await hold(engines, HoldScope.ACCOUNT, ann)

    for person in (ann, bob):
        await engines.db.write(leaving.leave, person)
    for _ in range(2):
        await all_done(engines)
        with pytest.raises(NotFound):
            await engines.db.read(posts.get, bob, post.id)
        assert (await kept(engines, post.id), await kept(engines, other.id)) == (["mine", "0"], ["0"])
        clock.pass_ms(DAY_MS)

    await engines.db.write(holds.end, 0, 1, id)
    await all_done(engines)
    clock.pass_ms(DAY_MS)
    await all_done(engines)
    assert await kept(engines, post.id) == ["0"]


async def test_what_is_old_goes_by_its_class_and_never_what_is_held(engines: Engines, clock: Clock):
    ann, bob, eve = await people(engines.db, "ann", "bob", "eve")
    await hold(engines, HoldScope.ACCOUNT, eve)
    picture, shown = await upload(engines, ann), await upload(engines, ann)
    old = await say(engines, ann, "old", media_ids=(picture,))
    secret = await say(engines, ann, "@bob secret", visibility="direct", media_ids=(shown,))
    held = await say(engines, eve, "held")
    clock.pass_ms(10 * DAY_MS)
    new = await say(engines, bob, "new")
    await retention.apply(engines)
    assert await engines.db.read(retention.last_run, 0) is None

    await engines.db.write(retention.choose, 0, 1, RetentionClass.POSTS, 9)
    await engines.db.write(retention.choose, 0, 1, RetentionClass.MEDIA, 5)
    await retention.apply(engines)
    await all_done(engines)

    assert await kept(engines, old.id) == ["0"]
    assert await kept(engines, secret.id) == ["@bob secret", "0"]
    assert [(await kept(engines, one.id))[0] for one in (held, new)] == ["held", "new"]
    assert (await engines.db.read(posts.get, bob, secret.id)).media == []
    assert (await engines.db.read(posts.get, bob, held.id)).text == "held"
    run = await engines.db.read(retention.last_run, 0)
    assert run and (run.purged, run.problem) == (2, "")
    await engines.db.write(retention.choose, 0, 1, RetentionClass.POSTS, 0)
    assert [one.kind for one in await engines.db.read(retention.rules, 0)] == [RetentionClass.MEDIA]


async def test_rooms_have_holds_and_days_of_their_own(engines: Engines, clock: Clock):
    ann, bob = await people(engines.db, "ann", "bob")
    kept_room, short, held = [
        await engines.db.write(rooms.create, 0, ann, name, rooms.RoomChange(closed=True))
        for name in ("long", "short", "held")
    ]
    said = {name: await say(engines, ann, f"{name} words") for name in ("@long", "@short", "@held", "all")}
    assert [one.audience_id for one in said.values()] == [kept_room.id, short.id, held.id, 0]
    await hold(engines, HoldScope.ROOM, held.id)
    for wrong in ((HoldScope.ROOM, ann), (HoldScope.ACCOUNT, held.id), (HoldScope.ACCOUNT, 99)):
        with pytest.raises(NotFound):
            await hold(engines, *wrong)
    with pytest.raises(NotFound):
        await engines.db.write(retention.choose, 0, 1, RetentionClass.POSTS, 5, room_id=bob)
    clock.pass_ms(10 * DAY_MS)
    await engines.db.write(retention.choose, 0, 1, RetentionClass.POSTS, 9)
    await engines.db.write(retention.choose, 0, 1, RetentionClass.POSTS, 20, room_id=kept_room.id)
    await retention.apply(engines)
    assert [(await kept(engines, one.id))[0] for one in said.values()] == ["@long words", "0", "@held words", "0"]

    await engines.db.write(posts.delete, ann, said["@held"].id)
    answer = await engines.db.read(compliance.look, 0, compliance.Wanted(room_id=held.id), compliance.Place())
    assert [one.post.text for one in answer.found] == ["@held words"]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE holds SET scope = 'galaxy'",
        "DELETE FROM held",
        "DROP TABLE held",
    ],
)
async def test_while_holds_cannot_be_read_nothing_old_is_deleted_and_it_is_told(
    engines: Engines, clock: Clock, damage: str
):
    ann, eve = await people(engines.db, "ann", "eve")
    await hold(engines, HoldScope.ACCOUNT, eve)
    post = await say(engines, ann, "old")
    clock.pass_ms(10 * DAY_MS)
    await engines.db.write(retention.choose, 0, 1, RetentionClass.POSTS, 9)
    engines.db.write_now(lambda tx: tx.run(damage))

    await retention.apply(engines)

    run = await engines.db.read(retention.last_run, 0)
    assert run and run.purged == 0 and run.problem
    assert (await engines.db.read(posts.get, ann, post.id)).text == "old"
    assert (await engines.db.read(audit.page, 0, Span(ID_MAX)))[0].words.startswith("0 ")
