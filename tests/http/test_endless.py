"""Many hidden items in a row neither end a list of the API nor make an empty page before its end.

Each list has three visible items, then MANY hidden ones, then three visible ones. The tests follow its Link header,
down and up. A new list route needs an entry in SCENES.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, get_origin

import msgspec
import pytest
from counting import CountingDatabase
from databases import open_database
from engines import outside
from world import name_of

from chirrup.access import signing, sites
from chirrup.access.barred import IpBan
from chirrup.access.passwords import Passwords
from chirrup.config import Settings
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.timelines.memory import MemoryTimelines
from chirrup.http import paging
from chirrup.http.arguments import Arguments
from chirrup.http.auth import Authenticator
from chirrup.http.health import Health
from chirrup.http.paging import OffsetPage, Page, Whole
from chirrup.http.route import Route
from chirrup.ids import ID_MAX, bucket_of
from chirrup.mastodon.call import Call, Services
from chirrup.mastodon.render import Renderer
from chirrup.orgs import rooms
from chirrup.ports import Database, Engines, Tx
from chirrup.programs import ROUTES
from chirrup.social import (
    account_lists,
    accounts,
    audit,
    bans,
    collections,
    conversations,
    follows,
    links,
    lists,
    moderation,
    notification_groups,
    notification_policies,
    posts,
    reactions,
    reports,
    strikes,
    tags,
)
from chirrup.social.accounts import SignUp
from chirrup.social.media_addresses import Addresses
from chirrup.store import acks
from chirrup.store import approvals as approval_rows
from chirrup.store import collections as collection_rows
from chirrup.store import media as media_rows
from chirrup.store import notifications as notification_rows
from chirrup.store import trends as trend_rows
from chirrup.types import (
    AckRequest,
    AckState,
    Approval,
    ApprovalState,
    Draft,
    Enough,
    LinkTrend,
    Media,
    NotificationKind,
    Post,
    Role,
    Span,
    Trends,
    Viewer,
)

pytestmark = pytest.mark.slow

ARGUMENTS = {route: Arguments(route.handler) for route in ROUTES}
PAGES = [route for route in ROUTES if get_origin(ARGUMENTS[route].answer) in (Page, Whole)]
OFFSETS = [route for route in ROUTES if "offset" in getattr(ARGUMENTS[route].query, "__struct_fields__", ())]
LIMIT = 2
URL = "http://x/list"
LINK = "http://bread.example/"  # a trend


class Scene(NamedTuple):
    viewer: str  # a key of Town.ids; "": not logged in
    expected: str  # a key of Town.shown
    about: str = ""  # the path's parameter: a key of Town.ids, or a hashtag
    query: dict[str, Any] = {}


SCENES: dict[str, list[Scene]] = {
    "/api/v1/favourites": [Scene("marker", "posts")],
    "/api/v1/bookmarks": [Scene("marker", "posts")],
    "/api/v1/statuses/{id}/favourited_by": [Scene("", "people", "post")],
    "/api/v1/statuses/{id}/reblogged_by": [Scene("", "people", "post")],
    "/api/v1/statuses/{id}/quotes": [Scene("owner", "quotes", "quoted")],
    "/api/v1/followed_tags": [Scene("marker", "tags")],
    "/api/v1/conversations": [Scene("owner", "direct")],
    "/api/v1/lists/{id}/accounts": [Scene("owner", "people", "list")],
    "/api/v1/timelines/list/{id}": [Scene("owner", "home", "list")],
    "/api/v1/timelines/home": [Scene("owner", "home")],
    "/api/v1/notifications": [
        Scene("star", "people and friend"),
        Scene("star", "people", query={"types": ["follow"]}),
        Scene("star", "people", query={"exclude_types": ["favourite", "mention"]}),
        Scene("star", "friend", query={"account_id": "friend"}),
    ],
    "/api/v2/notifications": [
        Scene("star", "people and friend"),
        Scene("star", "people", query={"types": ["follow"]}),
        Scene("star", "friend", query={"account_id": "friend"}),
    ],
    "/api/v1/notifications/requests": [Scene("hermit", "people")],
    "/api/v2/notifications/{group_key}/accounts": [Scene("hermit", "people", "group")],
    "/api/v1/accounts/{id}/statuses": [
        Scene("", "talker", "talker"),
        Scene("owner", "talker", "talker", {"exclude_replies": True}),
        Scene("owner", "answerer", "answerer", {"exclude_replies": True}),
        Scene("owner", "answerer", "answerer", {"only_media": True}),
        Scene("owner", "answerer", "answerer", {"tagged": "RARE"}),
        Scene("owner", "booster", "booster", {"exclude_reblogs": True}),
    ],
    "/api/v1/accounts/{id}/followers": [Scene("", "people", "star")],
    "/api/v1/accounts/{id}/following": [Scene("", "people", "owner")],
    "/api/v1/accounts/{id}/endorsements": [Scene("", "people", "owner")],
    "/api/v1/endorsements": [Scene("owner", "people")],
    "/api/v1/blocks": [Scene("hater", "people")],
    "/api/v1/mutes": [Scene("hater", "people")],
    "/api/v1/follow_requests": [Scene("locked", "people")],
    "/api/v1/timelines/public": [Scene("", "media", query={"only_media": True}), Scene("muter", "public")],
    "/api/v1/timelines/link": [Scene("", "posts", query={"url": LINK}), Scene("owner", "posts", query={"url": LINK})],
    "/api/v1/timelines/tag/{hashtag}": [
        Scene("", "posts", "bread"),
        Scene("owner", "answerer", "common", {"only_media": True}),
        Scene("owner", "answerer", "common", {"all": ["rare"]}),
        Scene("owner", "answerer", "common", {"none": ["dull"]}),
        Scene("owner", "posts", "nothing", {"any": ["bread"]}),
    ],
    "/api/v1/admin/reports": [Scene("admin", "reports"), Scene("admin", "reports", query={"account_id": "friend"})],
    "/api/chirrup/v1/strikes": [Scene("talker", "strikes")],
    "/api/chirrup/v1/admin/appeals": [Scene("admin", "strikes")],
    "/api/chirrup/v1/org/audit": [Scene("admin", "log")],
    "/api/chirrup/v1/rooms": [Scene("owner", "rooms")],
    "/api/chirrup/v1/acks": [Scene("owner", "posts")],
    "/api/chirrup/v1/acks/asked": [Scene("owner", "posts")],
    "/api/chirrup/v1/approvals": [Scene("owner", "posts")],
    "/api/chirrup/v1/rooms/{id}/members": [Scene("owner", "people", "room")],
    "/api/chirrup/v1/rooms/{id}/requests": [Scene("star", "people", "den")],
    **{f"/api/v1/admin/{kind}s": [Scene("admin", kind)] for kind in bans.Kind},
    "/api/v1/admin/accounts": [Scene("admin", "people", query={"active": True, "username": "p"})],
    "/api/v2/admin/accounts": [Scene("admin", "people", query={"status": "active", "username": "p"})],
}
BY_OFFSET: dict[str, list[Scene]] = {
    "/api/v2/search": [],  # tests/social/test_search_posts.py; it finds people as the next one
    # tests/social/test_trends.py: what is hidden is not counted
    **{f"/api/v1/{path}trends/{kind}": [] for path in ("", "admin/") for kind in ("tags", "statuses", "links")},
    "/api/v1/trends": [],
    "/api/v1/accounts/search": [
        Scene("owner", "people", query={"q": "p"}),
        Scene("owner", "people", query={"q": "p", "following": True}),
    ],
    "/api/v1/accounts/{id}/collections": [],  # ten at most, all of one owner
    "/api/v1/accounts/{id}/in_collections": [Scene("star", "collections", "star")],
    "/api/v1/directory": [Scene("", "people", query={"order": "new"}), Scene("owner", "people")],
}
NAMED = "star owner marker hater hermit locked muter talker answerer booster friend noisy"


class Town:
    """Three good accounts, then many that will be suspended, then three good ones. All of them do the same things.

    With each new account others post: for everybody, or, during the many, hidden posts.
    """

    def __init__(self, db: Database, many: int) -> None:
        self.ids: dict[str, int] = {}
        self.shown: dict[str, list[Any]] = {}  # in the order of time
        self.group = ""  # the key of hermit's only group
        db.write_now(self._fill, db, many)

    def _fill(self, tx: Tx, db: Database, many: int) -> None:
        self.tx, self.bad = tx, list[int]()
        self._begin(tx)
        for n in range(many + 6):
            db.draw_after(tx.new_id(0))  # in one millisecond, ids of several accounts are in no order
            self._go_on(n, hidden=3 <= n < many + 3)
        self._end(tx)

    def _begin(self, tx: Tx) -> None:
        self.ids = {name: self._person(name) for name in NAMED.split()}
        for id in self.ids.values():
            accounts.change_profile(tx, id, accounts.ProfileChange(discoverable=False))
        self.ids["admin"] = self._person("root", Role.ADMIN)
        accounts.change_profile(tx, self.ids["admin"], accounts.ProfileChange(discoverable=False))
        accounts.change_profile(tx, self.ids["locked"], accounts.ProfileChange(locked=True))
        self.ids["post"] = self._say("star", "look at me", "unlisted").id
        self.ids["quoted"] = self._say("hermit", "quote me", "unlisted").id
        for name, by in (("room", 0), ("den", self.ids["star"])):
            wanted = rooms.RoomChange(closed=name == "den")
            self.ids[name] = rooms.create(tx, 0, by, name, wanted).id
            self._show(self.ids[name], "rooms")
        self.ids["list"] = lists.create(tx, self.ids["owner"], lists.ListChange("all")).id

    def _go_on(self, n: int, *, hidden: bool) -> None:
        id = self._arrive(n, hidden)
        if hidden:
            self.bad.append(id)
            self._mutter()
        else:
            self._talk()

    def _end(self, tx: Tx) -> None:
        for id in self.bad:
            accounts.suspend(tx, id)
        self.shown["log"] = [one.id for one in audit.page(tx, 0, Span(ID_MAX, limit=1000))]
        for name in ("home", "media", "public", "log", "rooms"):
            self.shown[name].sort()
        trend_rows.put(tx, 0, Trends(links=[LinkTrend(links.key_of(0, LINK), [])]))
        follows.mute(tx, self.ids["muter"], self.ids["noisy"])
        follows.mute(tx, self.ids["owner"], self.ids["star"])  # whom all of them boost

    def _person(self, name: str, role: Role = Role.USER) -> int:
        return accounts.create(self.tx, SignUp(name, f"{name}@example.com", "-", role=role)).id

    def _say(self, who: str | int, text: str, visibility: str = "public", **more: Any) -> Post:
        author = self.ids[who] if isinstance(who, str) else who
        return posts.publish(self.tx, author, Draft(text=text, visibility=visibility, **more))

    def _show(self, id: int, *names: str) -> None:
        for name in names:
            self.shown.setdefault(name, []).append(id)

    def _arrive(self, n: int, hidden: bool) -> int:
        tx, of = self.tx, self.ids
        id = self._person(f"p{n}")
        accounts.change_profile(tx, id, accounts.ProfileChange(discoverable=True))
        tx.search.index_account(tx, id, f"p{n}", "")
        follows.follow(tx, id, of["star"])
        follows.follow(tx, of["owner"], id)
        lists.add(tx, of["owner"], of["list"], [id])
        account_lists.endorse(tx, of["owner"], id)
        collected = collections.create(tx, id, collections.Wanted("good"))
        collection_rows.add(tx, collected.id, of["star"])
        for asked in ("locked", "room", "den"):
            follows.follow(tx, id, of[asked])
        room = rooms.create(tx, 0, 0, f"room{n}", rooms.RoomChange(closed=hidden, listed=not hidden))
        follows.block(tx, of["hater"], id)
        follows.mute(tx, of["hater"], id)
        reactions.favourite(tx, id, of["post"])
        reactions.boost(tx, id, of["post"], visibility="unlisted")
        notification_rows.insert(tx, of["star"], "follow", id)
        notification_policies.hold(tx, of["hermit"], NotificationKind.MENTION, id, 0)
        told = notification_groups.write(tx, of["hermit"], NotificationKind.FOLLOW, id)
        assert told
        self.group = notification_groups.key_of(told)
        said = self._say(id, f"#bread {LINK}")
        direct = self._say(id, "@owner psst", "direct")
        conversations.on_published(tx, direct)
        reactions.favourite(tx, of["marker"], said.id)
        reactions.bookmark(tx, of["marker"], said.id)
        acks.insert_request(tx, AckRequest(said.id, 0, of["owner"], Enough.ALL, 1, 0, 0, 0, AckState.OPEN, 1))
        acks.wait_for(tx, of["owner"], said.id)
        approval_rows.insert(tx, Approval(said.id, 0, said.id, id, 1, 1, "", ApprovalState.OPEN, 0))
        quote = self._say(id, "so it is", "unlisted", quote_of_id=of["quoted"])
        if not hidden:
            self._show(id, "people", "people and friend")
            self._show(said.id, "posts", "public", "home")
            self._show(quote.id, "quotes", "home")
            self._show(direct.id, "direct", "home")
            self._show(collected.id, "collections")
            self._show(room.id, "rooms")
            tags.follow(tx, of["marker"], f"tag{n}")
            self.shown.setdefault("tags", []).append(f"tag{n}")
        return id

    def _talk(self) -> None:
        tx, of = self.tx, self.ids
        for name, text in {"talker": "hello", "answerer": "#Rare #common", "booster": "hello"}.items():
            picture = Media(tx.new_id(bucket_of(of[name])), of[name], 0, "image", "x/y", "", "", "", "{}", "", 1)
            media_rows.insert(tx, picture)
            self._show(self._say(name, text, media_ids=(picture.id,)).id, name, "media", "public")
        assert notification_rows.insert(tx, of["star"], "mention", of["friend"], self.shown["talker"][-1])
        self._show(of["friend"], "friend", "people and friend")
        self._show(reports.file(tx, of["friend"], of["star"]).id, "reports")
        moderation.act(tx, of["admin"], of["talker"], moderation.Decision("none"))
        self._ban()
        (strike,) = strikes.against(tx, of["talker"], Span(ID_MAX, limit=1))
        self._show(strikes.appeal(tx, of["talker"], strike.id, "why?").id, "strikes")

    def _ban(self) -> None:
        tx, admin, n = self.tx, self.ids["admin"], len(self.shown.get("ip_block", ()))
        domain = f"d{n}.example"
        for ban in (
            bans.block_domain(tx, admin, 0, domain, bans.DomainBan()),
            bans.allow_domain(tx, admin, 0, domain),
            bans.block_email_domain(tx, admin, 0, domain),
            bans.block_ip(tx, admin, 0, f"192.0.2.{n}", IpBan("sign_up_block")),
            bans.block_email(tx, admin, 0, email=f"a@{domain}"),
        ):
            self._show(ban.id, ban.kind)

    def _mutter(self) -> None:
        self._say("talker", "psst", "direct")
        self._say("answerer", "#dull #common", reply_to_id=self.ids["post"])
        noise = self._say("noisy", "blah")
        reactions.boost(self.tx, self.ids["booster"], noise.id)


class World(NamedTuple):
    engines: Engines
    services: Services
    town: Town


@pytest.fixture(scope="module", params=[("sqlite", 700), ("postgres", 100)], ids=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Read by all tests, changed by none."""
    kind, many = request.param
    folder: Path = tmp_path_factory.mktemp("endless")
    with ExitStack() as stack:
        if kind == "sqlite":
            url = f"sqlite:{shutil.copy(request.getfixturevalue('sqlite_template'), folder / 'chirrup.db')}"
        else:
            server = request.getfixturevalue("postgres")
            url = stack.enter_context(server.database(request.getfixturevalue("postgres_template")))
        db = open_database(url, timeout_s=60)
        blobs = DiskBlobs(folder / "media")
        engines = Engines(db, MemoryTimelines(), MemoryBroker(), blobs, MemoryLimits(), **outside())
        town = Town(db, many)
        settings = Settings(data=folder, testing=True, secret="x" * 32)
        signer = signing.signer(settings)
        addresses = Addresses(signer)
        render = Renderer(sites.own(settings), addresses)
        made = (
            sites.Sites(settings, db),
            Authenticator(db),
            Passwords(testing=True),
            addresses,
            Health(engines),
            signer,
        )
        yield World(engines, Services(engines, settings, *made, render=render), town)
        db.close()


