"""Input of any shape, to any route and any form, is accepted or refused with a reason; it is never a 500.

A new route is tried with the parameters of its handler, from the table of routes.
"""

import itertools
import json
import os
import socket
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from client import Person, Server
from visitor import Visitor, logged_in
from world import name_of

from chirrup.http.arguments import Arguments
from chirrup.http.route import Route
from chirrup.programs import ROUTES
from chirrup.social import staff
from chirrup.types import Role
from chirrup.web.routes import ROUTES as PAGES
from chirrup.web.routes import PageRoute

pytestmark = pytest.mark.slow

FUZZ = bool(os.environ.get("CHIRRUP_FUZZ"))
HALF = "\ud800"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
QUERIES = [
    *(
        "{0}[b]=c",
        "{0}[b]=1&{0}[][c]=2",
        "{0}[][c]=2&{0}[b]=1",
        "{0}=1&{0}[b]=2",
        "{0}[b]=2&{0}=1",
        "{0}[]=1&{0}[][c]=2",
    ),
    *("{0}[][c]=1&{0}[][c][d]=2", "{0}[][][]=1", "{0}[0]=1&{0}[1][c]=2", "[{0}]=1", "{0}[=1", "{0}]=1", "{0}"),
    *("{0}=%00", "%00{0}=1", "{0}[%00]=1", "{0}=%ED%A0%80", "%ED%A0%80=1", "{0}=%FF", "{0}=" + "9" * 40),
    *("{0}=" + "9" * 5000, "{0}=-1", "{0}=1e999", "{0}=NaN", "{0}[]=" + "9" * 5000, "{0}[a][b][c][d][e][f][g][h]=1"),
]
VALUES: list[Any] = [
    *(HALF, "\0", [HALF], [[HALF]], {HALF: 1}, {"a": HALF}, [{HALF: [HALF]}], {"id": HALF, "name": HALF}),
    *(2**63, -(2**63) - 1, 10**30, 1.5, -0.0, 1e308, True, None, [], {}, "", [None], [[]], [{}], {"0": {}}, [True]),
]
RAW = [
    *('{"\\ud800": 1}', '{"a": {"\\udfff": 1}}', '{"a[b]": 1, "a[][c]": 2}', '{"a[]": 1, "a": 2}', '{"[": 1}'),
    *('{"a": ' + "9" * 5000 + "}", '{"a": 1e999}', '{"\\u0000": 1}'),
    '{"a": ' * 900 + "1" + "}" * 900,
    '{"a": ' + "[" * 900 + "]" * 900 + "}",
]


def fields_of(route: Route) -> list[str]:
    """The names of its parameters, and one that no route has."""
    signature = Arguments(route.handler)
    kinds = [kind for kind in (signature.query, signature.body) if kind]
    return ["unknown", *dict.fromkeys(field.encode_name for kind in kinds for field in msgspec.structs.fields(kind))]


def in_turns(route: Route, shapes: list[Any]) -> list[tuple[str, Any]]:
    """Each field with one of shapes, and half of shapes with some field; the next route has the other half.

    Over all routes, all combinations occur. `make fuzz`: all of shapes.
    """
    fields, half = fields_of(route), len(shapes) // 2
    begin, count = ROUTES.index(route) * half, max(len(fields), len(shapes) if FUZZ else half)
    return [(fields[n % len(fields)], shapes[(begin + n) % len(shapes)]) for n in range(count)]


@pytest.fixture(scope="module", autouse=True)
def nothing_unexpected(server: Server, admin: Person) -> Any:
    """Other tests find the settings of the site as they were."""
    org = "/api/chirrup/v1/org"
    before, chosen = server.log().count("unexpected error"), admin.get(org).json()
    yield
    assert admin.patch(org, **chosen).ok
    assert server.log().count("unexpected error") == before


