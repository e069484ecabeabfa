"""chirrup/waiting.py: what takes too long ends, and nothing else does."""

import asyncio

import pytest

from chirrup.waiting import AtMost


async def test_only_what_takes_too_long_ends():
    at_most = AtMost(0.2)

    async def wait(event: asyncio.Event) -> str:
        try:
            with at_most:
                await event.wait()
        except TimeoutError:
            return "too long"
        return "done"

    never, soon = asyncio.Event(), asyncio.Event()
    waits = [asyncio.ensure_future(wait(event)) for event in (never, soon, never)]
    soon.set()

    assert await asyncio.gather(*waits) == ["too long", "done", "too long"]
    assert await wait(never) == "too long"  # also when nothing was inside for a while


async def test_what_somebody_else_cancels_is_cancelled():
    at_most, inside = AtMost(60), asyncio.Event()

    async def wait() -> None:
        with at_most:
            inside.set()
            await asyncio.Event().wait()

    waiting = asyncio.ensure_future(wait())
    await inside.wait()
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