# only one's own is there
NOTHING_HIDDEN = {"/api/chirrup/v1/drafts", "/api/v1/scheduled_statuses", "/api/v1/domain_blocks"}
# of the organisation, for who looks after it
NOTHING_HIDDEN |= {"/api/chirrup/v1/org/members", "/api/chirrup/v1/org/invites", "/api/chirrup/v1/mail/held"}
NOTHING_HIDDEN |= {"/api/chirrup/v1/hooks/out/{id}/deliveries"}  # of a hook, for its owner


def test_every_list_is_walked():
    walked = SCENES.keys() | NOTHING_HIDDEN
    assert walked == {route.path for route in PAGES}, "say in SCENES what the new list holds"
    assert BY_OFFSET.keys() == {route.path for route in OFFSETS}, "say in BY_OFFSET what the new list holds"


def scenes(table: dict[str, list[Scene]], routes: list[Route]) -> list[Any]:
    """(route, scene) for parametrize()."""
    return [
        pytest.param(route, scene, id=f"{name_of(route)} {scene.viewer} {scene.query}")
        for route in routes
        for scene in table.get(route.path, [])
    ]


async def page(world: World, route: Route, scene: Scene, **span: Any) -> tuple[list[str], Any]:
    """(names of the items, the answer)."""
    viewer = Viewer(world.town.ids[scene.viewer]) if scene.viewer else Viewer()
    call = Call(world.services, viewer=viewer, site=world.services.sites.own, headers={}, url=URL)
    arguments = ARGUMENTS[route]
    assert arguments.query
    asked = {name: str(world.town.ids[value]) if name == "account_id" else value for name, value in scene.query.items()}
    query = msgspec.convert({"limit": str(LIMIT), **asked, **span}, arguments.query, strict=False)
    path = {name: world.town.ids[scene.about] if kind is int else scene.about for name, kind in arguments.path.items()}
    path |= {"group_key": world.town.group} if "group_key" in path else {}
    answer = await route.handler(call, **path, query=query)
    answer = answer.body if isinstance(answer, OffsetPage) else answer
    items = msgspec.json.decode(msgspec.json.encode(answer.items if isinstance(answer, Page) else answer))
    if not isinstance(items, list) and not isinstance(answer, Page):
        (items,) = items.values()
    return [_name_of(item) for item in (items["notification_groups"] if isinstance(answer, Whole) else items)], answer


