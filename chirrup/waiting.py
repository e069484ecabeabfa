"""Waiting for something, but not for ever."""

import asyncio
from contextlib import suppress


async def happens(event: asyncio.Event, within_s: float) -> bool:
    """Whether it is set by then. Not with asyncio.wait_for(): of Python 3.11 it loses a cancellation at times."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
