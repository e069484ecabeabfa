"""A list without pages costs the queries of one item: every such route of the API, with one item and with four.

A new route whose answer has a list needs an entry in ASKED, or a reason in FIXED. Lists in pages:
tests/http/test_endless.py.
"""

from pathlib import Path
from typing import Any, get_origin, get_type_hints

import msgspec
from counting import CountingDatabase
from kit import people

from chirrup.access import signing, sites
from chirrup.access.passwords import Passwords
from chirrup.config import Settings
from chirrup.http.arguments import Arguments
from chirrup.http.auth import Authenticator
from chirrup.http.health import Health
from chirrup.http.paging import OffsetPage, Page, Whole
from chirrup.http.route import ADMIN, Route
from chirrup.ids import bucket_of_text
from chirrup.mastodon.call import Call, Services
from chirrup.mastodon.render import Renderer
from chirrup.ports import Engines, Tx
from chirrup.programs import ROUTES
from chirrup.social import (
    announcements,
    collections,
    filters,
    follows,
    links,
    lists,
    notification_groups,
    posts,
    tags,
)
from chirrup.social.filters import FilterChange, KeywordChange
from chirrup.social.media_addresses import Addresses
from chirrup.store import annual_reports as annual_rows
from chirrup.store import cards as card_rows
from chirrup.store import emojis as emoji_rows
from chirrup.store import trends as trend_rows
from chirrup.types import Draft, Emoji, NotificationKind, Trends, Viewer
from chirrup.types.annual_reports import Month, YearData
from chirrup.types.cards import Card, Link, LinkedPage
from chirrup.types.trends import LinkTrend

ARGUMENTS = {route: Arguments(route.handler) for route in ROUTES}
IDS = {"id": "people"}
# path -> (the path's parameter: a key of World.ids, the query: a list of ids by such a key, or itself)
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "/api/v1/custom_emojis": ("", {}),
    "/api/v1/statuses": ("", {"id": "posts"}),
    "/api/v1/statuses/{id}/context": ("post", {}),
    "/api/v1/statuses/{id}/history": ("post", {}),
    "/api/v1/featured_tags": ("", {}),
    "/api/v1/featured_tags/suggestions": ("", {}),
    "/api/v1/accounts/{id}/featured_tags": ("ann", {}),
    "/api/v1/lists": ("", {}),
    "/api/v1/accounts/{id}/lists": ("bob", {}),
    "/api/v1/collections/{id}": ("collection", {}),
    "/api/v1/accounts/{id}/collections": ("ann", {}),
    "/api/v2/filters": ("", {}),
    "/api/v2/filters/{id}": ("filter", {}),
    "/api/v2/filters/{id}/keywords": ("filter", {}),
    "/api/v2/filters/{id}/statuses": ("filter", {}),
    "/api/v1/filters": ("", {}),
    "/api/v2/search": ("", {"q": "bread"}),
    "/api/v2/notifications/{group_key}": ("group", {}),
    "/api/v1/accounts": ("", IDS),
    "/api/v1/accounts/relationships": ("", IDS),
    "/api/v1/accounts/familiar_followers": ("", IDS),
    "/api/v1/suggestions": ("", {}),
    "/api/v2/suggestions": ("", {}),
    **{f"/api/v1/{path}trends/{kind}": ("", {}) for path in ("", "admin/") for kind in ("tags", "statuses", "links")},
    "/api/v1/trends": ("", {}),
    "/api/v1/announcements": ("", {}),
    "/api/v1/annual_reports": ("", {}),
}
FIXED = {  # path -> why its lists do not grow with what people do
    "/api/v1/accounts/search": "pages by offset: test_endless.py",
    "/api/v1/accounts/{id}/in_collections": "pages by offset: test_endless.py",
    "/api/v1/directory": "pages by offset: test_endless.py",
    "/api/v1/instance/rules": "a setting",
    "/api/v1/instance/activity": "twelve weeks",
    "/api/v1/instance/peers": "there are none",
    "/api/v1/accounts/{id}/identity_proofs": "there are none",
    "/api/v1/instance/translation_languages": "there are none",
    "/api/v1/admin/email_domain_blocks/{id}": "one, and its week",
    "/api/v1/scheduled_statuses/{id}": "one, with four files at most",
    "/api/chirrup/v1/drafts/{id}": "one, with four files at most",
    "/api/chirrup/v1/org": "settings",
    "/api/chirrup/v1/hooks/in": "staff make each, 200 at most",
    "/api/chirrup/v1/hooks/in/{id}/payloads": "the last 20",
    "/api/chirrup/v1/rules": "500 at most, in one query",
    "/api/chirrup/v1/rules/{id}/versions": "the last 100, in one query",
    "/api/chirrup/v1/rules/{id}/runs": "the last 200, in one query",
    "/api/chirrup/v1/hooks/out": "staff make each, in one query",
    "/api/chirrup/v1/hooks/out/{id}": "one",
    "/api/chirrup/v1/org/roles": "a hundred at most, in one query",
    "/api/chirrup/v1/org/exports": "what an organisation asked for in a week, in one query",
    "/api/chirrup/v1/org/invites/{id}": "one, with fifty rooms at most",
    "/api/chirrup/v1/org/members/{id}/sessions": "one's own, in one query",
    "/api/chirrup/v1/sessions": "one's own, in one query",
    "/api/chirrup/v1/statuses/{id}/acks": "who is asked, in three queries",
    "/api/chirrup/v1/chains": "fifty at most, in three queries",
    "/api/chirrup/v1/chains/{id}": "one, of ten steps at most",
    "/api/chirrup/v1/rotations": "fifty at most, in one query",
    "/api/chirrup/v1/rotations/{id}": "one, of a hundred people at most",
    "/api/chirrup/v1/approvals/{id}": "one, with a thousand voters at most, in four queries",
    "/api/chirrup/v1/app_passwords": "one's own, in one query",
    "/api/chirrup/v1/org/identity": "settings, and the last ten readings of the directory",
    "/api/chirrup/v1/org/identity/scim_tokens": "twenty at most",
    "/api/chirrup/v1/org/retention": "settings",
    "/api/chirrup/v1/org/holds": "what one role has chosen, in one query",
    "/api/chirrup/v1/org/domains": "50 at most, in two queries",
    "/api/chirrup/v1/mail/prefs": "settings, and the rooms that one is in, in one query",
    "/api/v1/filters/{id}": "one keyword",
    "/api/v1/annual_reports/{year}": "one, of twelve months",
    "/api/v1/apps/verify_credentials": "a setting of the app",
}
MORE = {  # path -> how many queries each item more costs, and why
    "/api/v1/accounts/familiar_followers": 1,  # in one query for all, two lists on one index would cost their product
}
ONE = {  # entities that are one thing: their costs with many of them are those of lists
    *("Status", "Account", "CredentialAccount", "ProfileEntity", "Poll", "Tag", "MediaAttachment", "Notification"),
    *("Instance", "V1Instance", "NodeInfo", "Links", "AdminAccount", "AdminReport", "Preferences"),
}


