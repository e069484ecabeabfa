"""Posts came in at old dates: the timelines that they belong to are dropped, and rebuilt by the next read."""

from ..events import PostsImported
from ..ports import Engines, Tx
from ..store import follows, lists

STEP = 2500  # followers in one query


async def drop_step(engines: Engines, event: PostsImported) -> PostsImported | None:
    """Drop the homes and lists of one step of followers. Returns the event for the others; None: done."""
    homes, chosen, rest = await engines.db.read(_readers, event)
    await engines.timelines.drop("home", homes)
    await engines.timelines.drop("list", chosen)
    return rest


def _readers(tx: Tx, event: PostsImported) -> tuple[set[int], set[int], PostsImported | None]:
    step = follows.followers_step(tx, event.of, after=event.after, limit=STEP)
    homes = {follower for _, follower, *_ in step} | (set[int]() if event.after else {event.of})
    rest = PostsImported(event.of, step[-1][0]) if len(step) == STEP else None
    return homes, set(lists.held_by(tx, event.of, homes)), rest
