"""Limits how long slow clients may keep the server waiting, how many of one address may, and their memory meanwhile.

A connection is watched from the moment the server waits for it: to begin or end a request, or to read what was written
to it. One timer checks the watched connections, and from time to time all of them. A request that arrives in one piece,
and whose answer is read at once, costs nothing here. Figures: docs/decisions/0022-slow-clients.md.
"""

import asyncio
from collections import Counter
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from .. import metrics
from ..access.limits import network_of

# What the server waits for. FRESH: a connection's first request. READER: an answer to be read.
FRESH, HEAD, BODY, READER = "fresh", "head", "body", "reader"
STREAM = "stream"  # as READER, of an open stream, which may stay open as long as it likes
PAUSED = "paused"  # the rest of a request that the server itself does not read at the moment
HELD_MAX, HELD_ADDRESS_MAX = 2048, 256  # slow requests and answers, in all and from one address
HELD_BYTES_MAX, HELD_ADDRESS_BYTES_MAX = 128 * 1024 * 1024, 16 * 1024 * 1024  # in memory for them
HELD_BYTES_EACH = 16 * 1024  # counted for a connection at least
RESUMED_BYTES = 48 * 1024  # that a client has read between two calls of resume_writing() by uvloop
LEAVING_S = 1.0  # how long clients are waited for once the server stops


class Patience(msgspec.Struct, frozen=True):
    """How long clients are waited for, and how many connections one address may have."""

    head_s: float = 10.0  # for a request's first line and headers
    still_s: float = 30.0  # for a client that sends or reads nothing
    bytes_per_s: int = 1024  # a client that sends or reads is given a second more for so many bytes
    connections: int = 1024  # of one address, streams not counted
    folder: Path | None = None  # for large bodies while they arrive; None: the system's
    proxies: Container[str | None] = ()  # trusted: connections are not counted by their address


class Connection(Protocol):
    """A connection that can be watched: HTTP or WebSocket."""

    def awaited(self) -> str:
        """FRESH, HEAD, BODY, READER, STREAM or PAUSED; "": nothing."""
        ...

    def moved(self) -> tuple[int, int, int]:
        """(bytes received, calls of resume_writing(), bytes written and not read yet)."""
        ...

    def address(self) -> str:
        """The client's address; "": only its proxy is known."""
        ...

    def held_bytes(self) -> int: ...

    def cut(self, awaited: str) -> None: ...


class _Watched:
    __slots__ = ("address", "awaited", "is_cut", "left_s", "moved")

    def __init__(self, address: str, awaited: str, left_s: float, moved: tuple[int, int, int]) -> None:
        self.address, self.awaited, self.left_s, self.moved, self.is_cut = address, awaited, left_s, moved, False


