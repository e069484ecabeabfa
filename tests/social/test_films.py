"""Films and sound from strangers: what is made of them, what is refused, and what ffmpeg cannot do."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from client import eventually
from databases import Clock
from films import FILM, MOVING, SOUND, TITLE, made
from kit import people, work_off

from chirrup.errors import Invalid
from chirrup.ports import Engines
from chirrup.social import media, posts, uploads
from chirrup.social.films import make, probe, tools, work
from chirrup.store import jobs
from chirrup.store import media as rows
from chirrup.types import Draft, MediaState

pytestmark = pytest.mark.usefixtures("ffmpeg_path")

INPUTS = {  # the smallest of each kind that is taken
    "a.webm": (*MOVING, *SOUND, "-shortest", "-c:v", "libvpx", "-c:a", "libopus"),
    "a.flac": SOUND,
    "a.mp3": (*SOUND, "-metadata", f"title={TITLE}"),
}


def codecs(file: Path, data: bytes) -> list[str]:
    file.write_bytes(data)
    asked = ("-v", "error", "-of", "csv=p=0", "-show_entries", "stream=codec_name,pix_fmt", str(file))
    return subprocess.run(["ffprobe", *asked], capture_output=True, text=True, check=True).stdout.split()


async def remade(tmp_path: Path, data: bytes) -> tuple[make.Made, bytes]:
    with tools.workplace(tmp_path) as place:
        (place / probe.SOURCE).write_bytes(data)
        result = await make.make(place, probe.demuxer(data[: uploads.HEAD_BYTES]))
        return result, result.file.read_bytes()


async def test_a_film_is_written_anew_so_that_browsers_play_it_while_it_loads(tmp_path: Path):
    data = made(tmp_path / "a.mp4", *FILM)
    assert TITLE.encode() in data and b"loci" in data

    result, written = await remade(tmp_path, data)

    assert codecs(tmp_path / "b.mp4", written) == ["h264,yuv420p", "aac"]
    assert written.index(b"moov") < written.index(b"mdat")
    assert TITLE.encode() not in written and b"loci" not in written
    assert (result.kind, result.content_type) == ("video", "video/mp4")
    assert result.preview and result.preview.content_type == "image/jpeg"
    assert os.listdir(tmp_path / "films") == []


@pytest.mark.parametrize("name", INPUTS)
async def test_other_kinds_are_made_playable(tmp_path: Path, name: str):
    result, written = await remade(tmp_path, made(tmp_path / name, *INPUTS[name]))

    kind = "video" if name == "a.webm" else "audio"
    assert (result.kind, result.content_type) == (kind, "video/mp4" if kind == "video" else "audio/mp4")
    assert result.meta.duration == pytest.approx(1, abs=0.06)
    assert TITLE.encode() not in written


REFUSED = {
    "two hours": ("a.mp4", ("-f", "lavfi", "-i", "color=r=1/600:d=7200:s=16x16"), "too_long"),
    "a thousand frames a second": ("a.mp4", ("-f", "lavfi", "-i", "testsrc=d=0.1:s=16x16:r=1000"), "too_fast"),
    "frames of 34 million pixels": (
        "a.mp4",
        ("-f", "lavfi", "-i", "color=d=0.1:s=7680x4400:r=10", "-c:v", "mpeg4", "-frames:v", "1"),
        "too_large",
    ),
    "a codec that nobody sends": ("a.mkv", (*MOVING, "-c:v", "ffv1"), "unknown"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_too_much_or_too_odd_is_refused_before_it_is_played(tmp_path: Path, name: str):
    file, arguments, rule = REFUSED[name]
    data = made(tmp_path / file, *arguments)

    with pytest.raises(Invalid) as refused:
        await remade(tmp_path, data)

    assert (refused.value.field, refused.value.rule) == ("file", rule)


async def test_a_film_of_which_nothing_can_be_seen_is_damaged(tmp_path: Path):
    data = made(tmp_path / "a.webm", *MOVING, "-c:v", "libvpx")
    first_frame = data.index(b"\x1f\x43\xb6\x75")  # where its first cluster begins (Matroska, RFC 9559, 5.1.3)

    with pytest.raises(Invalid) as refused:
        await remade(tmp_path, data[: first_frame + 30])

    assert refused.value.rule == "damaged"


def test_lists_of_other_files_and_pictures_are_no_films():
    for head in (
        b"#EXTM3U\nhttp://a.example/x.ts",
        b"ffconcat version 1.0\nfile /etc/passwd",
        b"<MPD>",
        b"\xff\xd8\xff\xe0",
    ):
        assert probe.demuxer(head) == ""


async def test_ffmpeg_reaches_no_network_and_no_other_file(tmp_path: Path):
    (tmp_path / "secret.mp4").write_bytes(made(tmp_path / "a.mp4", *MOVING))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    port = listener.getsockname()[1]
    with tools.workplace(tmp_path / "data") as place:

        async def fails(*arguments: str) -> bool:
            try:
                await tools.run("ffmpeg", place, "-v", "error", "-nostdin", *arguments, within_s=30)
            except Invalid:
                return True
            return False

        end = ("-f", "null", "-")
        assert await fails("-i", f"http://127.0.0.1:{port}/", *end)
        assert await fails("-i", f"udp://127.0.0.1:{port}?timeout=100000", *end)
        assert await fails("-i", f"file:{tmp_path}/secret.mp4", *end)
        assert await fails("-i", "file:../../../secret.mp4", *end)
        assert await fails(*MOVING, f"file:{tmp_path}/out.mp4")
        assert not await fails(*MOVING, "file:out.mp4")
        with pytest.raises(Invalid, match="too much"):  # a minute of the processor for a second of ours
            await tools.run("ffmpeg", place, "-nostdin", *MOVING, *end, cpu_s=1200, within_s=0.0)
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()
    assert not (tmp_path / "out.mp4").exists()


ENDLESS = """
import asyncio, sys
from pathlib import Path
from chirrup.social.films import tools
async def main():
    with tools.workplace(Path(sys.argv[1])) as place:
        print(place, flush=True)
        await tools.run("ffmpeg", place, "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc=s=16x16", "file:out.mp4")
