"""Two organisations on one server: whatever is asked at one site, nothing comes of the other.

A word of its own stands in every text of each. Each line of both tables, and each stream, is asked at the other site
with the ids of this one: the word must not be in the answer, and what has an id must be as what never was.
"""

import re
import secrets
from collections.abc import Iterator
from copy import copy
from typing import Any

import msgspec
import pytest
import requests
from client import Person, Server, eventually
from mail_folder import newest, path_in
from visitor import Visitor, forms, logged_in
from world import name_of, png

from chirrup.mastodon.routes import ROUTES
from chirrup.stream.streams import NAMES
from chirrup.web.routes import ROUTES as PAGES

ABSENT = "1"
V1 = "/api/v1"


class Site:
    """One side of the wall: ann, who has said and made a bit of everything; bob, who follows her; an administrator."""

    def __init__(self, server: Server) -> None:
        self.server, self.word, self.tag = server, f"canary{secrets.token_hex(5)}", f"tag{secrets.token_hex(5)}"
        word, tag = self.word, self.tag
        self.ann, self.bob = server.person(f"ann{word[-4:]}"), server.person()
        self.bob.follow(self.ann)
        self.ann.follow(self.bob)
        self.ann.patch(
            f"{V1}/accounts/update_credentials",
            display_name=f"Ann {word}",
            note=word,
            fields_attributes=[{"name": word, "value": word}],
            discoverable=True,
            indexable=True,
        )
        media = self.ann.call(
            "POST", "/api/v2/media", files={"file": ("a.png", png())}, data={"description": word}
        ).json()
        kinds = ("public", "unlisted", "private", "direct")
        text = f"{word} #{tag} @{self.bob.name}"
        said = {kind: self.ann.say(text, spoiler_text=word, visibility=kind)["id"] for kind in kinds}
        self.ann.say(word, media_ids=[media["id"]])
        poll = self.ann.say(word, poll={"options": [word, "no"], "expires_in": 3600})
        reply = self.bob.say(f"{word} too", in_reply_to_id=said["public"])
        for verb in ("favourite", "reblog", "bookmark", "pin"):
            self.ann.post(f"{V1}/statuses/{said['public']}/{verb}")
            self.bob.post(f"{V1}/statuses/{said['public']}/{verb}")
        listed = self.ann.post(f"{V1}/lists", title=word).json()
        self.ann.post(f"{V1}/lists/{listed['id']}/accounts", account_ids=[self.bob.id])
        featured = self.ann.post(f"{V1}/featured_tags", name=tag).json()
        self.ann.post(f"{V1}/tags/{tag}/follow")
        draft = self.ann.post("/api/chirrup/v1/drafts", status=word).json()
        scheduled = self.ann.say(word, scheduled_at="4000-01-01")
        eventually(lambda: self.bob.get(f"{V1}/notifications").json() and self.bob.get(f"{V1}/conversations").json())
        eventually(lambda: word in self.bob.get("/api/v2/search", q=word).text)
        self.file = media["url"].removeprefix(server.url)
        self.ids = {
            "statuses": [*said.values(), poll["id"], reply["id"]],
            "accounts": [self.ann.id, self.bob.id],
            "follow_requests": [self.bob.id],
            "suggestions": [self.ann.id],
            "polls": [poll["poll"]["id"]],
            "media": [media["id"]],
            "lists": [listed["id"]],
            "list": [listed["id"]],
            "featured_tags": [featured["id"]],
            "drafts": [draft["id"]],
            "scheduled_statuses": [scheduled["id"]],
            "conversations": [self.bob.get(f"{V1}/conversations").json()[0]["id"]],
            "notifications": [self.bob.get(f"{V1}/notifications").json()[0]["id"]],
        }
        self.secrets = self._links()
        self.admin = server.admin()
        self.app = Person(server, server._make_app_token())

    def _links(self) -> dict[str, str]:
        """The secrets of links that are under way to ann, by the address of their page."""
        address = f"{self.ann.name}@example.com"
        browser = logged_in(self.server, self.ann)
        browser.post("/forgot", csrf_from="/forgot", email=address)
        asked = {"email": f"new{self.word}@example.com", "password": "password"}
        browser.post("/settings/email", csrf_from="/settings/access", **asked)
        sent = {to: newest(self.server, to)[1] for to in (address, asked["email"])}
        return {
            f"/{kind}/{{secret}}": secret for kind, secret in (path_in(text).split("/")[1:] for text in sent.values())
        }

    def addresses(self, path: str) -> list[tuple[str, str]]:
        """(the address with what is this site's in it, the same with what never was) for a route with an id in it."""
        if path.startswith("/media/"):
            name = self.file.rsplit("/", 1)[1]
            path = path.replace("{name}", name)
        section = re.findall(r"/(\w+)/\{", path)[0]
        if section in ("tags", "tag"):
            return [(re.sub(r"\{\w+\}", self.tag, path), "")]
        ids = self.ids.get({"files": "media", "profiles": "accounts"}.get(section, section), [self.ann.id])
        path = path.replace("{group_key}", "ungrouped-{id}")
        return [(path.replace("{id}", id), path.replace("{id}", ABSENT)) for id in ids]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """The server's own network, and an organisation: one process, two hosts."""
    with Server(tmp_path_factory.mktemp("walls") / "data") as town:
        acme = copy(town)
        acme.url = town.url.replace("127.0.0.1", "localhost")
        town.command("org", "create", "acme", "--host", acme.url.removeprefix("http://"), "--title", "Acme")
        yield Site(town), Site(acme)


