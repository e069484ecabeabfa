"""Whoever has not confirmed their address may do nothing but that, on every route, stream and page."""

import re
import secrets
from collections.abc import Iterator

import pytest
import requests
from client import Person, Server
from visitor import Visitor
from world import ask, name_of

from chirrup.http.route import CLIENT, Route
from chirrup.programs import ROUTES
from chirrup.web.routes import ROUTES as PAGES

pytestmark = pytest.mark.slow

REFUSED = {"error": "Your login is missing a confirmed e-mail address"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server where addresses are to be confirmed."""
    env = {"CHIRRUP_CONFIRM_ADDRESSES": "always"}
    with Server(tmp_path_factory.mktemp("strict") / "data", env=env) as server:
        yield server


def sign_up(server: Server) -> Person:
    """With the token that signing up gives."""
    scopes = "read write follow push profile"
    app = {"client_name": "app", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": scopes}
    made = server.anyone().post("/api/v1/apps", **app).json()
    known = {name: made[name] for name in ("client_id", "client_secret")}
    grant = {"grant_type": "client_credentials", "scope": scopes, **known}
    own = requests.post(f"{server.url}/oauth/token", data=grant, timeout=10).json()["access_token"]
    name = f"n{secrets.token_hex(5)}"
    wanted = {"username": name, "email": f"{name}@example.com", "password": "password", "agreement": True}
    return Person(server, Person(server, own).post("/api/v1/accounts", **wanted).json()["access_token"])


@pytest.fixture(scope="module")
def waiting(strict: Server) -> Person:
    return sign_up(strict)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.who != CLIENT], ids=name_of)
def test_no_route_answers_but_the_one_that_sends_the_mail_again(strict: Server, waiting: Person, route: Route):
    answer = ask(waiting, route, re.sub(r"\{\w+\}", "1", route.path))

    if route.even_unconfirmed:
        assert (route.path, answer.status_code, answer.json()) == ("/api/v1/emails/confirmations", 200, {})
    else:
        assert (answer.status_code, answer.json()) == (403, REFUSED)


def test_no_stream_opens(strict: Server, waiting: Person):
    for stream in ("user", "public", "direct"):
        opened = waiting.get(f"/api/v1/streaming/{stream}", stream=True)
        assert opened.status_code in (401, 403), stream


def test_no_page_takes_them_for_somebody(strict: Server):
    visitor = Visitor(strict.url)
    name = f"n{secrets.token_hex(5)}"
    fields = {"username": name, "email": f"{name}@example.com", "password": "password"}
    assert visitor.post("/sign-up", csrf_from="/sign-up", **fields).status_code == 200
    assert visitor.log_in(name).status_code == 403

    for page in PAGES:
        if page.method == "GET" and page.who == "user" and "{" not in page.path:
            answer = visitor.get(page.path, allow_redirects=False)
            assert answer.status_code == 401 or answer.headers["Location"].startswith("/login"), page.path
