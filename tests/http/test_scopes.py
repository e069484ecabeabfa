"""Who may call each route: without a token, with an app's, with and without the scope."""

from collections.abc import Iterable

import pytest
import requests
from client import Person, Server
from world import World, ask, name_of

from chirrup.access.scopes import ALL, COVERS
from chirrup.http.route import ADMIN, ANYONE, APP, CLIENT, USER, Route
from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow

OUTSIDE = {"error": "This action is outside the authorized scopes"}
SCOPED = [route for route in ROUTES if route.scope]
SCOPES = sorted({route.scope for route in SCOPED})


class Tokens:
    """Tokens of one account with different scopes."""

    def __init__(self, world: World, admin: Person) -> None:
        self.world, self.admin = world, admin
        app = {"client_name": "scopes", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": " ".join(sorted(ALL))}
        self._app = world.nobody.post("/api/v1/apps", **app).json()
        self._made: dict[tuple[str, str], Person] = {}

    def of(self, person: Person, scopes: Iterable[str]) -> Person:
        return self._token(person, grant_type="password", username=f"{person.name}@example.com", scopes=scopes)

    def of_app(self, scopes: Iterable[str]) -> Person:
        return self._token(Person(self.world.server, ""), grant_type="client_credentials", username="", scopes=scopes)

    def _token(self, person: Person, *, grant_type: str, username: str, scopes: Iterable[str]) -> Person:
        asked = " ".join(sorted(scopes))
        if (username, asked) not in self._made:
            form = {name: self._app[name] for name in ("client_id", "client_secret")}
            form |= {"grant_type": grant_type, "username": username, "password": "password", "scope": asked}
            made = requests.post(f"{person.server.url}/oauth/token", data=form, timeout=10)
            assert made.ok, made.text
            self._made[username, asked] = Person(person.server, made.json()["access_token"])
        return self._made[username, asked]


@pytest.fixture(scope="module")
def tokens(server: Server) -> Tokens:
    return Tokens(World(server), server.admin())


def covering(scope: str) -> set[str]:
    """The scopes that include scope."""
    return {wide for wide in ALL if wide == scope or scope in COVERS[wide]}


def holder(tokens: Tokens, route: Route) -> Person:
    return tokens.admin if route.who == ADMIN else tokens.world.user


@pytest.mark.parametrize("route", SCOPED, ids=name_of)
def test_a_token_without_the_scope_is_refused(tokens, route):
    for who in (holder(tokens, route), tokens.world.user):
        lacking = tokens.of(who, ALL - covering(route.scope))

        answer = ask(lacking, route, tokens.world.path(route))

        assert (answer.status_code, answer.json()) == (403, OUTSIDE)


@pytest.mark.parametrize("route", SCOPED, ids=name_of)
def test_a_token_with_the_scope_or_a_wider_one_is_let_in(tokens, route):
    for scope in covering(route.scope):
        answer = ask(tokens.of(holder(tokens, route), [scope]), route, tokens.world.path(route))

        assert answer.status_code != 401, answer.text
        assert answer.status_code < 500, answer.text
        assert answer.text == "" or answer.json() != OUTSIDE, scope


@pytest.mark.parametrize("route", [route for route in ROUTES if route.who not in (ANYONE, CLIENT)], ids=name_of)
def test_nobody_gets_in_without_a_token_or_with_one_in_the_address(tokens, route):
    path, nobody = tokens.world.path(route), tokens.world.nobody
    for person in (nobody, Person(tokens.world.server, "never-given-to-anybody")):
        assert ask(person, route, path).status_code == 401
    assert ask(nobody, route, f"{path}?access_token={holder(tokens, route).token}").status_code == 401
    if route.who in (USER, ADMIN):
        assert ask(tokens.of_app(ALL), route, path).status_code in (401, 403)  # an app's own token has no account


@pytest.mark.parametrize("route", [route for route in ROUTES if route.who == ANYONE], ids=name_of)
def test_what_is_open_to_anyone_needs_no_token(tokens, route):
    answer = ask(tokens.world.nobody, route, tokens.world.path(route))

    assert answer.status_code != 401 or route.path.startswith("/oauth/")  # there 401 is about the client


@pytest.mark.parametrize("route", [route for route in ROUTES if route.who == ADMIN], ids=name_of)
def test_the_scope_makes_nobody_an_admin(tokens, route):
    answer = ask(tokens.of(tokens.world.user, [route.scope]), route, tokens.world.path(route))

    assert answer.status_code == 403


# As Mastodon documents them, against what their methods say.
QUESTIONS_THAT_POST = {
    *(f"/api/v1/admin/{name}" for name in ("measures", "dimensions", "retention", "canonical_email_blocks/test")),
    "/api/v1/suggestions/{id}",
}
READ_BY_WRITERS = "/media/"  # who looks at an upload needs write:media


def reads(route):
    return (route.method == "GET" and READ_BY_WRITERS not in route.path) or route.path in QUESTIONS_THAT_POST


def test_what_is_under_admin_is_for_admins():
    for route in ROUTES:
        if "admin/" in route.path:
            assert route.who == ADMIN, route.path
            assert route.scope.startswith("admin:read" if reads(route) else "admin:write"), route.path


def test_reads_ask_for_reading_and_writes_for_writing():
    for route in SCOPED:
        if route.scope not in ("profile", "push"):
            assert ("read" in route.scope) == reads(route), route.path


def test_apps_and_sign_up_are_for_apps(tokens):
    paths = {route.path for route in ROUTES if route.who == APP}

    assert paths == {"/api/v1/apps/verify_credentials", "/api/v1/accounts", "/api/chirrup/v1/accounts"}
