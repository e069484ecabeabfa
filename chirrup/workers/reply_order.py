"""Delivers a reply after its parent, if both are new: events of different authors are acted on in parallel."""

import asyncio

from ..events import PostPublished
from ..ports import Engines, Tx
from ..store import outbox

PASS_S, PASS_TRIES = 0.01, 100  # not for long: replies must not wait until a post has reached a million followers


async def let_parent_pass(engines: Engines, reply: PostPublished) -> None:
    """Wait until the parent is delivered, PASS_S * PASS_TRIES at most."""
    if reply.reply_to_author_id in (0, reply.of):  # events of one author are in order anyway
        return
    for _ in range(PASS_TRIES):
        if not await engines.db.read(_is_waiting, reply.reply_to_id):
            return
        await asyncio.sleep(PASS_S)


def _is_waiting(tx: Tx, post_id: int) -> bool:
    waiting = outbox.waiting_beside(tx, post_id)
    return any(isinstance(event, PostPublished) and event.post_id == post_id for event in waiting)
