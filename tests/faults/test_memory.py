"""The machine has no memory to give: ../shared/threats.md R10."""

import asyncio
import io
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from client import Server
from faults.tools import need
from PIL import Image

UPLOADS = 50  # more than may wait
RESET = 0
UNREAD = (400, RESET)  # there was not even memory to read the request: uvicorn calls that an invalid one
SPARE = 64 * 1024 * 1024  # address space left to the server: an upload takes some of it, fifty do not fit


def huge_picture() -> bytes:
    """50 megapixels, in 50 kB."""
    out = io.BytesIO()
    Image.new("1", (10_000, 5_000)).save(out, "png")
    return out.getvalue()


def heavy_picture() -> bytes:
    """As large as a file may be, near enough: what it takes is the server's own memory. Damaged, so refused late."""
    return huge_picture() + b"\0" * 12_000_000


def limit_memory(server: Server) -> None:
    assert server.process
    pid = server.process.pid
    size_kib = int(Path(f"/proc/{pid}/status").read_text().partition("VmSize:")[2].split()[0])
    subprocess.run([need("prlimit"), f"--pid={pid}", f"--as={size_kib * 1024 + SPARE}"], check=True)


@pytest.mark.parametrize("make", [huge_picture, heavy_picture])
async def test_pictures_that_take_all_memory_are_refused_and_nothing_else_is(tmp_path: Path, make: Callable[[], bytes]):
    with Server(tmp_path / "data") as server:
        ann = server.person()
        limit_memory(server)

        picture, answers = make(), list[tuple[int, str]]()

        async def upload(session: aiohttp.ClientSession) -> None:
            form = aiohttp.FormData()
            form.add_field("file", picture, filename="a.png")
            try:
                async with session.post("/api/v2/media", data=form) as answer:
                    answers.append((answer.status, await answer.text()))
            except aiohttp.ClientError as error:
                answers.append((RESET, repr(error)))

        headers = {"Authorization": f"Bearer {ann.token}"}
        async with aiohttp.ClientSession(server.url, headers=headers) as session:
            uploads = asyncio.gather(*(upload(session) for _ in range(UPLOADS)))
            said = [(await asyncio.to_thread(ann.say, f"beside them {n}"))["id"] for n in range(5)]
            await uploads

        assert len(answers) == UPLOADS
        refused = Counter(status for status, _ in answers)
        assert refused.keys() <= {200, 422, 503, *UNREAD}, answers
        assert refused[503]
        assert make is heavy_picture or not any(refused[status] for status in UNREAD)
        assert server.process and server.process.poll() is None
        assert [post["id"] for post in ann.home()] == said[::-1]
        small = io.BytesIO()
        Image.new("RGB", (40, 40)).save(small, "png")
        assert ann.call("POST", "/api/v2/media", files={"file": small.getvalue()}).status_code == 200