def has_list(route: Route) -> bool:
    answer = ARGUMENTS[route].answer
    if route.method != "GET" or get_origin(answer) in (Page, Whole) or getattr(answer, "__name__", "") in ONE:
        return False
    if isinstance(answer, type) and issubclass(answer, msgspec.Struct):
        return any("list[" in str(kind) for kind in get_type_hints(answer).values())
    return "list[" in str(answer) or get_origin(answer) is OffsetPage


WITH_LISTS = [route for route in ROUTES if has_list(route)]


def test_every_route_with_a_list_is_asked():
    assert ASKED.keys() | FIXED.keys() == {route.path for route in WITH_LISTS}
    assert not ASKED.keys() & FIXED.keys()


class World:
    """Ann has one of everything; more() adds one."""

    def __init__(self, tx: Tx, ann: int, bob: int) -> None:
        self.ids: dict[str, Any] = {"ann": ann, "bob": bob, "people": [], "posts": []}
        self.ids["post"] = posts.publish(tx, ann, Draft(text="first")).id
        self.ids["collection"] = collections.create(tx, ann, collections.Wanted("good")).id
        one = FilterChange("no", ["public"], "warn", keywords=[KeywordChange(keyword="rain")])
        self.ids["filter"] = filters.create(tx, ann, one).filter.id
        follows.follow(tx, ann, bob)

    def more(self, tx: Tx, n: int, person: int, friend: int) -> None:
        ann, bob, ids = self.ids["ann"], self.ids["bob"], self.ids
        said = posts.publish(tx, person, Draft(text=f"bread #bread{n}", reply_to_id=ids["post"]))
        own = posts.publish(tx, ann, Draft(text=f"bread #own{n} #used{n}"))
        for post in (said, own):
            tags.on_published(tx, post)
        ids["people"].append(person)
        ids["posts"] += said.id, own.id
        posts.edit(tx, ann, ids["post"], Draft(text=f"edited {n}"))
        tags.feature(tx, ann, f"own{n}")
        listed = lists.create(tx, ann, lists.ListChange(title=f"list {n}"))
        lists.add(tx, ann, listed.id, [bob])
        collections.add(tx, ann, ids["collection"], person)
        collections.create(tx, ann, collections.Wanted(f"more {n}"), [person])
        change = FilterChange(f"no {n}", ["public"], "warn", keywords=[KeywordChange(keyword=f"word{n}")])
        filters.create(tx, ann, change)
        filters.add_keyword(tx, ann, ids["filter"], KeywordChange(keyword=f"more{n}"))
        filters.add_post(tx, ann, ids["filter"], said.id)
        for one, other in ((bob, friend), (friend, person), (ann, friend)):
            follows.follow(tx, one, other)
        told = notification_groups.write(tx, ann, NotificationKind.FOLLOW, person)
        assert told
        ids["group"] = notification_groups.key_of(told)
        emoji_rows.insert(tx, Emoji(tx.new_id(0), 0, f"blob{n}", "", 1, f"key{n}", f"key{n}"))
        announcements.announce(tx, 0, announcements.Wanted(f"news {n} @ann"))
        annual_rows.insert(tx, ann, 2000 + n)
        counted = YearData("oracle", [Month(1, 1, 1)], f"own{n}", 1, own.id)
        annual_rows.set_data(tx, ann, 2000 + n, msgspec.json.encode(counted).decode())
        used = [tags.key_of(0, f"own{at}") for at in range(n + 1)]
        trend_rows.put(tx, 0, Trends(used, ids["posts"], [self._link(tx, at) for at in range(n + 1)]))

    def _link(self, tx: Tx, n: int) -> LinkTrend:
        """A page that many link, with a card."""
        url = f"https://example.org/{n}"
        key, page = links.key_of(0, url), msgspec.json.encode(LinkedPage(url, f"page {n}")).decode()
        id = tx.new_id(bucket_of_text(key))
        card_rows.insert(tx, Card(id, 0, key, url, page, self.ids["bob"], "", 0, 0, ""))
        card_rows.ask(tx, Link(key, 0, url, tx.now_ms, id), before_ms=0)
        return LinkTrend(key, [(tx.now_ms // 86_400_000, 1, 1)])


async def test_four_items_cost_the_queries_of_one(engines: Engines, tmp_path: Path):
    db = engines.db
    ann, bob, root = await people(db, "ann", "bob", "root_")
    world = await db.write(World, ann, bob)
    settings = Settings(data=tmp_path, testing=True, secret="x" * 32)
    signer = signing.signer(settings)
    addresses = Addresses(signer)
    own = sites.own(settings)

    async def cost(route: Route) -> tuple[int, int]:
        """(queries, size of the answer)"""
        counting = CountingDatabase(db)
        counted = msgspec.structs.replace(engines, db=counting)
        made = (
            sites.Sites(settings, db),
            Authenticator(db),
            Passwords(testing=True),
            addresses,
            Health(engines),
            signer,
        )
        services = Services(counted, settings, *made, render=Renderer(own, addresses))
        viewer = Viewer(root if route.who == ADMIN else ann)
        call = Call(services, viewer=viewer, site=own, headers={}, url="http://x/list")
        about, asked = ASKED[route.path]
        arguments = ARGUMENTS[route]
        given: dict[str, Any] = dict.fromkeys(arguments.path, world.ids.get(about))
        if arguments.query:
            query = {name: world.ids.get(value, value) for name, value in asked.items()}
            query = {name: [str(id) for id in one] if isinstance(one, list) else one for name, one in query.items()}
            given["query"] = msgspec.convert(query, arguments.query, strict=False)
        answer = await route.handler(call, **given)
        return counting.asked.total(), len(msgspec.json.encode(getattr(answer, "body", answer)))

    async def grow(n: int) -> None:
        person, friend = await people(db, f"person{n}", f"friend{n}")
        await db.write(world.more, n, person, friend)

    await grow(0)
    routes = [route for route in WITH_LISTS if route.path in ASKED]
    one = {route.path: await cost(route) for route in routes}
    for n in range(1, 4):
        await grow(n)
    four = {route.path: await cost(route) for route in routes}

    assert {path for path in one if four[path][1] < 1.5 * one[path][1]} == set()  # all of them have become longer
    costs = {path: (one[path][0], four[path][0]) for path in one}
    assert {path: cost for path, cost in costs.items() if cost[1] > cost[0] + 3 * MORE.get(path, 0)} == {}
    assert {path for path in MORE if costs[path][1] <= costs[path][0]} == set(), "no longer needed in MORE"
