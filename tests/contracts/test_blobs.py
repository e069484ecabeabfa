"""The Blobs socket: tests of every plug, then of faults that only a folder can have."""

import io
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from servers import free_port

from chirrup.app import open_blobs
from chirrup.config import Settings
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.errors import SettingsError, Unavailable
from chirrup.ports import Blobs
from chirrup.social import images


def new_key(extension: str) -> str:
    return images.new_key(extension, 5)


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "s3":
        return open_blobs(request.getfixturevalue("s3_settings"))
    return DiskBlobs(tmp_path / "blobs")


def test_what_was_put_is_what_is_got(blobs: Blobs):
    keys = {
        **{new_key(end): f"image/{end}".replace("jpg", "jpeg") for end in ("jpg", "png", "gif", "webp")},
        new_key("mp4"): "video/mp4",
    }

    for key, content_type in keys.items():
        blobs.put(key, key.encode() * 1000, content_type)

    assert {key: blobs.get(key) for key in keys} == {key: (key.encode() * 1000, type) for key, type in keys.items()}


def test_an_open_file_is_put_from_where_it_stands(blobs: Blobs, tmp_path: Path):
    key, file = new_key("zip"), tmp_path / "large"
    file.write_bytes(b"0123456789" * 500_000)

    with file.open("rb") as opened:
        opened.seek(5)
        blobs.put_file(key, opened, "application/zip")

    assert blobs.get(key) == (file.read_bytes()[5:], "application/zip")


def test_an_unknown_key_has_nothing(blobs: Blobs):
    key = new_key("png")

    assert blobs.get(key) is None
    assert blobs.open(key) is None


def test_deleting_may_be_repeated(blobs: Blobs):
    key = new_key("png")
    blobs.put(key, b"pixels", "image/png")

    blobs.delete(key)
    blobs.delete(key)

    assert blobs.get(key) is None


def test_putting_again_replaces(blobs: Blobs):
    key = new_key("png")

    blobs.put(key, b"old", "image/png")
    blobs.put(key, b"new", "image/png")

    assert blobs.get(key) == (b"new", "image/png")


def test_a_large_file_is_stored_and_read_in_pieces_from_anywhere(blobs: Blobs):
    key, size = new_key("mp4"), 17 * 1024 * 1024 + 3  # more than one part
    data = bytes(range(256)) * (size // 256) + b"end"

    blobs.put_file(key, io.BytesIO(data), "video/mp4")

    found = blobs.open(key)
    assert found and found[1:] == (len(data), "video/mp4")
    with found[0] as file:
        for at, most in ((len(data) - 3, 10), (5, 4), (9, 2), (0, 1), (16 * 1024 * 1024 - 1, 2)):
            file.seek(at)
            assert file.read(most) == data[at : at + most]
        assert file.seek(0, 2) == len(data) and file.read(1) == b""
    assert blobs.get(key) == (data, "video/mp4")


def test_a_storage_that_is_away_is_an_error_for_people(s3_settings: Settings, monkeypatch: pytest.MonkeyPatch):
    away = msgspec.structs.replace(s3_settings, s3_endpoint=f"http://127.0.0.1:{free_port()}")
    blobs, key = open_blobs(away), new_key("png")

    for use in (lambda: blobs.put(key, b"x", "image/png"), lambda: blobs.get(key), lambda: blobs.old("ab", 1)):
        with pytest.raises(Unavailable, match="try again later"):
            use()
    with pytest.raises(SettingsError, match="s3://bucket/folder"):
        open_blobs(Settings(blobs="/srv/media"))
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "chirrup.engines.blobs.s3")
    with pytest.raises(SettingsError, match="pip install"):
        open_blobs(s3_settings)


def test_a_file_that_is_being_sent_is_sent_to_its_end_though_it_is_deleted(blobs: Blobs):
    key = new_key("png")
    blobs.put(key, b"p" * 3_000_000, "image/png")
    found = blobs.open(key)
    assert found
    with found[0] as file:
        begun = file.read(1)
        blobs.delete(key)
        assert len(begun + file.read()) == 3_000_000


def test_keys_cannot_be_guessed():
    keys = [new_key("png") for _ in range(1000)]

    assert len(set(keys)) == 1000
    assert all(len(key.removesuffix(".png").replace("/", "")) * 4 >= 128 for key in keys)


