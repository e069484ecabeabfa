"""Visibility: every route that shows posts, for every kind of viewer, compared with the rule as it is written here.

A new route with posts in its answer needs a line in PROBES; test_every_route_that_tells_of_posts_is_probed asks for it.
"""

import re
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest
import requests
from client import Person, Server
from stage import NOBODY, VIEWERS, VISIBILITIES, Said, Stage
from world import name_of

from chirrup.http.arguments import Arguments
from chirrup.mastodon import entities
from chirrup.programs import ROUTES
from chirrup.social import links
from chirrup.social.announcements import LINKS_MAX, Wanted, announce
from chirrup.store import trends as trend_rows
from chirrup.types import LinkTrend, Trends

pytestmark = pytest.mark.slow

# The complete rule: who sees a post of the author's.
OPEN = {*VIEWERS} - {"blocked"}
SEES = {
    "public": OPEN,
    "unlisted": OPEN,
    "private": {"author", "follower", "friend", "muter", "mentioned"},
    "direct": {"author", "friend", "mentioned"},
}
TELLING = {entities.Status, entities.StatusEdit, entities.StatusSource, entities.Poll}

Probe = Callable[[Stage, str, list[Said]], dict[Said, bool]]  # post -> whether this viewer sees it there
Rule = Callable[[str, Said], bool | None]  # whether the viewer should see it; None: not tested


def sees(viewer: str, said: Said) -> bool:
    if (said.kind, said.visibility, viewer) == ("boost", "private", "mentioned"):
        return False  # the post is shown to them, but a boost is for followers and mentions nobody
    return viewer in SEES[said.visibility]


def if_known(viewer: str, said: Said) -> bool:
    """The rule for routes that need a login."""
    return viewer != NOBODY and sees(viewer, said)


def only_author(viewer: str, said: Said) -> bool | None:
    return None if said.kind == "boost" else viewer == "author"


def nothing(viewer: str, said: Said) -> bool:
    return False


def if_trending(viewer: str, said: Said) -> bool | None:
    """It may be there where everybody may see it, once trends are counted."""
    return None if said.visibility == "public" and sees(viewer, said) else False


def in_feed(viewer: str, said: Said) -> bool | None:
    """What everybody may see, without replies to others: of threads and replies it has some."""
    if said.visibility != "public" or said.kind == "boost" or not sees(viewer, said):
        return False
    return True if said.kind == "plain" else None


def nobody_else(viewer: str, said: Said) -> bool | None:
    """The rule for routes that the author must not call in this test."""
    return None if viewer == "author" else False


# how to look