class Guard:
    """One for all connections of a server."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self.period_s = min(1.0, self.patience.head_s / 4, self.patience.still_s / 4)
        self._open: Counter[str] = Counter()
        self._all: set[Connection] = set()
        self._watched: dict[Connection, _Watched] = {}
        self._of_address: dict[str, dict[Connection, None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._looked_at_s = self._looked_at_all_at_s = 0.0
        self._leaving = False

    # connections come and go

    def enter(self, peer: str) -> bool:
        """Whether this address may have one more connection. Call leave() later, in both cases."""
        self._open[peer] += 1
        return self._open[peer] <= self.patience.connections or not peer or peer in self.patience.proxies

    def leave(self, peer: str) -> None:
        self._open[peer] -= 1
        if not self._open[peer]:
            del self._open[peer]

    def add(self, connection: Connection) -> None:
        """Call forget() when it ends."""
        self._all.add(connection)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._looked_at_s = loop.time()
            self._timer = loop.call_later(self.period_s, self._look)

    def forget(self, connection: Connection) -> None:
        """The connection has ended, or has become a WebSocket."""
        self._all.discard(connection)
        self._unwatch(connection)

    def _unwatch(self, connection: Connection) -> None:
        if one := self._watched.pop(connection, None):
            others = self._of_address[one.address]
            del others[connection]
            if not others:
                del self._of_address[one.address]

    def address_of(self, peer: tuple[str, int] | None, headers: Iterable[tuple[Any, Any]]) -> str:
        """The client's address: the peer's, or what a trusted proxy says. "": not known."""
        host = peer[0] if peer else ""
        if host not in self.patience.proxies:
            return host
        forwarded = [_text(value) for name, value in headers if _text(name).lower() == "x-forwarded-for"]
        for address in reversed(", ".join(forwarded).split(",")):
            if (address := address.strip()) not in self.patience.proxies:
                return address
        return ""

    # connections the server waits for

    def watch(self, connection: Connection, awaited: str) -> None:
        """Watch it until the timer finds that the server waits for it no longer."""
        one = self._watched.get(connection)
        if one and (one.awaited == awaited or one.is_cut):
            return
        self._unwatch(connection)
        counted = awaited not in (FRESH, STREAM)
        address = network_of(connection.address()) if counted else ""  # behind a proxy it is known once the headers are
        self._watched[connection] = _Watched(address, awaited, self._time_for(awaited), connection.moved())
        others = self._of_address.setdefault(address, {})
        others[connection] = None
        if address and (awaited == READER or len(others) > HELD_ADDRESS_MAX):
            for other in [one for one in others if not one.awaited()]:
                self._unwatch(other)
            self._make_room(others, HELD_ADDRESS_MAX, HELD_ADDRESS_BYTES_MAX)

    def hurry(self) -> None:
        """The server stops, so clients are waited for LEAVING_S at most."""
        if not self._leaving:
            self._leaving = True
            for one in self._watched.values():
                one.left_s = min(one.left_s, LEAVING_S)

    def _time_for(self, awaited: str) -> float:
        if self._leaving:
            return LEAVING_S
        return self.patience.head_s if awaited in (FRESH, HEAD) else self.patience.still_s

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        # Time in which the server itself did nothing does not count against clients.
        passed_s = min(now_s - self._looked_at_s, 2 * self.period_s)
        self._looked_at_s = now_s
        if now_s - self._looked_at_all_at_s > self.patience.still_s / 2:
            self._looked_at_all_at_s = now_s
            for connection in self._all:
                if (awaited := connection.awaited()) in (READER, STREAM):
                    self.watch(connection, awaited)
        for connection, one in list(self._watched.items()):
            awaited = connection.awaited()
            if not awaited:
                self._unwatch(connection)
                continue
            moved = connection.moved()
            if awaited == PAUSED:
                one.moved = moved
                continue
            if awaited != one.awaited and not one.is_cut:
                self.watch(connection, awaited)
                continue
            if awaited in (BODY, READER, STREAM) and not one.is_cut:
                bytes_moved = _between(one.moved, moved)
                one.left_s = min(self._time_for(awaited), one.left_s + bytes_moved / self.patience.bytes_per_s)
            one.moved = moved
            one.left_s -= passed_s
            if one.left_s <= 0:
                self._cut(connection, one)
        self._make_room(self._watched, HELD_MAX, HELD_BYTES_MAX)
        self._timer = loop.call_later(self.period_s, self._look) if self._all else None

    def _make_room(self, among: Iterable[Connection], most: int, bytes_most: int) -> None:
        """Streams do not count as slow requests, because they last; their memory does count."""
        held = [one for one in among if one.awaited() not in ("", FRESH, PAUSED) and not self._watched[one].is_cut]
        self._cut_down({one: 1 for one in held if one.awaited() != STREAM}, most)
        self._cut_down({one: max(HELD_BYTES_EACH, one.held_bytes()) for one in held}, bytes_most)

    def _cut_down(self, sizes: dict[Connection, int], most: int) -> None:
        """Cut the connections with the least time left, until the sizes of the others add up to at most `most`."""
        total = sum(sizes.values())
        for connection in sorted(sizes, key=lambda one: self._watched[one].left_s) if total > most else ():
            if not self._watched[connection].is_cut:
                self._cut(connection, self._watched[connection])
            total -= sizes[connection]
            if total <= most:
                return

    def _cut(self, connection: Connection, one: _Watched) -> None:
        metrics.turned_away[f"slow {one.awaited}"] += 1
        one.is_cut = True
        one.left_s = LEAVING_S if self._leaving else 5.0  # for the error answer to arrive; then it is cut again
        connection.cut(one.awaited)


def _between(before: tuple[int, int, int], now: tuple[int, int, int]) -> int:
    """Bytes sent or read by the client, as far as this can be known from outside of the transport."""
    return now[0] - before[0] + RESUMED_BYTES * (now[1] - before[1]) + max(0, before[2] - now[2])


def _text(of: str | bytes) -> str:
    return of if isinstance(of, str) else of.decode("latin-1")
