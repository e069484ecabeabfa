"""Trends: counted from real use, less with time, for each organisation, without those who did not ask for it."""

from typing import Any

import pytest
from databases import Clock
from elsewhere import make_card
from kit import people, person, settle

from chirrup.errors import NotFound
from chirrup.ids import ID_MAX
from chirrup.ports import Engines
from chirrup.social import accounts, audit, follows, posts, reactions, trend_decisions, trends
from chirrup.social.accounts import ProfileChange
from chirrup.social.known import Known
from chirrup.store import accounts as account_rows
from chirrup.store import orgs
from chirrup.store import posts as post_rows
from chirrup.types import Draft, Org, PostCounts, Span, Stranger, TagUse, TrendKind, Trends
from chirrup.workers import timers

HOUR_MS = 3600 * 1000


async def said(engines: Engines, author: int, text: str, *fans: int, **draft: object) -> int:
    """A post that fans favourite."""
    post = await engines.db.write(posts.publish, author, Draft(text=text, **draft))  # pyright: ignore[reportArgumentType]
    for fan in fans:
        await engines.db.write(reactions.favourite, fan, post.id)
    return post.id


async def told(engines: Engines, viewer: int = 0, org_id: int = 0) -> tuple[list[str], list[int]]:
    """(names of hashtags, posts)."""
    viewer = viewer or Stranger(org_id)
    tags = await engines.db.read(trends.shown_tags, viewer, org_id, offset=0, limit=20)
    return [one.name for one in tags], await engines.db.read(trends.shown_posts, viewer, org_id, offset=0, limit=40)


async def test_what_many_use_and_like_is_a_trend_and_fades(engines: Engines, clock: Clock):
    ann, bob, eve = await people(engines.db, "ann", "bob", "eve")
    first = await said(engines, ann, "#bread #alone #alone", ann, bob, eve)
    for one in (bob, eve):
        await said(engines, one, "#Bread #tea", ann)
    await said(engines, ann, "#tea and #alone")
    await settle(engines)

    assert await told(engines) == ([], [])  # nothing was counted yet
    await timers.count_trends(engines)
    assert await told(engines) == (["bread", "tea"], [first])

    clock.pass_ms(8 * HOUR_MS)
    second = await said(engines, bob, "news", ann, eve)
    await timers.count_trends(engines)
    assert (await told(engines))[1] == [second, first]
    clock.pass_ms(8 * 24 * HOUR_MS)
    await timers.count_trends(engines)
    assert await told(engines) == ([], [])


async def test_nobody_is_in_who_did_not_ask_for_it(engines: Engines):
    ann, bob, eve, viewer = await people(engines.db, "ann", "bob", "eve", "viewer")
    fans = (bob, eve, viewer)
    await follows_all(engines, fans, ann)
    for text, draft in (
        ("for followers #one", {"visibility": "private"}),
        ("for friends of the quiet #one", {"visibility": "unlisted"}),
        ("sensitive", {"sensitive": True}),
        ("warned", {"summary": "careful"}),
    ):
        await said(engines, ann, text, *fans, **draft)
    gone = await said(engines, ann, "deleted", *fans)
    post = await said(engines, ann, "open #two", *fans)
    await said(engines, bob, "#two #one")
    for one in (eve, viewer):  # whoever is not to be found makes no trend
        await engines.db.write(accounts.change_profile, one, ProfileChange(discoverable=False))
        await said(engines, one, "#three")
    await settle(engines)
    await timers.count_trends(engines)
    await engines.db.write(posts.delete, ann, gone)

    assert await told(engines) == (["two"], [post])
    await engines.db.write(follows.block, viewer, ann)
    assert (await told(engines, viewer))[1] == []
    assert (await told(engines, ann))[1] == [post]
    for change, shown in (
        (ProfileChange(indexable=False), []),
        (ProfileChange(indexable=True), [post]),
        (ProfileChange(discoverable=False), []),
    ):
        await engines.db.write(accounts.change_profile, ann, change)
        assert (await told(engines))[1] == shown  # at once, whenever it was counted
    await engines.db.write(accounts.change_profile, ann, ProfileChange(discoverable=True))
    for limit in ({"silenced_ms": 1}, {"silenced_ms": 0, "sensitized_ms": 1}):
        await engines.db.write(account_rows.set_limits, ann, changed_ms=2_000_000_000_000, **limit)
        assert (await told(engines, bob))[1] == []
    await timers.count_trends(engines)
    assert await told(engines) == ([], [])


