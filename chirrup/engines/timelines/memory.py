"""Timelines in this process: a list of ids for each, the least recently read dropped first."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Collection, Sequence
from itertools import pairwise

LENGTH = 400  # ids kept of a timeline
SLACK = 100  # pushes beyond LENGTH before it is cut back, so that cutting costs little
CAPACITY = 100_000  # timelines kept, all kinds together: some 5 kB each


class _Kept:
    """One timeline. ids: as pushed, oldest first; floor: it has everything above this, 0: everything there is."""

    __slots__ = ("floor", "ids", "rebuilding", "sorted")

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.floor = 0
        self.rebuilding = True
        self.sorted = 0  # how many of ids are known to be in order


class MemoryTimelines:
    """See ports.Timelines. Everything happens in the event loop's thread: no locks."""

    def __init__(self, *, length: int = LENGTH, capacity: int = CAPACITY) -> None:
        self._length, self._capacity = length, capacity
        self._kinds: dict[str, OrderedDict[int, _Kept]] = {}

    async def page(
        self, kind: str, owner: int, *, before: int, after: int, limit: int, oldest: bool = False
    ) -> list[int] | None:
        timelines = self._kinds.get(kind)
        kept = timelines.get(owner) if timelines else None
        if timelines is None or kept is None or kept.rebuilding:
            return None
        timelines.move_to_end(owner)
        ids = self._in_order(kept)
        window = ids[bisect_right(ids, after) : bisect_left(ids, before)]
        whole = after >= kept.floor  # nothing in the window is missing at its old end
        if oldest:
            return window[:limit][::-1] if whole else None
        return window[-limit:][::-1] if whole or len(window) >= limit else None

    def _in_order(self, kept: _Kept) -> list[int]:
        """Rising, each once, none below the floor, at most the length: pushes may have come late or twice."""
        ids = kept.ids
        if len(ids) != kept.sorted and any(a >= b for a, b in pairwise(ids)):
            ids = kept.ids = sorted({id for id in ids if id >= kept.floor})
        if len(ids) > self._length:
            del ids[: len(ids) - self._length]
            kept.floor = ids[0]
        kept.sorted = len(ids)
        return ids

    async def begin_rebuild(self, kind: str, owner: int) -> None:
        timelines = self._kinds.setdefault(kind, OrderedDict())
        if owner not in timelines:
            timelines[owner] = _Kept()
            self._make_room()

    async def warm(self, kind: str, owner: int, ids: Sequence[int], *, complete: bool) -> None:
        kept = self._kinds.get(kind, {}).get(owner)
        if kept is None or not kept.rebuilding:
            return
        kept.ids = [*reversed(ids), *kept.ids]
        kept.floor = 0 if complete or not ids else ids[-1]
        kept.rebuilding = False
        self._in_order(kept)

    async def push(self, kind: str, owners: Collection[int], id: int) -> int:
        timelines = self._kinds.get(kind)
        if not timelines:
            return 0
        get, too_long, took = timelines.get, self._length + SLACK, 0
        for owner in owners:
            if kept := get(owner):
                ids = kept.ids
                ids.append(id)
                took += 1
                if len(ids) > too_long:
                    self._in_order(kept)
        return took

    async def drop(self, kind: str, owners: Collection[int]) -> None:
        timelines = self._kinds.get(kind, {})
        for owner in owners:
            timelines.pop(owner, None)

    async def close(self) -> None:
        self._kinds.clear()

    def _make_room(self) -> None:
        while sum(map(len, self._kinds.values())) > self._capacity:
            max(self._kinds.values(), key=len).popitem(last=False)
