"""Up to which id all that was said has been acted on, so that whoever was to hear of it has been told."""

import asyncio
import time
from collections import deque

from ..ports import Engines
from ..store import outbox

LOOK_S = 1.0
SETTLE_S = 5.0  # what Redis has taken is heard by then, or the connection was given up, which is a gap
CLOCKS_MS = 500  # by so much the clocks of two processes, which are the database's, differ at most


class Watermark:
    """look() once in LOOK_S while anybody listens."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._seen: deque[tuple[float, int]] = deque()  # when, what
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[int] | None = None

    async def now(self) -> int:
        """The id up to which all has been acted on by now. Those who ask while one look is under way share the next."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._next)

    async def _ask(self) -> int:
        async with self._turn:
            self._next = None
            return await self._engines.db.write(outbox.low_watermark)

    async def look(self) -> int:
        """The id up to which all that was told to anybody has been heard here, too; 0: that is not known."""
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
        """Something was not heard: what has been seen says nothing."""
        self._seen.clear()
