"""Announcements: when they are shown, to whom, and what is done with them."""

from collections.abc import Callable
from typing import Any

import pytest
from counting import CountingDatabase
from databases import Clock
from kit import people, person, settle, work_off

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.errors import Invalid, NotFound
from chirrup.mastodon.render import Renderer
from chirrup.mastodon.render_announcements import announcements_of
from chirrup.ports import Engines
from chirrup.social import announcements, posts
from chirrup.social.announcements import Wanted
from chirrup.social.media_addresses import Addresses
from chirrup.social.shortcodes import EMPTY
from chirrup.types import Draft
from chirrup.web.screens.reading import announced
from chirrup.web.views import Views

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
ADDRESSES = Addresses(Signer(b"secret"))
SITE = sites.own(Settings(url="https://town.example"))
ORG = 1 << 16


async def shown(engines: Engines, org_id: int = 0) -> list[str]:
    return [one.text for one in await engines.db.read(announcements.shown, org_id)]


async def test_each_is_shown_from_its_time_to_its_end_and_the_jobs_say_so_once(engines: Engines, clock: Clock):
    now = await engines.db.read(lambda tx: tx.now_ms)
    day = now // DAY_MS * DAY_MS
    for wanted in (
        Wanted(" now "),
        Wanted("later", due_ms=now + HOUR_MS),
        Wanted("until soon", ends_ms=now + 2 * HOUR_MS),
        Wanted("today", starts_ms=day, ends_ms=day, all_day=True),
    ):
        await engines.db.write(announcements.announce, 0, wanted)
    assert await shown(engines) == ["today", "now", "until soon"]

    clock.pass_ms(3 * HOUR_MS // 2)
    await work_off(engines)
    await work_off(engines)
    await settle(engines)
    assert await shown(engines) == ["today", "now", "until soon", "later"]
    clock.pass_ms(HOUR_MS)
    assert await shown(engines) == ["today", "now", "later"]  # before the job has run
    await work_off(engines)
    clock.pass_ms(DAY_MS)
    await work_off(engines)
    assert [one.text for one in await engines.db.read(announcements.every, 0)] == ["now", "later"]


async def test_what_cannot_be_announced_is_refused(engines: Engines):
    now = await engines.db.read(lambda tx: tx.now_ms)
    for field, wanted in (
        ("text", Wanted(" \n")),
        ("text", Wanted("a" * 5001)),
        ("end", Wanted("a", ends_ms=now - 1)),
        ("end", Wanted("a", starts_ms=now + 2 * HOUR_MS, ends_ms=now + HOUR_MS)),
        ("end", Wanted("a", due_ms=now + 2 * HOUR_MS, ends_ms=now + HOUR_MS)),
        ("end", Wanted("a", ends_ms=now // DAY_MS * DAY_MS - DAY_MS, all_day=True)),
    ):
        with pytest.raises(Invalid) as error:
            await engines.db.write(announcements.announce, 0, wanted)
        assert error.value.field == field, wanted
    for n in range(announcements.KEPT_MAX):
        await engines.db.write(announcements.announce, 0, Wanted(str(n)))
    with pytest.raises(Invalid):
        await engines.db.write(announcements.announce, 0, Wanted("one more"))


async def test_an_organisation_sees_its_own_only(engines: Engines):
    here = await engines.db.write(announcements.announce, 0, Wanted("here"))
    await engines.db.write(announcements.announce, ORG, Wanted("there"))
    ann = await engines.db.write(person, "ann", ORG)

    assert (await shown(engines), await shown(engines, ORG)) == (["here"], ["there"])
    refused: list[tuple[Any, ...]] = [
        (announcements.dismiss, ORG, ann, here.id),
        (announcements.react, ORG, ann, here.id, "👍", EMPTY),
        (announcements.take_back, ORG, ann, here.id, "👍"),
        (announcements.end, ORG, here.id),
    ]
    for act in refused:
        with pytest.raises(NotFound):
            await engines.db.write(*act)


async def test_reactions_are_counted_once_for_each_account_and_end_with_what_they_are_to(engines: Engines):
    ann, bob = await people(engines.db, "ann", "bob")
    one = await engines.db.write(announcements.announce, 0, Wanted("hello @ann #bread #Bread"))

    async def seen(who: int) -> tuple[bool, list[tuple[str, int, bool]]]:
        (whole,) = await engines.db.read(announcements.whole, who, [one], SITE)
        assert [mention.username for mention in whole.named] == ["ann"] and len(whole.tags) == 1
        return whole.read, [(each.name, each.accounts, each.mine) for each in whole.reactions]

    async def react(who: int, name: str) -> None:
        await engines.db.write(announcements.react, 0, who, one.id, name, EMPTY)

    for who, name in ((ann, "👍"), (ann, "👍"), (bob, "👍"), (bob, "🏳️‍🌈")):
        await react(who, name)
    await engines.db.write(announcements.dismiss, 0, ann, one.id)
    await engines.db.write(announcements.dismiss, 0, ann, one.id)
    assert await seen(ann) == (True, [("👍", 2, True), ("🏳️‍🌈", 1, False)])
    assert await seen(bob) == (False, [("👍", 2, True), ("🏳️‍🌈", 1, True)])

    for name in ("🏳️‍🌈", "🏳️‍🌈"):
        await engines.db.write(announcements.take_back, 0, bob, one.id, name)
    assert await seen(bob) == (False, [("👍", 2, True)])
    for name in "😀😁😂😃😄😅😆":
        await react(ann, name)
    for name in ("😇", ":none:", "none", "a", "1", "👍👍", "", "é", "👍\u0301", "\u200d"):
        with pytest.raises(Invalid):
            await react(ann, name)
    await react(bob, "😆")  # there already

    await engines.db.write(announcements.end, 0, one.id)
    for table in ("announcement_reactions", "announcement_counts", "announcements_read", "announcements"):
        assert await engines.db.read(lambda tx, table=table: tx.all(f"SELECT * FROM {table}")) == []


async def test_twenty_cost_what_two_cost_and_home_asks_nothing_where_there_are_none(engines: Engines):
    ann, _ = await people(engines.db, "ann", "bob")
    views = Views(SITE, ADDRESSES)

    async def cost(operation: Callable[..., Any], *args: Any) -> int:
        counting = CountingDatabase(engines.db)
        await counting.read(operation, *args)
        return counting.asked.total()

    assert [await cost(announced.unread, views, ann) for _ in range(2)] == [1, 0]
    post = await engines.db.write(posts.publish, ann, Draft("bread"))
    text = f"hello @ann @bob https://town.example/@ann/{post.id}"
    every = [await engines.db.write(announcements.announce, 0, Wanted(f"{n} {text}")) for n in range(20)]

    few, many = [await cost(announcements_of, Renderer(SITE, ADDRESSES), ann, some) for some in (every[:2], every)]
    assert many <= few <= 20
    shown = await engines.db.read(announced.unread, Views(SITE, ADDRESSES), ann)
    assert [one.id for one in shown] == [one.id for one in every[:-4:-1]]


def test_all_kinds_of_emoji_of_unicode_are_known():
    england = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    known = ["👍", "👍🏽", "❤", "❤️", "🇩🇪", "1️⃣", "👩‍👩‍👧‍👦", england, "☺"]

    assert [name for name in known if not announcements.is_emoji(name)] == []
