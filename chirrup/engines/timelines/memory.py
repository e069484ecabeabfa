"""Timelines in this process: an array of ids for each, the least recently read dropped first."""

from array import array
from collections import OrderedDict
from collections.abc import Collection, Sequence
from itertools import count

from .window import LENGTH, SLACK, window

CAPACITY = 100_000  # timelines kept, all kinds together: some 4 kB each


class _Kept:
    """One timeline. Arrays cost 8 bytes an id and the garbage collector nothing."""

    __slots__ = ("floor", "ids", "ordered", "read_at", "warm")

    def __init__(self) -> None:
        self.ids = array("q")  # oldest first but for pushes that came late
        self.ordered = 0  # how many of them are known to be in order, each once
        self.floor = 0  # every id above it is here
        self.warm = False  # False: being rebuilt
        self.read_at = 0


class MemoryTimelines:
    """See ports.Timelines. Everything happens in the event loop's thread: no locks."""

    def __init__(self, *, length: int = LENGTH, slack: int = SLACK, capacity: int = CAPACITY) -> None:
        self._length, self._longest, self._capacity = length, length + slack, capacity
        self._kinds: dict[str, OrderedDict[int, _Kept]] = {}  # of one kind: least recently read first
        self._reads = count()

    async def page(
        self, kind: str, owner: int, *, before: int, after: int, limit: int, oldest: bool = False
    ) -> list[int] | None:
        timelines = self._kinds.get(kind)
        kept = timelines.get(owner) if timelines else None
        if timelines is None or kept is None or not kept.warm:
            return None
        self._note_read(timelines, owner, kept)
        _put_in_order(kept)
        return window(kept.ids, kept.floor, before=before, after=after, limit=limit, oldest=oldest, unique=True)

    async def begin_rebuild(self, kind: str, owner: int) -> object | None:
        timelines = self._kinds.setdefault(kind, OrderedDict())
        kept = timelines.get(owner)
        if kept is None:
            kept = timelines[owner] = _Kept()
            self._note_read(timelines, owner, kept)
            self._make_room()
        return None if kept.warm else kept

    async def warm(self, kind: str, owner: int, rebuild: object, ids: Sequence[int], *, complete: bool) -> None:
        kept = self._kinds.get(kind, {}).get(owner)
        if kept is None or kept is not rebuild or kept.warm:
            return
        if not ids and not complete:
            del self._kinds[kind][owner]  # nothing is known of it
            return
        kept.ids = array("q", [*reversed(ids), *kept.ids])
        kept.floor = 0 if complete else ids[-1] - 1
        kept.warm = True
        self._shorten(kept)

    async def push(self, kind: str, owners: Collection[int], id: int) -> int:
        timelines = self._kinds.get(kind)
        if not timelines:
            return 0
        find, longest, took = timelines.get, self._longest, 0
        for owner in owners:  # the hottest loop there is
            if kept := find(owner):
                ids = kept.ids
                ids.append(id)
                took += 1
                if len(ids) > longest:
                    if kept.warm:
                        self._shorten(kept)
                    else:  # a rebuild that does not end: its warm() will find nothing
                        del timelines[owner]
        return took

    async def drop(self, kind: str, owners: Collection[int]) -> None:
        timelines = self._kinds.get(kind, {})
        for owner in owners:
            timelines.pop(owner, None)

    async def forget(self, parts: Collection[int]) -> None:
        self._kinds.clear()

    async def close(self) -> None:
        self._kinds.clear()

    def _shorten(self, kept: _Kept) -> None:
        _put_in_order(kept)
        if (beyond := len(kept.ids) - self._length) > 0:
            kept.floor = max(kept.floor, kept.ids[beyond - 1])
            del kept.ids[:beyond]
            kept.ordered = self._length

    def _note_read(self, timelines: OrderedDict[int, _Kept], owner: int, kept: _Kept) -> None:
        kept.read_at = next(self._reads)
        timelines.move_to_end(owner)

    def _make_room(self) -> None:
        while sum(map(len, self._kinds.values())) > self._capacity:
            min(filter(None, self._kinds.values()), key=lambda kind: next(iter(kind.values())).read_at).popitem(False)


def _put_in_order(kept: _Kept) -> None:
    ids, n = kept.ids, max(kept.ordered, 1)
    while n < len(ids) and ids[n - 1] < ids[n]:
        n += 1
    if n < len(ids):
        kept.ids = array("q", dict.fromkeys(sorted(ids)))
    kept.ordered = len(kept.ids)
