"""The server is killed at random moments under load and started again, many times: docs/operate/faults.md, R1, R3."""

import asyncio
import io
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from client import Server
from faults.crowd import Crowd
from faults.ledger import ROUNDS, SEED, Line
from PIL import Image

PEOPLE = 6


@pytest.mark.timeout(60 + ROUNDS * 20)
async def test_whatever_was_acknowledged_is_there_once_after_kills_at_random_moments(
    killed_server: Server, database_url: str, ledger_line: Callable[[str], Line]
):
    server, choices = killed_server, random.Random(SEED)
    line = ledger_line(f"R1 server killed, {database_url.partition(':')[0]}")
    crowd = Crowd([server.person() for _ in range(PEOPLE)], choices, line)

    rounds = max(5, ROUNDS // 2)
    for _ in range(rounds):
        await crowd.act(lambda: server.stop(signal.SIGKILL), after_s=choices.uniform(0.05, 1))
        if choices.random() < 0.3:  # and once more while it starts
            server.launch()
            await asyncio.sleep(choices.uniform(0, 1))
            server.stop(signal.SIGKILL)
        began_s = time.monotonic()
        server.start()
        line.recovery_s.append(time.monotonic() - began_s)
        line.round_over(rounds)
    await crowd.retry()

    await crowd.check(database_url)
    server.stop(signal.SIGKILL)
    server.start()
    crowd.check_posts()
    crowd.check_homes()


@pytest.mark.timeout(60 + ROUNDS * 10)
async def test_an_upload_that_a_kill_interrupts_is_there_whole_or_not_at_all(
    tmp_path: Path, ledger_line: Callable[[str], Line]
):
    choices, line = random.Random(SEED), ledger_line("R1 server killed amid uploads")
    with Server(tmp_path / "data") as server:
        person = server.person()
        uploaded: dict[str, tuple[int, int]] = {}

        async def upload(session: aiohttp.ClientSession) -> None:
            with suppress(aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                while True:
                    size = choices.randint(20, 900), choices.randint(20, 900)
                    form = aiohttp.FormData()
                    form.add_field("file", _picture(size, choices), filename="a.png")
                    async with session.post(f"{server.url}/api/v2/media", data=form) as response:
                        assert response.status == 200, await response.text()
                        uploaded[(await response.json())["id"]] = size

        rounds = max(3, ROUNDS // 3)
        for _ in range(rounds):
            asyncio.get_running_loop().call_later(choices.uniform(0.5, 2), server.stop, signal.SIGKILL)
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {person.token}"}) as session:
                await asyncio.gather(upload(session), upload(session))
            server.start()
            line.round_over(rounds)
        line.acknowledged = len(uploaded)

        for id, size in uploaded.items():
            shown = person.say("look", media_ids=[id])["media_attachments"][0]
            assert _size_of(person.get(shown["url"]).content) == size
            assert _size_of(person.get(shown["preview_url"]).content)
        files = [file for file in (server.data / "media").rglob("*.*") if file.is_file()]
        assert len(files) >= 2 * len(uploaded)
        assert all(_size_of(file.read_bytes()) for file in files)


def _picture(size: tuple[int, int], choices: random.Random) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", size, choices.randbytes(size[0] * size[1] * 3)).save(out, "png", compress_level=1)
    return out.getvalue()


def _size_of(picture: bytes) -> tuple[int, int]:
    """Raises unless the picture is complete."""
    image = Image.open(io.BytesIO(picture))
    image.load()
    return image.size
