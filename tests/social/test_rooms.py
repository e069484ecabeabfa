"""What a mention of a room does to a post, and who gets into rooms."""

import secrets

import pytest
from databases import Clock
from kit import people, settle, work_off

from chirrup.access import visibility
from chirrup.access.roles import Permission
from chirrup.config import Settings
from chirrup.errors import Invalid, NotAllowed, NotFound
from chirrup.ids import ID_MAX
from chirrup.orgs import roles, room_requests, rooms, settings
from chirrup.orgs.rooms import RoomChange
from chirrup.ports import Database, Engines
from chirrup.social import accounts, drafts, follows, in_rooms, leaving, posts, reactions, search, staff, threads
from chirrup.social.drafts import Rules
from chirrup.store import accounts as account_rows
from chirrup.store import notifications
from chirrup.store import rooms as room_rows
from chirrup.timelines import rebuild
from chirrup.types import AccountKind, Draft, NotificationKind, Post, Span, Visibility


async def say(db: Database, author: int, text: str, **how: object) -> Post:
    return await db.write(posts.publish, author, Draft(text=text, **how))  # type: ignore[arg-type]


def names(post: Post) -> list[str]:
    return [one.username for one in post.mentioned]


async def test_a_mention_of_a_room_puts_the_post_there(db: Database):
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    lounge = await db.write(rooms.create, 0, ann, "lounge", RoomChange())
    den = await db.write(rooms.create, 0, ann, "den", RoomChange(closed=True))
    await db.write(follows.join, bob, den.id)

    def where(post: Post) -> tuple[int, str]:
        return post.audience_id, post.visibility

    for kind in Visibility:
        as_posted = Visibility.FOLLOWERS if kind == Visibility.DIRECT else kind
        assert where(await say(db, eve, "@lounge hi", visibility=kind)) == (lounge.id, as_posted)
        assert where(await say(db, bob, "@den hi", visibility=kind)) == (den.id, Visibility.FOLLOWERS)
    outside = await say(db, eve, "@den hi")  # for her the name means nothing
    assert (where(outside), names(outside)) == ((0, Visibility.PUBLIC), [])

    question = await say(db, bob, "@den @ann @eve who comes?")
    assert names(question) == ["den", "ann"]  # eve gets nothing, and her name is no link
    answer = await say(db, ann, "I do", reply_to_id=question.id, visibility="public")
    assert (where(answer), names(answer)) == ((den.id, Visibility.FOLLOWERS), ["den"])
    aside = await say(db, ann, "@bob really?", reply_to_id=question.id, visibility="direct")
    assert where(aside) == (0, Visibility.DIRECT)
    for text, how in (("@lounge @den hi", {}), ("@lounge me", {"reply_to_id": question.id})):
        with pytest.raises(Invalid, match="one room at most"):
            await say(db, ann, text, **how)

    with pytest.raises(Invalid, match="not for everybody"):
        await db.write(reactions.boost, bob, question.id)
    quote = await say(db, bob, "I said", quote_of_id=question.id)
    assert where(quote) == (den.id, Visibility.FOLLOWERS)
    with pytest.raises(Invalid, match="one room at most"):
        await say(db, bob, "@lounge I said", quote_of_id=question.id)

    edited = await db.write(posts.edit, bob, question.id, Draft(text="@ann @eve who?"))
    assert (where(edited), names(edited)) == ((den.id, Visibility.FOLLOWERS), ["den", "ann"])
    for id, text in ((question.id, "@lounge who?"), ((await say(db, ann, "mine")).id, "@den mine")):
        with pytest.raises(Invalid, match="another room"):
            await db.write(posts.edit, bob if id == question.id else ann, id, Draft(text=text))

    await db.write(follows.unfollow, bob, den.id)
    with pytest.raises(NotFound):
        await say(db, bob, "and I", reply_to_id=answer.id)
    with pytest.raises(Invalid, match="not in any more"):
        await say(db, bob, "and I", reply_to_id=question.id)  # his own, which he still sees


