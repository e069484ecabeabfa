"""Pages and static files are compressed if the client accepts it; their length reveals no secret."""

import gzip
import re
import zlib

import pytest
import requests
from visitor import Visitor, logged_in

from chirrup.access import sessions
from chirrup.errors import Forbidden
from chirrup.web.compression import takes_gzip
from chirrup.web.pages import static_files


def raw(url: str, accepted: str | None, **headers: str) -> tuple[requests.Response, bytes]:
    """(answer, its bytes before decompression)."""
    asked = headers | {"Accept-Encoding": accepted or "identity"}
    answer = requests.get(url, headers=asked, stream=True, timeout=10)
    return answer, answer.raw.read(decode_content=False)


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("GZIP;q=0.001", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("x-gzip", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*;q=1, gzip;q=0", False),
        ("gzipped", False),
        (";;;,,gzip;q=x", True),
    ],
)
def test_who_takes_gzip(accepted: str, takes: bool):
    assert takes_gzip(accepted) == takes


@pytest.mark.parametrize("path", ["/about", "/public", "/login", "/nope", "/nope/nope"])
def test_a_page_is_packed(server, ann, path):
    for n in range(3):
        ann.say(f"number {n}")
    plain, whole = raw(server.url + path, None)
    answer, packed = raw(server.url + path, "gzip, br")

    assert "Content-Encoding" not in plain.headers
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(packed) < len(whole)
    assert [one.headers["Vary"] for one in (plain, answer)] == ["Cookie, HX-Request, Accept-Encoding"] * 2
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"</html>" in gzip.decompress(packed)


@pytest.mark.parametrize("name", [name for name in static_files() if not name.endswith(".md")])
def test_static_files_are_packed_where_that_saves_something(server, name):
    url = f"{server.url}/static/{name}"
    plain, whole = raw(url, None)
    answer, sent = raw(url, "gzip")

    assert (zlib.decompress(sent, 31) if answer.headers.get("Content-Encoding") else sent) == whole
    assert answer.headers.get("Content-Encoding") == "gzip" or name.endswith((".png", ".ico"))  # packed already
    assert len(sent) <= len(whole)
    assert plain.headers["Vary"] == answer.headers["Vary"] == "Accept-Encoding"
    for accepted, tag in ((None, plain.headers["ETag"]), ("gzip", answer.headers["ETag"])):
        again, nothing = raw(url, accepted, **{"If-None-Match": f'"x", W/{tag}'})
        assert (again.status_code, nothing) == (304, b"")
    if "Content-Encoding" in answer.headers:
        assert plain.headers["ETag"] != answer.headers["ETag"]


def tokens(visitor: Visitor, path: str) -> set[str]:
    return set(re.findall(r'name="csrf" value="(\w+)"', visitor.get(path).text))


def test_the_csrf_token_differs_on_each_page_and_all_of_them_are_valid(server, anns, ann, bob):
    post = bob.say("one of many forms")
    path = f"/@{bob.name}/{post['id']}"

    drawn = [tokens(anns, path) for _ in range(4)]

    assert [len(one) for one in drawn] == [1] * 4
    assert len(set.union(*drawn)) == 4
    for token in set.union(*drawn):
        assert anns.send(f"{path}/favourite", {"csrf": token}).status_code == 303
        assert logged_in(server, bob).send(f"{path}/favourite", {"csrf": token}).status_code == 403


@pytest.mark.parametrize(
    "sent", ["", "x", "0" * 64, "é" * 64, "0" * 63 + "\n", "A" * 64, "٣" * 64, "0" * 128, "\ud800" * 64]
)
def test_an_invalid_csrf_token_is_refused(sent):
    sessions.check_csrf("cookie", sessions.csrf_token("cookie"))
    with pytest.raises(Forbidden):
        sessions.check_csrf("cookie", sent)
    with pytest.raises(Forbidden):
        sessions.check_csrf("", sessions.csrf_token(""))