@pytest.fixture(scope="module", params=["asked at the organisation's", "asked at the server's own"])
def sides(both: tuple[Site, Site], request: pytest.FixtureRequest) -> tuple[Site, Site]:
    """(whose ids and words are asked for, at whose site)."""
    return both if request.param.startswith("asked at the org") else both[::-1]


def asked_by(here: Site) -> list[Person]:
    return [here.server.anyone(), here.bob, here.app, here.admin]


BODY = {
    "q": "{word}",
    "acct": "{ann}",
    "resource": "acct:{ann}",
    "id": ["{ids}"],
    "status": "hello @{ann}",
    "in_reply_to_id": "{post}",
    "account_ids": ["{ann_id}"],
    "choices": [0],
    "type": "none",
    "name": "{tag}",
    "any": ["{tag}"],
    "hashtag": "{tag}",
}


@pytest.mark.parametrize("route", [one for one in ROUTES if one.path != "/oauth/token"], ids=name_of)
def test_no_route_tells_of_the_other_side(sides: tuple[Site, Site], route: Any):
    there, here = sides
    values = {"word": there.word, "tag": there.tag, "ann": there.ann.name, "ids": there.ids["statuses"][0]}
    values |= {"post": there.ids["statuses"][0], "ann_id": there.ann.id}
    for person in asked_by(here):
        if "{" not in route.path:
            filled = msgspec.json.decode(
                re.sub(r"\{(\w+)\}", lambda m: values[m[1]], msgspec.json.encode(BODY).decode())
            )
            sent = {"params": filled} if route.method == "GET" else {"json": filled}
            answer = person.call(route.method, route.path, allow_redirects=False, **sent)
            assert not tells(answer, there), f"{person.name}: {answer.text}"
            continue
        for address, absent in there.addresses(route.path):
            sent = (
                {}
                if route.method == "GET"
                else {"json": {"choices": [0], "type": "none", "account_ids": [there.ann.id]}}
            )
            answer = person.call(route.method, address, **sent)
            assert not tells(answer, there), f"{person.name}: {answer.text}"
            if absent:
                assert answer.status_code == person.call(route.method, absent, **sent).status_code, address


def tells(answer: requests.Response, there: Site) -> bool:
    """Is there anything of that side's in it? What was asked with comes back at times: that is not looked for."""
    return any(told in answer.text for told in (there.word, there.ann.id, there.bob.id))


def test_the_ids_are_right(both: tuple[Site, Site]):
    """The same addresses at their own site, by their owner, do tell."""
    for site in both:
        told = 0
        for route in ROUTES:
            if route.method == "GET" and "{" in route.path:
                for address, _ in site.addresses(route.path):
                    told += site.ann.get(address).ok or site.bob.get(address).ok or site.admin.get(address).ok
        assert told > 30