async def follows_all(engines: Engines, fans: tuple[int, ...], author: int) -> None:
    for one in fans:
        await engines.db.write(follows.follow, one, author)


async def test_each_organisation_has_its_own(engines: Engines):
    org_id = 4096 * 5
    assert await engines.db.write(orgs.insert, Org(org_id, "acme", "Acme", "acme.example", 0))
    theirs = [await engines.db.write(person, f"w{n}", org_id) for n in range(3)]
    ours = await people(engines.db, "ann", "bob", "eve")
    post = await said(engines, theirs[0], "#work", *theirs[1:])
    other = await said(engines, ours[0], "#play", *ours[1:])
    await said(engines, theirs[1], "#work")
    await said(engines, ours[1], "#play")
    await settle(engines)
    await timers.count_trends(engines)

    assert await told(engines, theirs[2], org_id) == (["work"], [post])
    assert await told(engines, ours[2]) == (["play"], [other])
    assert await told(engines, 0, org_id + 4096) == ([], [])
    assert await engines.db.read(trends.count, org_id) != Trends()


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ([TagUse(100, 5, 5)], [TagUse(99, 5, 5)]),
        ([TagUse(100, 5, 5)], [TagUse(100, 50, 4)]),
        ([TagUse(100, 5, 5)], [TagUse(100, 5, 5), *(TagUse(day, 5, 5) for day in range(94, 99))]),
        ([TagUse(100, 2, 2)], [TagUse(98, 9, 9)]),
    ],
)
def test_a_tag_counts_by_how_many_use_it_now_and_more_than_usual(stronger: list[TagUse], weaker: list[TagUse]):
    assert trends.tag_strength(stronger, 100) > trends.tag_strength(weaker, 100)


def test_one_account_makes_no_trend():
    assert trends.tag_strength([TagUse(100, 50, 1)], 100) == 0
    assert trends.post_strength(PostCounts(1, replies=50, boosts=1, favourites=1, quotes=9), 0) == 0
    assert trends.post_strength(PostCounts(1, boosts=2), 0) > trends.post_strength(PostCounts(1, boosts=2), HOUR_MS) > 0


async def test_pages_that_many_link_are_trends(engines: Engines, clock: Clock):
    ann, bob, eve, quiet = await people(engines.db, "ann", "bob", "eve", "quiet")
    await engines.db.write(accounts.change_profile, quiet, ProfileChange(discoverable=False))
    url, alone, hidden, bare = (f"http://news.example/{name}" for name in ("a", "alone", "hidden", "bare"))
    found = [await said(engines, one, url) for one in (ann, bob, ann)]
    for name in ("quiet", "private", "sensitive"):
        author, draft = {
            "quiet": (quiet, {}),
            "private": (eve, {"visibility": "private"}),
            "sensitive": (eve, {"sensitive": True}),
        }[name]
        await said(engines, author, f"{name} {url}", **draft)
    for _ in range(3):
        first = await said(engines, ann, alone)
    for one in (ann, bob):
        secret = await said(engines, one, hidden, visibility="private")
        await said(engines, one, bare)
    for id in (found[0], first, secret):
        await make_card(engines, id, "News")

    async def shown() -> list[Any]:
        return await engines.db.read(trends.shown_links, 0, Known(), offset=0, limit=9)

    async def linked(link: str, viewer: int = 0) -> list[int]:
        return (await engines.db.read(trends.posts_with_link, viewer, link, Span(ID_MAX), 0)).items

    assert await shown() == []
    await timers.count_trends(engines)
    (one,) = await shown()
    assert (one.card.card.url, len(one.history), one.history[0].uses, one.history[0].accounts) == (url, 7, 3, 2)
    newest_first = sorted(found, reverse=True)
    assert await linked(f"{url}#part") == newest_first
    await engines.db.write(follows.block, ann, eve)
    assert (await linked(url, eve), await linked(url, ann)) == ([found[1]], newest_first)
    for link in (alone, hidden, bare, "", "nonsense", "http://[", "http://news.example/" + "x" * 9000):
        with pytest.raises(NotFound):
            await linked(link)

    await engines.db.write(posts.delete, bob, found[1])
    assert await linked(url) == [one for one in newest_first if one != found[1]]  # at once
    clock.pass_ms(8 * 24 * HOUR_MS)
    await timers.count_trends(engines)
    assert await shown() == []


