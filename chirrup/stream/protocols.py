"""Writes ready bytes to a reader, straight to uvicorn's transport; and limits what a peer can do to us.

These are uvicorn's own protocols with additions. serving.py gives them to uvicorn.Config. They put `open_sender` into
the scope's extensions. Measured in docs/decisions/0020-streams.md.
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
# events that may wait for a slow reader, beyond the kernel's buffer and the transport's 64 KiB
WAITING_EVENTS_MAX = 256
WAITING_BYTES_MAX = 1024 * 1024
KERNEL_BYTES = 128 * 1024  # size of the socket's send buffer; by default Linux lets it grow to 2.8 MB for a slow reader
POLICY, TRY_LATER, TOO_SLOW = 1008, 1012, 1013  # RFC 6455, 7.4.1, and IANA's list of close codes
FAREWELL_S = 5.0  # after a close frame the peer has this long to answer; then the connection is dropped
SILENT_MS = 30_000  # TCP_USER_TIMEOUT (Linux): a peer that acknowledges nothing for so long is gone
INBOUND_BURST_BYTES = 64 * 1024  # incoming data of a WebSocket; clients send a few hundred bytes in all
INBOUND_BYTES_PER_S = 4 * 1024
FRAGMENTS_MAX = 64
BAD_OPENING = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 56\r\n"
    b"Connection: close\r\n\r\nThis cannot open a WebSocket: see RFC 6455, section 4.1."
)


class EventSender:
    """Writes events to one reader. Never waits: a reader that is too slow is cut off."""

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
        """Send a close frame and close the connection. Waiting events are dropped."""
        if self.closed:
            return
        metrics.streams_cut[str(code)] += 1
        self.lost()
        self._end(code, why)
        asyncio.get_running_loop().call_later(FAREWELL_S, self._transport.abort)

    async def drained(self) -> None:
        """Returns once the reader has taken everything pushed, or is gone."""
        while self._full and not self.closed:
            self._flowing = self._flowing or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._flowing)

    # called by the protocols

    def pause(self) -> None:
        self._full = not self.closed

    def resume(self) -> None:
        self._full = False
        while self._waiting and not self._full:  # write() may call pause()
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
        if not self.close_sent:  # the application's task starts after this
            cast(Any, self.scope)["extensions"][EXTENSION] = self.open_sender

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # a regular refusal; uvicorn 0.54 would log it as an error

    def open_sender(self) -> EventSender:
        """Call it after the handshake. Push unmasked frames (RFC 6455, 5.2)."""
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
        if self.read_paused:  # the peer's close frame is still to come
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
        """Answer headers that the library refuses; uvicorn sends nothing for them."""
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
        """Close without a closing handshake: the peer floods us with pings or sends endless fragments."""
        if self.sender:
            self.sender.cut(POLICY, "too much is sent here")
            self.transport.close()
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.sender:
            self.sender.pause()
        self._guard.watch(self, self.awaited())

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

    # for http/guard.py

    def awaited(self) -> str:
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

    def cut(self, awaited: str) -> None:
        _cut_reader(self.transport, self.sender)


def _unread_bytes(transport: asyncio.Transport, sender: EventSender | None) -> int:
    return transport.get_write_buffer_size() + (sender.waiting_bytes if sender else 0)


def _cut_reader(transport: asyncio.Transport, sender: EventSender | None) -> None:
    """Cut the connection off; the reader of a stream is sent the reason first."""
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
        """Call it after the start of a chunked response. Push chunks (RFC 9112, 7.1)."""
        self.sender = EventSender(self.transport, self._end)
        self.uncount()
        if self.pipeline:
            self._refuse()
        if self.transport.is_closing():
            self.sender.lost()
        return self.sender

    def _refuse(self) -> None:
        """A request behind a stream would never be answered, and uvicorn would not notice that the peer has left."""
        self.transport.abort()

    def _end(self, code: int, why: str) -> None:
        """Does nothing: the application sends the last chunk once it sees that the sender is closed."""

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

    def awaited(self) -> str:
        awaited = super().awaited()
        return STREAM if self.sender and awaited == READER else awaited

    def unread_bytes(self) -> int:
        return _unread_bytes(self.transport, self.sender)

    def cut_reader(self) -> None:
        _cut_reader(self.transport, self.sender)
