"""Films and sound: refused or taken at once, made while the client waits, shown by apps and pages."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from client import Person, Server, eventually
from films import FILM, MOVING, SOUND, Gate, made
from visitor import logged_in
from world import png

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("ffmpeg_path")]

NOT_READY = "Cannot attach files that have not finished processing. Try again in a moment!"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("films") / "bin")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, gate: Gate, engines: dict[str, str]) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("films") / "data", env=engines | gate.environ) as server:
        yield server


@pytest.fixture(autouse=True)
def closed(gate: Gate) -> None:
    gate.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made(tmp_path_factory.mktemp("films") / "a.mp4", *FILM)


def send(person: Person, data: bytes, version: int = 2, **fields: str) -> requests.Response:
    files = {"file": ("a.bin", data, "application/octet-stream")}
    return person.call("POST", f"/api/v{version}/media", files=files, data=fields)


def ready(person: Person, id: str) -> dict:
    return eventually(
        lambda: (found := person.get(f"/api/v1/media/{id}")).status_code == 200 and found.json(), within_s=30
    )


def test_a_film_is_made_while_its_owner_waits_and_then_shown(ann: Person, bob: Person, gate: Gate, film: bytes):
    sent = send(ann, film, description="a test card")
    one = sent.json()
    path = f"/api/v1/media/{one['id']}"

    assert (sent.status_code, one["type"], one["url"], one["preview_url"]) == (202, "video", None, None)
    assert (ann.get(path).status_code, ann.get(path).json()["url"]) == (206, None)
    assert bob.get(path).status_code == 404
    for later in ({}, {"scheduled_at": "2099-01-01T00:00:00Z"}):
        refused = ann.post("/api/v1/statuses", status="look", media_ids=[one["id"]], **later)
        assert (refused.status_code, refused.json()) == (422, {"error": NOT_READY})
    changed = ann.put(path, focus="0.5,-0.25").json()
    assert (changed["description"], changed["meta"]["focus"]) == ("a test card", {"x": 0.5, "y": -0.25})

    gate.open()
    shown = ready(ann, one["id"])

    assert (shown["type"], shown["description"]) == ("video", "a test card")
    assert shown["blurhash"] and shown["preview_url"].split("?")[0].endswith(".jpg")
    meta = shown["meta"]
    assert meta["focus"] == {"x": 0.5, "y": -0.25}
    assert (meta["fps"], meta["size"], meta["width"], meta["height"], meta["aspect"]) == (10, "96x64", 96, 64, 1.5)
    assert meta["audio_encode"] == "aac (LC) (mp4a / 0x6134706D)"
    assert (meta["audio_bitrate"], meta["audio_channels"]) == ("44100 Hz", "mono")
    assert meta["original"].keys() == {"width", "height", "frame_rate", "duration", "bitrate"}
    assert (meta["original"]["frame_rate"], meta["small"]["size"]) == ("10/1", "96x64")
    assert meta["duration"] == pytest.approx(1, abs=0.06) and meta["length"].startswith("0:00:01.0")

    picture = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()
    mixed = ann.post("/api/v1/statuses", status="look", media_ids=[one["id"], picture["id"]])
    assert mixed.json() == {"error": "Cannot attach a video to a post that already contains images"}
    post = ann.say("look", media_ids=[one["id"]])
    url = post["media_attachments"][0]["url"]
    part = requests.get(url, headers={"Range": "bytes=4-7"}, timeout=10)
    assert (part.status_code, part.headers["Content-Type"], part.content) == (206, "video/mp4", b"ftyp")
    page = requests.get(post["url"], timeout=10).text
    assert 'aria-label="a test card"' in page and "<video" in page and "controls" in page and "poster=" in page
    assert "autoplay" not in page
    assert bob.get("/api/v2/search", q=f"has:video from:{ann.name}").json()["statuses"][0]["id"] == post["id"]


def test_a_sound_has_the_picture_that_came_with_it_and_version_1_waits_for_it(ann: Person, gate: Gate, tmp_path: Path):
    gate.open()
    files = {"file": ("a.mp3", made(tmp_path / "a.mp3", *SOUND)), "thumbnail": ("a.png", png())}
    sent = ann.call("POST", "/api/v1/media", files=files)

    one = sent.json()
    assert (sent.status_code, one["type"]) == (200, "audio")
    assert one["url"].split("?")[0].endswith(".m4a") and one["preview_url"] and one["blurhash"]
    assert one["meta"].keys() >= {"length", "duration", "audio_encode", "audio_bitrate", "audio_channels", "small"}
    assert one["meta"]["original"].keys() == {"duration", "bitrate"}
    page = requests.get(ann.say("listen", media_ids=[one["id"]])["url"], timeout=10).text
    assert "<audio" in page and 'aria-label="Sound without a description"' in page


def test_a_film_is_posted_from_a_page(ann: Person, server: Server, gate: Gate, film: bytes):
    gate.open()
    anns = logged_in(server, ann)
    assert "video/mp4" in anns.get("/compose").text
    fields = {"csrf": anns.csrf("/compose"), "text": "look", "description0": "a test card"}

    sent = anns.send("/compose", fields, files={"picture0": ("a.mp4", film, "video/mp4")})
    if sent.status_code == 422:  # a busy machine needs longer than the page waits: the film is in the form
        id = re.search(r'name="media" value="(\d+)"', sent.text)
        assert id and "not ready yet" in sent.text
        ready(ann, id[1])
        sent = anns.send("/compose", fields | {"media": id[1], f"about{id[1]}": "a test card"})

    assert sent.status_code == 303, sent.text
    (post,) = ann.get(f"/api/v1/accounts/{ann.id}/statuses").json()
    (shown,) = post["media_attachments"]
    assert (shown["type"], shown["description"]) == ("video", "a test card")


def test_what_fails_says_why(ann: Person, gate: Gate, film: bytes, tmp_path: Path):
    gate.fail()
    id = send(ann, film).json()["id"]

    eventually(lambda: ann.get(f"/api/v1/media/{id}").status_code != 206, within_s=30)

    answer = ann.get(f"/api/v1/media/{id}")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("Validation failed: file is damaged or unusual")
    refused = ann.post("/api/v1/statuses", status="look", media_ids=[id])
    assert (refused.status_code, refused.json()) == (422, {"error": NOT_READY})
    assert ann.delete(f"/api/v1/media/{id}").ok
    cut = send(ann, film[: len(film) // 2])  # without its index, which comes last
    assert (cut.status_code, "damaged" in cut.json()["error"]) == (422, True)


def test_a_kill_while_a_film_is_made_loses_nothing_and_leaves_nothing(
    ann: Person, server: Server, gate: Gate, tmp_path: Path
):
    id = send(ann, made(tmp_path / "a.webm", *MOVING)).json()["id"]
    place = server.data / "films"
    eventually(lambda: any(place.iterdir()))
    assert ann.get(f"/api/v1/media/{id}").status_code == 206

    server.stop(signal.SIGKILL)
    server.start()
    gate.open()

    shown = ready(ann, id)
    assert (shown["type"], requests.get(shown["url"], timeout=10).headers["Content-Type"]) == ("gifv", "video/mp4")
    assert not list((server.data / "media").rglob("*.upload"))


def test_the_instance_tells_what_it_takes(server: Server):
    limits = server.anyone().get("/api/v2/instance").json()["configuration"]["media_attachments"]

    assert {"video/mp4", "video/webm", "audio/mpeg", "image/png"} <= set(limits["supported_mime_types"])
    assert (limits["video_size_limit"], limits["video_frame_rate_limit"]) == (99 * 2**20, 120)
    assert limits["video_matrix_limit"] == 3840 * 2160
