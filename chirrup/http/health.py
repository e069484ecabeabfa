"""Whether this process can do its work. It is checked in the background, so probes get an answer at once."""

import asyncio
import time
from contextlib import suppress

import structlog

from .. import metrics
from ..errors import Unavailable
from ..ports import Engines
from ..store import usage

log = structlog.get_logger()

EVERY_S = 1.0
PATIENCE_S = 1.0  # for the database's answer
BLIND = "the broker cannot be reached: what other processes do is not seen"
STALE_S = 5.0  # older results count as unknown


class Health:
    """Between start() and stop(), `problem` is "" while the database and the broker can be reached."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._found = "it has not begun yet"
        self._found_at_s = time.monotonic()
        self._leaving = False
        self._asking: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def problem(self) -> str:
        """What is wrong, in a sentence for operators; "": nothing."""
        if self._leaving:
            return "it is stopping"
        if self._task and time.monotonic() - self._found_at_s > STALE_S:
            return f"nothing is known for {STALE_S:g} s: the process is too busy"
        return self._found or self._blindness

    @property
    def _blindness(self) -> str:
        return BLIND if self._engines.broker.blind else ""

    def leave(self) -> None:
        """The process has begun to stop. It stays so."""
        self._leaving = True

    async def start(self) -> None:
        """Returns after the first check."""
        self._note(await self._look())
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Call it before the engines are closed."""
        for task in (self._task, self._asking):
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task

    async def _watch(self) -> None:
        while True:
            due_s = time.monotonic() + EVERY_S
            await asyncio.sleep(EVERY_S)
            metrics.loop_lags.add(max(0.0, time.monotonic() - due_s))
            self._note(await self._look())

    def _note(self, problem: str) -> None:
        if problem != self._found and problem:
            log.warning("not ready", problem=problem)
        elif problem != self._found:
            log.info("ready")
        self._found, self._found_at_s = problem, time.monotonic()

    async def _look(self) -> str:
        """One query at a time: a database that hangs must not take one thread after another."""
        self._asking = self._asking or asyncio.ensure_future(self._ask())
        try:
            async with asyncio.timeout(PATIENCE_S):  # wait_for() loses a cancel at times (Python 3.11)
                await asyncio.shield(self._asking)
        except TimeoutError:
            return f"the database does not answer within {PATIENCE_S:g} s"
        except Exception as error:
            self._asking = None
            log.debug("database not reached", exc_info=error)
            return error.message if isinstance(error, Unavailable) else "the database cannot be reached"
        self._asking = None
        return self._blindness

    async def _ask(self) -> None:
        db = self._engines.db
        await db.read(usage.alive)
        if trouble := db.trouble:  # a write failed for want of room; find out whether that is over
            await db.write(usage.writable)
            raise Unavailable(trouble)
