"""Gives every request an id, counts it with its time, and logs a line if it failed or took long.

The outermost application, around pages, API and streams. Measured: 2 µs a request, of 255 for a home timeline.
"""

import itertools
import re
import secrets
import time
from collections.abc import Container
from typing import Any

import structlog

from .. import metrics
from ..logs import current
from ..metrics import Times
from .route import FREE, Route

log = structlog.get_logger()

SLOW_S = 1.0
LOOPBACK = ("127.0.0.1", "::1")
LINES, LINES_PER_S = 20, 1  # of the log, at once and then: if everything fails, it says how many lines it left out
LOOKS = 1000  # requests that are looked at for a proxy, and then one in so many
_SANE = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")


class Observed:
    """Wraps app. trusted: addresses of proxies whose X-Request-Id is used as the id."""

    def __init__(self, app: Any, trusted: Container[str | None] = ()) -> None:
        self._app, self._trusted = app, trusted
        self._form = secrets.token_hex(5).encode() + b"%08x"  # begins with random digits of this process
        self._numbers = itertools.count(1)
        self._lines, self._told_at_s, self._left_out = 0.0, 0.0, 0
        self._is_proxy_told = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":  # the hub counts and logs WebSockets
            return await self._app(scope, receive, send)
        began_s = time.perf_counter()
        number = next(self._numbers)
        if not self._is_proxy_told and (number < LOOKS or not number % LOOKS):
            self._look_for_proxy(scope)
        id = self._given(scope) if self._trusted else b""
        id = id or self._form % number
        scope["request_id"] = id
        current.set(scope)
        status = 500  # uvicorn's, if the application sends nothing

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = message["headers"] + [(b"x-request-id", id)]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            took_s = time.perf_counter() - began_s
            line: Route | None = scope.get("route")
            route = line.path if line else ""
            try:
                metrics.requests[scope["method"], route, status // 100].add(took_s)
            except KeyError:
                metrics.requests.setdefault(_known(scope["method"], route, status // 100), Times()).add(took_s)
            if (status >= 500 or took_s > SLOW_S) and not (line and line.cost == FREE):
                self._tell(scope, route, status, took_s)
            scope["over"] = True

    def _look_for_proxy(self, scope: Any) -> None:
        """Warn once about a proxy that is not trusted: all its clients count as one address."""
        peer = scope["client"][0] if scope["client"] else ""
        if peer not in LOOPBACK or peer in self._trusted:
            return
        if b"x-forwarded-for" in [name for name, _ in scope["headers"]]:
            self._is_proxy_told = True
            log.warning(
                "a proxy that is not trusted: all its clients count as one address and share its limits. "
                f"If it is yours, set CHIRRUP_TRUSTED_PROXIES={peer}",
                peer=peer,
            )

    def _given(self, scope: Any) -> bytes:
        """The request id sent by a trusted proxy, if it is well formed; else b""."""
        if scope["client"] and scope["client"][0] in self._trusted:
            for name, value in scope["headers"]:
                if name == b"x-request-id" and _SANE.fullmatch(value):
                    return value
        return b""

    def _tell(self, scope: Any, route: str, status: int, took_s: float) -> None:
        """Logs the route only: paths and queries may contain names and secrets."""
        now_s = time.monotonic()
        self._lines = min(LINES, self._lines + (now_s - self._told_at_s) * LINES_PER_S)
        self._told_at_s = now_s
        if self._lines < 1:
            self._left_out += 1
            return
        self._lines -= 1
        words = {"method": scope["method"], "route": route, "status": status, "took_ms": round(took_s * 1000)}
        if account_id := scope.get("account_id"):
            words["account_id"] = str(account_id)
        if self._left_out:
            words["left_out"], self._left_out = self._left_out, 0
        if status >= 500:
            log.error("request failed", **words)
        else:
            log.warning("request took long", **words)


METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def _known(method: str, route: str, hundreds: int) -> tuple[str, str, int]:
    """Invented methods count as "other", so that clients cannot add metrics without end."""
    return method if method in METHODS else "other", route, hundreds