def check(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert answer.json()["error"]


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_no_query_or_form_is_a_500(world, admin, route: Route):
    path = world.path(route) if route.method == "GET" else world.filled(route, "117000000000000001")
    for name, shape in in_turns(route, QUERIES):
        query = shape.format(name)
        if route.method == "GET":
            check(admin.call("GET", f"{path}?{query}", allow_redirects=False))
        else:
            check(admin.call(route.method, path, data=query, headers={"Content-Type": FORM}))


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_no_json_is_a_500(world, admin, route: Route):
    path = world.filled(route, "117000000000000001")
    bodies = [json.dumps({name: value}) for name, value in in_turns(route, VALUES)]
    begin = ROUTES.index(route) * 3  # which are the same to all routes: before a handler is called
    for body in (*bodies, *(RAW if FUZZ else [RAW[(begin + n) % len(RAW)] for n in range(3)])):
        check(admin.call(route.method, path, data=body, headers={"Content-Type": JSON}, allow_redirects=False))


ODD = [
    "%00",
    "%ED%A0%80",
    "%FF",
    "\ufffe",
    "%F0%9F%92%A9",
    "9" * 5000,
    "-1",
    "%2F",
    "%0A",
    "..",
    "%20",
    "٣",
    "a" * 3000,
]


@pytest.mark.parametrize("route", [*ROUTES, *PAGES], ids=name_of)
def test_no_path_is_a_500(world, admin, browser, route: Route):
    for odd in ODD if "{" in route.path else ():
        path = route.path
        for part in ("{id}", "{name}", "{hashtag}"):
            path = path.replace(part, quote(odd, safe="%."))
        for handle in (f"@{odd}", f"@{world.user.name}"):
            path = path.replace("{handle}", quote(handle, safe="@%."))
            if isinstance(route, PageRoute):
                answer = browser.send_to(route.method, path, {})
            else:
                answer = admin.call(route.method, path, allow_redirects=False)
            assert answer.status_code < 500, (path, answer.text)


class Browser:
    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.csrf = visitor, visitor.csrf("/settings")

    def send_to(self, method: str, path: str, fields: Any) -> Any:
        data = None if method == "GET" else {"csrf": self.csrf} | fields
        url = self.visitor.url + path
        return self.visitor.session.request(method, url, data=data, allow_redirects=False, timeout=20, stream=True)


@pytest.fixture(scope="module")
def browser(server: Server) -> Browser:
    """Of somebody who looks after the site, and so may see every page."""
    person = server.person()
    server.do(lambda engines: engines.db.write(staff.give_role, int(person.id), Role.OWNER))
    return Browser(logged_in(server, person))


NAMES = ["q", "before", "return_to", "text", "reply_to", "option", "email", "username", "password", "display_name"]
NAMES += ["redirect_uri", "scope", "state", "client_id", "after", "session", "app", "choice", "open_for_s", "language"]


@pytest.mark.parametrize(
    "route", [one for one in PAGES if not one.path.endswith("/live")], ids=lambda one: name_of(one)
)
def test_no_query_or_form_of_a_page_is_a_500(world, browser, route: PageRoute):
    if route.path in ("/logout", "/settings/sessions", "/settings/password"):
        pytest.skip("ends the login of the browser")
    path = route.path.replace("{handle}", f"@{world.user.name}").replace("{id}", world.ids["statuses"])
    path = path.replace("{name}", "there")
    for value in ("\0", "\ufffe", "9" * 5000, "-1", "", "%", "\u202e", "a" * 70_000 if route.method == "POST" else "a"):
        sent = dict.fromkeys(NAMES, value)
        if route.method == "POST":
            answer = browser.send_to("POST", path, sent)
        else:
            answer = browser.send_to("GET", f"{path}?{'&'.join(f'{k}={quote(v)}' for k, v in sent.items())}", {})
        assert answer.status_code < 500, answer.text
    for query in ("q=%ED%A0%80", "q=%FF", "%00=1", "a[b]=1&a[][c]=2", "before=%FF"):
        assert browser.send_to(route.method, f"{path}?{query}", {}).status_code < 500


HEADERS = [
    *("Authorization", "Content-Type", "Cookie", "Host", "Origin", "Idempotency-Key", "If-None-Match", "Range"),
    *("Last-Event-ID", "HX-Request", "Accept-Language", "X-Forwarded-For", "Referer", "Sec-Fetch-Site", "Accept"),
]
ODD_BYTES = [
    b"\xff\xfe",
    b"Basic \xff",
    b"Basic ////",
    b"Bearer \xff",
    b"http://[",
    b"multipart/form-data; boundary=\xff",
]
ODD_BYTES += [b"multipart/form-data; boundary*=utf-8''%ff", b"9" * 5000, b'"', b"chirrup=\xff", b"bytes=-", b'a;b="\\']
TARGETS = ["GET /api/v1/timelines/home", "POST /api/v1/statuses", "POST /oauth/token", "GET /home", "POST /login"]
TARGETS += ["GET /api/v1/streaming/public", "GET /static/avatar.png", "GET /nowhere", "OPTIONS /api/v1/nowhere"]


@pytest.mark.parametrize("target", TARGETS)
def test_no_header_is_a_500(server, target: str):
    for name, value in itertools.product(HEADERS, ODD_BYTES):
        host = b"" if name == "Host" else b"Host: a\r\n"
        head = f"{target} HTTP/1.1\r\n{name}: ".encode() + value + b"\r\nConnection: close\r\nContent-Length: 0\r\n"
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(head + host + b"\r\n")
            status = connection.recv(100).split(b" ")[1]
        assert int(status) < 500, (name, value)
