"""Waiting with a time limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType

from . import logs

RETRY_S = 1


async def happens(event: asyncio.Event, within_s: float) -> bool:
    """Whether event is set within this time. asyncio.wait_for() of Python 3.11 sometimes loses a cancellation."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()


async def keep_fresh(changed: asyncio.Event, every_s: float, load: Callable[[], Awaitable[None]], trouble: str) -> None:
    """Calls load() when changed is set, and every_s after the last time; a second after it has failed. Has no end.

    trouble: what the log says of a failure.
    """
    while True:
        await happens(changed, every_s)
        changed.clear()
        try:
            await load()
        except Exception as error:  # the database is away: what is known stays as it was
            logs.failed(trouble, error)
            await asyncio.sleep(RETRY_S)
            changed.set()


class AtMost:
    """`with at_most:` gives what happens inside, in any task, some seconds; then it raises TimeoutError there.

    It has one timer for all tasks, so it may be a quarter of that time late. asyncio.timeout() has one for each, which
    costs 8 µs: a tenth of a delivery.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began_s: dict[asyncio.Task[object], float] = {}  # oldest first
        self._ended: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None  # where the timer is set

    def __enter__(self) -> None:
        task = _this_task()
        loop = task.get_loop()
        if loop is not self._loop:
            self._loop, self._began_s, self._ended = loop, {}, set()
            loop.call_later(self._seconds / 4, self._look, loop)
        self._began_s[task] = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        task = _this_task()
        self._began_s.pop(task, None)
        if task in self._ended:
            self._ended.discard(task)
            if task.uncancel() == 0 and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            return
        for task, began_s in tuple(self._began_s.items()):
            if time.monotonic() - began_s < self._seconds:
                break
            if task not in self._ended:
                self._ended.add(task)
                task.cancel()
        if self._began_s:
            loop.call_later(self._seconds / 4, self._look, loop)
        else:
            self._loop = None


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task, "this is for coroutines"
    return task