def by_id(method: str, path: str, **body: Any) -> Probe:
    """Visible if the answer is not a 404. path has {id}, or {poll_id}."""

    def probe(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
        found: dict[Said, bool] = {}
        for one in said:
            url = path.format(id=one.id, poll_id=one.poll_id)
            answer = stage.people[viewer].call(method, url, **({"json": body} if method != "GET" else {}))
            assert answer.status_code in (200, 401, 403, 404, 422), answer.text
            found[one] = answer.status_code not in (401, 404) and not is_bare(answer)
        return found

    return probe


def is_bare(answer: requests.Response) -> bool:
    """Whether the answer is a post without content, as after taking back a mark of a post that is hidden now."""
    body = answer.json() if answer.ok else None
    return isinstance(body, dict) and body.get("content") == "" and not body["reblog"]


def listed(path: str, **query: Any) -> Probe:
    """Visible if it is anywhere in this list."""

    def probe(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
        url = path.format(author=stage.author.id, tag=stage.tag, root=stage.root, list=stage.lists.get(viewer, "1"))
        page = stage.people[viewer].get(url, **({"limit": 40} | query))
        assert page.status_code in (200, 401, 404), page.text
        text = page.text if page.ok else ""
        while "next" in page.links and page.json():
            page = stage.people[viewer].get(page.links["next"]["url"])
            text += page.text
        found = set(re.findall(r'"id":"(\d+)"', text))
        return {one: one.id in found for one in said}

    return probe


def many(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
    answer = stage.people[viewer].get("/api/v1/statuses", **{"id[]": [one.id for one in said]})
    found = {post["id"] for post in answer.json()}
    return {one: one.id in found for one in said}


def sought(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
    return {one: one.id in _search(stage, viewer, one.word) for one in said}


def named(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
    """Visible if its address finds it."""
    return {one: one.id in _search(stage, viewer, f"{stage.server.url}/@{stage.author.name}/{one.id}") for one in said}


def _search(stage: Stage, viewer: str, q: str) -> set[str]:
    return {post["id"] for post in stage.people[viewer].get("/api/v2/search", q=q).json()["statuses"]}


def linked(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
    """Visible if it is in the timeline of the page that all of them link, while that is a trend."""
    trends = Trends(links=[LinkTrend(links.key_of(0, stage.link), [])])
    stage.server.do(lambda engines: engines.db.write(trend_rows.put, 0, trends))
    return listed("/api/v1/timelines/link", url=stage.link)(stage, viewer, said)


def embedded(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
    at = f"{stage.server.url}/@{stage.author.name}"
    return {one: stage.people[viewer].get("/api/oembed", url=f"{at}/{one.id}").ok for one in said}


def notified(path: str) -> Probe:
    """By the id of the viewer's notification, or of another account's if the viewer never had one."""

    def probe(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
        own = stage.notified.get(viewer, stage.notified["friend"])
        found: dict[Said, bool] = {}
        for one in said:
            answer = stage.people[viewer].get(path.format(id=own[one.id]))
            assert answer.status_code in (200, 401, 404)
            found[one] = one.id in answer.text
        return found

    return probe


def talked(method: str, path: str) -> Probe:
    """By the id of the viewer's conversation, or of another account's if the viewer has none."""

    def probe(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
        talks = stage.talks.get(viewer, stage.talks["friend"])
        found: dict[Said, bool] = {}
        for one in said:
            answer = stage.people[viewer].call(method, path.format(id=talks[one.id]))
            found[one] = one.id in answer.text
        return found

    return probe


def judged(verb: str) -> Probe:
    """Visible if staff can decide about it as a trend."""

    def probe(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
        found: dict[Said, bool] = {}
        for one in said:
            answer = stage.people[viewer].post(f"/api/v1/admin/trends/statuses/{one.id}/{verb}")
            allowed = (200, 404) if viewer == "admin" else (401,) if viewer == NOBODY else (403,)
            assert answer.status_code in allowed, answer.text
            found[one] = answer.ok
        return found

    return probe


def reported(method: str, path: str) -> Probe:
    """Visible if it is shown with the report of all that the author said."""

    def probe(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
        answer = stage.people[viewer].call(method, path.format(id=stage.report))
        assert answer.status_code == (200 if viewer == "admin" else 401 if viewer == NOBODY else 403), answer.text
        return {one: one.id in answer.text for one in said}

    return probe


def announced(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
    """Visible if it is shown with an announcement that links to it."""
    if not stage.announced:
        for first in range(0, len(said), LINKS_MAX):
            links = [f"{stage.server.url}/@{stage.author.name}/{one.id}" for one in said[first : first + LINKS_MAX]]
            wanted = Wanted("\n".join(links))
            stage.server.do(lambda engines, wanted=wanted: engines.db.write(announce, 0, wanted))
        stage.announced = True
    answer = stage.people[viewer].get("/api/v1/announcements")
    shown = {post["id"] for one in answer.json() for post in one["statuses"]} if answer.ok else set[str]()
    return {one: one.id in shown for one in said}


def said_about(say: Callable[[Person, Said], requests.Response], refusals: tuple[int, ...] = (401, 404)) -> Probe:
    """Visible if the viewer may publish the post that say() makes about it. It is deleted at once."""

    def probe(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
        found: dict[Said, bool] = {}
        for one in said:
            person = stage.people[viewer]
            answer = say(person, one)
            assert answer.status_code in (200, *refusals), answer.text
            found[one] = answer.ok
            if answer.ok:
                person.delete(f"/api/v1/statuses/{answer.json()['id']}")
        return found

    return probe


def reply(person: Person, one: Said) -> requests.Response:
    return person.post("/api/v1/statuses", status="so?", in_reply_to_id=one.id, visibility="direct")


def reply_by_draft(person: Person, one: Said) -> requests.Response:
    draft = person.post("/api/chirrup/v1/drafts", status="so?", in_reply_to_id=one.id, visibility="direct")
    return person.post(f"/api/chirrup/v1/drafts/{draft.json().get('id', '1')}/publish")


def quote(person: Person, one: Said) -> requests.Response:
    return person.post("/api/v1/statuses", status="see", quoted_status_id=one.id, visibility="private")


def on_page(path: str) -> Probe:
    """Visible if this page has a link to it."""

    def probe(stage: Stage, viewer: str, said: list[Said]) -> dict[Said, bool]:
        pages: dict[str, str] = {}

        def page(url: str) -> str:
            if url not in pages:
                answer = stage.visitor(viewer).get(url)
                assert answer.status_code in (200, 404), url
                pages[url] = answer.text if answer.ok else ""
            return pages[url]

        urls = {one: path.format(author=stage.author.name, tag=stage.tag, id=one.id, word=one.word) for one in said}
        return {one: f"@{stage.author.name}/{one.id}" in page(url) for one, url in urls.items()}

    return probe


# stricter rules for some routes


def on_profile(viewer: str, said: Said) -> bool:
    return sees(viewer, said) and (said.visibility != "direct" or viewer == "author")


def pinned(viewer: str, said: Said) -> bool:
    return on_profile(viewer, said) and said.kind == "plain" and said.visibility != "direct"


def without_boosts_and_replies(viewer: str, said: Said) -> bool:
    return on_profile(viewer, said) and said.kind in ("plain", "thread")


def at_home(viewer: str, said: Said) -> bool | None:
    """No replies to accounts that the viewer does not follow, and no boosts of posts that are there already."""
    if said.kind == "boost":
        return None if viewer in ("author", "follower", "friend") else False
    return viewer == "author" or (viewer in ("follower", "friend") and said.kind != "reply" and sees(viewer, said))


def on_list(viewer: str, said: Said) -> bool | None:
    return None if viewer == "author" else at_home(viewer, said)


def in_public(viewer: str, said: Said) -> bool:
    return said.visibility == "public" and said.kind in ("plain", "thread") and wanted(viewer, said)


def in_frames(viewer: str, said: Said) -> bool:
    """The same for everybody: nobody is logged in there."""
    return said.visibility in ("public", "unlisted")


def tagged(viewer: str, said: Said) -> bool:
    return said.visibility == "public" and said.kind != "boost" and wanted(viewer, said)


def wanted(viewer: str, said: Said) -> bool:
    """Public lists leave out accounts that the viewer mutes or blocks."""
    return sees(viewer, said) and viewer not in ("muter", "blocker")


def found_by_words(viewer: str, said: Said) -> bool:
    return viewer != NOBODY and said.kind != "boost" and wanted(viewer, said)


def told_of(viewer: str, said: Said) -> bool | None:
    """Mentioned accounts have a notification of the post, the author of its favourites."""
    return None if said.kind == "boost" else viewer in ("author", "friend", "mentioned") and sees(viewer, said)


def mentions_told(viewer: str, said: Said) -> bool | None:
    return None if said.kind == "boost" else viewer in ("friend", "mentioned")


def in_talks(viewer: str, said: Said) -> bool | None:
    """A conversation shows its last post."""
    return None if said.kind == "plain" else said.visibility == "direct" and sees(viewer, said)


def last_in_talks(viewer: str, said: Said) -> bool | None:
    return sees(viewer, said) if said.visibility == "direct" and said.kind in ("thread", "reply") else None


def below_root(viewer: str, said: Said) -> bool:
    """Who mutes or blocks the author is shown nothing of theirs in threads."""
    return said.kind == "reply" and sees(viewer, said) and viewer not in ("muter", "blocker")


def has_poll(viewer: str, said: Said) -> bool | None:
    return sees(viewer, said) if said.poll_id else None


def may_vote(viewer: str, said: Said) -> bool | None:
    return if_known(viewer, said) if said.poll_id else None


def kept(viewer: str, said: Said) -> bool | None:
    """A mark on a boost is a mark on the boosted post."""
    return None if said.kind == "boost" else if_known(viewer, said)


def may_quote(viewer: str, said: Said) -> bool | None:
    if said.kind == "boost":
        return None
    if viewer == "author":
        return said.visibility != "direct"
    return said.visibility in ("public", "unlisted") and if_known(viewer, said)


def staff_if_trending(viewer: str, said: Said) -> bool | None:
    return if_trending(viewer, said) if viewer == "admin" else False


def staff_if_public(viewer: str, said: Said) -> bool:
    """Only what is for everybody can be a trend; boosts are none."""
    return viewer == "admin" and said.kind != "boost" and said.visibility == "public" and sees(viewer, said)


def staff_alone(viewer: str, said: Said) -> bool | None:
    """Boosts cannot be reported."""
    return None if said.kind == "boost" else viewer == "admin"


def if_told(viewer: str, said: Said) -> bool:
    """Announcements are for people who are logged in."""
    return viewer != NOBODY and sees(viewer, said)


def not_boost(rule: Rule) -> Rule:
    """A page shows the boosted post instead of a boost."""
    return lambda viewer, said: None if said.kind == "boost" else rule(viewer, said)


def on_its_own_page(viewer: str, said: Said) -> bool | None:
    """Of a page for those who are logged in: to others it is a login that leads back to it."""
    return None if viewer == NOBODY else not_boost(sees)(viewer, said)


def on_profile_page(viewer: str, said: Said) -> bool | None:
    return not_boost(without_boosts_and_replies)(viewer, said)


STATUS = "/api/v1/statuses/{id}"
ACKS = "/api/chirrup/v1/statuses/{id}/acks"
PROBES: dict[str, list[tuple[Probe, Rule]]] = {
    f"GET {STATUS}": [(by_id("GET", STATUS), sees)],
    "GET /api/v1/statuses": [(many, sees)],
    f"GET {STATUS}/context": [
        (by_id("GET", f"{STATUS}/context"), sees),
        (listed("/api/v1/statuses/{root}/context"), below_root),
    ],
    f"GET {ACKS}": [],  # only for who asked: tests/http/test_acks.py
    f"POST {ACKS}": [(by_id("POST", ACKS, who=[]), only_author)],
    f"GET {STATUS}/source": [(by_id("GET", f"{STATUS}/source"), only_author)],
    f"GET {STATUS}/history": [(by_id("GET", f"{STATUS}/history"), sees)],
    f"GET {STATUS}/favourited_by": [(by_id("GET", f"{STATUS}/favourited_by"), sees)],
    f"GET {STATUS}/reblogged_by": [(by_id("GET", f"{STATUS}/reblogged_by"), sees)],
    "GET /api/v1/polls/{id}": [(by_id("GET", "/api/v1/polls/{poll_id}"), has_poll)],
    "GET /api/v1/accounts/{id}/statuses": [
        (listed("/api/v1/accounts/{author}/statuses"), on_profile),
        (listed("/api/v1/accounts/{author}/statuses", pinned="true"), pinned),
        (
            listed("/api/v1/accounts/{author}/statuses", exclude_reblogs="true", exclude_replies="true"),
            without_boosts_and_replies,
        ),
    ],
    "GET /api/v1/timelines/home": [(listed("/api/v1/timelines/home"), at_home)],
    "GET /api/v1/timelines/list/{id}": [(listed("/api/v1/timelines/list/{list}"), on_list)],
    "GET /api/v1/timelines/public": [(listed("/api/v1/timelines/public"), in_public)],
    "GET /api/v1/timelines/tag/{hashtag}": [(listed("/api/v1/timelines/tag/{tag}"), tagged)],
    "GET /api/v1/trends/statuses": [(listed("/api/v1/trends/statuses"), if_trending)],
    "GET /api/v1/timelines/link": [(linked, tagged)],
    "GET /api/v2/search": [(sought, found_by_words), (named, sees)],
    "GET /api/v1/favourites": [(listed("/api/v1/favourites"), kept)],
    "GET /api/v1/bookmarks": [(listed("/api/v1/bookmarks"), kept)],
    "GET /api/v1/notifications": [(listed("/api/v1/notifications", limit=80), told_of)],
    "GET /api/v1/notifications/{id}": [(notified("/api/v1/notifications/{id}"), mentions_told)],
    # nobody here holds anything back: tests/http/test_notification_policies.py looks at what is held
    "GET /api/v1/notifications/requests": [(listed("/api/v1/notifications/requests"), nothing)],
    "GET /api/v1/notifications/requests/{id}": [(by_id("GET", "/api/v1/notifications/requests/{id}"), nothing)],
    "GET /api/v2/notifications": [
        (listed("/api/v2/notifications", limit=80), told_of),
        (listed("/api/v2/notifications", **{"limit": 80, "grouped_types[]": "follow"}), told_of),
    ],
    "GET /api/v2/notifications/{group_key}": [(notified("/api/v2/notifications/ungrouped-{id}"), mentions_told)],
    "GET /api/v1/announcements": [(announced, not_boost(if_told))],
    "GET /api/v1/conversations": [(listed("/api/v1/conversations"), in_talks)],
    "POST /api/v1/conversations/{id}/read": [(talked("POST", "/api/v1/conversations/{id}/read"), last_in_talks)],
    "GET /api/v1/admin/trends/statuses": [(reported("GET", "/api/v1/admin/trends/statuses"), staff_if_trending)],
    **{
        f"POST /api/v1/admin/trends/statuses/{{id}}/{verb}": [(judged(verb), staff_if_public)]
        for verb in ("reject", "approve")
    },
    **{
        f"{method} /api/v1/admin/reports{end}": [(reported(method, f"/api/v1/admin/reports{end}"), staff_alone)]
        for method, end in (
            *(("GET", ""), ("GET", "/{id}"), ("PUT", "/{id}")),
            *(("POST", f"/{{id}}/{verb}") for verb in ("assign_to_self", "unassign", "resolve", "reopen")),
        )
    },
    # actions on a post reveal whether it exists; last, because they change data
    "POST /api/v1/statuses": [(said_about(reply), if_known), (said_about(quote), may_quote)],
    f"GET {STATUS}/quotes": [(by_id("GET", f"{STATUS}/quotes"), if_known)],
    f"POST {STATUS}/quotes/{{quoting_status_id}}/revoke": [
        (by_id("POST", f"{STATUS}/quotes/1/revoke"), lambda viewer, said: False)
    ],
    f"PUT {STATUS}/interaction_policy": [
        (by_id("PUT", f"{STATUS}/interaction_policy", quote_approval_policy="public"), only_author)
    ],
    "GET /api/v1/annual_reports": [(listed("/api/v1/annual_reports"), nothing)],
    "GET /api/v1/annual_reports/{year}": [(listed("/api/v1/annual_reports/2025"), nothing)],
    "POST /api/chirrup/v1/drafts/{id}/publish": [(said_about(reply_by_draft, (401, 404, 422)), if_known)],
    **{
        f"POST {STATUS}/{verb}": [(by_id("POST", f"{STATUS}/{verb}"), if_known)]
        for verb in ("favourite", "unfavourite", "bookmark", "unbookmark", "pin", "unpin", "mute", "unmute", "reblog")
    },
    f"POST {STATUS}/unreblog": [(by_id("POST", f"{STATUS}/unreblog"), not_boost(if_known))],
    "POST /api/v1/polls/{id}/votes": [(by_id("POST", "/api/v1/polls/{poll_id}/votes", choices=[0]), may_vote)],
    f"PUT {STATUS}": [(by_id("PUT", STATUS), only_author)],
    f"DELETE {STATUS}": [(by_id("DELETE", STATUS), nobody_else)],
}
PAGES: dict[str, tuple[Probe, Rule]] = {
    "/@{author}/{id}": (on_page("/@{author}/{id}"), not_boost(sees)),
    "/@{author}/{id}/embed": (on_page("/@{author}/{id}/embed"), not_boost(in_frames)),
    "/api/oembed": (embedded, not_boost(in_frames)),
    "/@{author}/{id}/quotes": (on_page("/@{author}/{id}/quotes"), on_its_own_page),
    "/@{author}": (on_page("/@{author}"), on_profile_page),
    "/@{author}/feed.atom": (on_page("/@{author}/feed.atom"), in_feed),
    "/tags/{tag}/feed.rss": (on_page("/tags/{tag}/feed.rss"), not_boost(tagged)),
    "/@{author}/with_replies": (on_page("/@{author}/with_replies"), not_boost(on_profile)),
    "/tags/{tag}": (on_page("/tags/{tag}"), not_boost(tagged)),
    "/public": (on_page("/public"), not_boost(in_public)),
    "/home": (on_page("/home"), not_boost(at_home)),
    "/bookmarks": (on_page("/bookmarks"), kept),
    "/search": (on_page("/search?q={word}"), found_by_words),
}


@pytest.fixture(scope="module")
def stage(server: Server) -> Stage:
    return Stage(server)


def mistakes(stage: Stage, probe: Probe, rule: Rule) -> list[str]:
    wrong = []
    for viewer in VIEWERS:
        expected = {one: seen for one in stage.said if (seen := rule(viewer, one)) is not None}
        found = probe(stage, viewer, list(expected))
        assert found.keys() == expected.keys()
        wrong += [
            f"{viewer}, {one.kind} {one.visibility}: expected {seen}, got {found[one]}"
            for one, seen in expected.items()
            if found[one] != seen
        ]
    return wrong


@pytest.mark.parametrize("path", PAGES)
def test_everybody_sees_on_pages_what_the_rule_says(stage: Stage, path: str):
    assert mistakes(stage, *PAGES[path]) == []


@pytest.mark.parametrize(
    ("probe", "rule"),
    [
        pytest.param(probe, rule, id=f"{route} {n}" if n else route)
        for route, probes in PROBES.items()
        for n, (probe, rule) in enumerate(probes)
    ],
)
def test_everybody_sees_what_the_rule_says(stage: Stage, probe: Probe, rule: Rule):
    assert mistakes(stage, probe, rule) == []


def tells_of_posts(kind: Any, within: tuple[Any, ...] = ()) -> bool:
    """Whether answers of this type contain posts or parts of posts. within: what it is a part of."""
    if kind in within:
        return False
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        parts = [field.type for field in msgspec.structs.fields(kind)]
        return kind in TELLING or any(tells_of_posts(part, (*within, kind)) for part in parts)
    return any(tells_of_posts(part, within) for part in get_args(kind))


def test_every_route_that_tells_of_posts_is_probed():
    named = [route for route in ROUTES if re.search(r"(?<!filters)/statuses/\{id\}", route.path)]
    telling = {name_of(r) for r in [*named, *(r for r in ROUTES if tells_of_posts(Arguments(r.handler).answer))]}

    assert PROBES.keys() == telling, "add a line to PROBES for each new route that shows posts"


def test_the_matrix_is_large():
    kinds = ("plain", "thread", "reply", "boost")
    posts = [Said(kind, v, "1", "1" * (kind == "plain"), "") for v in VISIBILITIES for kind in kinds][:-1]
    rules = [rule for probes in PROBES.values() for _, rule in probes] + [rule for _, rule in PAGES.values()]

    assert sum(rule(viewer, one) is not None for rule in rules for viewer in VIEWERS for one in posts) > 6000
