"""What this process counts, for Prometheus: plain numbers, cheap to count, read when somebody asks (http/scrape.py).

Counted is a step, a request, an operation: never a follower. Times are in seconds, on the monotonic clock.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

from .ids import ms_of

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Times:
    """How often something was done, and how long it took: 0.3 µs for each."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)  # up to each bound, and beyond the last; not cumulative
        self.sum_s = 0.0

    def add(self, took_s: float) -> None:
        self.counts[bisect_left(BOUNDS_S, took_s)] += 1
        self.sum_s += took_s


class Kinds(dict[str, Times]):
    """Times by kind, which are few."""

    def __missing__(self, kind: str) -> Times:
        return self.setdefault(kind, Times())


requests: dict[tuple[str, str, int], Times] = {}  # by method, path of the route ("" for none), hundreds of the status
reads, writes = Times(), Times()  # operations of the database, as their callers wait for them
connection_waits = Kinds()  # until a connection to the database was free, by pool
pools: dict[str, Callable[[], tuple[int, int]]] = {}  # by name: connections, and operations that have or want one
turned_away: Counter[str] = Counter()  # by what had no room for more
events = Kinds()  # acted on, by kind
event_ages = Times()  # from the commit of an event until it was acted on
events_failed: Counter[str] = Counter()  # tries, by kind
jobs = Kinds()  # done, by kind
jobs_failed: Counter[str] = Counter()  # tries, by kind
deliveries: Counter[str] = Counter()  # "timelines": ids that warm ones took; "channels": messages published on them
streamed: Counter[str] = Counter()  # events written to open streams, by kind
streams_cut: Counter[str] = Counter()  # by close code
redis_connects: Counter[str] = Counter()  # by server, without password
loop_lags = Times()  # how late the event loop turned, looked at once a second


def acted(kind: str, began_s: float, id: int) -> None:
    """An event is done with. began_s: by time.perf_counter(); id: its own, which says when it was committed."""
    events[kind].add(time.perf_counter() - began_s)
    event_ages.add(max(0.0, time.time() - ms_of(id) / 1000))
