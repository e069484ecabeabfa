"""THE CORE, second half: one post to many timelines and open streams, a step of followers at a time.

Costs are per step, not per follower. All of it may run twice: timelines and readers hold an id once.
"""

import asyncio
from collections.abc import AsyncIterator

from ..events import PostPublished, Signal
from ..ports import Engines, Tx
from ..social.text import hashtag_key
from ..store import follows, lists, outbox, tags
from ..types import Visibility
from . import wants
from .wants import Spread

STEP = 1000  # followers read and pushed at once
PASS_S, PASS_TRIES = 0.01, 100


async def deliver(engines: Engines, post_id: int, event: str = "update") -> None:
    """Into every warm timeline and every open stream that wants the post.

    event: "status.update" (edited) and "delete" go to the same streams; timelines hold ids, so need neither.
    """
    async for kind, owners, author in _steps(engines, post_id, event):
        if event == "update":
            await engines.timelines.push(kind, owners, post_id)
        await engines.broker.publish(_channels(kind, owners), Signal(event, post_id, author).packed)


async def _steps(engines: Engines, post_id: int, event: str) -> AsyncIterator[tuple[str, set[int], int]]:
    """(kind of timeline, owners, the author), step by step; kinds "public" and "hashtag:…" have no owners."""
    deleted = event == "delete"
    spread, owners, last = await engines.db.read(_first, post_id, deleted)
    if spread and event == "update" and await _let_pass(engines, spread):
        spread, owners, last = await engines.db.read(_first, post_id, deleted)
    if spread is None:
        return
    author = spread.post.author_id
    yield "home", owners | {author}, author
    while last:
        owners, last = await engines.db.read(_followers, spread, last)
        yield "home", owners, author
    while found := await engines.db.read(lists.holding_step, author, after=last, limit=STEP):
        yield "list", await engines.db.read(wants.on_lists, spread, found), author
        last = found[-1]
    if spread.post.visibility != Visibility.PUBLIC or spread.post.boost_of_id:
        return
    yield "public", set(), author
    for tag in map(hashtag_key, spread.post.tag_names):
        yield f"hashtag:{tag}", set(), author
        last = 0
        while found := await engines.db.read(tags.followers_step, tag, after=last, limit=STEP):
            yield "home", await engines.db.read(wants.willing, spread, set(found)), author
            last = found[-1]


async def _let_pass(engines: Engines, spread: Spread) -> bool:
    """Wait for what the post answers to be delivered, so that streams tell of it first; did that take any time?

    Not for long: while a post goes to a million, its author's friends may answer and be read.
    """
    if not spread.answers:  # an author's own events are acted on in order anyway
        return False
    before = PostPublished(spread.answers, spread.post.reply_to_id)
    tries = 0
    while tries < PASS_TRIES and await engines.db.read(outbox.is_waiting, before, before.post_id):
        tries += 1
        await asyncio.sleep(PASS_S)
    return tries > 0


def _first(tx: Tx, post_id: int, deleted: bool) -> tuple[Spread | None, set[int], int]:
    spread = wants.load(tx, post_id, deleted=deleted)
    return (None, set(), 0) if spread is None else (spread, *_followers(tx, spread, 0))


def _followers(tx: Tx, spread: Spread, after: int) -> tuple[set[int], int]:
    """(those of the next step who want it, where the step after that begins; 0: there is none)."""
    step = follows.followers_step(tx, spread.post.author_id, after=after, limit=STEP)
    return wants.homes(tx, spread, step) if step else set(), step[-1][0] if len(step) == STEP else 0


def _channels(kind: str, owners: set[int]) -> list[str]:
    if kind == "home":
        return [f"user:{owner}" for owner in owners]
    return [f"list:{owner}" for owner in owners] if kind == "list" else [kind]
