"""Clients that are pages of other sites: the browser lets them see every answer."""

import re

import pytest
import requests
from http_peer import Peer, get
from world import name_of

from chirrup.http.route import Route
from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow

PAGE = {"Origin": "https://client.example"}
NOWHERE = ["/api/v1/nowhere", "/api/v9/", "/oauth/nowhere", "/.well-known/nowhere", "/nodeinfo/9", "/health/nowhere"]
NOWHERE += ["/media/files/1/nothing.png", "/api/v1/media/1/2/3", "/api/v2/media/1", "/api/v1/streaming/nowhere"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"]


def preflight(url: str, method: str) -> requests.Response:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
    return requests.options(url, headers=PAGE | asked, timeout=10)


def check_cors(answer: requests.Response) -> None:
    assert answer.headers["Access-Control-Allow-Origin"] == "*", answer.status_code
    assert "Access-Control-Allow-Credentials" not in answer.headers
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert {"Link", "Retry-After", "X-RateLimit-Remaining"} <= set(re.split(", *", exposed))


@pytest.mark.parametrize("path", [*NOWHERE, "/oauth/authorize", "/api/v1/streaming/public", "/api/v1/streaming"])
def test_every_preflight_is_answered(server, path):
    """Also for paths that do not exist: after a refused preflight, a browser hides the 404."""
    for method in METHODS:
        answer = preflight(server.url + path, method)

        assert answer.status_code == 204
        check_cors(answer)
        allowed = answer.headers["Access-Control-Allow-Methods"].split(", ")
        assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(allowed)
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_every_answer_may_be_seen_by_pages_of_other_sites(world, route: Route):
    path = world.path(route)
    assert route.for_programs
    check_cors(preflight(world.server.url + path, route.method))
    for person in (world.nobody, world.user):
        check_cors(person.call(route.method, path, headers=PAGE, json={}, allow_redirects=False))
    broken = {"data": "{", "headers": PAGE | {"Content-Type": "application/json"}}
    check_cors(world.user.call(route.method, path, allow_redirects=False, **broken))
    check_cors(world.nobody.call(route.method, path, allow_redirects=False, headers={"Authorization": "Bearer no"}))


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_there_is_said_to_pages_of_other_sites_too(world, path):
    for method in METHODS[:-1]:
        answer = world.user.call(method, path, headers=PAGE)

        assert answer.status_code in (404, 405)
        check_cors(answer)
        if method != "HEAD" and path.startswith("/api/"):
            assert answer.json()["error"]


def test_an_update_of_media_in_version_2_is_not_there(world):
    """Clients that get a 404 use version 1."""
    path = f"/api/v2/media/{world.picture()['id']}"

    answer = world.user.call("PUT", path, headers=PAGE, json={"description": "a bird"})

    assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})
    check_cors(answer)
    assert world.user.call("PUT", path.replace("v2", "v1"), json={"description": "a bird"}).ok


def test_wrong_methods_and_large_bodies_are_refused_for_all_to_see(world):
    answer = world.user.call("DELETE", "/api/v1/timelines/home", headers=PAGE)
    assert answer.status_code == 405
    check_cors(answer)

    answer = world.user.call("POST", "/api/v1/statuses", headers=PAGE, data=b"x" * 1_100_000)
    assert answer.status_code == 413
    check_cors(answer)


NO_REQUESTS = {
    "no request line": b"hello\r\n\r\n",
    "a method that nobody knows": get("/api/v1/instance").replace(b"GET", b"g\xc3\xa9t"),
    "a version to come": get("/api/v1/instance").replace(b"1.1", b"9.9"),
    "a header without a name": get("/api/v1/instance", ": x\r\n"),
    "two lengths": get("/api/v1/instance", "Content-Length: 1\r\nContent-Length: 2\r\n"),
    "a head that is too large": get("/api/v1/instance", f"X: {'x' * 70_000}\r\n"),
    "a chunk without a length": get("/api/v1/instance", "Transfer-Encoding: chunked\r\n") + b"x\r\n",
}


@pytest.mark.parametrize("sent", NO_REQUESTS.values(), ids=NO_REQUESTS)
def test_what_is_no_request_is_refused_for_all_to_see(server, sent: bytes):
    status, _, rest = Peer(server, sent).rest().partition(b"\r\n")

    head, _, body = rest.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().title().split("\r\n"))
    assert status.startswith(b"HTTP/1.1 400 ")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert (headers["Connection"], headers["Content-Length"]) == ("Close", str(len(body)))


@pytest.mark.parametrize("name", ["avatar.png", "header.png", "icon.svg"])
def test_pictures_may_be_read_by_pages_of_other_sites(server, name):
    for method in ("GET", "HEAD"):
        answer = requests.request(method, f"{server.url}/static/{name}", headers=PAGE, timeout=10)

        assert answer.ok
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
