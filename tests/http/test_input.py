"""Input in any encoding and size, broken or hostile, is stored as meant, or refused with a reason."""

import gzip
import socket
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from client import Person, Server, eventually
from naughty import NAUGHTY

pytestmark = pytest.mark.slow

STATUSES = "/api/v1/statuses"
UPDATE = "/api/v1/accounts/update_credentials"
FORM = "application/x-www-form-urlencoded"
MIB = 1024 * 1024


@contextmanager
def cpu_below(server: Server, seconds: float) -> Iterator[None]:
    before = server.cpu_s()
    yield
    assert server.cpu_s() - before < seconds


def send(person: Person, body: bytes, kind: str = "application/json", *, path: str = STATUSES, **headers: str) -> Any:
    return person.call("POST", path, data=body, headers={"Content-Type": kind} | headers)


def refused(answer: requests.Response, *statuses: int) -> None:
    assert answer.status_code in (statuses or (400, 422)), answer.text[:300]
    assert answer.json()["error"]


# text


@pytest.mark.parametrize(
    "body",
    [
        b'{"status": "caf\xe9"}',  # Latin-1
        b'{"status": "\xc0\xaf"}',  # overlong
        b'{"status": "\xed\xa0\x80"}',  # a surrogate as UTF-8
        b'{"status": "\xf4\x90\x80\x80"}',  # above U+10FFFF
        b'{"status": "half a pair \\ud83d"}',
        b'{"status": "the other half \\ude00"}',
        b'{"status": "pairs the wrong way \\ude00\\ud83d"}',
        b'{"status": "a\\u0000b"}',
        b'{"status": "a", "spoiler_text": "\\u0000"}',
        b'{"status": "a", "poll": {"options": ["\\ud83d", "b"], "expires_in": 600}}',
        '{"status": "UTF-16"}'.encode("utf-16"),
    ],
)
def test_json_with_text_that_is_none_is_refused(ann, body):
    refused(send(ann, body))


@pytest.mark.parametrize(
    "body", [b"status=caf%E9", b"status=caf\xe9", b"status=%C0%AF", b"status=%ED%A0%80", b"status=a%00b"]
)
def test_forms_with_text_that_is_none_are_refused(ann, body):
    refused(send(ann, body, FORM))


@pytest.mark.parametrize("text", [b"caf\xe9", b"a\0b", b"\xed\xa0\x80"])
def test_multipart_with_text_that_is_none_is_refused(ann, text):
    body = b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\n' + text + b"\r\n--x--\r\n"

    refused(send(ann, body, "multipart/form-data; boundary=x"))


@pytest.mark.parametrize("query", ["q=caf%E9", "q=%ED%A0%80", "q=a%00b", "q=%C0%AF"])
def test_queries_with_text_that_is_none_are_refused(ann, query):
    refused(ann.get(f"/api/v2/search?{query}"), 400)


@pytest.mark.parametrize("name", ["caf%E9", "a%00b", "%ED%A0%80", "%EF%BF%BE", "%EF%BB%BF"])
def test_paths_with_text_that_is_none_lead_nowhere(ann, name):
    for path in (f"/api/v1/timelines/tag/{name}", f"/api/v1/tags/{name}"):
        answer = ann.get(path)
        assert answer.status_code == 404 or answer.json() == [] or "name" in answer.json(), answer.text


@pytest.mark.parametrize("sent", ["\ufeffword", "wo\ufffer\ufffed", "word\u0007\u001b", "wo\u200brd"])
def test_what_is_kept_of_odd_characters_is_the_same_wherever_it_is_read(ann, bob, sent):
    made = ann.say(sent)

    assert "\ufeff" not in made["content"]
    assert "\ufffe" not in made["content"]
    assert "\u0007" not in made["content"]
    assert bob.get(f"{STATUSES}/{made['id']}").json()["content"] == made["content"]
    assert ann.get(f"{STATUSES}/{made['id']}/source").json()["text"] in made["content"]


def test_a_byte_order_mark_before_json_is_refused(ann):
    refused(send(ann, b'\xef\xbb\xbf{"status": "hi"}'))


# JSON


