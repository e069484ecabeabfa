"""Sends a file as an answer, piece by piece and as fast as the client reads. It takes the memory of one piece."""

import asyncio
from typing import Any, BinaryIO

import msgspec

from .single_write import SINGLE_WRITE

PIECE_BYTES = 64 * 1024


class FilePart(msgspec.Struct):
    """size bytes of file, from the byte first on. send_file() closes the file."""

    file: BinaryIO
    first: int
    size: int


async def send_file(part: FilePart, start: Any, scope: Any, send: Any) -> None:
    """start: the message that begins the answer, with its content-length."""
    left = 0 if scope["method"] == "HEAD" else part.size
    try:
        if SINGLE_WRITE in scope.get("extensions", ()) and left <= PIECE_BYTES:
            start[SINGLE_WRITE] = await asyncio.to_thread(_read, part, part.first, left) if left else b""
            return await send(start)
        await send(start)
        at = part.first
        while left:
            data = await asyncio.to_thread(_read, part, at, min(PIECE_BYTES, left))
            at, left = at + len(data), left - len(data)
            body: Any = {"type": "http.response.body", "body": data, "more_body": left > 0}
            await send(body)  # returns once the client has read nearly all of the pieces before
        if not part.size or scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        part.file.close()


def _read(part: FilePart, at: int, size: int) -> bytes:
    part.file.seek(at)
    data = part.file.read(size)
    if not data:
        raise EOFError(f"the file has ended before {at + size} bytes")
    return data
