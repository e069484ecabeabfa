"""Load with a fixed schedule (open loop): slow answers do not delay it. Each is timed from when its request was due.

One process with raw sockets, one request at a time on each. If all are busy, the next request waits, and its time runs.
"""

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Callable

Learn = Callable[[int, bytes, float], None]  # called with status, body, and the time of the answer (time.perf_counter)
LOST = 0  # status of a request without an answer: the connection ended


class Timings:
    """Seconds of each answer, by kind of request and status."""

    def __init__(self) -> None:
        self.of: dict[tuple[str, int], array[float]] = {}

    def add(self, kind: str, status: int, seconds: float) -> None:
        self.of.setdefault((kind, status), array("d")).append(seconds)

    def took(self, kind: str = "", among: Callable[[int], bool] = lambda status: status == 200) -> list[float]:
        """Seconds, shortest first. kind "": all kinds."""
        return sorted(
            one
            for (its_kind, status), seconds in self.of.items()
            if kind in ("", its_kind) and among(status)
            for one in seconds
        )

    def by_status(self, kind: str = "") -> dict[int, int]:
        """Number of answers by status, lowest first. kind "": all kinds."""
        found: dict[int, int] = {}
        for (its_kind, status), seconds in self.of.items():
            if kind in ("", its_kind):
                found[status] = found.get(status, 0) + len(seconds)
        return dict(sorted(found.items()))


def percentile(ordered: list[float], percent: float) -> float:
    """In the unit of ordered, which must be sorted. 0 when it is empty."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


class Client:
    """Connections to one server. Close it at the end."""

    def __init__(self, port: int, timings: Timings) -> None:
        self.port, self.timings = port, timings
        self.sent = self.answered = self.most_waiting = 0
        self.last_answer_at = 0.0
        self._idle: deque[_Connection] = deque()  # used in turn, so that none is idle for long
        self._all: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[str, bytes, float, Learn | None]] = deque()

    async def open(self, connections: int) -> None:
        for start in range(0, connections, 100):
            await asyncio.gather(*(self._open() for _ in range(min(100, connections - start))))

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self.port)
        self._all.add(connection)
        self._free(connection)

    def _free(self, connection: "_Connection") -> None:
        if self._waiting:
            connection.ask(*self._waiting.popleft())
        else:
            self._idle.append(connection)

    def send(self, kind: str, request: bytes, due: float, learn: Learn | None = None) -> None:
        """due: when it should be sent (time.perf_counter)."""
        self.sent += 1
        if self._idle:
            self._idle.popleft().ask(kind, request, due, learn)
        else:
            self._waiting.append((kind, request, due, learn))
            self.most_waiting = max(self.most_waiting, len(self._waiting))

    async def all_answered(self, within_s: float = 60) -> None:
        give_up_at = time.perf_counter() + within_s
        while self.answered < self.sent:
            if time.perf_counter() > give_up_at:
                raise SystemExit(f"{self.sent - self.answered} requests are not answered after {within_s:g} s")
            await asyncio.sleep(0.005)

    def close(self) -> None:
        closing, self._all = self._all, set()
        for connection in closing:
            connection.transport.abort()

    # for connections

    def over(self, connection: "_Connection", kind: str, status: int, due: float) -> None:
        self.last_answer_at = time.perf_counter()
        self.answered += 1
        self.timings.add(kind, status, self.last_answer_at - due)
        if status != LOST:
            self._free(connection)

    def lost(self, connection: "_Connection") -> None:
        """Open another connection instead."""
        if connection in self._idle:
            self._idle.remove(connection)
        if connection in self._all:
            self._all.remove(connection)
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)


class _Connection(asyncio.Protocol):
    def __init__(self, client: Client) -> None:
        self._client = client
        self._kind, self._due, self._learn = "", 0.0, None
        self._asked = False
        self._got = b""
        self._until = 0  # bytes of head and body; 0: the head is not complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # pyright: ignore[reportAttributeAccessIssue]

    def ask(self, kind: str, request: bytes, due: float, learn: Learn | None) -> None:
        self._kind, self._due, self._learn, self._asked = kind, due, learn, True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._until:
            head = self._got.find(b"\r\n\r\n") + 4
            if head < 4:
                return
            self._until = head + _content_length(self._got[:head])
        if len(self._got) >= self._until:
            status, got, learn = int(self._got[9:12]), self._got, self._learn
            self._got, self._until, self._asked = b"", 0, False
            self._client.over(self, self._kind, status, self._due)  # this may send the next request
            if learn:
                learn(status, got.partition(b"\r\n\r\n")[2], self._client.last_answer_at)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.lost(self)
        if self._asked:
            self._asked = False
            self._client.over(self, self._kind, LOST, self._due)


def _content_length(head: bytes) -> int:
    return int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])


async def pace(rate: float, seconds: float, send: Callable[[int, float], None]) -> None:
    """Call send(number, due) rate times a second for so long. Late calls follow at once."""
    started, count = time.perf_counter(), 0
    while (now := time.perf_counter()) < started + seconds:
        while count < (now - started) * rate:
            send(count, started + count / rate)
            count += 1
        await asyncio.sleep(0.001)