def _name_of(item: dict[str, Any]) -> str:
    """A name for an item: of a conversation its last post, of a notification its cause."""
    if "sample_account_ids" in item:
        return item["sample_account_ids"][0]
    if "notifications_count" in item:
        return item["account"]["id"]
    if "last_status" in item:
        return item["last_status"]["id"]
    if "type" in item:
        return item["account"]["id"]
    return item["name"] if "name" in item and "history" in item else item["id"]


async def walk(world: World, route: Route, scene: Scene, rel: str, parameter: str, start: str) -> list[list[str]]:
    """The items of each page, until there is no next page."""
    pages: list[list[str]] = []
    edge = start
    while True:
        items, answer = await page(world, route, scene, **({parameter: edge} if edge else {}))
        if items or rel == "next":
            pages.append(items)
        following = re.search(rf'{parameter}=(\d+)>; rel="{rel}"', paging.link(URL, {}, answer))
        if not following or (rel == "prev" and not items):
            return pages
        edge = following[1]


@pytest.mark.parametrize(("route", "scene"), scenes(SCENES, PAGES))
async def test_a_list_goes_on_however_much_is_hidden(world: World, route: Route, scene: Scene):
    expected = [str(one) for one in world.town.shown[scene.expected]]
    assert len(expected) >= 6

    down = await walk(world, route, scene, "next", "max_id", "")
    up = await walk(world, route, scene, "prev", "min_id", "0")

    assert all(down[:-1]) and all(up)
    assert [one for items in down for one in items] == expected[::-1]
    assert [one for items in up for one in reversed(items)] == expected


