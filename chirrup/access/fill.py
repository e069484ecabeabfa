"""A page of a list in which not every candidate may or should stand.

However many hidden or unwanted candidates follow each other, they end no list: fill() looks further, in growing steps,
up to LOOKED_MAX candidates. A page that then lacks something says where it stopped looking, and the next one goes on
there. What SQL can leave out, SQL leaves out: it costs least.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from ..ports import Tx
from ..types import Post, Span
from . import visibility
from .visibility import Seen

LOOKED_MAX = 4000  # candidates for one page: about 40 ms where all of them are posts
STEP_MAX = 640  # of them at once
STEP_MIN = 15

T = TypeVar("T")


class Filled(msgspec.Struct, Generic[T], frozen=True):
    """What stands on a page, and the keys of its edges, from which the next pages go on. No edges: newest is 0.

    Edges are those of items wherever that is enough: the key of something hidden is nobody's to know.
    """

    items: list[T]  # newest first
    newest: int = 0
    oldest: int = 0
    more: bool = False  # there may be more where fill() was going


def fill(
    span: Span,
    candidates: Callable[[Span], Sequence[T]],
    keep: Callable[[Sequence[T]], Sequence[T]],
    *,
    key: Callable[[T], int],
    step_max: int = STEP_MAX,
    looked_max: int = LOOKED_MAX,
) -> Filled[T]:
    """Up to span.limit of candidates(part of span) that keep() keeps. Either may answer in any order."""
    found: list[T] = []
    step, looked, last = min(max(span.limit * 3 // 2, STEP_MIN), step_max), 0, 0
    exhausted = False
    while not exhausted and len(found) < span.limit and looked < max(looked_max, 10 * span.limit):
        ask = msgspec.structs.replace(span, limit=step)
        if last:
            ask = msgspec.structs.replace(ask, **{"after" if span.oldest else "before": last})
        some = sorted(candidates(ask), key=key, reverse=not span.oldest)
        found += sorted(keep(some), key=key, reverse=not span.oldest)
        exhausted = len(some) < step
        last = key(some[-1]) if some else last
        looked += len(some)
        step = min(2 * step, max(step_max, span.limit * 3 // 2))
    more = not exhausted or len(found) > span.limit
    items = found[: span.limit]
    edges = [key(item) for item in items]
    if more and len(items) < span.limit:
        edges.append(last)
    if not edges:
        return Filled([])
    return Filled(items[::-1] if span.oldest else items, max(edges), min(edges), more)


def posts(
    tx: Tx,
    viewer_id: int,
    span: Span,
    candidates: Callable[[Span], list[int]],
    keep: Callable[[Seen, Post], Any] = lambda seen, post: True,
) -> Filled[int]:
    """Ids of posts among candidates that the viewer may see and keep() keeps."""

    def kept(ids: Sequence[int]) -> list[int]:
        seen = visibility.see(tx, viewer_id, ids)
        return [id for id in ids if (post := seen.posts.get(id)) and keep(seen, post)]

    return fill(span, candidates, kept, key=int)


def accounts(
    tx: Tx, viewer_id: int, span: Span, candidates: Callable[[Span], Sequence[tuple[int, int]]]
) -> Filled[tuple[int, int]]:
    """Those of candidates, (key, account id), whose account may stand in a list that the viewer reads."""

    def kept(some: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        shown = set(visibility.accounts_shown(tx, viewer_id, [id for _, id in some]))
        return [one for one in some if one[1] in shown]

    return fill(span, candidates, kept, key=_first)


def _first(pair: tuple[int, int]) -> int:
    return pair[0]
