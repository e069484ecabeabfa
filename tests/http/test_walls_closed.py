"""A closed organisation, or own network: who is not logged in is told only what apps need to log in."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from client import Server, eventually
from mail_folder import newest, path_in
from visitor import Visitor, forms, logged_in
from walls import V1, Site, organisation
from world import name_of

from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def both_shut(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> Iterator[dict[str, Site]]:
    """The server's own network and an organisation, with people in them who came while they were open."""
    with Server(tmp_path_factory.mktemp("shut") / "data", env=engines) as town:
        acme = organisation(town)
        sites = {"an organisation": Site(acme), "the server's own network": Site(town)}
        town.command("org", "close", "acme")
        sites["the server's own network"].admin.patch("/api/chirrup/v1/org", closed=True)
        for one in (acme, town):
            eventually(lambda one=one: one.anyone().get(f"{V1}/timelines/public").status_code == 401)
        yield sites


@pytest.fixture(scope="module", params=["an organisation", "the server's own network"])
def shut(both_shut: dict[str, Site], request: pytest.FixtureRequest) -> Site:
    return both_shut[request.param]


OPEN = ("/health", "/oauth/", "/.well-known/oauth", "/api/v1/apps", "/api/v1/instance", "/api/v2/instance", "/media/")
OPEN += ("/api/chirrup/v1/accounts",)  # by an invitation
OPEN += ("/api/chirrup/v1/org/identity/logout",)  # called by the provider where people log in
CLOSED = ("/oauth/userinfo", "/api/v1/instance/")


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_closed_site_tells_strangers_only_what_apps_need_to_log_in(shut: Site, route: Any):
    for person in (shut.server.anyone(), shut.app):
        for address in [one for one, _ in shut.addresses(route.path)] if "{" in route.path else [route.path]:
            answer = person.call(route.method, address, allow_redirects=False)
            if not route.when_closed:
                assert answer.status_code == 401, address
            assert not any(told in answer.text for told in (shut.word, shut.ann.name, shut.bob.name)), address
    assert route.when_closed == (route.path.startswith(OPEN) and not route.path.startswith(CLOSED)), route.path


def test_pages_of_a_closed_site_ask_strangers_to_log_in(shut: Site):
    visitor, member = Visitor(shut.server.url), logged_in(shut.server, shut.bob)
    for path in ("/", "/about", "/public", f"/@{shut.ann.name}", f"/tags/{shut.tag}", "/search?q=x", "/sign-up"):
        answer = visitor.get(path, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"][:16]) == (303, "/login?return_to"), path
    assert visitor.get(shut.file).status_code == 404
    assert visitor.get("/login").ok
    assert shut.word in member.get(f"/@{shut.ann.name}").text


def test_members_of_a_closed_site_get_a_new_password_without_a_login(shut: Site):
    visitor, carl, address = Visitor(shut.server.url), "carl", f"{shut.word}@example.com"
    host = shut.server.url.removeprefix("http://")
    name = carl if host.startswith("127.") else f"{carl}@{host}"
    shut.server.command("user", "create", name, "--email", address, "--password", "correct horse")
    assert visitor.post("/forgot", csrf_from="/forgot", email=address).status_code == 200
    (form,) = forms(visitor.get(path_in(newest(shut.server, address)[1])))
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