@pytest.mark.parametrize(("route", "scene"), scenes(BY_OFFSET, OFFSETS))
async def test_a_list_by_offset_goes_on_however_much_is_hidden(world: World, route: Route, scene: Scene):
    expected = [str(one) for one in world.town.shown[scene.expected]]

    found: list[str] = []
    while items := (await page(world, route, scene, offset=len(found)))[0]:
        found += items

    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(("route", "scene"), scenes(SCENES, PAGES) + scenes(BY_OFFSET, OFFSETS))
async def test_two_items_cost_the_queries_of_one(world: World, route: Route, scene: Scene):
    await page(world, route, scene)  # from now on the timeline is warm

    async def cost(limit: int) -> int:
        db = CountingDatabase(world.engines.db)
        engines = msgspec.structs.replace(world.engines, db=db)
        render = Renderer(world.services.sites.own, world.services.addresses)  # it knows nothing yet
        services = msgspec.structs.replace(world.services, engines=engines, render=render)
        items, _ = await page(world._replace(services=services), route, scene, limit=str(limit))
        assert len(items) == limit
        return db.asked.total()

    two, one = await cost(2), await cost(1)
    if two > one:  # perhaps it met what is looked at only now and then, such as whether the emoji are others
        two = await cost(2)
    assert two <= one
