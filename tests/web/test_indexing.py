"""Search engines get no post of an account that does not want it, on any page or address."""

import io
import re
from collections.abc import Iterator

import pytest
from client import Person, Server
from PIL import Image
from visitor import Visitor

from chirrup.http.route import ANYONE
from chirrup.web.routes import ROUTES

NOINDEX = '<meta name="robots" content="noindex">'
HIDDEN = "thewryneck"  # a word in everything that no search engine may keep
LIVE = "/home/live"


class Cast:
    """keen wants to be found, shy does not (how: by which setting). Each replies to and boosts the other."""

    def __init__(self, server: Server, how: str) -> None:
        self.keen, self.shy, self.calm = (server.person() for _ in range(3))
        self.shy.patch("/api/v1/accounts/update_credentials", **{how: False}, note="a bio")
        self.tag = f"tag{self.keen.id}"
        self.alone = self.keen.say(f"nobody answers this #{self.tag}")["id"]
        self.answered = self.keen.say("who knows more?")["id"]
        self.answer = self.shy.say(f"{HIDDEN} answers", in_reply_to_id=self.answered)["id"]
        self.deeper = self.keen.say("and below it", in_reply_to_id=self.answer)["id"]
        self.hushed = self.keen.say("answered without noise")["id"]
        self.shy_post = self.shy.say(f"{HIDDEN} says #{self.tag}", media_ids=[picture(self.shy)])["id"]
        self.calm.say(f"{HIDDEN} in few words", visibility="unlisted", in_reply_to_id=self.hushed)
        self.media = self.keen.say("a picture", media_ids=[picture(self.keen)])

    def addresses(self) -> Iterator[str]:
        """Every page of the table that can be read without a login, for all accounts and posts."""
        posts = [self.alone, self.answered, self.answer, self.deeper, self.hushed, self.shy_post, self.media["id"]]
        for route in ROUTES:
            if (
                route.method != "GET"
                or route.who != ANYONE
                or route.path == LIVE
                or "{secret" in route.path
                or "/feed." in route.path
            ):
                continue
            for person in (self.keen, self.shy, self.calm):
                for id in posts:
                    known = {"handle": f"@{person.name}", "id": id, "name": self.tag}
                    path = re.sub(r"\{(\w+)\}", lambda match, known=known: known[match[1]], route.path)
                    yield path
                    yield f"{path}?q={self.shy.name}"
                    yield f"{path}?before={int(self.media['id']) + (1 << 20)}"


def picture(person: Person) -> str:
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "teal").save(out, "PNG")
    return person.call("POST", "/api/v2/media", files={"file": ("a.png", out.getvalue(), "image/png")}).json()["id"]


@pytest.fixture(params=["discoverable", "indexable"], scope="module")
def cast(server: Server, request: pytest.FixtureRequest) -> Cast:
    return Cast(server, request.param)


def is_open(visitor: Visitor, path: str) -> bool:
    page = visitor.get(path)
    assert page.status_code == 200, path
    return "noindex" not in page.text + page.headers.get("X-Robots-Tag", "")


def invisible_parts(page: str) -> str:
    """The invisible parts of a page that other sites and search engines read."""
    return " ".join(re.findall(r"<(?:meta|title)[^>]*>[^<]*", page))


def test_no_page_that_is_indexed_shows_a_post_that_may_not_be(cast: Cast, visitor):
    shown = set()
    for path in set(cast.addresses()):
        page = visitor.get(path)
        assert page.status_code < 500, path
        if HIDDEN in page.text:
            shown.add(path)
            assert NOINDEX in page.text, path
        assert HIDDEN not in invisible_parts(page.text), path

    shy = cast.shy.name
    assert {f"/@{shy}", f"/@{shy}/{cast.shy_post}", f"/@{cast.keen.name}/{cast.answered}"} <= shown
    assert {f"/@{cast.keen.name}/{cast.deeper}", f"/@{cast.keen.name}/{cast.hushed}", "/public"} <= shown


def test_whose_author_wants_to_be_found_is_indexed(cast: Cast, visitor):
    keen = f"/@{cast.keen.name}"

    assert [is_open(visitor, path) for path in ("/", "/about", keen, f"{keen}/{cast.alone}")] == [True] * 4
    assert "who knows more?" in visitor.get("/").text


def test_a_boost_of_what_may_not_be_indexed_closes_the_profile_that_shows_it(cast: Cast, server, visitor):
    fan = server.person()
    fan.say("mine")
    assert is_open(visitor, f"/@{fan.name}")

    boost = fan.post(f"/api/v1/statuses/{cast.shy_post}/reblog").json()

    assert HIDDEN in visitor.get(f"/@{fan.name}").text
    assert not is_open(visitor, f"/@{fan.name}")
    assert not is_open(visitor, f"/@{fan.name}/{boost['id']}")


def test_other_sites_get_no_card_of_such_a_post(cast: Cast, visitor):
    assert "og:" not in visitor.get(f"/@{cast.shy.name}/{cast.shy_post}").text
    assert "og:" in visitor.get(f"/@{cast.keen.name}/{cast.answered}").text


def test_pictures_say_what_their_pages_say(cast: Cast, visitor):
    def tags(person: Person, id: str) -> set[str]:
        (shown,) = person.get(f"/api/v1/statuses/{id}").json()["media_attachments"]
        urls = [shown["url"], shown["preview_url"]]
        return {visitor.session.get(url).headers.get("X-Robots-Tag", "") for url in urls}

    assert tags(cast.shy, cast.shy_post) == {"noindex"}
    assert tags(cast.keen, cast.media["id"]) == {""}
    for visibility in ("unlisted", "private"):
        quiet = cast.keen.say("psst", visibility=visibility, media_ids=[picture(cast.keen)])
        assert tags(cast.keen, quiet["id"]) == {"noindex"}


def test_the_picture_of_a_profile_follows_the_profile(server, visitor):
    person = server.person()
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "teal").save(out, "PNG")
    files = {"avatar": ("a.png", out.getvalue(), "image/png")}
    avatar = person.call("PATCH", "/api/v1/accounts/update_credentials", files=files).json()["avatar"]
    assert "X-Robots-Tag" not in visitor.session.get(avatar).headers

    person.patch("/api/v1/accounts/update_credentials", discoverable=False)

    assert visitor.session.get(avatar).headers["X-Robots-Tag"] == "noindex"


def test_who_does_not_want_to_be_found_does_not_empty_the_start_page(server, visitor):
    keen, shy = server.person(), server.person()
    shy.patch("/api/v1/accounts/update_credentials", indexable=False)
    keen.say("the one to be shown")
    for n in range(6):
        shy.say(f"{HIDDEN} {n}")

    page = visitor.get("/").text

    assert "the one to be shown" in page
    assert HIDDEN not in page
    assert NOINDEX not in page
