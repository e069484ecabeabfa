"""More requests come than the server can handle: docs/operate/faults.md, R13. Its speed then: `make burst`."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import requests
from client import Person, Server
from databases import open_database
from engines import eventually

from chirrup.http.shedding import ROOM
from chirrup.ports import Tx

BEYOND = 300  # requests more than there is room for
MEMORY_MIB = 60  # that waiting requests may add at most


class Posting:
    """Posts sent in parallel, each with its own key, and their answers."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.accepted: dict[int, str] = {}
        self.refused: list[int] = []

    async def say(self, number: int) -> None:
        headers = {"Idempotency-Key": f"key {number}"}
        body = {"status": f"post {number}"}
        async with self._session.post("/api/v1/statuses", json=body, headers=headers) as answer:
            said = await answer.json()
            if answer.status == 200:
                self.accepted[number] = said["id"]
            else:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
                assert "try again" in said["error"]
                self.refused.append(number)

    async def enough_refused(self) -> bool:
        return len(self.refused) >= BEYOND


@asynccontextmanager
async def session_of(person: Person) -> AsyncIterator[aiohttp.ClientSession]:
    headers, connector = {"Authorization": f"Bearer {person.token}"}, aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(person.server.url, headers=headers, connector=connector) as session:
        yield session


@asynccontextmanager
async def nothing_written(server: Server) -> AsyncIterator[None]:
    """The database is locked, as during a long maintenance."""
    other, release = open_database(f"sqlite:{server.data / 'chirrup.db'}"), threading.Event()

    def hold(tx: Tx) -> None:
        release.wait(60)

    holding = asyncio.get_running_loop().run_in_executor(None, other.write_now, hold)
    try:
        yield
    finally:
        release.set()
        await holding
        other.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "data") as server:
        yield server


async def test_what_is_too_much_is_refused_at_once_and_what_is_accepted_is_kept(own_server: Server):
    ann = own_server.person()
    async with session_of(ann) as session:
        posting = Posting(session)
        async with nothing_written(own_server):
            everything = asyncio.gather(*(posting.say(number) for number in range(ROOM + BEYOND)))
            await eventually(posting.enough_refused, within_s=30)
            assert not posting.accepted
            for path in ("/api/v1/timelines/public", "/health"):  # reads have their own admission class
                assert (await asyncio.to_thread(ann.get, path)).ok
        await everything
        assert len(posting.accepted) == ROOM

        there = {post["id"] for post in ann.walk(f"/api/v1/accounts/{ann.id}/statuses", limit=40)}
        assert there == set(posting.accepted.values())
        before = dict(posting.accepted)
        again = posting.refused[:10] + list(before)[:10]
        await asyncio.gather(*(posting.say(number) for number in again))
        assert all(number in posting.accepted for number in again)
        assert before.items() <= posting.accepted.items()


async def test_a_flood_is_answered_and_what_was_accepted_is_there_once(own_server: Server):
    """Ten times as many in parallel as there is room for, again and again, until some hundreds are accepted."""
    ann = own_server.person()
    ann.say("nothing is said yet")
    before_mib, healthy = memory_mib(own_server), []

    async def look() -> None:
        while True:
            healthy.append((await asyncio.to_thread(ann.get, "/health")).ok)

    async with session_of(ann) as session:
        posting = Posting(session)
        looking = asyncio.create_task(look())
        for first in range(0, 2 * ROOM, ROOM):
            # all are sent before the first is answered: each connection has one request, none waits for another
            await asyncio.gather(*(posting.say(number) for number in range(first * 10, (first + ROOM) * 10)))
        looking.cancel()

    assert len(posting.accepted) + len(posting.refused) == 20 * ROOM
    assert posting.refused
    assert all(healthy)
    assert memory_mib(own_server) < before_mib + MEMORY_MIB
    there = [post["id"] for post in ann.walk(f"/api/v1/accounts/{ann.id}/statuses", limit=40)]
    assert sorted(there[:-1]) == sorted(posting.accepted.values())


