"""What belongs to a whole organisation and seldom changes, kept in memory."""

import time
from typing import Generic, Protocol, TypeVar

from ..ports import Tx

FRESH_S = 1.0  # it is looked up again after this, on every process; sites are known for so long, too

T = TypeVar("T")


class Look(Protocol[T]):
    def __call__(self, tx: Tx, org_id: int, before: T | None, /) -> T: ...


class Fresh(Generic[T]):
    """What belongs to each organisation, as it was at most FRESH_S ago. Costs nothing while it is fresh."""

    def __init__(self, look: Look[T]) -> None:
        """look(tx, org_id, before): how it is now; before: how it was, None: not known."""
        self._look = look
        self._kept: dict[int, tuple[float, T]] = {}

    def of(self, tx: Tx, org_id: int) -> T:
        kept = self._kept.get(org_id)
        if kept and kept[0] > time.monotonic():
            return kept[1]
        found = self._look(tx, org_id, kept[1] if kept else None)
        self._kept[org_id] = (time.monotonic() + FRESH_S, found)
        return found

    def last(self, org_id: int) -> T | None:
        """As it was last seen."""
        kept = self._kept.get(org_id)
        return kept[1] if kept else None