async def test_staff_refuse_what_is_a_trend_and_allow_it_where_approval_is_asked_for(engines: Engines):
    url, org_id = "http://news.example/a", 4096 * 5
    assert await engines.db.write(orgs.insert, Org(org_id, "acme", "Acme", "acme.example", 0))
    ann, bob, eve, boss = await people(engines.db, "ann", "bob", "eve", "boss")
    post = await said(engines, ann, f"#bread {url}", bob, eve)
    secret = await said(engines, ann, f"psst {url}2", visibility="private")
    await said(engines, bob, f"#bread {url}")
    for one in (post, secret):
        await make_card(engines, one, "News")
    await settle(engines)
    await timers.count_trends(engines)

    async def shown(approval: bool | None = False) -> tuple[list[Any], ...]:
        part: Any = {"offset": 0, "limit": 9, "approval": approval}
        tags = await engines.db.read(trends.shown_tags, boss, 0, **part)
        links = await engines.db.read(trends.shown_links, 0, Known(), **part)
        posts = await engines.db.read(trends.shown_posts, boss, 0, **part)
        return [one.id for one in tags], posts, [one.card.card.id for one in links]

    async def decide(kind: TrendKind, id: int, allowed: bool | None, org_id: int = 0) -> None:
        await engines.db.write(trend_decisions.decide, boss, org_id, kind, id, allowed)

    none, everything = ([], [], []), await shown(approval=None)
    assert [len(one) for one in everything] == [1, 1, 1]
    assert (await shown(), await shown(approval=True)) == (everything, none)
    decided = [(kind, ids[0]) for kind, ids in zip(TrendKind, everything, strict=True)]

    for kind, id in decided:
        await decide(kind, id, allowed=True)
        await decide(kind, id, allowed=True)
    assert (await shown(), await shown(approval=True)) == (everything, everything)
    for kind, id in decided:
        await decide(kind, id, allowed=False)
    for counted in (False, True):
        if counted:
            await timers.count_trends(engines)
        assert (await shown(), await shown(approval=True), await shown(approval=None)) == (none, none, everything)
        with pytest.raises(NotFound):
            await engines.db.read(trends.posts_with_link, boss, url, Span(ID_MAX), 0)
    found = await engines.db.read(trends.count, 0)
    for kind, id in decided:
        await decide(kind, id, allowed=None)
    await engines.db.write(trends.keep, 0, found)  # was counted before, when they were refused
    assert (await shown(), await shown(approval=True)) == (everything, none)

    log = await engines.db.read(audit.page, 0, Span(ID_MAX, limit=20))
    names = {"tag": "bread", "post": "ann", "link": url}
    assert len(log) == 9  # what was allowed twice is told once
    assert {(one.action, one.actor_id, one.target_kind, one.target_name) for one in log} == {
        (f"{verb} trend", boss, kind, name) for verb in ("allow", "refuse", "forget") for kind, name in names.items()
    }
    hidden = (await engines.db.read(post_rows.by_ids, [secret]))[secret].card_id
    for kind, id, where in (
        (TrendKind.TAG, decided[0][1], org_id),
        (TrendKind.LINK, decided[2][1], org_id),
        (TrendKind.TAG, decided[0][1] + 4096, 0),
        (TrendKind.POST, secret, 0),
        (TrendKind.LINK, hidden, 0),
    ):
        with pytest.raises(NotFound):
            await decide(kind, id, allowed=True, org_id=where)
