"""Keeps a large body on disk until all of it has arrived, so it takes only 64 KiB of memory meanwhile.

An application that asks for the body waits for all of it; one that refuses the request never asks, and the body stays
unread. Pieces of 64 to 256 kB are written on the event loop, to the system's cache, in 0.1 ms: while they waited for a
thread, they would be in memory.
"""

import tempfile
from collections import Counter
from pathlib import Path
from typing import IO, Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from ..access.limits import network_of
from ..errors import BadRequest, Unavailable
from ..ports import BODY_BYTES
from .single_write import SingleWriteCycle

PIECE_BYTES = 1024 * 1024
BODY_BYTES_MAX = 128 * 1024 * 1024  # if the application has not set BODY_BYTES
SPOOLED_BYTES_MAX = 2 * 1024 * 1024 * 1024  # on disk at a time, in all
ADDRESS_BYTES_MAX = 256 * 1024 * 1024  # and from one address

_spooled: Counter[str] = Counter()  # bytes by address


class SpoolingCycle(SingleWriteCycle):
    """All attributes are class attributes, because an object's class is changed to this."""

    folder: Path | None = None
    _file: IO[bytes] | None = None
    _address = ""  # the client's, also behind a trusted proxy
    _size = 0
    _given = 0

    async def run_asgi(self, app: Any) -> None:
        try:
            await super().run_asgi(app)
        finally:
            self._close()

    async def receive(self) -> Any:
        """Raises BadRequest: the client disconnected before the end of its body; Unavailable: there is no room."""
        if self.more_body and self._file is None and not self.response_complete:
            await self._gather()
        if self._file is None:
            return await super().receive()
        data = self._file.read(PIECE_BYTES)
        self._given += len(data)
        more = self._given < self._size or self.more_body
        if not more:
            self._close()
        return {"type": "http.request", "body": data, "more_body": more}

    async def _gather(self) -> None:
        """Returns when the body is complete, or larger than BODY_BYTES."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        most = self.scope.get(BODY_BYTES, BODY_BYTES_MAX)
        while self.more_body and self._size <= most:
            if self.disconnected or self.transport.is_closing():
                raise BadRequest("the body did not arrive completely")
            if len(self.body) > HIGH_WATER_LIMIT:
                self._put_aside()
            self.message_event.clear()
            self.flow.resume_reading()
            if self.more_body:
                await self.message_event.wait()
        if self._file is not None:
            self._put_aside()
            self._file.seek(0)

    def _put_aside(self) -> None:
        data, self.body = self.body, bytearray()
        self._address = self._address or network_of(client[0] if (client := self.scope["client"]) else "")
        if _spooled[self._address] + len(data) > ADDRESS_BYTES_MAX or _spooled.total() + len(data) > SPOOLED_BYTES_MAX:
            raise Unavailable("Too much is being uploaded at the moment: try again in a while")
        self._size += len(data)
        _spooled[self._address] += len(data)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0, dir=self.folder)  # noqa: SIM115 (closed by run_asgi)
            self._file.write(data)
        except OSError as error:
            raise Unavailable("The server has no disk space for what was sent; try again later") from error

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._size:
            _spooled[self._address] -= self._size
            if not _spooled[self._address]:
                del _spooled[self._address]
            self._size = 0
