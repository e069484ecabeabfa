"""Many clients that open a stream and hardly read it: docs/operate/faults.md, R15.

CHIRRUP_SLOW_READERS says how many (200 in the normal run, 10,000 is the threat's number).
"""

import asyncio
import os
import re
import socket
from pathlib import Path

import pytest
from client import Person, Server
from engines import eventually
from stream.raw import open_stream

SLOW = int(os.environ.get("CHIRRUP_SLOW_READERS", "200"))
FAST = 5
POSTS = 140
LONG = "👨‍👩‍👧‍👦" * 490  # 25 bytes each: 12 kB a post, so that 1.3 MB (the limit of unread bytes) are reached soon
RSS_MAX = 400 * 1024 * 1024
BUFFER_BYTES = 4096


@pytest.mark.timeout(120 + SLOW // 20)
async def test_those_who_hardly_read_are_dropped_and_cost_the_others_nothing(tmp_path: Path):
    env = {"CHIRRUP_STREAMS_PER_IP": str(SLOW + 100)}
    with Server(tmp_path / "data", env=env) as server:
        ann = server.person()
        slow = [await open_stream(server.port, "public", buffer_bytes=BUFFER_BYTES) for _ in range(SLOW)]
        trickle = asyncio.ensure_future(sip(slow))
        fast = [await open_stream(server.port, "public") for _ in range(FAST)]
        heard: list[set[str]] = [set() for _ in fast]
        hearing = [asyncio.ensure_future(listen(one, into)) for one, into in zip(fast, heard, strict=True)]
        before = memory_bytes(server)

        said = await asyncio.to_thread(lambda: {say(ann, n) for n in range(POSTS)})

        async def all_heard() -> bool:
            return all(into >= said for into in heard)

        async def slow_are_gone() -> bool:
            return open_connections(server) < FAST + 20

        await eventually(all_heard, within_s=30)
        assert memory_bytes(server) - before < RSS_MAX
        await eventually(slow_are_gone, within_s=30)  # 1 MiB each, then 5 s to close
        assert (await asyncio.to_thread(ann.get, "/health")).ok
        assert all(into == said for into in heard)  # each once: a set of as many as were said

        for task in (trickle, *hearing):
            task.cancel()
        await asyncio.gather(trickle, *hearing, return_exceptions=True)
        for raw in (*slow, *fast):
            raw.close()


def say(ann: Person, number: int) -> str:
    return ann.say(f"{number} {LONG}")["id"]


async def sip(readers: list[socket.socket]) -> None:
    """Read a byte a second from each."""
    while True:
        for raw in readers:
            try:
                raw.recv(1)
            except OSError:  # nothing to read, or dropped
                continue
        await asyncio.sleep(1)


async def listen(raw: socket.socket, heard: set[str]) -> None:
    loop, left = asyncio.get_running_loop(), b""
    while more := await loop.sock_recv(raw, 65536):
        *lines, left = (left + more).split(b"\n")
        for line in lines:
            if id := re.match(rb'data: ?\{"id":"(\d+)"', line):
                assert id[1].decode() not in heard, "told twice"
                heard.add(id[1].decode())


def memory_bytes(server: Server) -> int:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def open_connections(server: Server) -> int:
    assert server.process
    return sum(_is_socket(one) for one in Path(f"/proc/{server.process.pid}/fd").iterdir())


def _is_socket(open_file: Path) -> bool:
    try:
        return os.readlink(open_file).startswith("socket:")
    except FileNotFoundError:  # closed meanwhile
        return False
