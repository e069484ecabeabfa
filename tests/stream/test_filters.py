"""Filters on streams: that they have changed, and what each post matches of them."""

from typing import Any

import pytest
from counting import CountingDatabase
from stream.town import Town, update

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.events import Signal
from chirrup.mastodon.render import Renderer
from chirrup.social import filters, follows, posts
from chirrup.social.filters import FilterChange, KeywordChange
from chirrup.social.media_addresses import Addresses
from chirrup.stream import events
from chirrup.stream.events import Ask
from chirrup.types import Draft


def against(word: str, action: str = "warn") -> FilterChange:
    return FilterChange("no", ["home"], action, keywords=[KeywordChange(keyword=word)])


def matched(sent: dict[str, Any]) -> list[str]:
    post = sent["payload"].get("status", sent["payload"])
    return [word for one in post["filtered"] for word in one["keyword_matches"]]


async def test_their_owner_is_told_of_every_change(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    await town.settled()
    socket, other = await town.listen(ann), await town.listen(bob)
    lines = await town.events("user", await town.token(ann))
    changed = {"stream": ["user"], "event": "filters_changed"}

    made = await town.write(filters.create, ann, against("crow"))
    assert await socket.next() == changed
    assert [await lines.line() for _ in range(3)] == ["", "event: filters_changed", "data: undefined"]
    await town.write(filters.remove_keyword, ann, made.keywords[0].id)
    assert await socket.next() == changed
    await town.write(filters.delete, ann, made.filter.id)
    assert await socket.next() == changed
    post = await town.say(ann)
    assert await other.event() == update(post)


async def test_posts_edits_and_notifications_have_what_they_match_from_the_change_on(town: Town):
    ann, bob, eve = await town.people("ann", "bob", "eve")
    for reader in (bob, eve):
        await town.write(follows.follow, reader, ann)
    socket, other, public = await town.listen(bob), await town.listen(eve), await town.listen(bob, "public")
    assert matched(await _said(town, ann, "a crow", socket, other, public)) == []

    made = await town.write(filters.create, bob, against("crow", "hide"))
    assert (await socket.next())["event"] == "filters_changed"
    for action in ("hide", "warn"):
        await town.write(filters.change, bob, made.filter.id, FilterChange(action=action))
        assert (await socket.next())["event"] == "filters_changed"
        first = await _said(town, ann, "a crow", socket, other, public)
        assert first["payload"]["filtered"][0]["filter"]["filter_action"] == action

    post = await town.say(ann, "nothing")
    assert [matched(await one.next()) for one in (socket, public)] == [[], []]
    await town.write(posts.edit, ann, post.id, Draft(text="a crow after all"))
    assert [matched(await one.next()) for one in (socket, public)] == [["crow"], ["crow"]]
    mention = await town.say(ann, "a crow, @bob", visibility="direct")
    sent = [await socket.next(), await socket.next()]
    assert {one["event"]: matched(one) for one in sent} == {"update": ["crow"], "notification": ["crow"]}
    assert mention.id

    await town.write(filters.delete, bob, made.filter.id)
    assert (await socket.next())["event"] == "filters_changed"
    assert matched(await _said(town, ann, "a crow", socket)) == []


async def _said(town: Town, author: int, text: str, *sockets: Any) -> dict[str, Any]:
    """What the first of sockets is sent of a new post; to the others the same comes with filters of their own."""
    post = await town.say(author, text)
    sent = [await one.next() for one in sockets]
    assert {one["payload"]["id"] for one in sent} == {str(post.id)}
    return sent[0]


async def test_who_has_filters_already_and_who_comes_back_gets_posts_with_them(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    await town.write(filters.create, bob, against("crow"))
    await town.settled()
    token = await town.token(bob)
    away = await town.events("user", token)
    await town.say(ann, "the first crow")
    assert matched(await away.next()) == ["crow"]
    away.response.close()
    missed = await town.say(ann, "a second crow")
    await town.settled()

    back = await town.events("user", token, last=away.last)

    sent = await back.next()
    assert (sent["payload"]["id"], matched(sent)) == (str(missed.id), ["crow"])


@pytest.mark.parametrize("count", [0, 1, 20])
async def test_readers_without_filters_cost_nothing_and_those_with_filters_one_look(town: Town, count: int):
    ann, *readers = await town.people("ann", *(f"reader{n}" for n in range(20)))
    for reader in readers[:count]:
        await town.write(filters.create, reader, against("crow"))
    post = await town.say(ann, "a crow")
    site = sites.own(Settings(url="https://town.example"))
    render = Renderer(site, Addresses(Signer(b"secret")))

    async def cost(filtering: set[int]) -> tuple[int, dict[int, str]]:
        db = CountingDatabase(town.engines.db)
        ask = Ask(Signal("update", post.id, ann), set(readers), set(), filtering, site)
        (event,) = await db.read(events.of_signals, render, [ask])
        return db.asked.total(), event.texts

    await cost(set(readers))  # from now on what they have is known
    plain, same = await cost(set())
    some, texts = await cost(set(readers[:count]))

    assert len(set(same.values())) == 1
    assert sum('"filtered":[]' in text for text in texts.values()) == 20 - count
    assert some <= plain + (1 + 7 * count if count else 0)  # and each is rendered anew