def test_a_token_a_session_and_an_app_are_of_one_site(sides: tuple[Site, Site]):
    there, here = sides
    for token in (there.ann.token, there.admin.token, there.app.token):
        stray = Person(here.server, token)
        assert stray.get(f"{V1}/accounts/verify_credentials").status_code == 401
        assert stray.get(f"{V1}/timelines/public").status_code == 401
        assert stray.post(f"{V1}/emails/confirmations").status_code == 401  # which asks for the token by itself
        assert stray.get(f"{V1}/streaming/public").status_code == 401
    visitor = logged_in(there.server, there.ann)
    stray = Visitor(here.server.url)
    stray.session.headers["Cookie"] = f"chirrup={visitor.cookie}"
    assert visitor.is_logged_in
    assert not stray.is_logged_in
    assert Visitor(here.server.url).log_in(there.ann.name).status_code == 422
    app = there.server.anyone().post(f"{V1}/apps", client_name="x", redirect_uris="urn:ietf:wg:oauth:2.0:oob").json()
    asked = {"grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": app["client_secret"]}
    assert here.server.anyone().post("/oauth/token", **asked).status_code == 401
    assert there.server.anyone().post("/oauth/token", **asked).status_code == 200


def test_a_name_and_an_address_can_be_had_on_both_sides(both: tuple[Site, Site]):
    first, second = (site.server.person("clara") for site in both)

    assert first.id != second.id
    for person, site in ((first, both[0]), (second, both[1])):
        found = site.bob.get(f"{V1}/accounts/lookup", acct="clara").json()
        assert (found["id"], found["url"]) == (person.id, f"{site.server.url}/@clara")
        assert Visitor(site.server.url).log_in("clara@example.com").status_code == 303


@pytest.mark.parametrize("route", [one for one in PAGES if one.method == "GET"], ids=lambda one: one.path)
def test_no_page_tells_of_the_other_side(sides: tuple[Site, Site], route: Any):
    there, here = sides
    for visitor in (Visitor(here.server.url), logged_in(here.server, here.bob)):
        for id in there.ids["statuses"][:3] if "{id" in route.path else [""]:
            path = route.path.replace("{handle}", f"@{there.ann.name}").replace("{id}", id)
            address = path.replace("{name}", there.tag).replace("{secret}", there.secrets.get(route.path, ""))
            if route.path.endswith("/live"):
                continue
            page = visitor.get(address, params={"q": there.tag})  # which stands in posts beside the word
            assert there.word not in page.text, address
            assert there.ann.id not in page.text, address
            if "{secret}" in route.path:
                assert (page.status_code, there.ann.name in page.text) == (404, False), address


def test_a_link_in_a_mail_does_nothing_at_the_other_site(sides: tuple[Site, Site]):
    there, here = sides
    stranger = Visitor(here.server.url)
    for page, secret in there.secrets.items():
        sent = {"csrf": stranger.csrf(), "secret": secret, "password": "another password"}
        assert stranger.send(page.split("/{")[0], sent).status_code == 404
        assert Visitor(there.server.url).get(page.replace("{secret}", secret)).ok  # it is as good as before
    assert Visitor(there.server.url).log_in(there.ann.name).status_code == 303


def test_who_forgets_a_password_is_found_by_their_address_at_their_site_alone(both: tuple[Site, Site]):
    email = f"dora{secrets.token_hex(4)}@example.com"
    name = email.split("@", 1)[0]
    for site in both:
        site.server.person(name)
    for n, site in enumerate(both):
        Visitor(site.server.url).post("/forgot", csrf_from="/forgot", email=email)
        subject, text = newest(site.server, email, than=n)
        assert subject == f"A new password for @{name}"
        assert re.findall(r"https?://[^/\s]+", text) == [site.server.url] * 2, text


