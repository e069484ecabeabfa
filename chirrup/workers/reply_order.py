"""A reply is told of after what it answers, to whoever sees both. Other authors' events are acted on beside."""

import asyncio

from ..events import PostPublished
from ..ports import Engines, Tx
from ..store import outbox

PASS_S, PASS_TRIES = 0.01, 100  # not for long: while a post goes to a million, its author's friends may answer


async def let_parent_pass(engines: Engines, reply: PostPublished) -> None:
    """Wait for what the post answers to be delivered."""
    if reply.reply_to_author_id in (0, reply.of):  # one's own events are in order anyway
        return
    for _ in range(PASS_TRIES):
        if not await engines.db.read(_is_waiting, reply.reply_to_id):
            return
        await asyncio.sleep(PASS_S)


def _is_waiting(tx: Tx, post_id: int) -> bool:
    waiting = outbox.waiting_beside(tx, post_id)
    return any(isinstance(event, PostPublished) and event.post_id == post_id for event in waiting)