GOOD = "ab/cd/" + "0" * 28
NAMES = [
    "",
    "../../x",
    "../" + GOOD + ".jpg",
    "/" + GOOD + ".jpg",
    "//ab/cd/x.jpg",
    "ab/cd/../../../secret.jpg",
    GOOD + ".jpg\n",
    GOOD + ".jpg\0.png",
    GOOD + ".jpg.html",
    GOOD + ".html",
    GOOD + ".svg",
    GOOD + "\u202egpj.exe",
    "ab/cd/" + "0" * 4096 + ".jpg",
    "tmp/" + "0" * 32,
]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_reaches_beyond_what_was_put(blobs: Blobs, tmp_path: Path, name: str):
    (tmp_path / "secret.jpg").write_bytes(b"secret")

    with pytest.raises(ValueError, match="expected"):
        blobs.put(name, b"x", "image/jpeg")
    blobs.delete(name)

    assert blobs.get(name) is None
    assert blobs.open(name) is None
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [tmp_path / "secret.jpg"]


def test_old_keys_are_listed_folder_by_folder(blobs: Blobs):
    keys = [new_key("png") for _ in range(40)]
    for key in keys:
        blobs.put(key, b"pixels", "image/png")

    found = {folder: blobs.old(folder, -1) for folder in (f"{n:02x}" for n in range(256))}

    assert sorted(key for some in found.values() for key in some) == sorted(keys)
    assert all(key.startswith(f"{folder}/") for folder, some in found.items() for key in some)
    assert not any(blobs.old(key[:2], 3600) for key in keys)


def test_a_type_that_is_not_the_extensions_is_refused(blobs: Blobs):
    with pytest.raises(ValueError, match="text/html"):
        blobs.put(new_key("png"), b"<script>", "text/html")


PUT_FOREVER = """
import sys
from pathlib import Path
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.social.images import new_key
blobs = DiskBlobs(Path(sys.argv[1]))
while True:
    key = new_key("png", 5)
    blobs.put(key, b"x" * 3_000_000, "image/png")
    print(key, flush=True)
"""


@pytest.mark.slow
def test_a_kill_in_the_middle_loses_nothing_acknowledged_and_serves_nothing_half(tmp_path: Path):
    for puts in (1, 2, 3):
        with subprocess.Popen(
            [sys.executable, "-c", PUT_FOREVER, tmp_path], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout
            acknowledged = [child.stdout.readline().strip() for _ in range(puts)]
            child.send_signal(signal.SIGKILL)
            acknowledged += child.stdout.read().split()

        blobs = DiskBlobs(tmp_path)

        assert all(blobs.get(key) == (b"x" * 3_000_000, "image/png") for key in acknowledged)
        assert all(file.stat().st_size == 3_000_000 for file in tmp_path.rglob("*.png"))


def test_what_a_crash_left_is_removed_at_start_and_what_is_being_written_is_not(tmp_path: Path):
    DiskBlobs(tmp_path)
    stale, fresh = tmp_path / "tmp" / "stale", tmp_path / "tmp" / "fresh"
    for file in (stale, fresh):
        file.write_bytes(b"half")
    os.utime(stale, (0, time.time() - 4000))

    DiskBlobs(tmp_path)

    assert not stale.exists()
    assert fresh.exists()


def test_a_disk_that_refuses_is_an_error_for_people_and_leaves_nothing(tmp_path: Path):
    blobs, key = DiskBlobs(tmp_path), new_key("png")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # like a full disk: the write stops in the middle
    try:
        with pytest.raises(Unavailable):
            blobs.put(key, b"x" * 100_000, "image/png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert blobs.get(key) is None
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_a_read_during_a_replacement_gets_all_of_the_old_or_all_of_the_new(tmp_path: Path):
    """A bucket promises the same, but moto's answers are errors meanwhile."""
    blobs, key = DiskBlobs(tmp_path), new_key("png")
    versions = [b"old" * 1_000_000, b"new" * 1_000_000]
    blobs.put(key, versions[0], "image/png")

    with ThreadPoolExecutor() as threads:
        puts = [threads.submit(blobs.put, key, versions[i % 2], "image/png") for i in range(20)]
        seen = {blobs.get(key)}
        while not all(put.done() for put in puts):
            seen.add(blobs.get(key))

    assert seen <= {(version, "image/png") for version in versions}
