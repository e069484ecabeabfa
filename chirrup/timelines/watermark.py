"""The low watermark: up to this id, all events have been acted on, and all their signals have been sent."""

import asyncio
import time
from collections import deque

from ..ports import Engines
from ..store import outbox

LOOK_S = 1.0
SETTLE_S = 5.0  # a signal that Redis accepted arrives within this time, or the connection is closed, which is a gap
CLOCKS_MS = 500  # the clocks of two processes, which follow the database's, differ by at most this


class Watermark:
    """Call look() once in LOOK_S while there are readers."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._seen: deque[tuple[float, int]] = deque()  # (monotonic time, watermark)
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[int] | None = None

    async def now(self) -> int:
        """The id up to which all events have been acted on now. Calls during a query share the next one."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._next)

    async def _ask(self) -> int:
        async with self._turn:
            self._next = None
            return await self._engines.db.write(outbox.low_watermark)

    async def look(self) -> int:
        """The id up to which all signals have arrived in this process, too; 0: unknown."""
        if self._engines.broker.blind:
            self.forget()
            return 0
        seen, asked_s = await self.now(), time.monotonic()
        self._seen.append((asked_s, seen))
        settled = 0
        while self._seen and self._seen[0][0] <= asked_s - SETTLE_S:
            settled = self._seen.popleft()[1]
        return max(0, settled - (CLOCKS_MS << 16))

    def forget(self) -> None:
        """Signals were lost, so earlier watermarks say nothing."""
        self._seen.clear()
