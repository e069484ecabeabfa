"""Writes the head and the body of a complete answer with one system call, not two.

If the scope's extensions have the key SINGLE_WRITE, an application may put the body under it in `http.response.start`;
it then sends nothing more. Measured: 8 µs less of 58 for markers, 25 less of 228 for a home timeline.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

SINGLE_WRITE = "chirrup.single_write"
_CLOSE = (b"connection", b"close")


class SingleWriteCycle(RequestResponseCycle):
    """uvicorn's, with single writes. It must have no attributes of its own: an object's class is changed to this."""

    async def send(self, message: Any) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.transport.is_closing():  # of several requests in one piece, uvicorn tells only the last
            self.disconnected = True
        if self.disconnected:
            return
        body = message.get(SINGLE_WRITE)
        if body is None:
            return await super().send(message)
        headers = self.default_headers + message["headers"]
        if _CLOSE in headers:
            self.keep_alive = False
        elif not self.keep_alive:
            headers.append(_CLOSE)
        head = b"".join([b"%b: %b\r\n" % pair for pair in headers])
        if head.count(b"\n") != len(headers) or head.count(b"\r") != len(headers):
            raise RuntimeError("a header has a line break in it")
        if self.scope["method"] == "HEAD":
            body = b""
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join((STATUS_LINE[message["status"]], head, b"\r\n", body)))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
