"""HTTP connections that http/guard.py watches: what the server waits for, how much memory one takes, how one is ended.

This uses attributes of uvicorn's protocol (0.54) that asyncio does not define: `flow`, `cycle`, `headers`, `client`,
`url`, `parser`, `_should_upgrade`, `handle_websocket_upgrade`, `send_400_response`; and STATUS_LINE.
tests/http/test_slow_clients.py covers all of them.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from ..access.limits import network_of
from .answer import CORS, SAFE, encoded
from .guard import BODY, FRESH, HEAD, PAUSED, READER, STREAM, Guard
from .shedding import SheddingProtocol

HEAD_BYTES_MAX = 64 * 1024  # of a request without its body: first line, headers, frames of chunks
UNSENT_BYTES = 64 * 1024  # of an answer, in the kernel: by default it takes megabytes for a client that does not read


def _last(status: int, words: str, headers: Mapping[str, str] = {}) -> bytes:
    """An answer ready to be written, after which the connection is closed. The application does not see the request.

    It has CORS headers like all others: without them a client in a browser takes it for a server that is away.
    """
    about = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(words)), "Connection": "close"}
    lines = [b"%b: %b\r\n" % pair for pair in encoded({**CORS, **SAFE, **about, **headers})]
    return b"".join([STATUS_LINE[status], *lines, b"\r\n", words.encode()])


TOO_MANY = _last(429, "Too many connections are open from your address: close some of them.", {"Retry-After": "10"})
TOO_LATE = _last(408, "The rest of your request did not come: please send it anew.")


class WatchedProtocol(SheddingProtocol):
    _resumed = 0  # calls of resume_writing()
    _received = 0  # bytes
    _arrived = 0  # bytes of the last piece
    _peer = ""  # the address it is counted for; "": not counted any more
    _in_head = False
    _around_body = 0  # bytes of this request outside its body; twice the body's size is allowed for frames of chunks

    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard
        self.folder = guard.patience.folder

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        raw = transport.get_extra_info("socket")
        if raw is not None and hasattr(socket, "TCP_NOTSENT_LOWAT") and raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        self._guard.add(self)
        self._peer = network_of(self.client[0]) if self.client else ""
        if not self._peer or self._guard.enter(self._peer):
            self._guard.watch(self, FRESH)
        else:
            transport.write(TOO_MANY)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.uncount()
        self._guard.forget(self)
        super().connection_lost(exc)

    def uncount(self) -> None:
        """It has ended or become a stream. Streams have limits of their own: stream/hub.py."""
        if self._peer:
            self._guard.leave(self._peer)
            self._peer = ""

    def shutdown(self) -> None:
        self._guard.hurry()
        super().shutdown()

    # requests

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of the head, because the parser keeps a header until its end, which may never come."""
        if self.refused_unread(data):
            return
        self._arrived = len(data)
        self._around_body += self._arrived
        self._received += self._arrived
        super().data_received(data)
        if self._around_body > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("The request's headers are too large.")
        if self._reading:  # the rest is still to come
            self._guard.watch(self, HEAD if self._in_head else BODY)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        # With several requests in one piece, _around_body is 0 after the first; the piece's size limits the others.
        may_be_large = self._around_body + self._arrived > HEAD_BYTES_MAX
        if may_be_large and _size(self.url, self.headers) > HEAD_BYTES_MAX:
            raise ValueError("too large a head")  # uvicorn answers 400 and closes
        assert self.parser
        if self.parser.should_upgrade() and self._should_upgrade() and _has_body(self.headers):
            raise ValueError("the opening of a WebSocket has no body")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._around_body -= 3 * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._around_body = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self.uncount()
        self._guard.forget(self)
        super().handle_websocket_upgrade()

    # answers

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed as a request. uvicorn calls it."""
        self.transport.write(_last(400, msg))
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._guard.watch(self, self.awaited())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._resumed += 1

    # what http/guard.py calls

    def awaited(self) -> str:
        if self.transport.get_write_buffer_size():
            return READER
        if self._reading:
            return HEAD if self._in_head else PAUSED if self._is_paused else BODY
        return FRESH if self.cycle is None else ""  # pyright: ignore[reportUnnecessaryComparison]  # until the first

    @property
    def _is_paused(self) -> bool:
        """The server does not read the body at the moment."""
        had_one = self.cycle is not None  # pyright: ignore[reportUnnecessaryComparison]  # None until the first request
        return self.flow.read_paused or (had_one and self.cycle.waiting_for_100_continue)

    def moved(self) -> tuple[int, int, int]:
        return self._received, self._resumed, self.transport.get_write_buffer_size()

    def address(self) -> str:
        return self._guard.address_of(self.client, self.headers or ())

    def held_bytes(self) -> int:
        return self.unread_bytes() + max(0, self._around_body) + (len(self.cycle.body) if self.cycle else 0)

    def unread_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    def cut(self, awaited: str) -> None:
        if awaited in (READER, STREAM):
            self.cut_reader()
        elif awaited == BODY and self.cycle and not self.cycle.response_started and not self.transport.is_closing():
            self.cycle.disconnected = True  # so the application's answer is not sent after this one
            self.transport.write(TOO_LATE)
            self.transport.close()
        else:
            self.transport.abort()

    def cut_reader(self) -> None:
        reset(self.transport)


def reset(transport: asyncio.Transport) -> None:
    """Close it at once. Otherwise the kernel would wait for minutes until the client has read what was written."""
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.family != socket.AF_UNIX:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _size(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)
