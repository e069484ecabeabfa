"""Accounts, their networks and their moderation, on every database."""

import msgspec
import pytest
from databases import Clock
from kit import people, person

from chirrup.access import logins, sessions
from chirrup.errors import Forbidden, Invalid, InvalidFields, NotFound, Unauthorised
from chirrup.ids import ID_MAX
from chirrup.ports import Database, Tx
from chirrup.social import account_lists, accounts, audit, discovery, follows, moderation, posts, usage
from chirrup.social.accounts import ProfileChange
from chirrup.social.moderation import Decision, Wanted
from chirrup.store import accounts as rows
from chirrup.types import Draft, Role, Span, Visibility

ALL = Span(before=ID_MAX, limit=40)


async def say(db: Database, author: int, text: str, visibility: str = Visibility.PUBLIC) -> None:
    await db.write(posts.publish, author, Draft(text=text, visibility=visibility))


async def arrive(db: Database, clock: Clock, *names: str) -> list[int]:
    """New accounts, each in a later millisecond, because ids of one millisecond have no order."""
    ids: list[int] = []
    for name in names:
        clock.pass_ms(1)
        ids.append(await db.write(person, name))
    return ids


async def counts(db: Database, *ids: int) -> list[tuple[int, int]]:
    found = await db.read(rows.states, ids)
    return [(found[id].followers, found[id].followees) for id in ids]


@pytest.mark.parametrize("name", ["ANN", "Ann", "admin", "ROOT", "ａnn", "a-b", "x" * 31, ""])
async def test_a_name_that_is_taken_reserved_or_odd_is_refused(db, name):
    await people(db, "ann")

    with pytest.raises(InvalidFields) as refused:
        await db.write(person, name)
    assert "username" in {problem.field for problem in refused.value.problems}


async def test_a_profile_save_undoes_neither_a_new_password_nor_a_suspension_made_meanwhile(db):
    """As if both transactions had read the rows before either writes."""
    (ann,) = await people(db, "ann")
    change = ProfileChange(display_name="Ann", post_language="de")
    account, user = await db.read(rows.by_id, ann), await db.read(rows.user, ann)
    assert account and user

    await db.write(logins.set_password, ann, "new hash")
    await db.write(rows.set_standing, ann, disabled=1)
    await db.write(accounts.suspend, ann)
    await db.write(rows.update_profile, msgspec.structs.replace(account, display_name="Ann"))
    await db.write(rows.set_defaults, ann, visibility=user.post_visibility, sensitive=0, language="de")
    await db.write(accounts.change_profile, ann, change)

    account, user = await db.read(rows.by_id, ann), await db.read(rows.user, ann)
    assert account and account.suspended_ms and account.display_name == "Ann"
    assert user and (user.password_hash, user.disabled, user.post_language) == ("new hash", 1, "de")


async def test_every_save_is_a_new_version_even_within_a_millisecond(db):
    (ann,) = await people(db, "ann")

    versions = [(await db.write(accounts.change_profile, ann, ProfileChange(note=str(n)))).changed_ms for n in range(3)]

    assert versions == sorted(set(versions))


async def test_follows_requests_and_blocks_keep_the_counts_right(db):
    ann, bob = await people(db, "ann", "bob")

    for _ in range(2):
        await db.write(follows.follow, ann, bob)
    assert await counts(db, ann, bob) == [(0, 1), (1, 0)]
    await db.write(follows.follow, bob, ann)
    await db.write(follows.block, ann, bob)
    assert await counts(db, ann, bob) == [(0, 0), (0, 0)]
    with pytest.raises(NotFound):
        await db.write(follows.follow, bob, ann)

    await db.write(follows.unblock, ann, bob)
    await db.write(accounts.change_profile, ann, ProfileChange(locked=True))
    await db.write(follows.follow, bob, ann)
    assert await counts(db, ann, bob) == [(0, 0), (0, 0)]
    await db.write(follows.accept, ann, bob)
    assert await counts(db, ann, bob) == [(1, 0), (0, 1)]
    with pytest.raises(NotFound):
        await db.write(follows.accept, ann, bob)


async def test_a_mute_ends_by_the_clock(db, clock: Clock):
    ann, bob = await people(db, "ann", "bob")
    await db.write(follows.mute, ann, bob, for_s=60)

    clock.pass_ms(59_000)
    assert (await db.read(account_lists.muted, ann, ALL)).items
    clock.pass_ms(2_000)

    assert (await db.read(account_lists.muted, ann, ALL)).items == []
    (standing,) = await db.read(account_lists.relationships, ann, [bob])
    assert (standing.muting, standing.muting_notifications, standing.mute_expires_ms) == (False, False, 0)


async def test_endorsements_notes_and_familiar_followers(db):
    ann, bob, eve, shy = await people(db, "ann", "bob", "eve", "shy")
    with pytest.raises(Invalid):
        await db.write(account_lists.endorse, ann, bob)
    for one in (bob, shy):
        await db.write(follows.follow, ann, one)
        await db.write(follows.follow, one, eve)
        await db.write(account_lists.endorse, ann, one)
    await db.write(accounts.change_profile, shy, ProfileChange(hide_network=True))
    await db.write(account_lists.set_note, ann, bob, "first")
    await db.write(account_lists.set_note, ann, bob, "second")

    assert [id for _, id in (await db.read(account_lists.endorsed, eve, ann, ALL)).items] == [shy, bob]
    assert await db.read(account_lists.familiar, ann, [eve, bob, 7]) == {eve: [bob], bob: []}
    (standing,) = await db.read(account_lists.relationships, ann, [bob])
    assert (standing.endorsed, standing.note) == (True, "second")
    assert (await db.read(account_lists.following, bob, shy, ALL)).items == []


