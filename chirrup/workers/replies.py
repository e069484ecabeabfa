"""A reply is told of after what it answers: ../shared/threats.md G7. Other authors' events are acted on beside."""

import asyncio

from ..events import PostPublished
from ..ports import Engines, Tx
from ..store import outbox, posts

PASS_S, PASS_TRIES = 0.01, 100  # not for long: while a post goes to a million, its author's friends may answer


async def let_parent_pass(engines: Engines, post_id: int) -> None:
    """Wait for what the post answers to be delivered."""
    for _ in range(PASS_TRIES):
        if not await engines.db.read(_parent_waits, post_id):
            return
        await asyncio.sleep(PASS_S)


def _parent_waits(tx: Tx, post_id: int) -> bool:
    post = posts.by_id(tx, post_id)
    if post is None or post.reply_to_author_id in (0, post.author_id):  # one's own events are in order anyway
        return False
    return outbox.is_waiting(tx, PostPublished(post.reply_to_author_id, post.reply_to_id), post.reply_to_id)
