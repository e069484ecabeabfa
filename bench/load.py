"""Load from one process over raw sockets, which costs the client little. Closed loop: a fixed number of clients."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable, Iterator

WORDS = "The market opens early today: bring bread, coffee and a friend. " * 5


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def page(path: str, cookie: str) -> bytes:
    """A request as a browser sends it, which accepts compression."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\nCookie: chirrup={cookie}\r\n\r\n".encode()


def post(path: str, token: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def say(token: str, number: int) -> bytes:
    """A request to post 120 characters and a number."""
    return post("/api/v1/statuses", token, json.dumps({"status": f"{number} {WORDS[:120]}"}).encode())


async def run(port: int, clients: int, requests: Iterator[bytes], *, rate: float = 0) -> tuple[int, float]:
    """(answers, seconds): sends every request once. Each client waits for its answer. Fails on an error status.

    rate: at most so many requests a second; 0: no limit.
    """
    count = sent = 0

    async def client() -> None:
        nonlocal count, sent
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for request in requests:
            if rate:
                sent += 1
                await asyncio.sleep(started + sent / rate - time.perf_counter())
            writer.write(request)
            await answer(reader)
            count += 1
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return count, time.perf_counter() - started


async def timed(port: int, clients: int, requests: Iterator[bytes]) -> list[float]:
    """As run(), but returns the seconds of each answer."""
    took: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for request in requests:
            started = time.perf_counter()
            writer.write(request)
            await answer(reader)
            took.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return took


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 2"):
        raise SystemExit(f"unexpected answer: {head[:200]!r} {body[:200]!r}")
    return body


class Sockets:
    """Open WebSockets that count the frames they receive."""

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self._target = 0
        self._reached = asyncio.Event()
        self._transports: list[asyncio.Transport] = []

    async def open(self, port: int, tokens: list[str]) -> None:
        loop = asyncio.get_running_loop()
        for start in range(0, len(tokens), 50):
            opened = [loop.create_future() for _ in tokens[start : start + 50]]
            for token, ready in zip(tokens[start : start + 50], opened, strict=True):
                transport, _ = await loop.create_connection(_socket(self, token, ready), "127.0.0.1", port)
                self._transports.append(transport)
            await asyncio.wait_for(asyncio.gather(*opened), 30)

    def count(self, frames: int, size: int) -> None:
        self.frames += frames
        self.bytes += size
        if self.frames >= self._target:
            self._reached.set()

    async def until(self, frames: int) -> None:
        """Wait until so many frames have come in total."""
        self._target = frames
        if self.frames < frames:
            self._reached.clear()
            await asyncio.wait_for(self._reached.wait(), 60)

    def close(self) -> None:
        for transport in self._transports:
            transport.abort()


def _socket(owner: Sockets, token: str, ready: "asyncio.Future[None]") -> Callable[[], asyncio.Protocol]:
    class Client(asyncio.Protocol):
        buffer = b""
        open = False

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            key = base64.b64encode(os.urandom(16)).decode()
            transport.write(  # pyright: ignore[reportAttributeAccessIssue]
                f"GET /api/v1/streaming?stream=user HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Authorization: Bearer {token}\r\n\r\n".encode()
            )

        def data_received(self, data: bytes) -> None:
            self.buffer += data
            if not self.open:
                head, found, self.buffer = self.buffer.partition(b"\r\n\r\n")
                if not found:
                    self.buffer = head
                    return
                if b" 101 " not in head.split(b"\r\n")[0] + b" ":
                    ready.set_exception(SystemExit(f"no stream: {head[:200]!r}"))
                    return
                self.open = True
                ready.set_result(None)
            frames = size = 0
            while (length := _frame_length(self.buffer)) and len(self.buffer) >= length:
                frames, size = frames + (self.buffer[0] & 15 == 1), size + length
                self.buffer = self.buffer[length:]
            if frames:
                owner.count(frames, size)

    return Client


def _frame_length(data: bytes) -> int:
    """Total length of the frame that data begins with; 0 while it is unknown (RFC 6455, 5.2)."""
    if len(data) < 2:
        return 0
    short = data[1] & 127
    if short < 126:
        return 2 + short
    if short == 126:
        return 4 + int.from_bytes(data[2:4]) if len(data) >= 4 else 0
    return 10 + int.from_bytes(data[2:10]) if len(data) >= 10 else 0
