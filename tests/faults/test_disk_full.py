"""The disk of the data, the uploads and the log is full: ../shared/threats.md R6."""

import io
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Person, Server, eventually
from PIL import Image

MIB = 1024 * 1024
HOME = "/api/v1/timelines/home"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.getuid() != 0:
        pytest.skip("only root may mount a small disk to fill")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "chirrup-test", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            for size in (MIB, 4096):
                while file.write(b"x" * size) == size:
                    pass
        except OSError:
            pass


def try_to_say(person: Person, text: str) -> str:
    """The id, or "" when the server says that it cannot store it now."""
    answer = person.post("/api/v1/statuses", status=text)
    if answer.status_code == 200:
        return answer.json()["id"]
    assert answer.status_code == 503, answer.text
    assert "disk is full" in answer.json()["error"]
    assert int(answer.headers["Retry-After"]) >= 1
    return ""


def test_a_full_disk_refuses_writes_with_a_sentence_answers_reads_loses_nothing_and_frees_itself(small_disk: Path):
    with Server(small_disk / "data") as server:
        ann, bob = server.person(), server.person()
        bob.follow(ann)
        said = [ann.say(f"before {n}")["id"] for n in range(5)]

        fill(small_disk / "ballast")
        refused = 0
        while refused < 20:  # what fits into the files as they are is still taken
            if id := try_to_say(ann, "x" * 400):
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
            said.extend(id for id in [try_to_say(ann, "x" * 400)] if id)
            return "disk is full" in ann.get("/health").text

        eventually(says_why)

        (small_disk / "ballast").unlink()
        said.append(eventually(lambda: try_to_say(ann, "after"), within_s=10))
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