@pytest.mark.parametrize(
    "body",
    [
        b'{"status": NaN}',
        b'{"status": "a", "poll": {"expires_in": Infinity}}',
        b'{"status": "a", "x": -Infinity}',
        b'{"status": "a", "x": 1e400}',
        b'{"status": "a", "in_reply_to_id": 1e400}',
        b'{"status": "a", "in_reply_to_id": 9223372036854775808}',
        b'{"status": "a", "in_reply_to_id": "9223372036854775808"}',
        b'{"status": "a", "in_reply_to_id": 1' + b"0" * 5000 + b"}",
        b'{"status": "a", "poll": {"options": ["a", "b"], "expires_in": 99999999999999999999}}',
        b'{"status": "a", "status": "b"}',
        b'{"status": "a", "poll": {"options": ["a", "b"], "options": ["c", "d"], "expires_in": 600}}',
        b'{"status": "a"} {"status": "b"}',
        b'{"status": "a"}]',
        b'{"status": "a",}',
        b"{'status': 'a'}",
        b'["status"]',
        b'"status"',
        b"null",
        b"{",
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"status": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda body: body[:60].decode(),
)
def test_json_that_is_none_or_means_two_things_is_refused_at_once(ann, server, body):
    with cpu_below(server, 0.1):
        refused(send(ann, body))


@pytest.mark.parametrize("number", ["9223372036854775808", "-1", "0", "1e3", "1.0", "1.5", "true", "[]", '"x"', "{}"])
def test_ids_in_bodies_that_cannot_be_are_refused(ann, number):
    answer = send(ann, f'{{"status": "a", "media_ids": [{number}]}}'.encode())

    refused(answer, 400, 422)


# sizes


def test_a_body_over_the_limit_is_refused_whatever_it_says_about_its_size(ann):
    body = b'{"status": "' + b"a" * (2 * MIB) + b'"}'

    refused(send(ann, body), 413)
    refused(send(ann, iter([body[i : i + 65536] for i in range(0, len(body), 65536)])), 413)  # pyright: ignore


def test_compressed_bodies_are_not_read(ann, server):
    with cpu_below(server, 0.1):
        refused(send(ann, gzip.compress(b'{"status": "hi"}'), **{"Content-Encoding": "gzip"}), 415)
        refused(send(ann, gzip.compress(b"\0" * 64 * MIB), **{"Content-Encoding": "gzip"}), 413, 415)


def test_bodies_of_types_that_are_not_spoken_are_refused(ann):
    for kind in ("text/plain", "application/xml", "text/json", "application/msgpack"):
        refused(send(ann, b'{"status": "hi"}', kind), 400, 415)


def test_too_many_fields_are_refused(ann, server):
    with cpu_below(server, 0.2):
        refused(send(ann, b"&".join(b"a[b][c%d]=1" % n for n in range(2000)), FORM))
        refused(send(ann, b"a" + b"[b]" * 1000 + b"=1", FORM))
        refused(ann.get("/api/v2/search?" + "&".join(f"q{n}=1" for n in range(2000))), 400)


# one write in three ways


POLL = {"options": ["yes & no", "ünï"], "expires_in": 600, "multiple": True, "hide_totals": False}
WHOLE = {
    "status": "Grüße, 世界 & <b>",
    "spoiler_text": "ü",
    "sensitive": True,
    "language": "de",
    "visibility": "unlisted",
}
FLAT = {key: str(value).lower() if value is True else value for key, value in WHOLE.items()}
PARTS = [
    ("poll[options][]", "yes & no"),
    ("poll[options][]", "ünï"),
    ("poll[expires_in]", "600"),
    ("poll[multiple]", "true"),
    ("poll[hide_totals]", "0"),
]


def test_a_form_multipart_and_json_make_the_same_post(ann):
    fields = [*FLAT.items(), *PARTS]
    answers = [
        ann.call("POST", STATUSES, json=WHOLE | {"poll": POLL}),
        ann.call("POST", STATUSES, json=FLAT | {"poll": POLL | {"expires_in": "600", "multiple": "true"}}),
        ann.call("POST", STATUSES, data=fields),
        ann.call("POST", STATUSES, files=[(name, (None, value)) for name, value in fields]),
        ann.call("POST", STATUSES, params=fields),
        ann.call("POST", STATUSES, params=PARTS, json=WHOLE),
    ]

    first, *others = [_essence(answer) for answer in answers]
    assert first["poll"]["options"] == [{"title": t, "votes_count": 0} for t in POLL["options"]]
    assert (first["poll"]["multiple"], first["sensitive"], first["language"]) == (True, True, "de")
    for other in others:
        assert other == first


def _essence(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    post = answer.json()
    for name in ("id", "created_at", "uri", "url", "account"):
        del post[name]
    for name in ("id", "expires_at"):
        del post["poll"][name]
    return post


def test_one_value_without_brackets_is_a_list_of_it(ann, bob):
    post = bob.say(f"hi @{ann.name}")
    bob.follow(ann)
    eventually(lambda: len(ann.get("/api/v1/notifications").json()) == 2)
    ann.post("/api/v1/markers", home={"last_read_id": post["id"]})
    poll = ann.say("?", poll=POLL)["poll"]

    assert [one["type"] for one in ann.get("/api/v1/notifications", types="mention").json()] == ["mention"]
    assert ann.get("/api/v1/markers", timeline="home").json().keys() == {"home"}
    assert [one["id"] for one in ann.get(STATUSES, id=post["id"]).json()] == [post["id"]]
    assert [one["id"] for one in ann.get("/api/v1/accounts/relationships", id=bob.id).json()] == [bob.id]
    for vote in ({"json": {"choices": 1}}, {"data": {"choices": "1"}}):
        voter = ann.server.person()
        assert voter.call("POST", f"/api/v1/polls/{poll['id']}/votes", **vote).json()["own_votes"] == [1]


@pytest.mark.parametrize(
    "fields",
    [
        [("poll", "yes")],
        [("poll[options]", "yes")],
        [("poll[options][a]", "yes")],
        [("poll[options][][b]", "yes")],
        [("poll[expires_in]", "soon"), ("poll[options][]", "a")],
        [("poll[expires_in][]", "600"), ("poll[options][]", "a")],
        [("sensitive[]", "true")],
        [("media_ids", "1")],
        [("media_ids[a]", "1")],
        [("in_reply_to_id[]", "1")],
        [("status[]", "a")],
        [("status[a]", "b")],
        [("spoiler_text[][a]", "b")],
        [("poll[a]", "b"), ("poll", "c")],
        [("poll", "c"), ("poll[a]", "b")],
        [("media_ids[]", "1"), ("media_ids[a]", "b")],
        [("[]", "1"), ("[a]", "b"), ("]", "c"), ("[", "d"), ("poll", "e")],
    ],
    ids=str,
)
def test_fields_of_the_wrong_type_are_refused(ann, fields):
    whole = [("status", "hi"), *fields]
    answers = [
        ann.call("POST", STATUSES, data=whole),
        ann.call("POST", STATUSES, files=[(k, (None, v)) for k, v in whole]),
    ]

    for answer in answers:
        refused(answer)
    assert answers[0].status_code == answers[1].status_code


@pytest.mark.parametrize(
    "key", ["status", "spoiler_text", "visibility", "language", "sensitive", "in_reply_to_id", "media_ids", "poll"]
)
@pytest.mark.parametrize("value", [{"options": 1}, [{"a": [1]}], 10**30, -1.5, "\x7f", True], ids=str)
def test_json_values_of_the_wrong_type_are_refused(ann, key, value):
    answer = ann.call("POST", STATUSES, json={"status": "hi"} | {key: value})

    if answer.status_code != 200:
        refused(answer)
    else:
        assert (key, value) in (
            ("language", "\x7f"),
            ("spoiler_text", "\x7f"),
            ("sensitive", True),
            ("sensitive", "\x7f"),
        )


def test_files_where_text_is_wanted_are_refused(ann):
    refused(ann.call("POST", STATUSES, files={"status": ("a.txt", b"hi", "text/plain")}))
    refused(ann.call("POST", STATUSES, files={"media_ids[]": ("a.txt", b"1")}, data={"status": "hi"}))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x--\r\n",
        b"--x\r\n",
        b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\nhi',
        b"--x\r\nContent-Disposition: form-data\r\n\r\nhi\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: attachment\r\n\r\nhi\r\n--x--\r\n",
        b"--x\r\nno header\r\n\r\nhi\r\n--x--\r\n",
        b"--y\r\n\r\nhi\r\n--y--\r\n",
        b"--x" * 50_000,
        b'--x\r\nContent-Disposition: form-data; name="' + b"a" * 100_000 + b'"\r\n\r\nhi\r\n--x--\r\n',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_multipart_that_is_none_is_refused(ann, body):
    refused(send(ann, body, "multipart/form-data; boundary=x"))


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 5000]
)
def test_multipart_without_a_usable_boundary_is_refused(ann, kind):
    refused(send(ann, b"--\r\n\r\n----\r\n", kind))


