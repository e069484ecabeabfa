"""What both plugs do with the ids of one timeline."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

LENGTH = 400  # ids kept of a timeline
SLACK = 100  # pushes beyond LENGTH before it is cut back, so that cutting costs little


def in_order(ids: Iterable[int]) -> list[int]:
    """Rising, each once. Fast when they nearly are."""
    return list(dict.fromkeys(sorted(ids)))


def window(
    ids: Sequence[int], floor: int, *, before: int, after: int, limit: int, oldest: bool
) -> Sequence[int] | None:
    """A page of rising ids, newest first, or None: it would reach below floor, above which ids has everything."""
    start, end = bisect_right(ids, max(after, floor)), bisect_left(ids, before)
    if after >= floor or (end - start >= limit and not oldest):
        return ids[start : min(end, start + limit)][::-1] if oldest else ids[max(start, end - limit) : end][::-1]
    return None
