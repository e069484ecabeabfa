"""Reads that may lag go to a replica, for as long as it is proven to be no more than LAG_MAX_S behind.

The proof is by positions in the log, not by clocks: the primary was at a position at a moment of ours, and the replica
has come to it by now. So it holds over a replica that is cut off, which says of itself that nothing is missing.
"""

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from ...errors import ChirrupError
from ...ports import Tx

Read = Callable[[Callable[[Tx], Any]], Awaitable[Any]]  # runs an operation

LAG_MAX_S = 5.0
LOOK_S = 1.0  # between two looks where either is; none while nobody reads


class Freshness:
    """Whether the replica is fresh. primary, replica: how either is read."""

    def __init__(self, primary: Read, replica: Read) -> None:
        self._primary, self._replica = primary, replica
        self._passed: deque[tuple[float, int]] = deque(
            maxlen=round(LAG_MAX_S / LOOK_S) + 1
        )  # when, the primary's place
        self._fresh_until = self._look_at = 0.0
        self._looking = False

    def is_proven(self) -> bool:
        return time.monotonic() < self._fresh_until

    def is_due(self) -> bool:
        """It is time for a look()."""
        return time.monotonic() >= self._look_at and not self._looking

    async def look(self) -> None:
        if self._looking:
            return
        self._looking = True
        try:
            self._look_at = time.monotonic() + LOOK_S
            asked_s = time.monotonic()
            self._passed.append((asked_s, await self._primary(_written)))
            replayed = await self._replica(_replayed)
            reached = [when for when, place in self._passed if place <= replayed]
            if reached:
                self._fresh_until = max(reached) + LAG_MAX_S
        except ChirrupError:  # one of them is away: what was proven holds for as long as it was to
            pass
        finally:
            self._looking = False

    def doubt(self) -> None:
        """A read failed there: no more of them before the next look."""
        self._fresh_until = 0.0
        self._look_at = time.monotonic() + LOOK_S


def _written(tx: Tx) -> int:
    """Bytes of log the primary has written."""
    row = tx.one("SELECT (pg_current_wal_lsn() - CAST('0/0' AS PG_LSN))::BIGINT")
    return row[0] if row else 0


def _replayed(tx: Tx) -> int:
    """Bytes of log that can be seen here. A server that is no replica (any more) has none."""
    row = tx.one(
        "SELECT COALESCE(pg_last_wal_replay_lsn() - CAST('0/0' AS PG_LSN), 0)::BIGINT WHERE pg_is_in_recovery()"
    )
    return row[0] if row else 0
