"""The wall clock of one process jumps by an hour: docs/operate/faults.md, R7. Its monotonic clock does not."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from client import Person, Server, eventually

HOUR = 3600
HOME = "/api/v1/timelines/home"


SHIFT = """
import os, time

def shifted(real, unit):
    def now():
        with open(os.environ["SHIFT_FILE"]) as file:
            return real() + int(file.read()) * unit
    return now

time.time, time.time_ns = shifted(time.time, 1), shifted(time.time_ns, 1_000_000_000)
"""


def at_a_wrong_time(folder: Path, shift_s: int) -> tuple[dict[str, str], Callable[[int], None]]:
    """(environment of a process whose clock is off by shift_s, a function that makes it jump).

    The interpreter's clock, not the C library's: with libfaketime 0.9.10 every time.sleep() of Python 3.11 fails.
    """
    file = folder / "shift"

    def jump(to_s: int) -> None:
        new = file.with_suffix(".new")
        new.write_text(str(to_s))
        new.replace(file)

    jump(shift_s)
    (folder / "sitecustomize.py").write_text(SHIFT)
    return {"PYTHONPATH": str(folder), "SHIFT_FILE": str(file)}, jump


def say(*people: Person) -> list[int]:
    return [int(person.say("what time is it?")["id"]) for person in people for _ in range(3)]


def test_one_process_goes_on_through_jumps_and_restarts(tmp_path: Path):
    env, jump = at_a_wrong_time(tmp_path, 0)
    with Server(tmp_path / "data", env=env) as server:
        ann, bob = server.person(), server.person()
        bob.follow(ann)

        said = say(ann)
        for shift_s in (-HOUR, HOUR, 0):
            jump(shift_s)
            said += say(ann)
            key = {"Idempotency-Key": f"key {shift_s}"}
            twice = [ann.call("POST", "/api/v1/statuses", json={"status": "once"}, headers=key) for _ in range(2)]
            assert twice[0].json()["id"] == twice[1].json()["id"]
            said.append(int(twice[0].json()["id"]))
            assert bob.get(HOME).ok  # with the token of before
            check(ann, bob, said)


def test_what_is_said_after_a_restart_an_hour_back_is_newer_all_the_same(tmp_path: Path):
    env, jump = at_a_wrong_time(tmp_path, 0)
    with Server(tmp_path / "data", env=env) as server:
        ann, bob = server.person(), server.person()
        bob.follow(ann)
        said = say(ann)
        server.stop()
        jump(-HOUR)
        server.start()
        check(ann, bob, said + say(ann))


def check(ann: Person, bob: Person, said: list[int]) -> None:
    """Ann's posts have rising ids, are in that order wherever they are read, and were acted on at once."""
    assert said == sorted(set(said))
    newest_first = [str(id) for id in reversed(said)]
    assert [post["id"] for post in ann.walk(f"/api/v1/accounts/{ann.id}/statuses", limit=40)] == newest_first
    eventually(lambda: [post["id"] for post in bob.walk(HOME, limit=40)] == newest_first, within_s=5)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("shift_s", [-HOUR, HOUR])
def test_a_worker_with_a_wrong_clock_is_as_good_as_the_others(
    postgres_database: str, redis_url: str, tmp_path: Path, shift_s: int
):
    wrong, jump = at_a_wrong_time(tmp_path, shift_s)
    with in_parts(postgres_database, redis_url, tmp_path, {"web1": {}, "worker1": wrong, "worker2": {}}) as (
        web,
        *rest,
    ):
        ann, bob = web.person(), web.person()
        bob.follow(ann)
        said = say(ann)
        check(ann, bob, said)
        for to_s in (0, -shift_s):
            jump(to_s)
            said += say(ann)
            check(ann, bob, said)

        assert all(requests.get(f"{server.url}/health", timeout=5).ok for server in (web, *rest))
        assert [one["type"] for one in ann.get("/api/v1/notifications").json()] == ["follow"]


@pytest.mark.timeout(180)
def test_what_is_said_at_a_web_process_with_a_wrong_clock_is_in_order(
    postgres_database: str, redis_url: str, tmp_path: Path
):
    wrong, _ = at_a_wrong_time(tmp_path, -HOUR)
    with in_parts(postgres_database, redis_url, tmp_path, {"web1": {}, "web2": wrong, "worker1": {}}) as (
        web,
        other,
        _,
    ):
        ann, bob = web.person(), web.person()
        bob.follow(ann)
        ann_there = Person(other, ann.token)

        check(ann, bob, [id for _ in range(3) for id in say(ann, ann_there)])


@contextmanager
def in_parts(database: str, broker: str, folder: Path, parts: dict[str, dict[str, str]]) -> Iterator[list[Server]]:
    """The processes of one server. parts: name (a role and a number) -> environment."""
    shared = {"CHIRRUP_DATABASE": database, "CHIRRUP_BROKER": broker, "CHIRRUP_DATA": str(folder / "data")}
    servers = [Server(folder / name, env=shared | {"CHIRRUP_ROLE": name[:-1]} | more) for name, more in parts.items()]
    with ExitStack() as running:
        for server in servers:
            server.env["CHIRRUP_URL"] = servers[0].url
            running.enter_context(server)
        yield servers
