"""A person goes on with another account here and takes the followers along."""

from typing import Any

import msgspec
import pytest
from kit import people, settle, work_off

from chirrup.access import apps, sites, tokens
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.errors import Forbidden, Invalid, NotAllowed
from chirrup.ids import ID_MAX
from chirrup.mastodon.render import Renderer
from chirrup.ports import Database, Engines
from chirrup.social import account_lists, accounts, discovery, drafts, follows, lists, moving, notifications, search
from chirrup.social.accounts import ProfileChange, SignUp
from chirrup.social.media_addresses import Addresses
from chirrup.store import follows as follow_rows
from chirrup.types import Draft, NotificationKind, Span

SITE = sites.own(Settings(url="https://town.example"))
HERE = "town.example"
ALL = Span(before=ID_MAX, limit=40)
HOUR_MS = 3_600_000


async def move(db: Database, old: int, new: int, name: str = "@new") -> None:
    await db.write(moving.add_alias, new, "old", HERE)
    await db.write(moving.move, old, name, HERE)


async def followees(db: Database, *ids: int) -> list[list[int]]:
    return [[one.other_id for one in await db.read(follow_rows.followees, id)] for id in ids]


async def moved(engines: Engines) -> None:
    await work_off(engines)
    await settle(engines)


async def test_followers_follow_the_new_account_with_their_options_and_lists_and_nobody_is_told(engines: Engines):
    db = engines.db
    old, new, bob, eve, kim, sam = await people(db, "old", "new", "bob", "eve", "kim", "sam")
    await db.write(accounts.change_profile, new, ProfileChange(locked=True))
    await db.write(follows.follow, bob, old, show_boosts=False, notify=True, languages=("de",))
    for one, other in ((eve, old), (eve, new), (kim, old), (new, old), (sam, old)):
        await db.write(follows.follow, one, other)
    await db.write(follows.accept, new, eve)
    listed = await db.write(lists.create, bob, lists.ListChange(title="friends"))
    await db.write(lists.add, bob, listed.id, [old])
    await db.write(follows.block, new, kim)
    await db.write(follows.follow, bob, new)  # asks, as it is locked
    await settle(engines)
    told = (await db.read(notifications.page, new, ALL, list(NotificationKind))).items

    await move(db, old, new)
    await moved(engines)

    assert await followees(db, bob, eve, kim, new, sam) == [[new], [new], [old], [], [new]]
    standing = await db.read(follow_rows.get, bob, new)
    assert standing and (standing.show_boosts, standing.notify, standing.languages) == (0, 1, "de")
    assert [id for _, id in (await db.read(lists.members, bob, listed.id, ALL)).items] == [new]
    states = await db.read(accounts.rows.states, [old, new, bob])
    assert [(states[id].followers, states[id].followees) for id in (old, new, bob)] == [(1, 0), (3, 0), (0, 1)]
    assert await db.read(follow_rows.requests, new, ALL) == []
    after = (await db.read(notifications.page, new, ALL, list(NotificationKind))).items
    assert after == [one for one in told if one.from_id != bob]  # who does not ask any more
    state = await db.read(moving.of_account, old)
    assert state.newest and (state.newest.followers, state.newest.done, bool(state.newest.ended_ms)) == (5, 5, True)


async def test_many_are_moved_in_steps_that_may_be_repeated_and_not_after_coming_back(engines: Engines, monkeypatch):
    monkeypatch.setattr(moving, "STEP", 2)
    db = engines.db
    old, new, *crowd = await people(db, "old", "new", *(f"one{n}" for n in range(5)))
    for one in crowd:
        await db.write(follows.follow, one, old)
    await move(db, old, new)

    assert await db.write(moving.follow_on, old, new)  # a worker that dies after its first step
    state = await db.read(moving.of_account, old)
    assert state.newest and (state.newest.done, state.newest.ended_ms, state.target and state.target.id) == (2, 0, new)
    await db.write(moving.come_back, old)
    await moved(engines)

    states = await db.read(accounts.rows.states, [old, new])
    assert [states[id].followers for id in (old, new)] == [3, 2]
    state = await db.read(moving.of_account, old)
    assert (state.target, bool(state.newest and state.newest.ended_ms)) == (None, True)