async def test_a_guest_writes_in_its_rooms_and_aside_and_nobody_into_a_room_they_have_left(db: Database):
    ann, bob, guest = await people(db, "ann", "bob", "guest")
    yard = await db.write(rooms.create, 0, ann, "yard", RoomChange())
    den = await db.write(rooms.create, 0, ann, "den", RoomChange(closed=True))
    await db.write(rooms.create, 0, ann, "lounge", RoomChange())
    for room in (yard, den):
        await db.write(follows.join, guest, room.id)
    before = await say(db, guest, "a member says so")
    await db.write(accounts.set_kind, guest, AccountKind.GUEST)
    question = await say(db, ann, "@yard who comes?")
    rules = Rules("town.example", 500)

    for text, how in (("hello", {}), ("@ann hello", {}), ("@lounge hello", {}), ("so?", {"quote_of_id": question.id})):
        for kind in ("public", "unlisted", "private"):
            with pytest.raises(Invalid, match="a room that you are in"):
                await say(db, guest, text, visibility=kind, **how)
    with pytest.raises(Invalid, match="a room that you are in"):
        await db.write(drafts.keep, guest, Draft(text="hello"), 2**50, rules=rules)
    with pytest.raises(Invalid, match="a room that you are in"):
        await db.write(posts.edit, guest, before.id, Draft(text="hello"))
    with pytest.raises(NotAllowed, match="boost"):
        await db.write(reactions.boost, guest, question.id)
    await db.write(drafts.keep, guest, Draft(text="hello"), rules=rules)
    assert (await say(db, guest, "@bob psst", visibility="direct")).addressed == set()  # whom it does not see
    assert (await say(db, guest, "@ann psst", visibility="direct")).addressed == {ann}
    inside = await say(db, guest, "@den hello")
    answer = await say(db, guest, "I do", reply_to_id=question.id)
    assert (inside.audience_id, answer.audience_id) == (den.id, yard.id)
    await db.write(posts.edit, guest, answer.id, Draft(text="I did"))

    for room in (yard, den):
        await db.write(rooms.remove_member, room.id, guest, by=ann)
    with pytest.raises(Invalid, match="a room that you are in"):
        await say(db, guest, "and I", reply_to_id=answer.id)
    await db.write(accounts.set_kind, guest, AccountKind.PERSON)
    with pytest.raises(Invalid, match="not in any more"):
        await db.write(posts.edit, guest, inside.id, Draft(text="@den still here"))
    edited = await db.write(posts.edit, guest, before.id, Draft(text="@bob a member again"))
    assert edited.addressed == {bob}


async def test_who_makes_rooms_is_as_the_organisation_has_chosen(db: Database):
    ann, keeper, boss = await people(db, "ann", "keeper", "boss")
    await db.write(roles.create, 0, 0, "Keeper", Permission.PRIVATE_ROOMS)
    for id, role in ((keeper, "Keeper"), (boss, "owner")):
        await db.write(staff.give_role, id, role)
    mine = (await db.write(rooms.create, 0, ann, "mine", RoomChange())).id

    async def makes(by: int) -> list[bool]:
        """Open ones, closed ones."""
        found = list[bool]()
        for closed in (False, True):
            try:
                await db.write(rooms.create, 0, by, f"r{secrets.token_hex(5)}", RoomChange(closed=closed))
            except NotAllowed:
                found.append(False)
            else:
                found.append(True)
        return found

    assert [await makes(one) for one in (ann, keeper, boss)] == [[True, True]] * 3
    await db.write(settings.change, Settings(), 0, 0, {"room_makers": "open"})
    assert [await makes(one) for one in (ann, keeper, boss, 0)] == [
        [True, False],
        [True, True],
        [True, True],
        [True, True],
    ]
    with pytest.raises(NotAllowed, match="closed rooms"):
        await db.write(rooms.change, ann, mine, RoomChange(closed=True))
    await db.write(rooms.change, ann, mine, RoomChange(title="Mine", closed=False))
    await db.write(settings.change, Settings(), 0, 0, {"room_makers": "roles"})
    assert [await makes(one) for one in (ann, keeper, boss)] == [[False, False], [False, True], [True, True]]
    await db.write(rooms.change, boss, mine, RoomChange(closed=True))


