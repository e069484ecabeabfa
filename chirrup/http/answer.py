"""Answers to requests. Each is an ASGI application that sends itself."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import lru_cache
from typing import Any

from . import ranges
from .files import FilePart, send_file
from .single_write import SINGLE_WRITE

Headers = list[tuple[bytes, bytes]]
BODYLESS = (204, 304)  # RFC 9110, 15.3.5 and 15.4.5

JSON = "application/json; charset=utf-8"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset,"
    " X-Request-Id",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Idempotency-Key",  # "*" leaves out the first
    "Access-Control-Max-Age": "86400",
}
SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
TO_PROGRAMS = CORS | SAFE | {"Cache-Control": "private, no-store", "Vary": "Authorization"}


def encoded(headers: Mapping[str, str]) -> Headers:
    return [(_name(name), value.encode("latin-1")) for name, value in headers.items()]


@lru_cache(200)
def _name(header: str) -> bytes:
    return header.lower().encode()


def to_programs(own: Mapping[str, str] = {}, media_type: str = JSON) -> Headers:
    """The headers of an answer to a program. own: headers that are added or replace the usual ones."""
    plain = own.keys().isdisjoint(TO_PROGRAMS)
    headers = _TO_PROGRAMS + encoded(own) if plain else encoded({**TO_PROGRAMS, **own})
    return [*headers, (b"content-type", media_type.encode())]


class Answer:
    """A body that is complete in memory."""

    def __init__(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.status, self.headers, self._body = status, headers, body

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.status not in BODYLESS:
            self.headers.append((b"content-length", str(len(self._body)).encode()))
        start: Any = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        if SINGLE_WRITE in scope.get("extensions", ()):
            start[SINGLE_WRITE] = self._body
            return await send(start)
        await send(start)
        body = b"" if scope["method"] == "HEAD" else self._body
        await send({"type": "http.response.body", "body": body, "more_body": False})


class FileAnswer(Answer):
    """A file, or the part of it that the request wants, read while it is sent."""

    def __init__(self, headers: Headers, file: FilePart) -> None:
        super().__init__(200, [*headers, (b"accept-ranges", b"bytes")])
        self._file = file

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        file, size = self._file, self._file.size
        if wanted := ranges.wanted(scope, dict(self.headers).get(b"etag", b"")):
            part = ranges.part(wanted, size)
            self.status = 206 if part else 416
            first, last = part or (0, -1)
            span = f"{first}-{last}" if part else "*"
            self.headers.append((b"content-range", f"bytes {span}/{size}".encode()))
            file = FilePart(file.file, file.first + first, last - first + 1)
        self.headers.append((b"content-length", str(file.size).encode()))
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send_file(file, start, scope, send)


class ChunksAnswer(Answer):
    """A body that arrives in chunks, until it ends or the client disconnects."""

    def __init__(self, status: int, headers: Headers, chunks: AsyncGenerator[bytes]) -> None:
        super().__init__(status, headers)
        self._chunks = chunks

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        sending = asyncio.ensure_future(self._send(scope, send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            failed, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
        if isinstance(failed, Exception):
            raise failed

    async def _send(self, scope: Any, send: Any) -> None:
        async with aclosing(self._chunks) as chunks:
            await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
            if scope["method"] != "HEAD":
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


_TO_PROGRAMS = encoded(TO_PROGRAMS)
