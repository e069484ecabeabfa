"""The tables of routes are obeyed: the route of a request, its methods, its admission class."""

import re

import pytest
import requests

from chirrup.access.sites import Sites
from chirrup.config import Settings
from chirrup.http import shedding
from chirrup.http.application import Application
from chirrup.http.route import FREE, NORMAL, SLOW, Route
from chirrup.http.router import FOUND, Router
from chirrup.programs import ROUTES
from chirrup.stream import routes as streams
from chirrup.web import files
from chirrup.web.routes import ROUTES as PAGES

pytestmark = pytest.mark.slow

ALL = [*ROUTES, *PAGES, *files.ROUTES, *streams.ROUTES]
PATHS = {route.path: sorted({one.method for one in ALL if one.path == route.path}) for route in ALL}


class Line:
    def __init__(self, route: Route) -> None:
        self.route = route

    async def __call__(self, scope, receive, send) -> None: ...


def line(method: str, path: str, **more) -> Line:
    return Line(Route(method, path, print, **more))  # pyright: ignore[reportArgumentType]


def filled(path: str, value: str = "117000000000000001") -> str:
    return re.sub(r"\{\w+\}", value, path)


@pytest.fixture(scope="module")
def router() -> Router:
    return Router([Line(route) for route in ALL])


def test_a_request_for_a_line_finds_it(router: Router):
    for route in ALL:
        names = re.findall(r"\{(\w+)\}", route.path)
        for path in (filled(route.path), filled(route.path) + "/", "/" + filled(route.path).replace("/", "//")):
            found = router.find(path)

            assert found.endpoints[route.method].route == route
            assert router.parameters(route, found.values) == dict.fromkeys(names, "117000000000000001"), path
            assert router.is_for_programs(filled(route.path)) or not route.for_programs, path


def test_a_line_says_which_admission_class_its_requests_are_of(router: Router):
    admission = shedding.Admission(None, router)
    for route in ALL:
        by_method = admission.reads if route.method in ("GET", "WEBSOCKET") else admission.writes
        for path in (filled(route.path), filled(route.path) + "/"):
            found = router.find(path)
            kind = admission.class_of(route.method, found)

            if route.method != "WEBSOCKET":  # these are never refused here
                assert kind is {NORMAL: by_method, SLOW: admission.slow, FREE: None}[route.cost], path
            refused = admission.refusal(route.method, path, found)
            assert refused is (shedding.TO_PROGRAMS if route.for_programs else shedding.TO_PEOPLE), path


async def test_what_admission_has_found_is_not_looked_up_again():
    answered: list[str] = []

    class Answering(Line):
        async def __call__(self, scope, receive, send) -> None:
            answered.append(self.route.path)

    application = Application([Answering(Route("GET", "/a", print))], None, None, Sites(Settings(), None), None)  # pyright: ignore
    found = application.router.find("/a")

    await application({"type": "http", "method": "GET", "path": "/b", "headers": [], FOUND: found}, None, None)

    assert answered == ["/a"]


def test_probes_and_nothing_else_are_answered_at_any_host():
    assert {route.path for route in ALL if route.any_site} == {"/health", "/health/ready", "/health/live"}


def test_an_unknown_path_has_no_route(router: Router):
    for path in ("/about/x", "/oauth/nowhere", "/api/v1/statuses/1/nowhere", "/a/b/c/d", "/api", "/x" * 9999):
        assert not router.find(path).endpoints

    assert not Router([line("GET", "/a")]).find("/").endpoints


def test_a_fixed_path_wins_over_one_with_a_parameter():
    router = Router([line("GET", "/{a}/{b}"), line("GET", "/x/mine"), line("POST", "/{a}/{b}/c"), line("GET", "/{a}")])

    assert router.find("/x/mine").endpoints["GET"].route.path == "/x/mine"
    assert router.find("/y/mine").values == ("y", "mine")
    assert list(router.find("/y/mine/c").endpoints) == ["POST"]
    assert router.find("/y/mine").endpoints["HEAD"] is router.find("/y/mine").endpoints["GET"]


def test_put_finds_what_is_changed_by_patch_unless_it_has_a_line_of_its_own():
    only_patch = Router([line("PATCH", "/a")]).find("/a").endpoints
    assert only_patch["PUT"] is only_patch["PATCH"]

    for lines in ([line("PUT", "/{id}"), line("PATCH", "/{id}")], [line("PATCH", "/{id}"), line("PUT", "/{id}")]):
        both = Router(lines).find("/1").endpoints
        assert {method: endpoint.route.method for method, endpoint in both.items()} == {"PUT": "PUT", "PATCH": "PATCH"}
    assert list(Router([line("PUT", "/a")]).find("/a").endpoints) == ["PUT"]  # it may replace what PATCH would keep


def test_two_lines_for_the_same_are_refused():
    for path in ("/a", "/{id}"):
        with pytest.raises(ValueError, match=f"GET {path} is in the route tables twice"):
            Router([line("GET", path), line("GET", path)])


@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_a_path_does_not_have_is_answered_with_those_that_it_has(server, path: str):
    there = {method for method in PATHS[path] if method != "WEBSOCKET"}
    there |= {also for method, also in (("GET", "HEAD"), ("PATCH", "PUT")) if method in there}
    method = next(one for one in ("PATCH", "DELETE", "PUT", "POST") if one not in there)

    answer = requests.request(method, server.url + filled(path), timeout=10)

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == there | {"OPTIONS"}


@pytest.mark.parametrize("path", [path for path in PATHS if "GET" in PATHS[path]])
def test_head_is_get_without_the_body(server, path: str):
    if path.startswith(f"{streams.PATH}/") and not path.endswith("/health"):
        pytest.skip("has no end")
    url = server.url + filled(path)

    got, head = (requests.request(method, url, allow_redirects=False, timeout=10) for method in ("GET", "HEAD"))

    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers.keys() - {"Content-Length"} <= got.headers.keys()
    if "Content-Length" in got.headers and "csrf" not in got.text:
        assert head.headers["Content-Length"] == got.headers["Content-Length"]
