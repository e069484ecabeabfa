"""Admission: too many requests are refused before they get a task and before their token is looked up.

Each admission class has room of its own, so posting works during a flood of searches or readers. A class takes ROOM
requests at a time. After it refused one, it takes only BUSY, until none was refused for CALM_S: BUSY are enough to use
the whole server, and wait less. Measured: docs/decisions/0017-overload.md.
"""

import re
import time
from pathlib import Path
from typing import Any, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .. import metrics
from .route import NORMAL, SLOW
from .router import FOUND, Found, Router
from .single_write import SingleWriteCycle
from .spool import SpoolingCycle

ROOM, BUSY = 256, 12
ROOM_SLOW, BUSY_SLOW = 64, 8  # where a request costs as much as many others
CALM_S = 0.5
RETRY_AFTER_S = 1


def _answer(kind: bytes, body: bytes) -> "Refusal":
    return Refusal(
        [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", str(RETRY_AFTER_S).encode()),
            (b"cache-control", b"no-store"),
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", b"Retry-After"),
            (b"x-content-type-options", b"nosniff"),
        ],
        body,
    )


class Refusal:
    """A 503 answer: bytes ready to be written, and an application for when uvicorn must add headers."""

    def __init__(self, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._headers, self._body = headers, body
        lines = [name + b": " + value for name, value in headers]
        self.whole = b"\r\n".join([b"HTTP/1.1 503 Service Unavailable", *lines, b"", body])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


TO_PROGRAMS = _answer(b"application/json; charset=utf-8", b'{"error":"the server is busy; try again in a moment"}')
BUSY_NOW = b"This server is busy. Reload this page in a moment: what you typed is sent again then."
TO_PEOPLE = _answer(b"text/plain; charset=utf-8", BUSY_NOW)


class AdmissionClass:
    """An application that takes a limited number of requests at a time. It must serve every request enter() took."""

    def __init__(self, app: Any, room: int, busy: int) -> None:
        self._app, self._room, self._busy = app, room, busy
        self.inside = 0
        self._crowded_until = 0.0

    def enter(self) -> bool:
        """Take one more request, if there is room. False: refuse it."""
        if self.refuses():
            return False
        self.inside += 1
        return True

    def refuses(self) -> bool:
        """Whether there is no room for one more."""
        if self.inside >= self._busy:
            now = time.monotonic()
            if self.inside >= self._room or now < self._crowded_until:
                self._crowded_until = now + CALM_S
                metrics.turned_away["admission"] += 1
                return True
        return False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            self.inside -= 1


class Admission:
    """The admission classes of one application. A request's class is its route's; without a route, reads or writes."""

    def __init__(self, app: Any, router: Router) -> None:
        self.router = router
        self.reads, self.writes = AdmissionClass(app, ROOM, BUSY), AdmissionClass(app, ROOM, BUSY)
        self.slow = AdmissionClass(app, ROOM_SLOW, BUSY_SLOW)
        self.refused_until = 0.0  # monotonic; until then we expect to refuse more, see refused_unread()

    def class_of(self, method: str, found: Found) -> AdmissionClass | None:
        """found: what the router has for the path. None: always admitted."""
        endpoint = found.endpoints.get(method)
        if endpoint and endpoint.route.cost != NORMAL:
            return self.slow if endpoint.route.cost == SLOW else None
        return self.reads if method in ("GET", "HEAD", "OPTIONS") else self.writes

    def refusal(self, method: str, path: str, found: Found) -> Refusal:
        endpoint = found.endpoints.get(method)
        is_for_programs = endpoint.route.for_programs if endpoint else self.router.is_for_programs(path)
        return TO_PROGRAMS if is_for_programs else TO_PEOPLE


_LINE = re.compile(rb"(GET|POST|PUT|PATCH|DELETE) (/[^ ?%]*)(?:\?[^ ]*)? HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: ?(\d{1,9})\r\n")
_NOT_PLAIN = re.compile(rb"\r\n(?:content-length|connection: ?close|connection: ?upgrade|expect)|transfer-encoding")


def is_one_plain_request(data: bytes) -> bool:
    """Whether data is exactly one request, for every parser, and one that leaves the connection open."""
    head, found, body = data.partition(b"\r\n\r\n")
    head = head.lower() + b"\r\n"
    length = _LENGTH.search(head)
    if length:
        head = head[: length.start()] + head[length.end() - 2 :]
    return bool(found) and len(body) == (int(length[1]) if length else 0) and not _NOT_PLAIN.search(head)


class SheddingProtocol(HttpToolsProtocol):
    """uvicorn's protocol with admission.

    A request needs room only when all of it has arrived, so slow senders take none. Large ones are admitted while they
    arrive: uploads have limits of their own.
    """

    _arriving: RequestResponseCycle | None = None
    _reading = False  # a request has begun and not ended
    folder: Path | None = None  # for large bodies while they arrive

    def __init__(self, *args: Any, admission: Admission | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._admission = admission
        self._all: Any = self.app

    def refused_unread(self, data: bytes) -> bool:
        """True: data was a request without room, and the refusal is written. Used only while others are refused.

        It does not parse the headers one by one. That saves half of what a refusal costs beyond the kernel.
        """
        admission = self._admission
        if admission is None or time.monotonic() > admission.refused_until:
            return False
        if self._reading or self.transport.is_closing():
            return False
        before, line = self.cycle, _LINE.match(data)
        if not (line and before and before.response_complete and before.keep_alive):
            return False
        method, path = line[1].decode(), line[2].decode("latin-1")
        found = admission.router.find(path)
        kind = admission.class_of(method, found)
        if kind is None or not is_one_plain_request(data) or not kind.refuses():
            return False
        self._unset_keepalive_if_required()
        self._refuse_in_line(admission.refusal(method, path, found))
        return True

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Called by uvicorn when it is a request's turn on its connection. Its body may still be arriving."""
        cycle.__class__ = SingleWriteCycle  # uvicorn offers no way to choose the class
        if not cycle.more_body:
            self._enter(cycle)
        elif cycle.waiting_for_100_continue:
            self._start_large(cycle, app)
        else:
            self._arriving = cycle

    def on_message_begin(self) -> None:
        self._reading = True
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._arriving and len(self._arriving.body) > HIGH_WATER_LIMIT:  # uvicorn reads more only once the app runs
            cycle, self._arriving = self._arriving, None
            self._start_large(cycle, self._all)

    def _start_large(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = SpoolingCycle
        cast(Any, cycle).folder = self.folder
        super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        self._reading = False
        super().on_message_complete()
        if self._arriving:
            cycle, self._arriving = self._arriving, None
            self._enter(cycle)

    def _enter(self, cycle: RequestResponseCycle) -> None:
        admission, scope = self._admission, cast(Any, cycle.scope)
        if admission is None:
            return super()._start_asgi_task(cycle, self._all)
        method, path = scope["method"], scope["path"]
        found = scope[FOUND] = admission.router.find(path)
        kind = admission.class_of(method, found)
        if kind is None:
            super()._start_asgi_task(cycle, self._all)
        elif kind.enter():
            super()._start_asgi_task(cycle, kind)
        else:
            admission.refused_until = time.monotonic() + CALM_S
            self._shed(cycle, admission.refusal(method, path, found))

    def _shed(self, cycle: RequestResponseCycle, refusal: Refusal) -> None:
        if cycle.keep_alive and cycle.scope["method"] != "HEAD" and cycle is self.cycle:
            cycle.response_started = cycle.response_complete = True
            self._refuse_in_line(refusal)
        else:  # not directly: thousands may wait behind it, and each would be a call inside this one
            super()._start_asgi_task(cycle, refusal)

    def _refuse_in_line(self, refusal: Refusal) -> None:
        self.transport.write(refusal.whole)
        self.on_response_complete()
