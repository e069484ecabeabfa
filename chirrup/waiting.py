"""Waiting for an event, with a time limit."""

import asyncio
from contextlib import suppress


async def happens(event: asyncio.Event, within_s: float) -> bool:
    """Whether event is set within this time. asyncio.wait_for() of Python 3.11 sometimes loses a cancellation."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
