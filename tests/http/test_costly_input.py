"""Any input costs the server little: the worst patterns for each of its readers.

CPU time of the server's process is measured, so a busy machine does not matter.
"""

import itertools
import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from client import Person, Server

pytestmark = pytest.mark.slow

COST_S_MAX = 0.1
LARGE = 60_000  # bytes; a request's head may have 64 KiB
SIGNS = (
    *("\\", '"', '\\"', ",", ";", " ", "\t", "=", "a=b;", "a=b,", "(", ")", "%", "%25", "&", "[", "a[", "[]", "{", "<"),
    *(
        "../",
        ".",
        ":",
        "@",
        "-",
        "0",
        "a",
        " a",
        "é",
        "日",
        "\u202e",
        "q=0.1,",
        "a;q=0,",
        '"a",',
        "1.2.3.4, ",
        "[::1]:1,",
    ),
)
IN_BODIES = (
    *(
        "a[b]=1&",
        "a[]=1&",
        "a[][b]=1&",
        "a=1&",
        "&=",
        "\r\n",
        "\r",
        "--b",
        "\r\n--b",
        "\r\n--b\r\n",
        '{"a":',
        "[1,",
        '"a",',
    ),
    *(
        "\\u0041",
        "&amp;",
        "<a",
        "@a ",
        "#a ",
        "http://a.b ",
        "a.b ",
        "@a@b.c ",
        "\u0301",
        "👨‍👩‍👧‍👦",
        "\u200d",
        "\u3000",
    ),
    '\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n',
)
# Each header that we or a library parse, with a frame for the pattern in which the parser continues.
HEADERS: dict[str, tuple[tuple[str, str], ...]] = {
    "accept": (("text/html;a=", ""),),
    "accept-language": (("en;q=", ""),),
    "authorization": (("Bearer ", ""),),
    "connection": (("close, ", ""),),
    "content-encoding": (),
    "content-length": (),
    "content-type": (
        ("multipart/form-data; boundary=", ""),
        ('multipart/form-data; boundary="', '"'),
        ("application/x-www-form-urlencoded;", "x"),
    ),
    "cookie": (('chirrup="', '"'), ("a=b; chirrup=", '; a="'), ("__Host-chirrup=", "")),
    "host": (),
    "hx-current-url": (("http://x/", ""),),
    "idempotency-key": (('"', '"'),),
    "if-none-match": (('"', '"'),),
    "last-event-id": (("1-", ""),),
    "origin": (("http://", ""), ("http://[", "]")),
    "range": (("bytes=", ""), ("bytes=0-", "-1")),
    "referer": (("http://", ""),),
    "sec-websocket-extensions": (("permessage-deflate;", ""),),
    "sec-websocket-key": (),
    "sec-websocket-protocol": (),
    "sec-websocket-version": (),
    "traceparent": (("00-", "-01"),),
    "user-agent": (),
    "x-forwarded-for": (("1.2.3.4, ", ""), ("", ", 127.0.0.1")),
    "x-request-id": (),
}
OPENING = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
PLACES = {
    "API": ("GET /api/v1/timelines/public", ""),
    "page": ("GET /about", ""),
    "form": ("POST /login", "Content-Length: 3\r\n"),
    "media": ("GET /media/1/a.png", ""),
    "server-sent events": ("GET /api/v1/streaming/public", ""),
    "WebSocket": ("GET /api/v1/streaming?stream=public", OPENING),
}


