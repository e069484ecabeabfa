"""Hidden objects get the same answers as absent ones: every route and page that takes an id or an address of ours."""

import re
import statistics
import time
from typing import Any

import msgspec
import pytest
import requests
from client import Person, Server, eventually
from visitor import Visitor, logged_in
from walls import section_of
from world import name_of, png

from chirrup.http.arguments import Arguments
from chirrup.http.route import ADMIN, Route
from chirrup.ids import ID_MAX
from chirrup.programs import ROUTES
from chirrup.web.routes import ROUTES as PAGES

pytestmark = pytest.mark.slow

STATUSES = "/api/v1/statuses"
NEVER = "117000000000000001"  # an id that was never drawn
ON_POSTS = [route for route in ROUTES if re.search(r"/(statuses|polls)/\{id\}", route.path)]
# headers that may differ between two equal answers
SAME = {"date", "content-length", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id"}


Comparable = tuple[int, bytes, dict[str, str]]


def answer_to(person: Person, method: str, path: str, **options: Any) -> Comparable:
    return comparable(person.call(method, path, **options))


def comparable(answer: requests.Response) -> Comparable:
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k.lower() not in SAME}


class Secrets:
    """Posts of ann's, and accounts that may not see them."""

    def __init__(self, server: Server) -> None:
        self.ann, self.stranger, self.blocked = server.person(), server.person(), server.person()
        self.viewers = [server.anyone(), self.stranger, self.blocked]
        poll = {"options": ["a", "b"], "expires_in": 3600}
        said = [self.ann.say("psst", visibility=v, poll=poll) for v in ("private", "direct")]
        deleted = self.ann.say("gone", poll=poll)
        self.ann.delete(f"{STATUSES}/{deleted['id']}")
        self.posts, self.open = [*said, deleted], self.ann.say("hello")
        self.things = self._things(server.person(), server.admin())
        self.ann.post(f"/api/v1/accounts/{self.blocked.id}/block")
        browsers = [Visitor(server.url), logged_in(server, self.stranger), logged_in(server, self.blocked)]
        self.browsers = {one: one.csrf("/settings" if one.is_logged_in else "/login") for one in browsers}

    def _things(self, friend: Person, admin: Person) -> dict[str, str]:
        """section -> id of an object of this kind that only ann may see."""
        friend.say(f"@{self.ann.name} hello", visibility="direct")
        logged_in(self.ann.server, self.ann)
        self.ann.patch("/api/v2/notifications/policy", for_not_following="filter")
        friend.say(f"@{self.ann.name} hello again")
        held = eventually(lambda: self.ann.get("/api/v1/notifications/requests").json())[0]
        admin.post(f"/api/v1/admin/accounts/{self.ann.id}/action", type="none", text="mind your words")
        filtered = self.ann.post("/api/v2/filters", title="weather", context=["home"]).json()
        kept = self.ann.post(f"/api/v2/filters/{filtered['id']}/statuses", status_id=self.open["id"]).json()
        made = {
            "requests": held,
            "lists": self.ann.post("/api/v1/lists", title="friends").json(),
            "featured_tags": self.ann.post("/api/v1/featured_tags", name="there").json(),
            "filters": filtered,
            "keywords": self.ann.post("/api/v1/filters", phrase="fog", context=["home"]).json(),
            "filters/statuses": kept,
            "drafts": self.ann.post("/api/chirrup/v1/drafts", status="unfinished").json(),
            "rooms": self.ann.post("/api/chirrup/v1/rooms", name="annsden", closed=True, listed=False).json(),
            "scheduled_statuses": self.ann.say("later", scheduled_at="4000-01-01"),
            "app_passwords": self.ann.post("/api/chirrup/v1/app_passwords", name="a", scopes=["read"]).json(),
            "sessions": self.ann.get("/api/chirrup/v1/sessions").json()[0],
            "approvals": {"id": self._approval(friend)},
            "strikes": self.ann.get("/api/chirrup/v1/strikes").json()[0],
            "media": self.ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json(),
            "conversations": eventually(lambda: self.ann.get("/api/v1/conversations").json())[0],
            "notifications": eventually(lambda: self.ann.get("/api/v1/notifications", include_filtered=True).json())[0],
        }
        return {section: one["id"] for section, one in made.items()}

    def _approval(self, friend: Person) -> str:
        body = {"status": f"@{friend.name} a van", "visibility": "direct", "who": [friend.name]}
        answer = self.ann.call("POST", "/api/chirrup/v1/approvals", json=body)
        return answer.json()["id"]