def test_no_stream_carries_the_other_side(sides: tuple[Site, Site]):
    there, here = sides
    streams: list[requests.Response] = []
    for name in sorted(NAMES - {"list"}):
        for person in (here.server.anyone(), here.bob):
            path = f"{V1}/streaming/{name.removesuffix(':media').replace(':', '/')}"
            answer = person.call("GET", path, params={"tag": there.tag}, stream=True)
            if answer.ok:
                streams.append(answer)
    lines = [one.iter_lines(chunk_size=1) for one in streams]
    there.ann.say(f"{there.word} #{there.tag}")
    own = here.bob.say(f"end #{there.tag}")["id"]
    public = [
        (one, at)
        for one, at in zip(streams, lines, strict=True)
        if one.url.split("?")[0].endswith(("public", "hashtag"))
    ]
    assert public
    for _, at in public:
        for line in at:
            assert there.ann.id.encode() not in line
            if own.encode() in line:
                break
    for one in streams:
        one.close()


@pytest.fixture(scope="module")
def shut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A closed organisation, with people in it who came while it was open."""
    with Server(tmp_path_factory.mktemp("shut") / "data") as town:
        acme = copy(town)
        acme.url = town.url.replace("127.0.0.1", "localhost")
        town.command("org", "create", "acme", "--host", acme.url.removeprefix("http://"))
        site = Site(acme)
        town.command("org", "close", "acme")
        eventually(lambda: acme.anyone().get(f"{V1}/timelines/public").status_code == 401)
        yield site


CARL = ("--email", "carl@example.com", "--password", "correct horse")
OPEN = ("/health", "/oauth/", "/.well-known/oauth", "/api/v1/apps", "/api/v1/instance", "/api/v2/instance", "/media/")
CLOSED = ("/oauth/userinfo", "/api/v1/instance/rules", "/api/v1/instance/extended_description")


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_closed_site_tells_strangers_only_what_apps_need_to_log_in(shut: Site, route: Any):
    for person in (shut.server.anyone(), shut.app):
        for address in [one for one, _ in shut.addresses(route.path)] if "{" in route.path else [route.path]:
            answer = person.call(route.method, address, allow_redirects=False)
            if not route.when_closed:
                assert answer.status_code == 401, address
            assert not any(told in answer.text for told in (shut.word, shut.ann.name, shut.bob.name)), address
    assert route.when_closed == (route.path.startswith(OPEN) and route.path not in CLOSED), route.path


def test_pages_of_a_closed_site_ask_strangers_to_log_in(shut: Site):
    visitor, member = Visitor(shut.server.url), logged_in(shut.server, shut.bob)
    for path in ("/", "/about", "/public", f"/@{shut.ann.name}", f"/tags/{shut.tag}", "/search?q=x", "/sign-up"):
        answer = visitor.get(path, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"][:16]) == (303, "/login?return_to"), path
    assert visitor.get(shut.file).status_code == 404
    assert visitor.get("/login").ok
    assert shut.word in member.get(f"/@{shut.ann.name}").text


def test_members_of_a_closed_site_get_a_new_password_without_a_login(shut: Site):
    visitor, carl = Visitor(shut.server.url), "carl"
    shut.server.command("user", "create", f"{carl}@{shut.server.url.removeprefix('http://')}", *CARL)
    assert visitor.post("/forgot", csrf_from="/forgot", email="carl@example.com").status_code == 200
    (form,) = forms(visitor.get(path_in(newest(shut.server, "carl@example.com")[1])))
    assert visitor.send(form.url, form.fields | {"password": "a better one"}).status_code == 200
    assert visitor.log_in(carl, "a better one").status_code == 303


def test_members_of_a_closed_site_see_all_with_its_pictures(shut: Site):
    assert shut.word in shut.bob.get(f"{V1}/timelines/public").text
    shown = shut.bob.get(f"{V1}/accounts/{shut.ann.id}/statuses", only_media="true").json()
    url = shown[0]["media_attachments"][0]["url"]
    assert "sign=" in url
    assert requests.get(url, timeout=10).ok
    for name in ("public", "hashtag"):
        path = f"{V1}/streaming/{name}"
        assert shut.server.anyone().get(path, tag=shut.tag).status_code == 401
        assert shut.app.get(path, tag=shut.tag).status_code == 401