@pytest.fixture(scope="module")
def cautious(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that reads X-Forwarded-For, too."""
    with Server(tmp_path_factory.mktemp("cautious") / "data", env={"CHIRRUP_TRUSTED_PROXIES": "127.0.0.1"}) as server:
        yield server


@pytest.mark.parametrize("place", PLACES)
def test_no_header_costs_much_whatever_is_in_it(cautious: Server, place: str):
    line, more = PLACES[place]

    for name, frames in HEADERS.items():
        own = "".join(one + "\r\n" for one in more.split("\r\n") if one and not one.lower().startswith(f"{name}:"))
        host = "" if name == "host" else "Host: x\r\n"
        for (begin, end), sign in itertools.product((("", ""), *frames), SIGNS):
            value = begin + _many(sign, LARGE) + end
            request = f"{line} HTTP/1.1\r\n{host}{own}{name}: {value}\r\n\r\n{'a=b' if line[0] == 'P' else ''}".encode()

            assert _cost_s(cautious, request) < COST_S_MAX, (name, begin, sign)


def test_no_query_or_path_costs_much_whatever_is_in_it(cautious: Server):
    ann = cautious.person()
    places = ("timelines/public?", "timelines/public?limit=", "accounts/lookup?acct=", "timelines/tag/", "statuses/")
    pages = ("/search?q=", "/login?return_to=", "/oauth/authorize?client_id=", "/@", "/tags/", "/api/v2/search?q=", "/")

    for place, sign in itertools.product((*(f"/api/v1/{one}" for one in places), *pages), (*SIGNS, *IN_BODIES)):
        plain = sign if re.fullmatch(r"[!$&-;=?-Z\[\]_a-z~%]+", sign) else quote(sign)
        request = f"GET {place}{_many(plain, LARGE)} HTTP/1.1\r\nHost: x\r\n{_bearer(ann)}\r\n"

        assert _cost_s(cautious, request.encode()) < COST_S_MAX, (place, sign)


def _json(filled: str) -> str:
    return json.dumps({"status": filled})


def _part(head: str) -> str:
    return f"--b\r\nContent-Disposition: form-data; {head}\r\n--b--\r\n"


MULTIPART = "multipart/form-data; boundary=b"
BODIES = {
    "JSON": ("application/json", "{}"),
    "a list in JSON": ("application/json", '{"media_ids":[{}1]}'),
    "a form": ("application/x-www-form-urlencoded", "{}"),
    "a field of a form": ("application/x-www-form-urlencoded", "status={}"),
    "multipart": (MULTIPART, "{}"),
    "a multipart value": (MULTIPART, _part('name="status"\r\n\r\n{}')),
    "a part's disposition": (MULTIPART, _part("{}\r\n\r\nx")),
    "a part's name": (MULTIPART, _part('name="{}"\r\n\r\nx')),
    "a file's name": (MULTIPART, _part('name="file"; filename="{}"\r\n\r\nx')),
    "a file's encoded name": (MULTIPART, _part("name=\"file\"; filename*=UTF-8''{}\r\n\r\nx")),
    "a file's type": (MULTIPART, _part('name="file"; filename="x"\r\nContent-Type: {}\r\n\r\nx')),
    "a part's headers": (MULTIPART, _part('name="file"\r\n{}\r\n\r\nx')),
}


@pytest.mark.parametrize("kind", BODIES)
def test_no_body_costs_much_whatever_is_in_it(cautious: Server, kind: str):
    ann = cautious.person()
    csrf = cautious.anyone().get("/login").headers["Set-Cookie"].partition(";")[0]
    content_type, form = BODIES[kind]
    places = {"/api/v1/statuses": _bearer(ann), "/api/v1/media": _bearer(ann), "/login": f"Cookie: {csrf}\r\n"}

    for (place, who), sign in itertools.product((places | {"/oauth/token": ""}).items(), (*SIGNS, *IN_BODIES)):
        request = _post(place, who, content_type, form.replace("{}", _many(sign, LARGE)))

        assert _cost_s(cautious, request) < COST_S_MAX, (place, sign)


@pytest.mark.parametrize("sign", ["a.b ", "@a@b.c ", "#a ", "日", "👨‍👩‍👧‍👦"])
def test_a_text_that_is_far_too_long_is_not_searched(cautious: Server, sign: str):
    ann = cautious.person()

    cost_s = _cost_s(cautious, _post("/api/v1/statuses", _bearer(ann), "application/json", _json(_many(sign, 300_000))))

    assert cost_s < COST_S_MAX
    assert ann.post("/api/v1/statuses", status=_many(sign, 300_000)).status_code == 422


def _many(sign: str, size: int) -> str:
    return sign * (size // len(sign.encode()))


def _bearer(person: Person) -> str:
    return f"Authorization: Bearer {person.token}\r\n"


def _post(place: str, who: str, content_type: str, body: str) -> bytes:
    data = body.encode()
    head = (
        f"POST {place} HTTP/1.1\r\nHost: x\r\n{who}Content-Type: {content_type}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def _cost_s(server: Server, request: bytes) -> float:
    """CPU time until an answer begins; if it is too much, measured again when other tasks of the server are done."""
    return next((cost_s for _ in range(3) if (cost_s := _cost_once_s(server, request)) < COST_S_MAX), COST_S_MAX)


def _cost_once_s(server: Server, request: bytes) -> float:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        before = server.cpu_s()
        try:
            raw.sendall(request)
            answer = raw.recv(65536)
        except (ConnectionResetError, BrokenPipeError):  # the server refused it before the end
            answer = b""
        cost_s = server.cpu_s() - before
    assert answer.startswith(b"HTTP/1.1 ") or not answer, answer[:100]
    return cost_s