@pytest.fixture(scope="module")
def secrets(server: Server) -> Secrets:
    return Secrets(server)


@pytest.mark.parametrize("route", ON_POSTS, ids=name_of)
def test_a_hidden_post_is_answered_like_one_that_never_was(secrets: Secrets, route: Route):
    path = route.path
    for viewer in secrets.viewers:
        for post in secrets.posts:
            id = post["poll"]["id"] if "polls" in path else post["id"]
            body = {"json": {"status": "a", "choices": [0]}} if Arguments(route.handler).body else {}

            hidden, absent = (
                answer_to(viewer, route.method, path.format(id=i, quoting_status_id=NEVER), **body) for i in (id, NEVER)
            )

            assert hidden == absent
            assert hidden[0] in (401, 404) or (hidden[0] == 403 and route.who == ADMIN)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_hidden_post_takes_as_long_as_one_that_never_was(secrets: Secrets, method: str):
    took: dict[str, list[float]] = {secrets.posts[0]["id"]: [], NEVER: []}
    path = f"{STATUSES}/{{}}" if method == "GET" else f"{STATUSES}/{{}}/favourite"
    for _ in range(100):  # in turns, so that other work on the machine slows both
        for id, seconds in took.items():
            started = time.perf_counter()
            secrets.stranger.call(method, path.format(id))
            seconds.append(time.perf_counter() - started)

    hidden, absent = (statistics.median(seconds) for seconds in took.values())
    assert abs(hidden - absent) < 0.010  # 10 ms cannot be measured over a network


def test_replies_to_hidden_posts_are_answered_like_to_none(secrets: Secrets):
    for viewer in secrets.viewers:
        for post in secrets.posts:
            for method, options in (
                ("POST", lambda id: {"json": {"status": "a", "in_reply_to_id": id}}),
                ("GET", lambda id: {"params": {"id[]": id}}),
            ):
                hidden, absent = (answer_to(viewer, method, STATUSES, **options(id)) for id in (post["id"], NEVER))
                assert hidden == absent


@pytest.mark.parametrize("end", ["", "/", "?a=b", "#a"])
@pytest.mark.parametrize("path", ["/api/v2/search", "/api/v1/accounts/search", "/search"])
def test_the_address_of_a_hidden_post_finds_what_any_text_finds(secrets: Secrets, path: str, end: str):
    address = f"{secrets.ann.server.url}/@{secrets.ann.name}"
    for viewer in secrets.viewers:
        for post in secrets.posts:
            hidden, absent = (
                answer_to(viewer, "GET", path, params={"q": f"{address}/{id}{end}"}, allow_redirects=False)
                for id in (post["id"], NEVER)
            )
            assert without(hidden, post["id"]) == without(absent, NEVER)
    assert secrets.stranger.get("/api/v2/search", q=f"{address}/{secrets.open['id']}{end}").ok


ON_PAGES = [route for route in PAGES if "{id}" in route.path]


