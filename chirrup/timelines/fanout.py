"""THE CORE, second half: one post to many timelines and open streams, a step of followers at a time.

Costs are per step, not per follower, and a step is told while the next is read. All of it may run twice: timelines and
readers hold an id once. Each step looks at the post anew: what is deleted goes no further.
"""

import asyncio

from .. import metrics
from ..events import Signal
from ..ids import text_key
from ..ports import Engines, Tx
from ..social.tags import key_of
from ..store import tags
from ..types import Post, Visibility
from . import audience
from .audience import Told

STEP = 2500  # followers read and pushed at once
CHUNK = 4  # steps until others have their turn

Place = tuple[int, int]  # which of the post's ways, and the last who was looked at there
START: Place = 0, 0


async def deliver(engines: Engines, post_id: int, event: str = "update", place: Place = START) -> Place | None:
    """Into every warm timeline and every open stream that wants the post: one chunk, and where the next begins.

    event: "status.update" (edited) and "delete" go to the same streams; timelines hold ids, so need neither.
    """
    told, author, rest = await engines.db.read(_next, post_id, event, *place)
    for _ in range(1, CHUNK):
        if rest is None:
            break
        telling = _tell(engines, told, Signal(event, post_id, author))
        (told, author, rest), _ = await asyncio.gather(engines.db.read(_next, post_id, event, *rest), telling)
    await _tell(engines, told, Signal(event, post_id, author))
    return rest


async def _tell(engines: Engines, told: Told, signal: Signal) -> None:
    for kind, owners in told:
        if signal.kind == "update":
            metrics.deliveries["timelines"] += await engines.timelines.push(kind, owners, signal.id)
        reader = {"home": "user:", "list": "list:"}.get(kind)
        channels = [f"{reader}{owner}" for owner in owners] if reader else [kind]
        await engines.broker.publish(channels, signal.packed)


def _next(tx: Tx, post_id: int, event: str, way: int, after: int) -> tuple[Told, int, Place | None]:
    """(who is to be told, the author, where to go on): of STEP readers, or of all that are left."""
    loaded, told, room = audience.load(tx, post_id, deleted=event == "delete"), Told(), STEP
    if loaded is None:
        return told, 0, None
    post, original = loaded
    ways = ["followers"]
    if post.visibility == Visibility.PUBLIC and not post.boost_of_id:
        ways += ["public", *(f"#{key_of(post.org_id, tag)}" for tag in post.tag_names)]
    while way < len(ways) and room > 0:
        found, step = _step(tx, post, original, ways[way], after, room)
        told += found
        way, after = (way, step[-1]) if len(step) == room else (way + 1, 0)
        room -= len(step)
    return told, post.author_id, (way, after) if way < len(ways) else None


def _step(tx: Tx, post: Post, original: Post | None, way: str, after: int, limit: int) -> tuple[Told, list[int]]:
    """(who is to be told, who was looked at): on one way, of those behind after."""
    if way == "followers":
        return audience.followers(tx, post, original, after, limit)
    if way == "public":
        return [(text_key(post.org_id, "public"), ())], []
    step = tags.followers_step(tx, way[1:], after=after, limit=limit)
    homes = audience.follow_both(tx, post, audience.willing(tx, post, original, set(step)))
    return [("home", homes), *([] if after else [(f"hashtag:{way[1:]}", ())])], step
