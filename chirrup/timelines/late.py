"""Takes late pushes back: somebody unfollowed between the read and the push of a step of a fan-out.

Their timeline was dropped then, and may have been rebuilt before the push, which put the post into it. So a step whose
push ends more than LATE_S after its read is read again here. And whoever changes what their timelines get has them
dropped again STRAGGLERS_MS later, when all other pushes that had read before are done (workers/subscribers.py).
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..ports import Engines
from .audience import Targets

LATE_S = 0.5
STRAGGLERS_MS = 1000  # more than LATE_S


Cursor = tuple[int, int]  # index of one of the post's groups of readers, id of the last follow or follower read there


class Step(NamedTuple):
    targets: Targets
    author: int
    rest: Cursor | None
    read: Callable[..., Any]
    args: tuple[Any, ...]
    began_s: float


async def read_step(engines: Engines, read: Callable[..., Any], *args: Any) -> Step:
    """read(tx, *args) gives (targets, author, rest)."""
    began_s = time.monotonic()
    targets, author, rest = await engines.db.read(read, *args)
    return Step(targets, author, rest, read, args, began_s)


async def pushed(engines: Engines, step: Step) -> None:
    """Call it after the push. Drops the timelines that do not get the post any more, if it was late."""
    if time.monotonic() - step.began_s <= LATE_S:
        return
    targets, _, _ = await engines.db.read(step.read, *step.args)
    if not targets:  # the post is deleted, so nobody sees it, wherever its id is
        return
    now: dict[str, set[int]] = {}
    for kind, owners in targets:
        now.setdefault(kind, set()).update(owners)
    for kind, owners in step.targets:
        if left := set(owners) - now.get(kind, set()):
            await engines.timelines.drop(kind, left)