async def test_pages_of_followers_go_both_ways(db, clock: Clock):
    ann, *others = await people(db, "ann", "b1", "b2", "b3", "b4", "b5")
    for other in others:
        clock.pass_ms(1)
        await db.write(follows.follow, other, ann)

    page = await db.read(account_lists.followers, ann, ann, Span(before=ID_MAX, limit=2))
    older = await db.read(account_lists.followers, ann, ann, Span(before=page.oldest, limit=2))
    newer = await db.read(
        account_lists.followers, ann, ann, Span(before=ID_MAX, after=page.oldest, limit=2, oldest=True)
    )

    pages = [[id for _, id in one.items] for one in (page, older, newer)]
    assert pages == [[others[4], others[3]], [others[2], others[1]], [others[4]]]


async def test_the_directory_and_suggestions(db, clock: Clock):
    ann, bob, eve, far = await arrive(db, clock, "ann", "bob", "eve", "far")
    await say(db, far, "hello")
    clock.pass_ms(1)
    await say(db, ann, "hello")
    await say(db, bob, "psst", Visibility.DIRECT)
    await db.write(follows.follow, ann, bob)
    for one in (bob, ann):
        await db.write(follows.follow, eve, one)
    await db.write(follows.follow, bob, far)
    await db.write(follows.follow, bob, eve)

    assert await db.read(discovery.directory, 0, order="new") == [far, eve, bob, ann]
    assert await db.read(discovery.directory, 0) == [ann, far, eve, bob]
    assert await db.read(discovery.directory, 0, offset=1, limit=2) == [far, eve]
    found = {one.account_id: one.reasons for one in await db.read(discovery.suggestions, ann, 40)}
    assert found == {far: ["friends_of_friends", "most_followed"], eve: ["friends_of_friends"]}
    await db.write(discovery.refuse_suggestion, ann, far)
    await db.write(discovery.refuse_suggestion, ann, far)
    assert [one.account_id for one in await db.read(discovery.suggestions, ann, 40)] == [eve]
    assert [one.account_id for one in await db.read(discovery.suggestions, far, 40)] == [ann]


async def test_a_suspension_logs_out_and_only_users_below_can_be_suspended(db):
    boss, other = [await db.write(_admin, name) for name in ("boss", "other")]
    (ann,) = await people(db, "ann")
    cookie = await db.write(sessions.start, ann)

    await db.write(moderation.act, boss, ann, Decision("suspend", "spam"))

    with pytest.raises(Unauthorised):
        await db.read(sessions.find, cookie)
    for target in (boss, other):
        with pytest.raises(Forbidden):
            await db.write(moderation.act, boss, target, Decision("suspend"))
    assert [(e.actor_id, e.action, e.words) for e in await db.read(audit.about, 0, ann, 9)] == [
        (boss, "suspend", "spam")
    ]
    await db.write(moderation.undo, boss, ann, "unsuspend")
    with pytest.raises(Forbidden):
        await db.write(moderation.undo, boss, ann, "unsuspend")


def _admin(tx: Tx, name: str) -> int:
    return accounts.create(tx, accounts.SignUp(name, f"{name}@example.com", "-", role=Role.ADMIN)).id


async def test_administrators_find_accounts(db, clock: Clock):
    boss = await db.write(_admin, "boss")
    ann, bob = await arrive(db, clock, "ann", "bob")
    await db.write(accounts.change_profile, ann, ProfileChange(display_name="O'Ann_ %"))
    await db.write(moderation.act, boss, bob, Decision("disable"))

    async def found(**wanted: object) -> list[int]:
        return [account.id for account, _ in await db.read(moderation.find, Wanted(**wanted), ALL)]  # type: ignore[arg-type]

    assert await found() == [bob, ann, boss]
    assert await found(roles=[Role.ADMIN, Role.OWNER]) == [boss]
    assert await found(roles=[Role.USER]) == [bob, ann]
    assert await found(roles=[]) == await found(roles=[Role.MODERATOR]) == []
    assert await found(statuses=["active"]) == [ann, boss]
    assert await found(statuses=["disabled"]) == [bob]
    assert await found(username="AN") == [ann]
    assert await found(display_name="o'ann_ %") == [ann]
    assert await found(email="Ann@Example.com") == [ann]
    assert await found(username="%") == await found(email="nobody@example.com") == []


async def test_usage_counts_people_and_what_everybody_sees(db, clock: Clock):
    ann, bob = await people(db, "ann", "bob")
    assert await db.read(usage.count) == usage.Counts(2, 0, 0, 0)
    await say(db, ann, "long ago")

    clock.pass_ms(usage.MONTH_MS + 1)
    await say(db, bob, "today")
    await say(db, bob, "for few", Visibility.FOLLOWERS)

    assert await db.read(usage.count) == usage.Counts(people=2, posts=2, active_month=1, active_half_year=2)


async def test_counting_again_and_again_reads_the_tables_once(db):
    ann, _ = await people(db, "ann", "bob")
    known = usage.Usage()
    before = await known.counts(db)

    await say(db, ann, "new")

    assert [await known.counts(db) for _ in range(50)] == [before] * 50