async def test_who_minds_the_old_account_minds_the_new_one(engines: Engines, monkeypatch):
    monkeypatch.setattr(moving, "STEP", 1)
    db = engines.db
    old, new, blocks, mutes, friend = await people(db, "old", "new", "blocks", "mutes", "friend")
    await db.write(follows.block, blocks, old)
    await db.write(follows.mute, mutes, old, notifications=False, for_s=3600)
    await db.write(follows.mute, friend, old)
    await db.write(follows.follow, friend, new)

    await move(db, old, new)
    await moved(engines)

    found = [(await db.read(account_lists.relationships, one, [new]))[0] for one in (blocks, mutes, friend)]
    assert [(one.blocking, one.muting) for one in found] == [(True, False), (False, True), (False, False)]
    assert not found[1].muting_notifications and found[1].mute_expires_ms


async def test_only_to_an_account_here_that_wants_it_once_in_thirty_days(engines: Engines, clock):
    db = engines.db
    old, new, other = await people(db, "old", "new", "other")
    elsewhere = await db.write(accounts.create, SignUp("old", "o@acme.example", "-", org_id=1 << 16))

    async def refusal(operation: Any, *args: Any) -> str:
        with pytest.raises(Invalid) as refused:
            await db.write(operation, *args)
        return refused.value.rule

    assert await refusal(moving.move, old, "new", HERE) == "no_alias"
    await db.write(moving.add_alias, new, "@old@town.example", HERE)
    for name, rule in (("nobody", "unknown"), ("old", "self"), ("new@else.example", "unknown"), ("", "unknown")):
        assert await refusal(moving.move, old, name, HERE) == rule
    assert await refusal(moving.move, elsewhere.id, "new", HERE) == "unknown"
    assert await refusal(moving.add_alias, elsewhere.id, "new", HERE) == "unknown"
    await db.write(moving.move, old, "new@town.example", HERE)
    assert await refusal(moving.move, old, "new", HERE) == "too_soon"
    await db.write(moving.add_alias, old, "other", HERE)
    assert await refusal(moving.move, other, "old", HERE) == "moved"
    await db.write(moving.come_back, old)
    assert await refusal(moving.move, old, "new", HERE) == "too_soon"

    clock.pass_ms(moving.PAUSE_MS + 1)
    await db.write(moving.remove_alias, new, old)
    assert await refusal(moving.move, old, "new", HERE) == "no_alias"
    await move(db, old, new)
    clock.pass_ms(moving.PAUSE_MS + 1)
    assert await refusal(moving.move, old, "new", HERE) == "moved"


async def test_an_account_that_has_moved_is_led_to_and_does_nothing(engines: Engines):
    db = engines.db
    old, new, bob = await people(db, "old", "new", "bob")
    made, _ = await db.write(apps.register, "App", "urn:ietf:wg:oauth:2.0:oob", "read")
    _, secret = await db.write(tokens.issue, old, made.id, "read")
    render = Renderer(SITE, Addresses(Signer(b"secret")))
    before = msgspec.json.decode(msgspec.json.encode(await db.read(render.account, old)))
    await settle(engines)
    assert old in await db.read(discovery.directory, bob, order="new")

    await move(db, old, new)
    await moved(engines)

    with pytest.raises(Forbidden, match="Your login is currently disabled"):
        await db.read(tokens.find, secret)
    with pytest.raises(NotAllowed):
        await db.write(follows.follow, bob, old)
    found = await db.read(search.find_accounts, bob, "ol", HERE, limit=5)
    assert found == []
    assert await db.read(search.find_accounts, bob, "old", HERE, limit=5) == [old]
    assert old not in await db.read(discovery.directory, bob, order="new")
    for name in ("New", "New again"):  # the other's profile is as it is now
        await db.write(accounts.change_profile, new, ProfileChange(display_name=name))
        shown = msgspec.json.decode(msgspec.json.encode(await db.read(render.account, old)))
        assert shown.keys() - before.keys() == {"moved"} and "moved" not in before
        assert (shown["moved"]["id"], shown["moved"]["display_name"]) == (str(new), name)
    await db.write(accounts.suspend, old)
    assert msgspec.json.decode(msgspec.json.encode(await db.read(render.account, old)))["moved"] is None
    await db.write(accounts.suspend, old, suspended=False)
    await db.write(moving.come_back, old)
    assert (await db.read(tokens.find, secret)).account_id == old


async def test_what_it_wanted_to_post_later_is_given_back(engines: Engines, clock):
    db = engines.db
    old, new = await people(db, "old", "new")
    due_ms = await db.read(lambda tx: tx.now_ms) + HOUR_MS
    await db.write(drafts.keep, old, Draft(text="later"), due_ms, rules=drafts.Rules())
    await move(db, old, new)

    clock.pass_ms(HOUR_MS + 1)
    await moved(engines)

    (kept,) = await db.read(drafts.page, old, ALL, scheduled=False)
    assert "could not post" in kept.problem
