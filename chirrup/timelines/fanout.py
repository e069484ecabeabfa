"""THE CORE, second half: delivers one post to many timelines and open streams, a step of followers at a time.

Costs are per step, not per follower. One step is pushed while the next is read. All of it may run twice: an id is kept
once. Each step reads the post again, so a deleted post is not delivered further.
"""

import asyncio

from .. import metrics
from ..events import Signal
from ..ids import text_key
from ..ports import Engines, Tx
from ..social.tags import key_of
from ..store import tags
from ..types import Post, Visibility
from . import audience, late
from .audience import Read, Targets
from .late import Cursor

STEP = 2500  # followers read and pushed at once
CHUNK = 4  # steps until other deliveries get their turn
START: Cursor = 0, 0


async def deliver(engines: Engines, post_id: int, event: str = "update", cursor: Cursor = START) -> Cursor | None:
    """Deliver one chunk to the warm timelines and open streams that get the post. Returns where to go on; None: done.

    event: "status.update" (edited) and "delete" go to the same streams; timelines contain only ids and need neither.
    """
    step = await late.read_step(engines, _next, post_id, event, *cursor)
    for _ in range(1, CHUNK):
        if step.rest is None:
            break
        sending = _send(engines, step, Signal(event, post_id, step.author))
        step, _ = await asyncio.gather(late.read_step(engines, _next, post_id, event, *step.rest), sending)
    await _send(engines, step, Signal(event, post_id, step.author))
    return step.rest


async def _send(engines: Engines, step: late.Step, signal: Signal) -> None:
    for kind, owners in step.targets:
        if signal.kind == "update":
            metrics.deliveries["timelines"] += await engines.timelines.push(kind, owners, signal.id)
        reader = {"home": "user:", "list": "list:"}.get(kind)
        await engines.broker.publish([f"{reader}{owner}" for owner in owners] if reader else [kind], signal.packed)
    if signal.kind == "update":
        await late.pushed(engines, step)


def _next(tx: Tx, post_id: int, event: str, group: int, after: int) -> tuple[Targets, int, Cursor | None]:
    """(who gets it, the author, next place) for STEP readers, or all that are left."""
    loaded, targets, room = audience.load(tx, post_id, deleted=event == "delete"), Targets(), STEP
    if loaded is None:
        return targets, 0, None
    post, original = loaded
    groups: list[str | int] = [*post.sources, *([f"list:{post.audience_id}"] if post.audience_id else [])]
    if post.visibility == Visibility.PUBLIC and not post.boost_of_id:
        groups += [text_key(post.org_id, "public"), *(f"#{key_of(post.org_id, tag)}" for tag in post.tag_names)]
    while group < len(groups) and room > 0:
        found, step = _step(tx, post, original, groups[group], after, room)
        targets += found
        group, after = (group, step[-1]) if len(step) == room else (group + 1, 0)
        room -= len(step)
    return targets, post.author_id, (group, after) if group < len(groups) else None


def _step(tx: Tx, post: Post, original: Post | None, group: str | int, after: int, limit: int) -> Read:
    """One step of one group, after the id `after`: an account's followers, a tag's, or a channel without timelines."""
    if isinstance(group, int):
        return audience.followers(tx, post, original, group, after, limit)
    if not group.startswith("#"):
        return [(group, ())], []
    step = tags.followers_step(tx, group[1:], after=after, limit=limit)
    homes = audience.follow_both(tx, post, audience.wanting(tx, post, original, set(step)))
    return [("home", homes), *([] if after else [(f"hashtag:{group[1:]}", ())])], step
