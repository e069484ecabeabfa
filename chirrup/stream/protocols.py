"""The last step to a reader: ready bytes, straight to the transport of uvicorn; and what a peer may not do to us.

uvicorn's own protocols with a little more, given to uvicorn.Config in serving.py. They put `open_sender` into the
scope's extensions. Measured: docs/decisions/0020-streams.md.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .. import metrics
from ..http.guard import READER, STREAM, Guard
from ..http.single_write import SINGLE_WRITE
from ..http.watched import WatchedProtocol, reset

EXTENSION = "chirrup.sender"
WAITING_EVENTS_MAX = 256  # what a slow reader leaves waiting beyond the kernel's buffers and the transport's 64 KiB
WAITING_BYTES_MAX = 1024 * 1024
KERNEL_BYTES = 128 * 1024  # in the socket's buffer; left alone, Linux lets that grow to 2.8 MB for each slow reader
GOING_AWAY, POLICY, TRY_LATER, TOO_SLOW = 1001, 1008, 1012, 1013  # RFC 6455, 7.4.1, and IANA's list of close codes
FAREWELL_S = 5.0  # for a peer to answer the end; then the connection is dropped
SILENT_MS = 30_000  # data that is not acknowledged for so long: the peer is gone (Linux)
INBOUND_BURST_BYTES = 64 * 1024  # on a WebSocket; clients send a few hundred bytes in all
INBOUND_BYTES_PER_S = 4 * 1024
FRAGMENTS_MAX = 64
BAD_OPENING = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 56\r\n"
    b"Connection: close\r\n\r\nThis cannot open a WebSocket: see RFC 6455, section 4.1."
)


class EventSender:
    """Where events for one reader go. Never waits; a reader that is too slow is cut off."""

    def __init__(self, transport: asyncio.Transport, end: Callable[[int, str], None]) -> None:
        self._transport, self._end = transport, end
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._full = False
        self._flowing: asyncio.Future[None] | None = None
        self.gone = asyncio.Event()
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
            if hasattr(socket, "TCP_USER_TIMEOUT") and raw.family != socket.AF_UNIX:
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)

    @property
    def waiting_bytes(self) -> int:
        return self._waiting_bytes

    @property
    def closed(self) -> bool:
        return self.gone.is_set()

    def push(self, data: bytes) -> None:
        if self._full:
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            if len(self._waiting) > WAITING_EVENTS_MAX or self._waiting_bytes > WAITING_BYTES_MAX:
                self.cut(TOO_SLOW, "reads too slowly")
        elif not self.closed:
            self._transport.write(data)

    def cut(self, code: int, why: str) -> None:
        """Say goodbye and close; nothing that was waiting is sent."""
        if self.closed:
            return
        metrics.streams_cut[str(code)] += 1
        self.lost()
        self._end(code, why)
        asyncio.get_running_loop().call_later(FAREWELL_S, self._transport.abort)

    async def drained(self) -> None:
        """Returns once the reader has taken what was pushed, or is gone."""
        while self._full and not self.closed:
            self._flowing = self._flowing or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._flowing)

    # called by the protocols

    def pause(self) -> None:
        self._full = not self.closed

    def resume(self) -> None:
        self._full = False
        while self._waiting and not self._full:  # a write may call pause()
            data = self._waiting.popleft()
            self._waiting_bytes -= len(data)
            self._transport.write(data)
        if not self._full:
            self._let_flow()

    def lost(self) -> None:
        self.gone.set()
        self._full = False
        self._waiting.clear()
        self._let_flow()

    def _let_flow(self) -> None:
        if self._flowing and not self._flowing.done():
            self._flowing.set_result(None)
        self._flowing = None


class WebSocketProtocol(WebSocketsSansIOProtocol):
    sender: EventSender | None = None
    _budget = float(INBOUND_BURST_BYTES)
    _budget_at = 0.0
    _resumed = 0

    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._guard.add(self)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # the application's task begins after this, and finds it
            cast(Any, self.scope)["extensions"][EXTENSION] = self.open_sender

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # refused, in good order; uvicorn 0.54 would log it as an error

    def open_sender(self) -> EventSender:
        """After the handshake. Frames are pushed as RFC 6455, 5.2 has them, unmasked."""
        self.sender = EventSender(self.transport, self._end)
        if self.close_sent or self.transport.is_closing():
            self.sender.lost()
        return self.sender

    def _end(self, code: int, why: str) -> None:
        if self.close_sent or self.disconnected:
            return
        self.conn.send_close(code, why)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": why})
        if self.read_paused:  # the peer's answer is still to come
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(FAREWELL_S, self.transport.close)

    def data_received(self, data: bytes) -> None:
        now = self.loop.time()
        earned = (now - self._budget_at) * INBOUND_BYTES_PER_S
        self._budget = min(INBOUND_BURST_BYTES, self._budget + earned) - len(data)
        self._budget_at = now
        if self._budget < 0:
            self._refuse()
            return
        super().data_received(data)
        if self.conn.handshake_exc and not self.handshake_initiated:
            self._refuse_opening()

    def _refuse_opening(self) -> None:
        """Headers that the library does not take, of which uvicorn tells nobody."""
        answer = b"".join(self.conn.data_to_send()) or BAD_OPENING
        self.handshake_complete = self.close_sent = True
        self.transport.write(answer)
        self.transport.close()

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) >= FRAGMENTS_MAX:
            self._refuse()
        else:
            super().handle_cont(event)

    def _refuse(self) -> None:
        """Floods of pings, endless fragments: whoever does that is not owed a handshake."""
        if self.sender:
            self.sender.cut(POLICY, "too much is sent here")
            self.transport.close()
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.sender:
            self.sender.pause()
        self._guard.watch(self, self.owes())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._resumed += 1
        if self.sender:
            self.sender.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._guard.forget(self)
        super().connection_lost(exc)
        if self.sender:
            self.sender.lost()

    def shutdown(self) -> None:
        self._guard.hurry()
        if self.sender:
            self.sender.lost()
        super().shutdown()

    # what http/guard.py asks

    def owes(self) -> str:
        if not self.transport.get_write_buffer_size():
            return ""
        return STREAM if self.sender else READER

    def moved(self) -> tuple[int, int, int]:
        return 0, self._resumed, self.transport.get_write_buffer_size()

    def address(self) -> str:
        headers = self.request.headers.raw_items() if self.handshake_initiated else ()
        return self._guard.address_of(self.client, headers)

    def held_bytes(self) -> int:
        return _unread_bytes(self.transport, self.sender)

    def cut(self, owed: str) -> None:
        _cut_reader(self.transport, self.sender)


def _unread_bytes(transport: asyncio.Transport, sender: EventSender | None) -> int:
    return transport.get_write_buffer_size() + (sender.waiting_bytes if sender else 0)


def _cut_reader(transport: asyncio.Transport, sender: EventSender | None) -> None:
    """The reader of a stream is told, if the word reaches it."""
    if sender and not sender.closed:
        sender.cut(TOO_SLOW, "reads too slowly")
    else:
        reset(transport)


class HttpProtocol(WatchedProtocol):
    sender: EventSender | None = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.sender:
            self._refuse()
        cast(Any, self.scope)["extensions"] = {EXTENSION: self.open_sender, SINGLE_WRITE: True}

    def open_sender(self) -> EventSender:
        """After the response's start, which must be chunked. Chunks are pushed as RFC 9112, 7.1 has them."""
        self.sender = EventSender(self.transport, self._end)
        self.uncount()
        if self.pipeline:
            self._refuse()
        if self.transport.is_closing():
            self.sender.lost()
        return self.sender

    def _refuse(self) -> None:
        """A request behind a stream would never be answered, and while it waits uvicorn does not see the peer leave."""
        self.transport.abort()

    def _end(self, code: int, why: str) -> None:
        """The application sends the last chunk, as soon as it sees that the sender is closed."""

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.sender:
            self.sender.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.sender:
            self.sender.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.sender:
            self.sender.lost()

    def shutdown(self) -> None:
        if self.sender:
            self.sender.cut(TRY_LATER, "the server is going away")
        super().shutdown()

    def owes(self) -> str:
        owed = super().owes()
        return STREAM if self.sender and owed == READER else owed

    def unread_bytes(self) -> int:
        return _unread_bytes(self.transport, self.sender)

    def cut_reader(self) -> None:
        _cut_reader(self.transport, self.sender)