asyncio.run(main())
"""


def test_what_was_made_ends_with_whoever_is_killed(tmp_path: Path):
    with subprocess.Popen([sys.executable, "-c", ENDLESS, tmp_path], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        place = Path(server.stdout.readline().strip())
        eventually(lambda: works_in(place), within_s=30)
        server.send_signal(signal.SIGKILL)
    eventually(lambda: not works_in(place))
    os.utime(place, (0, time.time() - tools.STALE_S - 1))

    with tools.workplace(tmp_path):
        assert not place.exists()


def works_in(place: Path) -> bool:
    """Whether an ffmpeg does."""
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if (one / "cwd").readlink() == place and (one / "exe").readlink().name == "ffmpeg":
                return True
    return False


async def test_a_film_is_for_a_post_when_it_is_ready_and_what_it_came_as_is_gone(engines: Engines, tmp_path: Path):
    (ann,) = await people(engines.db, "ann")
    rules = uploads.Rules(bytes_max=2**20, film_bytes_max=2**20, data=tmp_path)
    data = made(tmp_path / "a.mp4", *MOVING)

    one, dropped = [
        await uploads.add(engines, ann, io.BytesIO(data), media.Change(description="a card"), rules) for _ in range(2)
    ]
    await uploads.remove(engines, ann, dropped.id)

    assert (one.state, one.kind) == (MediaState.PROCESSING, "gifv")
    assert engines.blobs.get(one.key) == (data, "application/octet-stream")
    with pytest.raises(Invalid, match="not ready"):
        await engines.db.write(posts.publish, ann, Draft(text="look", media_ids=(one.id,)))
    await work_off(engines)
    shown = await engines.db.read(media.get, ann, one.id)
    assert (shown.state, shown.description, shown.content_type) == (MediaState.READY, "a card", "video/mp4")
    assert engines.blobs.get(one.key) is None and engines.blobs.get(shown.key)
    post = await engines.db.write(posts.publish, ann, Draft(text="look", media_ids=(one.id,)))
    assert (await engines.db.read(rows.by_id, one.id)).shown_by == post.id
    stored = [file for file in (tmp_path / "media").rglob("*.*") if file.is_file()]
    assert len(stored) == 2  # the film and its preview
    with pytest.raises(Invalid, match="must have at most"):
        small = uploads.Rules(bytes_max=2**20, film_bytes_max=10, data=tmp_path)
        await uploads.add(engines, ann, io.BytesIO(data), media.Change(), small)


async def test_a_film_that_kills_its_worker_again_and_again_has_failed(engines: Engines, tmp_path: Path, clock: Clock):
    (ann,) = await people(engines.db, "ann")
    rules = uploads.Rules(bytes_max=2**20, film_bytes_max=2**20, data=tmp_path)
    one = await uploads.add(engines, ann, io.BytesIO(made(tmp_path / "a.mp4", *MOVING)), media.Change(), rules)
    (job,) = await engines.db.read(jobs.page, 9, kind=media.MAKE_FILM)
    for _ in range(work.TRIES):
        assert await engines.db.write(jobs.take, [job.id])
        clock.pass_ms(jobs.LEASE_MS)

    await work_off(engines)

    failed = await engines.db.read(media.get, ann, one.id)
    problem = media.problem_of(failed)
    assert problem and "its operator can see why" in problem.message
    assert engines.blobs.get(one.key) is None
    (left,) = await engines.db.read(jobs.page, 9, kind=media.MAKE_FILM)
    assert (left.state, left.answer) == (jobs.State.SET_ASIDE, "it killed its worker each time")


async def test_without_ffmpeg_a_film_is_refused_and_nobody_is_told_that_it_would_be_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, engines: Engines
):
    data = made(tmp_path / "a.mp4", *MOVING)
    monkeypatch.setenv("PATH", str(tmp_path))
    rules = uploads.Rules(bytes_max=2**20, film_bytes_max=2**20, data=tmp_path)

    with pytest.raises(Invalid, match="a film or a sound, which this server does not take: send a JPEG"):
        await uploads.add(engines, 1, io.BytesIO(data), media.Change(), rules)

    assert not [kind for kind in uploads.types() if kind.startswith(("video/", "audio/"))]
