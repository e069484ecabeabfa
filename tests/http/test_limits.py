"""Rate limits, by account or address, with headers that pages of other sites may read."""

import re
import select
import socket
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from client import Person, Server, eventually
from visitor import Visitor

pytestmark = pytest.mark.slow

HOME = "/api/v1/timelines/home"
PUBLIC = "/api/v1/timelines/public"
NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as people run it, with low limits."""
    data = tmp_path_factory.mktemp("strict") / "data"
    with Server(data, env={"CHIRRUP_TESTING": "", "CHIRRUP_REQUESTS_PER_5_MIN": "40"}) as server:
        yield server


def member(server: Server, name: str) -> Person:
    made = server.command(
        *("user", "create", name, "--email", f"{name}@example.com", "--password", "correct horse"),
        *("--token", "read write"),
    )
    return Person(server, made.split()[-1])


def remaining(answer: requests.Response) -> int:
    return int(answer.headers["X-RateLimit-Remaining"])


def test_each_account_has_its_own_requests_and_is_told_what_is_left(strict):
    ann, bob = member(strict, "ann"), member(strict, "bob")

    answers = [ann.get(HOME) for _ in range(41)]

    assert [answer.status_code for answer in answers] == [200] * 40 + [429]
    assert [remaining(answer) for answer in answers] == [*range(39, -1, -1), 0]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"40"}
    left = datetime.fromisoformat(answers[-1].headers["X-RateLimit-Reset"]) - datetime.now(UTC)
    assert timedelta(0) < left <= timedelta(seconds=301)
    assert abs(left.total_seconds() - int(answers[-1].headers["Retry-After"])) <= 2
    assert "come back in" in answers[-1].json()["error"]
    assert remaining(bob.get(HOME)) == 39


def test_requests_without_a_login_are_counted_by_address_for_all_routes(strict):
    anyone = strict.anyone()
    first = remaining(anyone.get(PUBLIC))

    strict.anyone().get("/api/v1/statuses/1")
    Person(strict, "made-up").get(HOME)
    Visitor(strict.url).get("/login")
    requests.head(strict.url + PUBLIC, timeout=10)

    assert remaining(anyone.get(PUBLIC)) == first - 5
    for _ in range(first):
        last = Person(strict, "made-up").get(HOME)
    assert last.status_code == 429
    page = Visitor(strict.url).get("/login")
    assert (page.status_code, page.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert int(page.headers["Retry-After"]) > 0


SPELLINGS = [
    "//api/v1/timelines/public",
    "/api/v1/timelines/public/",
    "/API/v1/timelines/public",
    "/api//v1/timelines/public",
]
SPELLINGS += [
    "/api/v1/./timelines/public",
    "/api/v1/timelines/%70ublic",
    "/x/../api/v1/timelines/public",
    PUBLIC + "?a=b",
]


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_other_spelling_of_a_path_is_free(server, path: str):
    """What answers is counted, and what is not there does nothing."""

    def asked(path: str) -> tuple[int, int]:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
            raw.sendall(f"{head}X-HTTP-Method-Override: OPTIONS\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n".encode())
            answer = b"".join(iter(lambda: raw.recv(65536), b"")).decode("latin-1")
        left = re.search(r"(?i)x-ratelimit-remaining: (\d+)", answer)
        return int(answer[9:12]), int(left[1]) if left else -1

    before = remaining(server.anyone().get(PUBLIC))
    status, left = asked(path)

    assert (status, left) == (200, before - 1) or status in (400, 404)


def test_the_limit_of_a_route_is_named_in_its_answer_and_holds_for_what_comes_at_once(tmp_path):
    with Server(tmp_path / "data", env={"CHIRRUP_TESTING": ""}) as server:
        ann = member(server, "ann")
        answers = [ann.delete(f"/api/v1/statuses/{n}") for n in range(1, 32)]

        assert [answer.status_code for answer in answers] == [404] * 30 + [429]
        assert [answers[-1].headers[name] for name in NAMES[:2]] == ["30", "0"]
        assert ann.get(HOME).status_code == 200

        begun = uploads(server, ann, [15_000_000] * 31)  # the most of each never comes
        answered = eventually(lambda: select.select(begun, [], [], 0)[0])
        assert [raw.recv(4096)[9:12] for raw in answered] == [b"429"]
        for raw in begun:
            raw.close()

        answers = [raw.recv(4096) for raw in uploads(server, member(server, "bob"), [len(NO_PICTURE)] * 100)]
        counted = Counter(answer[9:12] for answer in answers)
        assert counted[b"422"] == 30 and counted.keys() <= {b"422", b"429", b"503"}
        assert all(b"retry-after: " in answer.lower() for answer in answers if answer[9:12] != b"422")


NO_PICTURE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nno picture\r\n--b--\r\n'


def uploads(server: Server, person: Person, sizes_bytes: list[int]) -> list[socket.socket]:
    """Uploads at once, each said to be of this size."""
    begun = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in sizes_bytes]
    for raw, size_bytes in zip(begun, sizes_bytes, strict=True):
        head = (
            f"POST /api/v2/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {person.token}\r\n"
            f"Content-Length: {size_bytes}\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        raw.sendall(head.encode() + NO_PICTURE.ljust(min(size_bytes, 100_000), b"x"))
    return begun


def test_a_test_server_counts_and_refuses_nobody(server, ann):
    first, second = (remaining(ann.get(HOME)) for _ in range(2))

    assert first > 1_000_000
    assert second == first - 1


def test_errors_have_the_headers_too(ann):
    answer = ann.get("/api/v1/statuses/1")

    assert answer.status_code == 404
    assert all(name in answer.headers for name in NAMES)


@pytest.mark.parametrize("path", ["/api/v1/statuses", "/api/v1/statuses/1", "/oauth/token"])
def test_scripts_of_other_sites_may_call_but_not_with_cookies(server, path):
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    answer = requests.options(server.url + path, headers=asked, timeout=10)

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {"GET", "POST", "PUT", "DELETE"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert answer.headers["Access-Control-Allow-Headers"].startswith("*, Authorization")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    exposed = requests.get(server.url + PUBLIC, headers=asked, timeout=10).headers["Access-Control-Expose-Headers"]
    assert set(NAMES) < set(exposed.split(", "))