async def test_members_find_what_was_said_in_their_rooms_and_nobody_else_does(db: Database):
    ann, bob, eve, guest = await people(db, "ann", "bob", "eve", "guest")
    await db.write(accounts.set_kind, guest, AccountKind.GUEST)
    den = await db.write(rooms.create, 0, ann, "den", RoomChange(closed=True))
    yard = await db.write(rooms.create, 0, ann, "yard", RoomChange())
    await db.write(follows.join, bob, den.id)
    await db.write(follows.join, guest, yard.id)
    secret = (await say(db, ann, "@den the kestrel flies #birds")).id
    told = (await say(db, ann, "@yard a kestrel", visibility="unlisted")).id
    await say(db, ann, "@eve a kestrel", visibility="direct")

    async def found(viewer: int, words: str = "kestrel") -> list[int]:
        query = await db.read(search.parse, viewer, words, "town.example")
        return (await db.read(search.find_posts, viewer, query, Span(before=ID_MAX, limit=20))).items

    assert secret in await found(ann)
    assert await found(bob) == await found(bob, "kestrel from:ann") == [secret]
    assert await found(bob, "kestrel in:public") == await found(bob, "kestrel in:library") == []
    assert secret not in await found(eve)
    assert await found(guest) == [told]
    await db.write(follows.unfollow, bob, den.id)
    assert await found(bob) == []


async def test_who_is_in_no_room_sees_no_trace_of_it(engines: Engines):
    """Of a closed room and its posts: by id, by name, in threads, on lists of accounts, among notifications."""
    db = engines.db
    ann, bob, eve, guest = await people(db, "ann", "bob", "eve", "guest")
    await db.write(accounts.set_kind, guest, AccountKind.GUEST)
    den = await db.write(rooms.create, 0, ann, "den", RoomChange(closed=True))
    nook = await db.write(rooms.create, 0, ann, "nook", RoomChange(closed=True, listed=False))
    yard = await db.write(rooms.create, 0, ann, "yard", RoomChange(closed=True))
    await db.write(follows.join, bob, nook.id)
    await db.write(follows.join, guest, yard.id)
    hello = await say(db, eve, "hello all")
    inside = await say(db, bob, "@nook look", reply_to_id=hello.id)
    told = await say(db, ann, "@yard @eve @guest welcome")

    async def there(viewer: int) -> list[bool]:
        found = await db.read(visibility.of_one_organisation, viewer, [den.id, nook.id, yard.id, ann, bob, eve])
        return [id in found for id in (den.id, nook.id, yard.id, ann, bob, eve)]

    assert await there(0) == [False, False, False, True, True, True]
    assert await there(eve) == [True, False, True, True, True, True]  # she may ask den and yard
    assert await there(bob) == [True, True, True, True, True, True]
    assert await there(guest) == [False, False, True, True, False, False]
    assert await db.read(visibility.accounts_shown, eve, [den.id, nook.id, ann]) == [ann]
    for viewer in (0, eve):
        assert (await db.read(threads.context, viewer, hello.id)).below == []
    with pytest.raises(NotFound):
        await db.read(threads.context, guest, hello.id)
    assert (await db.read(threads.context, bob, hello.id)).below == [inside.id]
    with pytest.raises(NotFound):
        await db.write(follows.follow, eve, nook.id)
    with pytest.raises(NotFound):
        await db.write(follows.follow, guest, bob)
    await db.write(follows.follow, eve, den.id)
    await settle(engines)

    def heard(account_id: int) -> list[tuple[str, int]]:
        span, kinds = Span(before=ID_MAX), set(NotificationKind)
        return [(one.kind, one.from_id) for one in db.write_now(notifications.page, account_id, span, kinds)]

    assert heard(eve) == []
    assert ("follow_request", eve) in heard(ann)
    assert heard(guest) == [("mention", ann)]
    assert heard(den.id) == []
    assert told.id in (await db.read(rebuild.home, guest, Span(before=ID_MAX)))[0]


