"""Clients that keep the server waiting: none for long, few from one address, and none has much of its memory meanwhile.

A connection is watched from the moment it owes us something: a request it has not begun or not ended, or the reading of
what was written to it. One timer looks at those who are watched, and now and then at all. A request that comes in one
piece and is read at once costs nothing here. Figures: docs/decisions/0022-slow-clients.md.
"""

import asyncio
from collections import Counter
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from .. import metrics
from ..access.limits import network_of

FRESH, HEAD, BODY, READER = "fresh", "head", "body", "reader"  # what is owed; fresh: a first request
STREAM = "stream"  # the reading of what was said since: of a stream that is open, for as long as it likes
OURS = "ours"  # what is owed would come, did we let it
HELD_MAX, HELD_ADDRESS_MAX = 2048, 256  # requests and answers that are held up, in all and from one address
HELD_BYTES_MAX, HELD_ADDRESS_BYTES_MAX = 128 * 1024 * 1024, 16 * 1024 * 1024  # in memory for them
HELD_BYTES_EACH = 16 * 1024  # of any connection, at least
RESUMED_BYTES = 48 * 1024  # are read between two moments at which uvloop calls resume_writing()
LEAVING_S = 1.0  # what is left to them once the server goes


class Patience(msgspec.Struct, frozen=True):
    """How long clients are waited for, and how many connections one address may have."""

    head_s: float = 10.0  # for a request's first line and headers
    still_s: float = 30.0  # for a client that sends or reads nothing; who does is given time for it:
    bytes_per_s: int = 1024
    connections: int = 1024  # of one address, streams not counted
    folder: Path | None = None  # for large bodies while they arrive; None: the system's
    proxies: Container[str | None] = ()  # whose own address does not count


class Connection(Protocol):
    """What is watched: an HTTP connection, or a WebSocket."""

    def owes(self) -> str:
        """FRESH, HEAD, BODY, READER, STREAM or OURS; "": nothing."""
        ...

    def moved(self) -> tuple[int, int, int]:
        """(bytes received, times that what was written had nearly all been read, bytes written and not read)."""
        ...

    def address(self) -> str:
        """Of the client; "": only its proxy is known."""
        ...

    def held_bytes(self) -> int: ...

    def cut(self, owed: str) -> None: ...


