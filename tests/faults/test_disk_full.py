"""The disk of the data, the uploads and the log is full: docs/operate/faults.md, R6."""

import io
import os
import pwd
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from client import Person, Server, eventually
from PIL import Image
from servers import Postgres

MIB = 1024 * 1024
HOME = "/api/v1/timelines/home"


class Place(NamedTuple):
    """A server whose database is on a small disk."""

    disk: Path
    data: Path
    env: dict[str, str]
    full: str  # the error that users see


@contextmanager
def small(disk: Path, size: str, *, owner: str = "root") -> Iterator[Path]:
    if os.getuid() != 0:
        pytest.skip("only root may mount a small disk to fill")
    disk.mkdir()
    uid = pwd.getpwnam(owner).pw_uid
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700,uid={uid}", "chirrup-test", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)
    disk.rmdir()


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Place]:
    with small(tmp_path / "disk", "32m") as disk:
        yield Place(disk, disk / "data", {}, "the disk is full")


@pytest.fixture
def on_postgres(postgres: Postgres, postgres_template: str, redis_url: str, tmp_path: Path) -> Iterator[Place]:
    """Rows and indexes are on the small disk. A WAL that cannot be written ends PostgreSQL, which is R3."""
    with (
        small(postgres.folder / "small", "64m", owner="postgres") as disk,
        psycopg.connect(postgres.url("postgres"), autocommit=True) as connection,
    ):
        connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}'".encode())
        connection.execute(f"CREATE DATABASE small TEMPLATE {postgres_template} TABLESPACE small".encode())
        env = {"CHIRRUP_DATABASE": postgres.url("small"), "CHIRRUP_BROKER": redis_url}
        yield Place(disk, tmp_path / "data", env, "the disk of the database is full")
        connection.execute(b"DROP DATABASE small WITH (FORCE)")
        connection.execute(b"DROP TABLESPACE small")


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            for size in (MIB, 4096):
                while file.write(b"x" * size) == size:
                    pass
        except OSError:
            pass


def try_to_say(person: Person, text: str, full: str) -> str:
    """The post's id, or "" if the server says why it cannot store it now."""
    answer = person.post("/api/v1/statuses", status=text)
    if answer.status_code == 200:
        return answer.json()["id"]
    assert answer.status_code == 503, answer.text
    assert full in answer.json()["error"]
    assert int(answer.headers["Retry-After"]) >= 1
    return ""


@pytest.mark.parametrize("place", ["on_sqlite", "on_postgres"])
def test_a_full_disk_refuses_writes_with_a_sentence_answers_reads_loses_nothing_and_frees_itself(
    request: pytest.FixtureRequest, place: str
):
    disk, data, env, full = request.getfixturevalue(place)
    with Server(data, env=env) as server:
        ann, bob = server.person(), server.person()
        bob.follow(ann)
        said = [ann.say(f"before {n}")["id"] for n in range(5)]

        fill(disk / "ballast")
        refused = 0
        while refused < 20:  # posts that fit into the existing files are still accepted
            if id := try_to_say(ann, "x" * 400, full):
                said.append(id)
            else:
                refused += 1
        noise = io.BytesIO()
        Image.frombytes("RGB", (300, 300), secrets.token_bytes(300 * 300 * 3)).save(noise, "png")
        upload = ann.call("POST", "/api/v2/media", files={"file": noise.getvalue()})
        assert (upload.status_code, upload.headers["Retry-After"]) == (503, "1"), upload.text
        assert [post["id"] for post in bob.walk(HOME, limit=40)] == said[::-1]
        assert ann.get("/api/v1/timelines/public").ok

        def says_why() -> bool:
            said.extend(id for id in [try_to_say(ann, "x" * 400, full)] if id)
            return full in ann.get("/health").text

        eventually(says_why)

        (disk / "ballast").unlink()
        said.append(eventually(lambda: try_to_say(ann, "after", full), within_s=10))
        eventually(lambda: ann.get("/health").ok)

        for again in (False, True):
            if again:
                server.stop()
                server.start()
            assert [post["id"] for post in ann.walk(f"/api/v1/accounts/{ann.id}/statuses", limit=40)] == said[::-1]
            eventually(lambda: [post["id"] for post in bob.walk(HOME, limit=40)] == said[::-1], within_s=15)


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path):
    (tmp_path / "data.log").symlink_to("/dev/full")
    with Server(tmp_path / "data") as server:  # which logs that it is a test server
        ann, bob = server.person(), server.person()
        bob.follow(ann)
        post = ann.say("hello")

        assert [one["id"] for one in bob.home()] == [post["id"]]
        assert eventually(lambda: ann.get("/api/v1/notifications").json())[0]["type"] == "follow"