async def test_a_room_has_an_end_of_members_and_a_member_of_rooms(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(in_rooms, "MEMBERS_MAX", 2)
    monkeypatch.setattr(in_rooms, "ROOMS_MAX", 2)
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    first, second = [(await db.write(rooms.create, 0, ann, name, RoomChange())).id for name in ("first", "second")]
    with pytest.raises(Invalid, match="2 rooms"):
        await db.write(rooms.create, 0, ann, "third", RoomChange())
    await db.write(follows.follow, bob, first)
    with pytest.raises(Invalid, match="2 people"):
        await db.write(follows.follow, eve, first)
    await db.write(follows.unfollow, bob, first)
    await db.write(follows.follow, eve, first)
    await db.write(follows.follow, bob, second)


async def test_a_room_that_staff_suspend_is_gone_and_after_thirty_days_nothing_is_left(engines: Engines, clock: Clock):
    db = engines.db
    ann, bob, boss = await people(db, "ann", "bob", "boss")
    await db.write(staff.give_role, boss, "owner")
    den = (await db.write(rooms.create, 0, ann, "den", RoomChange(closed=True, title="The den"))).id
    await db.write(follows.join, bob, den)
    await db.write(follows.follow, boss, den)
    said = [await say(db, bob, f"@den {n}") for n in range(leaving.STEP + 2)]
    await say(db, ann, "@den mine", reply_to_id=said[0].id)
    aside = await say(db, bob, "elsewhere")
    await settle(engines)
    with pytest.raises(NotAllowed, match="all rooms"):
        await db.write(rooms.suspend, ann, den)

    for suspended in (True, False, True):
        await db.write(rooms.suspend, boss, den, suspended=suspended)
        seen = await db.read(visibility.see, ann, [one.id for one in said])
        assert len(seen.posts) == (0 if suspended else len(said))
        clock.pass_ms(1)
    await settle(engines)
    with pytest.raises(NotFound):
        await db.read(rooms.get, bob, den)
    clock.pass_ms(accounts.DELETED_AFTER_MS)
    await work_off(engines)
    await settle(engines)

    assert (await db.read(visibility.see, bob, [aside.id, *(one.id for one in said)])).posts.keys() == {aside.id}
    assert await db.read(room_rows.of_member, ann) == await db.read(room_rows.of_member, bob) == set()
    assert await db.read(room_rows.by_ids, [den]) == {}
    assert await db.read(room_rows.roles, den) == {}
    left = (await db.read(account_rows.by_ids, [den]))[den]
    assert (left.username, left.display_name, bool(left.suspended_ms)) == ("den", "", True)
    with pytest.raises(Invalid, match="taken"):
        await db.write(rooms.create, 0, ann, "den", RoomChange())


async def test_who_leaves_or_goes_hands_a_room_on_and_one_that_nobody_is_in_is_there_for_staff(
    db: Database, clock: Clock
):
    ann, bob, eve, boss = await people(db, "ann", "bob", "eve", "boss")
    await db.write(staff.give_role, boss, "owner")
    den = (await db.write(rooms.create, 0, ann, "den", RoomChange(closed=True))).id
    for one in (bob, eve):
        clock.pass_ms(1)
        await db.write(follows.join, one, den)
    await db.write(rooms.leave, ann, den)
    assert await db.read(rooms.managers, den) == [bob]
    await db.write(follows.block, bob, den)
    assert await db.read(rooms.managers, den) == [eve]
    await db.write(rooms.leave, eve, den)
    assert await db.read(rooms.managers, den) == []

    await db.write(follows.follow, ann, den)  # asks; nobody is told, and staff let her in
    await db.write(room_requests.answer, boss, den, ann, accept=True)
    await db.write(rooms.give_role, den, ann, rooms.MANAGER, by=boss)
    assert await db.read(rooms.managers, den) == [ann]