# long and hostile


K100 = 100_000
LONG = {
    "at": "@" * K100,
    "hash": "#" * K100,
    "mentions": "@a" * (K100 // 2),
    "mention words": "@a " * (K100 // 3),
    "tags": "#a" * (K100 // 2),
    "tag words": "#ab1 " * (K100 // 5),
    "brackets": "(" * K100,
    "pairs": "()" * (K100 // 2),
    "slashes": "http://" + "/" * K100,
    "url": "http://example.com/" + "a" * K100,
    "urls": "http://a.co " * (K100 // 12),
    "urls in brackets": "http://a.co/(" * (K100 // 13),
    "dots": "a." * (K100 // 2),
    "dashes": "a-" * (K100 // 2) + ".com",
    "hosts": "a.com" * (K100 // 5),
    "spaces": " " * K100 + "a",
    "lines": "\n" * K100 + "a",
    "marks": "a" + "\u0301" * (K100 // 2),
    "family": "👨‍👩‍👧‍👦" * (K100 // 25),
    "flags": "🇩" * (K100 // 4),
    "joiners": "\u200d" * (K100 // 3),
    "quotes": '"' * K100,
    "stars": "*" * K100,
    "near": "NEAR(" * (K100 // 5),
    "ands": "a AND " * (K100 // 6),
    "percent": "%" * K100,
    "underscores": "_" * K100,
    "backslashes": "\\" * K100,
    "html": "<b>" * (K100 // 3),
    "entities": "&amp;" * (K100 // 5),
    "hangul": "\u1100" * (K100 // 3),
}


@pytest.mark.parametrize("name", LONG)
def test_long_hostile_text_costs_little(server, ann, name):
    text = LONG[name]
    with cpu_below(server, 0.2):
        made = ann.post(STATUSES, status=text)
        assert (made.status_code == 422) != (text.strip() == "a")
    with cpu_below(server, 0.2):
        assert ann.post(STATUSES, status="a", spoiler_text=text).status_code == made.status_code
    with cpu_below(server, 0.2):
        assert ann.patch(UPDATE, display_name=text, note=text).status_code == made.status_code
    with cpu_below(server, 0.2):
        assert ann.call("GET", "/api/v2/search", params={"q": text[:20_000]}).status_code in (200, 400, 414)


@pytest.mark.parametrize("name", LONG)
def test_hostile_text_as_long_as_may_be_costs_little_to_write_and_to_show(server, ann, name):
    text = LONG[name][:500]
    with cpu_below(server, 0.2):
        made = ann.post(STATUSES, status=text)
        assert made.status_code in (200, 422), made.text
        ann.get("/api/v1/timelines/home")
        found = ann.get("/api/v2/search", q=text, type="statuses")
        assert found.status_code == 200, found.text


@pytest.mark.parametrize(
    "q",
    [
        *(
            "alph*",
            "alpha OR gamma",
            "alpha AND beta",
            "alpha NOT gamma",
            "NEAR(alpha beta)",
            "words:alpha",
        ),
        *("al%", "alph_", "alpha' OR 'a'='a", 'alpha" OR "gamma', "*)(uid=*", "{alpha gamma}", '"', "*", "-", "\\"),
    ],
)
def test_what_is_syntax_elsewhere_is_words_in_a_search(ann, q):
    """The post has two words. Every other word in the search, also NOT or OR, is one that it lacks."""
    ann.say("alpha gamma")
    eventually(lambda: ann.get("/api/v2/search", q="alpha gamma").json()["statuses"])

    found = ann.get("/api/v2/search", q=q)

    assert found.status_code == 200, found.text
    assert bool(found.json()["statuses"]) == (q == "{alpha gamma}")


# headers


NASTY = 'a\r\nX-Evil: 1\r\n\r\n<script>, <http://evil>; rel="next"'


def test_nothing_sent_breaks_out_of_a_header(server, ann):
    for n in range(2):
        ann.say(f"post {n}")

    page = ann.get("/api/v1/timelines/home", limit="1", evil=NASTY, **{NASTY: "b", f"x{NASTY}[]": "c"})

    assert "X-Evil" not in page.headers
    links = requests.utils.parse_header_links(page.headers["Link"])
    assert [link["rel"] for link in links] == ["next", "prev"]
    assert all(link["url"].startswith(f"{server.url}/api/v1/timelines/home?") for link in links)
    assert ann.get(links[0]["url"]).json()[0]["content"] == "<p>post 0</p>"


def raw(server: Server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "line",
    [
        b"GET /api/v1/timelines/tag/caf\xc3\xa9 HTTP/1.1",
        b"GET /api/v1/timelines/tag/caf\xe9 HTTP/1.1",
        b"GET /api/v2/search?q=caf\xc3\xa9 HTTP/1.1",
        b"GET /api/v2/search?q=caf\xe9 HTTP/1.1",
        b"GET /api/v1/timelines/public?limit=\xff HTTP/1.1",
        b"GET //api/v1/timelines/public HTTP/1.1",
        b"GET /api/v1/../v1/timelines/public HTTP/1.1",
        b"GET /api/v1/statuses/%2e%2e%2f HTTP/1.1",
        b"GET http://evil.example/api/v1/timelines/public HTTP/1.1",
        b"GET /api/v1/timelines/public HTTP/1.1\r\nAuthorization: Bearer caf\xe9",
        b"GET /api/v1/timelines/public HTTP/1.1\r\nAuthorization: \xff\xfe",
        b"GET /api/v1/timelines/public HTTP/1.1\r\nAuthorization: Basic x",
        b"POST /api/v1/apps HTTP/1.1\r\nContent-Type: \xff\r\nContent-Length: 2",
        b"POST /oauth/token HTTP/1.1\r\nAuthorization: Basic \xff\r\nContent-Length: 0",
        b"POST /oauth/token HTTP/1.1\r\nAuthorization: Basic YTpiOmM\r\nContent-Length: 0",
    ],
)
def test_odd_bytes_in_requests_are_answered_or_refused(server, line):
    answer = raw(server, line + b"\r\nHost: x\r\nConnection: close\r\n\r\n{}")

    assert answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4")), answer[:200]


POST_APPS = b"POST /api/v1/apps HTTP/1.1\r\nHost: x\r\n"
NEXT = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        POST_APPS + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
        POST_APPS + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + NEXT,
        POST_APPS + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT,
        POST_APPS + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + NEXT,
        POST_APPS + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} " + NEXT,
        POST_APPS + b"Content-Length: +2\r\n\r\n{}" + NEXT,
        POST_APPS + b"Transfer-Encoding: chunked\r\n\r\n2;a\n\r\n{}\r\n0\r\n\r\n" + NEXT,
        b"GET /health HTTP/1.1\nHost: x\n\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nX-A: a\0b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /health?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"X: \r\n" * 15_000 + b"\r\n",
    ],
    ids=lambda request: repr(request[:200][-60:]),
)
def test_a_request_that_two_servers_might_read_in_two_ways_is_refused_and_ends_the_connection(server, request_):
    answer = raw(server, request_)

    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "before", [b"GET /health HTTP/1.1\r\n", POST_APPS + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"]
)
def test_a_header_without_end_costs_little(server, before):
    with (
        cpu_below(server, 0.3),
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection,
        pytest.raises((ConnectionResetError, BrokenPipeError)),
    ):
        connection.sendall(before + b"X-A: ")
        for _ in range(1000):
            connection.sendall(b"a" * 65536)


def test_a_body_may_come_in_small_chunks(server):
    body = b'{"client_name": "a", "redirect_uris": "https://a.example/"}' + b" " * 500_000

    answer = requests.post(
        f"{server.url}/api/v1/apps",
        data=(body[i : i + 100] for i in range(0, len(body), 100)),
        headers={"Content-Type": "application/json"},
        timeout=10,
    )

    assert answer.status_code == 200, answer.text


# naughty strings


@pytest.mark.parametrize("part", range(8))
def test_naughty_strings_are_stored_as_they_are_or_refused(server, part):
    ann = server.person()
    started = time.monotonic()
    for text in NAUGHTY[part::8]:
        for answer in (
            ann.post(STATUSES, status=text, spoiler_text=text, language=text),
            ann.call("POST", STATUSES, data={"status": "a", "visibility": text}),
            ann.patch(UPDATE, display_name=text, note=text, fields_attributes=[{"name": text, "value": text}]),
            ann.get("/api/v2/search", q=text),
            ann.get("/api/v1/accounts/lookup", acct=text),
            ann.get("/api/v1/accounts/search", q=text),
            ann.post("/api/v1/lists", title=text),
            ann.post("/api/v1/apps", client_name=text, redirect_uris=text, website=text),
            ann.get("/api/v1/timelines/home", max_id=text, limit=text),
        ):
            assert answer.status_code in (200, 400, 404, 422), (text, answer.url, answer.text)
            if answer.status_code == 200 and answer.request.method == "POST" and "content" in answer.json():
                again = ann.get(f"{STATUSES}/{answer.json()['id']}/source").json()
                stored = unicodedata.normalize("NFC", text)
                assert again["text"] in ("a", stored) or text.strip() != text or not text.isprintable(), text
    assert ann.get("/api/v1/timelines/home").status_code == 200
    assert time.monotonic() - started < 60