class _Watched:
    __slots__ = ("address", "is_cut", "left_s", "moved", "owed")

    def __init__(self, address: str, owed: str, left_s: float, moved: tuple[int, int, int]) -> None:
        self.address, self.owed, self.left_s, self.moved, self.is_cut = address, owed, left_s, moved, False


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
        """Whether one more may come from there; leave() follows either way."""
        self._open[peer] += 1
        return self._open[peer] <= self.patience.connections or not peer or peer in self.patience.proxies

    def leave(self, peer: str) -> None:
        """See enter."""
        self._open[peer] -= 1
        if not self._open[peer]:
            del self._open[peer]

    def add(self, connection: Connection) -> None:
        """forget() follows."""
        self._all.add(connection)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._looked_at_s = loop.time()
            self._timer = loop.call_later(self.period_s, self._look)

    def forget(self, connection: Connection) -> None:
        """It is gone, or has become another."""
        self._all.discard(connection)
        self._unwatch(connection)

    def _unwatch(self, connection: Connection) -> None:
        if one := self._watched.pop(connection, None):
            others = self._of_address[one.address]
            del others[connection]
            if not others:
                del self._of_address[one.address]

    def address_of(self, peer: tuple[str, int] | None, headers: Iterable[tuple[Any, Any]]) -> str:
        """The client's: as a trusted proxy gives it, or the peer's own. "": not known."""
        host = peer[0] if peer else ""
        if host not in self.patience.proxies:
            return host
        told = [_text(value) for name, value in headers if _text(name).lower() == "x-forwarded-for"]
        for one in reversed(", ".join(told).split(",")):
            if (one := one.strip()) not in self.patience.proxies:
                return one
        return ""

    # who owes us something

    def watch(self, connection: Connection, owed: str) -> None:
        """Until it owes nothing, which is seen by the timer."""
        one = self._watched.get(connection)
        if one and (one.owed == owed or one.is_cut):
            return
        self._unwatch(connection)
        counted = owed not in (FRESH, STREAM)
        address = network_of(connection.address()) if counted else ""  # behind a proxy it is known once the headers are
        self._watched[connection] = _Watched(address, owed, self._time_for(owed), connection.moved())
        others = self._of_address.setdefault(address, {})
        others[connection] = None
        if address and (owed == READER or len(others) > HELD_ADDRESS_MAX):
            for other in [one for one in others if not one.owes()]:
                self._unwatch(other)
            self._make_room(others, HELD_ADDRESS_MAX, HELD_ADDRESS_BYTES_MAX)

    def hurry(self) -> None:
        """The server goes: nobody is waited for much longer."""
        if not self._leaving:
            self._leaving = True
            for one in self._watched.values():
                one.left_s = min(one.left_s, LEAVING_S)

    def _time_for(self, owed: str) -> float:
        if self._leaving:
            return LEAVING_S
        return self.patience.head_s if owed in (FRESH, HEAD) else self.patience.still_s

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        # Time in which the server itself stood still is not the clients'.
        passed_s = min(now_s - self._looked_at_s, 2 * self.period_s)
        self._looked_at_s = now_s
        if now_s - self._looked_at_all_at_s > self.patience.still_s / 2:
            self._looked_at_all_at_s = now_s
            for connection in self._all:
                if (owed := connection.owes()) in (READER, STREAM):
                    self.watch(connection, owed)
        for connection, one in list(self._watched.items()):
            owed = connection.owes()
            if not owed:
                self._unwatch(connection)
                continue
            moved = connection.moved()
            if owed == OURS:
                one.moved = moved
                continue
            if owed != one.owed and not one.is_cut:
                self.watch(connection, owed)
                continue
            if owed in (BODY, READER, STREAM) and not one.is_cut:
                bytes_moved = _between(one.moved, moved)
                one.left_s = min(self._time_for(owed), one.left_s + bytes_moved / self.patience.bytes_per_s)
            one.moved = moved
            one.left_s -= passed_s
            if one.left_s <= 0:
                self._cut(connection, one)
        self._make_room(self._watched, HELD_MAX, HELD_BYTES_MAX)
        self._timer = loop.call_later(self.period_s, self._look) if self._all else None

    def _make_room(self, among: Iterable[Connection], most: int, bytes_most: int) -> None:
        """Streams are not counted, as they last; only what is kept for them is, and that in all."""
        held = [one for one in among if one.owes() not in ("", FRESH, OURS) and not self._watched[one].is_cut]
        self._cut_down({one: 1 for one in held if one.owes() != STREAM}, most)
        self._cut_down({one: max(HELD_BYTES_EACH, one.held_bytes()) for one in held}, bytes_most)

    def _cut_down(self, sizes: dict[Connection, int], most: int) -> None:
        """Cut those of whom the least can be hoped for, until the others come to no more than most."""
        total = sum(sizes.values())
        for connection in sorted(sizes, key=lambda one: self._watched[one].left_s) if total > most else ():
            if not self._watched[connection].is_cut:
                self._cut(connection, self._watched[connection])
            total -= sizes[connection]
            if total <= most:
                return

    def _cut(self, connection: Connection, one: _Watched) -> None:
        metrics.turned_away[f"slow {one.owed}"] += 1
        one.is_cut = True
        one.left_s = LEAVING_S if self._leaving else 5.0  # for a last word to arrive; then it is cut again
        connection.cut(one.owed)


def _between(before: tuple[int, int, int], now: tuple[int, int, int]) -> int:
    """Bytes that have moved, as far as can be told from outside of the transport."""
    return now[0] - before[0] + RESUMED_BYTES * (now[1] - before[1]) + max(0, before[2] - now[2])


def _text(of: str | bytes) -> str:
    return of if isinstance(of, str) else of.decode("latin-1")
