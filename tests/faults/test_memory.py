"""The machine is out of memory: docs/operate/faults.md, R10."""

import asyncio
import io
import subprocess
from collections import Counter
from pathlib import Path

import aiohttp
from client import Server, eventually
from faults.tools import need
from PIL import Image

UPLOADS = 50  # more than may wait
RECOVERED_S = 5
SPARE = 64 * 1024 * 1024  # address space left to the server; a decoded picture takes 150 MiB


def huge_picture() -> bytes:
    """50 megapixels, in 50 kB."""
    out = io.BytesIO()
    Image.new("1", (10_000, 5_000)).save(out, "png")
    return out.getvalue()


def limit_memory(server: Server) -> None:
    assert server.process
    pid = server.process.pid
    size_kib = int(Path(f"/proc/{pid}/status").read_text().partition("VmSize:")[2].split()[0])
    subprocess.run([need("prlimit"), f"--pid={pid}", f"--as={size_kib * 1024 + SPARE}"], check=True)


async def test_pictures_that_take_all_memory_are_refused_and_nothing_else_is(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        ann = server.person()
        limit_memory(server)

        picture, answers = huge_picture(), list[tuple[int, str]]()

        async def upload(session: aiohttp.ClientSession) -> None:
            form = aiohttp.FormData()
            form.add_field("file", picture, filename="a.png")
            async with session.post("/api/v2/media", data=form) as answer:
                answers.append((answer.status, await answer.text()))

        headers = {"Authorization": f"Bearer {ann.token}"}
        async with aiohttp.ClientSession(server.url, headers=headers) as session:
            uploads = asyncio.gather(*(upload(session) for _ in range(UPLOADS)))
            said = [(await asyncio.to_thread(ann.say, f"beside them {n}"))["id"] for n in range(5)]
            await uploads

        assert len(answers) == UPLOADS
        refused = Counter(status for status, _ in answers)
        assert refused.keys() <= {422, 503}, answers
        assert refused[503]
        assert server.process and server.process.poll() is None
        assert [post["id"] for post in ann.home()] == said[::-1]
        small = io.BytesIO()
        Image.new("RGB", (40, 40)).save(small, "png")
        eventually(lambda: ann.call("POST", "/api/v2/media", files={"file": small.getvalue()}).ok, within_s=RECOVERED_S)
