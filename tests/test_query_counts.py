"""Lists cost the queries of one item: a page of forty posts, a step of many followers."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from counting import CountingDatabase
from kit import person, settle

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.ids import ID_MAX
from chirrup.mastodon.render import Renderer
from chirrup.ports import Database, Engines, Tx
from chirrup.social import filters, follows, lists, notification_groups, posts, reactions
from chirrup.social.filters import FilterChange, KeywordChange
from chirrup.social.media_addresses import Addresses
from chirrup.store import notifications as notification_rows
from chirrup.timelines import fanout, read
from chirrup.types import Draft, NotificationKind, PollDraft, Span
from chirrup.web.views import Views

ADDRESSES = Addresses(Signer(b"secret"))
SITE = sites.own(Settings(url="https://town.example"))
VIEWS = Views(SITE, ADDRESSES)


def written(tx: Tx, n: int, replies: bool = True) -> tuple[int, list[int], list[int]]:
    """A viewer, 2 n posts and boosts, their authors: polls, replies, mentions, tags among them."""
    viewer, ids, authors = person(tx, "viewer"), [], []
    for i in range(n):
        authors.append(author := person(tx, f"author{i}"))
        poll = PollDraft(["a", "b"], 3600) if i % 2 else None
        draft = Draft(text=f"post {i} @viewer #tag{i}", poll=poll, reply_to_id=ids[-1] if replies and i % 3 else 0)
        ids.append(posts.publish(tx, author, draft).id)
        ids.append(reactions.boost(tx, viewer, ids[-1]).id)
    return viewer, ids, authors


async def cost(db: Database, operation: Callable[..., Any], *args: Any) -> tuple[Any, int]:
    """(result of operation, number of queries)."""
    counting = CountingDatabase(db)
    return await counting.read(operation, *args), counting.asked.total()


@pytest.fixture
def new_render() -> Callable[[], Renderer]:
    """Makes renderers with empty caches."""
    return lambda: Renderer(SITE, ADDRESSES)


async def test_a_page_of_forty_posts_costs_what_four_cost(db: Database):
    viewer, ids, _ = await db.write(written, 20)

    few, cost_of_few = await cost(db, VIEWS.shown, viewer, ids[2:6])
    many, cost_of_many = await cost(db, VIEWS.shown, viewer, ids)

    assert (len(few), len(many)) == (4, 40)
    assert cost_of_many <= cost_of_few <= 14


async def test_forty_statuses_cost_what_four_cost(db: Database, new_render: Callable[[], Renderer]):
    viewer, ids, _ = await db.write(written, 20)
    first, second = new_render(), new_render()

    few, cost_of_few = await cost(db, first.statuses, viewer, ids[2:6])
    many, cost_of_many = await cost(db, second.statuses, viewer, ids)
    _, cost_when_kept = await cost(db, second.statuses, viewer, ids)

    assert (len(few), len(many)) == (4, 40)
    assert cost_of_many <= cost_of_few <= 12
    assert cost_when_kept <= 8


async def test_forty_quotes_cost_what_four_cost_and_a_page_without_any_nothing_more(
    db: Database, new_render: Callable[[], Renderer]
):
    viewer, plain, _ = await db.write(written, 20)

    def quoting(tx: Tx, n: int) -> list[int]:
        first = [posts.publish(tx, person(tx, f"q{n}_{i}"), Draft(text="a", reply_to_id=plain[0])) for i in range(n)]
        made = [posts.publish(tx, person(tx, f"r{n}_{i}"), Draft("b", quote_of_id=first[i].id)) for i in range(n)]
        return [posts.publish(tx, person(tx, f"s{n}_{i}"), Draft("c", quote_of_id=made[i].id)).id for i in range(n)]

    four, forty = [await db.write(quoting, n) for n in (4, 40)]

    few, cost_of_few = await cost(db, new_render().statuses, viewer, four)
    many, cost_of_many = await cost(db, new_render().statuses, viewer, forty)
    render = new_render()
    await db.read(render.statuses, viewer, plain)
    _, cost_of_plain = await cost(db, render.statuses, viewer, plain)

    assert (len(few), len(many)) == (4, 40)
    assert cost_of_many <= cost_of_few <= 14
    assert cost_of_plain <= 8


async def test_filters_cost_nothing_once_they_and_the_posts_are_known(db: Database, new_render: Callable[[], Renderer]):
    viewer, ids, _ = await db.write(written, 20)
    render, views = new_render(), Views(SITE, ADDRESSES)
    _, api = await cost(db, render.statuses, viewer, ids)
    _, api_again = await cost(db, render.statuses, viewer, ids)
    _, pages_again = await cost(db, views.shown, viewer, ids)
    wanted = FilterChange("no", ["home"], "hide", keywords=[KeywordChange(keyword=f"post {n}") for n in range(10)])
    await db.write(filters.create, viewer, wanted)

    _, first = await cost(db, render.statuses, viewer, ids)
    some, known = await cost(db, render.statuses, viewer, ids)
    left, pages = await cost(db, lambda tx: views.shown(tx, viewer, ids, context="home"))
    _, pages_known = await cost(db, lambda tx: views.shown(tx, viewer, ids, context="home"))

    assert sum(b'"filtered":[{' in bytes(one) for one in some) == 20
    assert len(left) == 30  # the viewer's own boosts stay
    assert first <= api_again + 4 <= api + 4
    assert known == api_again
    assert pages_known == pages_again <= pages


async def test_twenty_accounts_cost_what_two_cost(db: Database, new_render: Callable[[], Renderer]):
    viewer, _, authors = await db.write(written, 20)

    for new in (lambda: new_render().accounts, lambda: lambda tx, ids: VIEWS.people(tx, viewer, ids)):
        few, cost_of_few = await cost(db, new(), authors[:2])
        many, cost_of_many = await cost(db, new(), authors)

        assert (len(few), len(many)) == (2, 20)
        assert cost_of_many <= cost_of_few <= 9


async def test_twenty_notifications_cost_what_two_cost(engines: Engines, new_render: Callable[[], Renderer]):
    viewer, ids, _ = await engines.db.write(written, 20, replies=False)  # a worker would wait for what they answer
    await settle(engines)
    every = await engines.db.read(notification_rows.page, viewer, Span(before=ID_MAX, limit=40), list(NotificationKind))
    two = [one for one in every if one.post_id in ids[:4]]  # one post of them has a poll

    few, cost_of_few = await cost(engines.db, new_render().notifications, viewer, two)
    many, cost_of_many = await cost(engines.db, new_render().notifications, viewer, every)

    assert (len(few), len(many)) == (2, 20)
    assert cost_of_many <= cost_of_few <= 13


async def test_twenty_groups_of_notifications_cost_what_two_cost(engines: Engines, new_render: Callable[[], Renderer]):
    viewer, ids, _ = await engines.db.write(written, 20, replies=False)
    await settle(engines)
    span = Span(before=ID_MAX, limit=40)
    told = (await engines.db.read(notification_groups.page, viewer, span, notification_groups.Wanted())).items
    two = [one for one in told if one.at.post_id in ids[:4]]

    few, cost_of_few = await cost(engines.db, new_render().notification_groups, viewer, two, {})
    many, cost_of_many = await cost(engines.db, new_render().notification_groups, viewer, told, {})

    assert (len(few.notification_groups), len(many.notification_groups)) == (2, 20)
    assert cost_of_many <= cost_of_few <= 13


def followed(tx: Tx, name: str, n: int) -> int:
    """An account with n followers that all have it on a list; half of the lists show replies to members."""
    author = person(tx, name)
    for i in range(n):
        follower = person(tx, f"{name}{i}")
        follows.follow(tx, follower, author)
        one = lists.create(tx, follower, lists.ListChange(f"list {i}", "list" if i % 2 else "followed"))
        lists.add(tx, follower, one.id, [author])
    return author


async def test_a_post_to_thirty_followers_costs_what_one_to_three_costs(engines: Engines):
    few, many = [await engines.db.write(followed, name, n) for name, n in (("few", 3), ("many", 30))]
    await settle(engines)

    async def delivered(author: int, text: str, reply_to_id: int = 0) -> tuple[int, int]:
        """(the post, number of queries of its delivery)."""
        post = await engines.db.write(posts.publish, author, Draft(text=text, reply_to_id=reply_to_id))
        await settle(engines)
        counting: Any = CountingDatabase(engines.db)
        await fanout.deliver(msgspec.structs.replace(engines, db=counting), post.id)
        return post.id, counting.asked.total()

    parent, _ = await delivered(await engines.db.write(person, "other"), "who?")
    for text, answered, most in (("plain", 0, 6), ("with #tag and @few @many", 0, 8), ("reply", parent, 8)):
        of_few, of_many = [(await delivered(author, text, answered))[1] for author in (few, many)]
        assert of_many <= of_few <= most, text


async def test_a_home_of_thirty_followees_costs_what_one_of_three_costs(engines: Engines):
    def reader(tx: Tx, name: str, n: int) -> int:
        who = person(tx, name)
        for i in range(n):
            author = person(tx, f"{name}{i}")
            follows.follow(tx, who, author)
            posts.publish(tx, author, Draft(text=f"hello {i}"))
        return who

    few, many = [await engines.db.write(reader, name, n) for name, n in (("few", 3), ("many", 30))]
    await settle(engines)

    async def cost_of_home(who: int) -> int:
        counting: Any = CountingDatabase(engines.db)
        await read.home(msgspec.structs.replace(engines, db=counting), who, Span(before=ID_MAX, limit=20))
        return counting.asked.total()

    cold: list[int] = [await cost_of_home(few), await cost_of_home(many)]
    warm: list[int] = [await cost_of_home(few), await cost_of_home(many)]

    assert cold[1] <= cold[0] <= 12
    assert warm == [0, 0]


async def test_a_home_with_boosts_costs_what_one_without_costs(engines: Engines, new_render: Callable[[], Renderer]):
    def reader(tx: Tx, name: str, *, boosted: bool) -> int:
        who, stranger = person(tx, name), person(tx, f"{name}_stranger")
        for i in range(10):
            author = person(tx, f"{name}{i}")
            follows.follow(tx, who, author)
            post = posts.publish(tx, stranger if boosted else author, Draft(text=f"hello {i}"))
            if boosted:
                reactions.boost(tx, author, post.id)
            follows.follow(tx, author, stranger)
        return who

    plain = await engines.db.write(reader, "plain", boosted=False)
    boosted = await engines.db.write(reader, "boosted", boosted=True)
    await settle(engines)

    async def cost_of_home(who: int, render: Renderer) -> int:
        counting: Any = CountingDatabase(engines.db)
        kept = msgspec.structs.replace(engines, db=counting)
        items, _ = await read.show_home(kept, who, Span(before=ID_MAX, limit=20), render.statuses)
        assert len(items) == 10
        return counting.asked.total()

    render = new_render()
    for who in (plain, boosted):
        await cost_of_home(who, render)
    assert await cost_of_home(boosted, render) <= await cost_of_home(plain, render) <= 6