@pytest.mark.parametrize("route", ON_PAGES, ids=name_of)
def test_a_page_of_a_hidden_post_is_the_one_of_none(secrets: Secrets, route: Any):
    """Ignoring the page's own address and the tokens of its forms."""
    url = secrets.ann.server.url + route.path.replace("{handle}", f"@{secrets.ann.name}")
    for browser, csrf in secrets.browsers.items():
        form: dict[str, Any] = {"allow_redirects": False, "timeout": 20}
        if route.method == "POST":
            form["data"] = {"csrf": csrf, "choice": "0", "text": "a"}
        for post in secrets.posts:
            hidden, absent = (
                without(comparable(browser.session.request(route.method, url.replace("{id}", id), **form)), id)
                for id in (post["id"], NEVER)
            )
            assert hidden == absent
            # 401: who logs in finds the form again; 403: a page of staff's
            assert hidden[0] in (303, 401, 404) or (hidden[0] == 403 and route.who == ADMIN)


def without(answer: Comparable, id: str) -> Comparable:
    """The answer with placeholders for the id and for parts that differ with every answer."""
    status, body, headers = answer
    drawn = rb'name="(csrf|key)" value="[\w-]+"|challenge&#34;:&#34;[\w-]+'
    body = re.sub(drawn, b"drawn", body.replace(id.encode(), b"ID"))
    return status, body, {k: v.replace(id, "ID") for k, v in headers.items() if k.lower() != "set-cookie"}


ID_FIELDS = [
    (route, field.name)
    for route in ROUTES
    for kind in (Arguments(route.handler).query, Arguments(route.handler).body)
    for field in (msgspec.structs.fields(kind) if kind else ())
    if f"le={ID_MAX}" in repr(field.type) and field.name != "allowed_mentions"  # which names whom the text may mention
]


@pytest.mark.parametrize(("route", "field"), ID_FIELDS, ids=lambda one: one if isinstance(one, str) else name_of(one))
def test_no_field_tells_a_hidden_id_from_an_absent_one(secrets: Secrets, route: Route, field: str):
    path = re.sub(r"\{\w+\}", secrets.open["id"], route.path)
    sent_as = "params" if route.method == "GET" else "json"
    for id in [*filter(str.isdigit, secrets.things.values()), *(post["id"] for post in secrets.posts)]:
        hidden, absent = (
            answer_to(secrets.stranger, route.method, path, **{sent_as: {"status": "a", field: [sent]}})
            for sent in (id, NEVER)
        )
        assert hidden == absent


# Sections whose ids are of nobody alone: of posts, accounts, words, and what everybody is shown.
SHARED = {"", "statuses", "polls", "accounts", "follow_requests", "suggestions", "tags", "tag", "collections"}
SHARED |= {"files", "profiles", "sites", "emojis", "cards", "announcements", "terms_of_service"}
SHARED |= {"chains", "rotations"}  # of the organisation


def section(route: Route) -> str:
    """In the API of before 4.0, a filter is what is a keyword now."""
    found = section_of(route.path)
    return {"list": "lists"}.get(found, "keywords" if route.path.startswith("/api/v1/filters/") else found)


OF_OTHERS = [
    route
    for route in ROUTES
    if re.search(r"/\{(id|group_key)", route.path) and route.who != ADMIN and section(route) not in SHARED
]
FORM = {
    "status": "a",
    "version": 1,
    "scheduled_at": "4000-01-02",
    "title": "a",
    "context": ["home"],
    "phrase": "a",
    "keyword": "a",
}


@pytest.mark.parametrize("route", OF_OTHERS, ids=name_of)
def test_what_is_somebody_elses_is_answered_like_what_never_was(secrets: Secrets, route: Route):
    form = FORM | {"status_id": secrets.open["id"], "account_ids": [secrets.stranger.id], "text": "a"}
    for viewer in secrets.viewers:
        theirs, absent = (
            answer_to(
                viewer,
                route.method,
                route.path.replace("{id}", id).replace("{group_key}", f"ungrouped-{id}"),
                **({} if route.method == "GET" else {"json": form}),
            )
            for id in (secrets.things[section(route)], NEVER)
        )
        assert theirs == absent
        assert theirs[0] in (401, 404)
