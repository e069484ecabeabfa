"""THE CORE, second half: one post to many timelines and open streams, a step of followers at a time.

Costs are per step, not per follower. All of it may run twice: timelines and readers hold an id once.
"""

from collections.abc import AsyncIterator

from ..events import Signal
from ..ports import Engines, Tx
from ..social.text import hashtag_key
from ..store import follows, lists, tags
from ..types import Visibility
from . import wants
from .wants import Spread

STEP = 1000  # followers read and pushed at once


async def deliver(engines: Engines, post_id: int) -> None:
    """A new post: into every warm timeline and open stream that wants it."""
    async for kind, owners, spread in _steps(engines, post_id):
        await engines.timelines.push(kind, owners, post_id)
        await engines.broker.publish(_channels(kind, owners), Signal("update", post_id, spread.post.author_id).packed)


async def announce(engines: Engines, post_id: int, event: str) -> None:
    """An edit ("status.update") or deletion ("delete"): to the same streams. Timelines hold ids, so need nothing."""
    async for kind, owners, spread in _steps(engines, post_id, deleted=event == "delete"):
        await engines.broker.publish(_channels(kind, owners), Signal(event, post_id, spread.post.author_id).packed)


async def _steps(
    engines: Engines, post_id: int, *, deleted: bool = False
) -> AsyncIterator[tuple[str, set[int], Spread]]:
    """(kind of timeline, owners, the post), step by step; kind "public" and "tag:…" have no owners."""
    spread, owners, last = await engines.db.read(_first, post_id, deleted)
    if spread is None:
        return
    yield "home", owners | {spread.post.author_id}, spread
    while last:
        owners, last = await engines.db.read(_followers, spread, last)
        yield "home", owners, spread
    after = 0
    while found := await engines.db.read(lists.holding_step, spread.post.author_id, after=after, limit=STEP):
        yield "list", await engines.db.read(wants.on_lists, spread, found), spread
        after = found[-1] if len(found) == STEP else 2**63 - 1
    if spread.post.visibility != Visibility.PUBLIC or spread.original:
        return
    yield "public", set(), spread
    for tag in map(hashtag_key, spread.post.tag_names):
        after = 0
        while after is not None:
            owners, after = await engines.db.read(_tag_followers, spread, tag, after)
            yield "home", owners, spread
        yield f"hashtag:{tag}", set(), spread


def _first(tx: Tx, post_id: int, deleted: bool) -> tuple[Spread | None, set[int], int]:
    spread = wants.load(tx, post_id, deleted=deleted)
    return (None, set(), 0) if spread is None else (spread, *_followers(tx, spread, 0))


def _followers(tx: Tx, spread: Spread, after: int) -> tuple[set[int], int]:
    """(those of the next step who want it, where the step after that begins; 0: there is none)."""
    step = follows.followers_step(tx, spread.post.author_id, after=after, limit=STEP)
    return wants.homes(tx, spread, step) if step else set(), step[-1][0] if len(step) == STEP else 0


def _tag_followers(tx: Tx, spread: Spread, tag: str, after: int) -> tuple[set[int], int | None]:
    step = tags.followers_step(tx, tag, after=after, limit=STEP)
    return wants.willing(tx, spread, set(step)), step[-1] if len(step) == STEP else None


def _channels(kind: str, owners: set[int]) -> list[str]:
    if kind == "home":
        return [f"user:{owner}" for owner in owners]
    return [f"list:{owner}" for owner in owners] if kind == "list" else [kind]
