"""One Idempotency-Key makes one post: with requests at once, later, and after a crash."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from client import Person, Server

pytestmark = pytest.mark.slow

STATUSES = "/api/v1/statuses"


def post(person: Person, key: str, status: str = "once", **more: Any) -> requests.Response:
    return requests.post(
        person.server.url + STATUSES,
        json={"status": status} | more,
        headers={"Authorization": f"Bearer {person.token}", "Idempotency-Key": key},
        timeout=30,
    )


def at_once(times: int, ask: Callable[[int], requests.Response]) -> list[requests.Response]:
    ready = threading.Barrier(times)

    def go(n: int) -> requests.Response:
        ready.wait()
        return ask(n)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(go, range(times)))


def count(person: Person) -> int:
    return len(person.get(f"/api/v1/accounts/{person.id}/statuses", limit=40).json())


def test_fifty_requests_at_once_with_one_key_make_one_post(ann):
    answers = at_once(50, lambda n: post(ann, "k"))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert count(ann) == 1


def test_fifty_different_requests_at_once_with_one_key_make_one_post(ann):
    answers = at_once(50, lambda n: post(ann, "k", f"text {n}"))

    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 49
    assert count(ann) == 1


@pytest.mark.parametrize(
    "more", [{"status": "other"}, {"visibility": "direct"}, {"spoiler_text": "x"}, {"language": "de"}]
)
def test_a_key_used_for_something_else_is_refused_with_a_reason(ann, more):
    assert post(ann, "k").ok

    refused = post(ann, "k", **more)

    assert refused.status_code == 422
    assert "Idempotency-Key" in refused.json()["error"]
    assert count(ann) == 1


def test_keys_of_others_are_others(ann, bob):
    answers = at_once(20, lambda n: post([ann, bob][n % 2], "k"))

    assert len({answer.json()["id"] for answer in answers}) == 2
    assert (count(ann), count(bob)) == (1, 1)


def test_a_request_that_was_refused_uses_no_key_up(ann):
    assert post(ann, "k", "x" * 501).status_code == 422

    assert post(ann, "k", "short").status_code == 200


def test_a_key_whose_post_was_deleted_makes_no_second_one(ann):
    made = post(ann, "k").json()
    ann.delete(f"{STATUSES}/{made['id']}")

    assert post(ann, "k").status_code == 404
    assert count(ann) == 0


def test_without_a_key_each_request_makes_a_post(ann):
    for _ in range(3):
        ann.say("again")

    assert count(ann) == 3


@pytest.mark.parametrize("key", ["é", "\u00ff" * 255, "k" * 4000, "'; --", "a b\tc", ""])
def test_any_header_value_is_a_key(ann, key):
    first, second = (post(ann, key.encode("latin-1")) for _ in range(2))  # pyright: ignore[reportArgumentType]

    assert (first.status_code, second.status_code) == (200, 200), first.text
    assert (first.json()["id"] == second.json()["id"]) == bool(key.strip())


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """One that a test may kill."""
    server = Server(tmp_path / "data").start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_key_is_known_after_a_restart(own_server, how):
    ann = own_server.person()
    first = post(ann, "k").json()["id"]

    own_server.stop(how)
    own_server.start()

    assert post(ann, "k").json()["id"] == first
    assert post(ann, "k", "other").status_code == 422
    assert count(ann) == 1


def test_retries_of_requests_that_a_crash_cut_off_double_nothing(own_server):
    """Forty writers are interrupted. Whatever happened to each request, its retry leaves exactly one post."""
    people = [own_server.person() for _ in range(4)]

    def ask(n: int) -> requests.Response | None:
        try:
            return post(people[n % 4], f"key {n}", f"post {n}")
        except requests.ConnectionError:
            return None

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, n) for n in range(40)]
        asked[5].result()
        own_server.stop(signal.SIGKILL)
        before = [one.result() for one in asked]
    own_server.start()
    after = [ask(n) for n in range(40)]

    assert all(answer is not None and answer.status_code == 200 for answer in after)
    for first, again in zip(before, after, strict=True):
        if first is not None and first.ok:
            assert again is not None and again.json()["id"] == first.json()["id"]
    assert [count(person) for person in people] == [10] * 4
