"""Fills a page of a list whose candidates may be hidden from the viewer.

Hidden candidates in a row never end the list: fill() reads on in growing steps, up to LOOKED_MAX candidates. If the
page is still not full, it says where the reading stopped, and the next page continues there. Filter in SQL whatever
SQL can filter: that is cheapest.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from ..ports import Tx
from ..types import Post, Span
from . import visibility
from .visibility import Seen

LOOKED_MAX = 4000  # candidates for one page: about 40 ms for posts
STEP_MAX = 640  # candidates in one query
STEP_MIN = 15

T = TypeVar("T")


class Filled(msgspec.Struct, Generic[T], frozen=True):
    """The items of a page, and the keys at its edges, where the next pages start. newest is 0 for an empty page.

    Edges are keys of items where possible, because the key of a hidden item should stay unknown.
    """

    items: list[T]  # newest first
    newest: int = 0
    oldest: int = 0
    more: bool = False  # there may be more in the direction of reading


def fill(
    span: Span,
    candidates: Callable[[Span], Sequence[T]],
    keep: Callable[[Sequence[T]], Sequence[T]],
    *,
    key: Callable[[T], int],
    step_max: int = STEP_MAX,
    looked_max: int = LOOKED_MAX,
) -> Filled[T]:
    """Up to span.limit candidates that keep() keeps. candidates() and keep() may answer in any order."""
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
    """Ids of those candidates that the viewer may see and keep() keeps."""

    def kept(ids: Sequence[int]) -> list[int]:
        seen = visibility.see(tx, viewer_id, ids)
        return [id for id in ids if (post := seen.posts.get(id)) and keep(seen, post)]

    return fill(span, candidates, kept, key=int)


def accounts(
    tx: Tx, viewer_id: int, span: Span, candidates: Callable[[Span], Sequence[tuple[int, int]]]
) -> Filled[tuple[int, int]]:
    """Those of candidates, (key, account id), whose account the viewer may see in lists."""

    def kept(some: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        shown = set(visibility.accounts_shown(tx, viewer_id, [id for _, id in some]))
        return [one for one in some if one[1] in shown]

    return fill(span, candidates, kept, key=_first)


def _first(pair: tuple[int, int]) -> int:
    return pair[0]