def memory_mib(server: Server) -> float:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def test_slow_senders_take_no_room(own_server: Server):
    ann = own_server.person()
    body = b'{"status":"a word at a time"}'
    head = (
        f"POST /api/v1/statuses HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {ann.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    opened = [await asyncio.open_connection("127.0.0.1", own_server.port) for _ in range(ROOM + 1)]
    for _, writer in opened:
        writer.write(head.encode() + body[:5])
        await writer.drain()
    for _ in range(2):  # on connections that are accepted after all of these
        assert (await asyncio.to_thread(requests.get, f"{own_server.url}/health", timeout=10)).ok

    assert (await asyncio.to_thread(ann.post, "/api/v1/statuses", status="in one piece")).ok

    reader, writer = opened[-1]  # above the limit of one address, the first connection is cut off: http/guard.py
    writer.write(body[5:])
    assert (await reader.readline()).split()[1] == b"200"
    for _, writer in opened:
        writer.close()


@asynccontextmanager
async def crowded(server: Server, ann: Person) -> AsyncIterator[None]:
    """As many writes wait as there is room for, and more were refused."""
    async with session_of(ann) as session:
        posting = Posting(session)
        async with nothing_written(server):
            everything = asyncio.gather(*(posting.say(number) for number in range(ROOM + BEYOND)))
            await eventually(posting.enough_refused, within_s=30)
            yield
        await everything


async def test_pipelined_requests_are_refused_in_their_order(own_server: Server):
    """Thousands on one connection, and those behind one that is refused."""
    ann = own_server.person()
    post = (
        f"POST /api/v1/statuses HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {ann.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 14\r\n\r\n" + '{"status":"x"}'
    )
    get = "GET /api/v1/instance HTTP/1.1\r\nHost: here\r\n\r\n"
    async with crowded(own_server, ann):
        reader, writer = await asyncio.open_connection("127.0.0.1", own_server.port)
        writer.write((post + get + post * 2000).encode())
        statuses = [await status_of_next(reader) for _ in range(2002)]
        writer.close()

    assert statuses == [503, 200] + [503] * 2000


async def test_refusals_are_the_same_for_all_forms_of_requests(own_server: Server):
    ann = own_server.person()
    head = (
        f"POST /api/v1/statuses HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {ann.token}\r\n"
        "Content-Type: application/json\r\n"
    )
    post, body = head + "Content-Length: 14\r\n\r\n", '{"status":"x"}'
    chunked = head + "Transfer-Encoding: chunked\r\n\r\ne\r\n" + body + "\r\n0\r\n\r\n"
    both = head + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
    get = "GET /api/v1/instance HTTP/1.1\r\nHost: here\r\n\r\n"
    async with crowded(own_server, ann):
        reader, writer = await asyncio.open_connection("127.0.0.1", own_server.port)

        async def ask(*parts: str) -> int:
            """The status of the answer. Each part is sent separately."""
            for part in parts:
                writer.write(part.encode())
                await writer.drain()
                await asyncio.to_thread(requests.get, f"{own_server.url}/health", timeout=10)  # it has arrived
            return await status_of_next(reader)

        asked = [[get], [post + body], [post, body], [post[:9], post[9:] + body], [chunked], [get]]
        assert [await ask(*parts) for parts in asked] == [200, 503, 503, 503, 503, 200]
        filler = "X-Filler: " + "x" * 1000 + "\r\n"  # together more than one request may have
        for _ in range(100):
            writer.write((post.replace("Host", filler + "Host") + body).encode())
            assert await status_of_next(reader) == 503
        writer.write((post + body + get).encode())
        assert [await status_of_next(reader), await status_of_next(reader)] == [503, 200]
        writer.write((post.replace("Host", "Connection: close\r\nHost") + body).encode())
        assert await status_of_next(reader) == 503
        assert await reader.read() == b""
        reader, writer = await asyncio.open_connection("127.0.0.1", own_server.port)
        assert await ask(get) == 200
        assert await ask(both) == 400
        writer.close()


async def status_of_next(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    return int(head.split()[1])
