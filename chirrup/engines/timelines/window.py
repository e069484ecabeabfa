"""What both plugs do with the ids of one timeline."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

LENGTH = 400  # ids kept of a timeline
SLACK = 100  # pushes before it is cut back, so that cutting costs little


def window(
    ids: Sequence[int], floor: int, *, before: int, after: int, limit: int, oldest: bool, unique: bool = False
) -> list[int] | None:
    """A page of ids, which rise and, unless unique, may repeat: newest first, each once.

    None: it would reach below floor, above which ids has everything.
    """
    start, end = bisect_right(ids, max(after, floor)), bisect_left(ids, before)
    if oldest:
        found = list(dict.fromkeys(ids[start:end]))[:limit]
    else:
        found = list(ids[max(start, end - limit) : end])
        if not unique and len(set(found)) < len(found):  # a few repeat, if any
            found = list(dict.fromkeys(ids[start:end]))[-limit:]
    return found[::-1] if after >= floor or (len(found) >= limit and not oldest) else None
