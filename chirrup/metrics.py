"""What this process counts for Prometheus: plain numbers, cheap to count, read by http/scrape.py.

Counted are steps, requests and operations, never single followers. Times are in seconds, on the monotonic clock.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

from .ids import ms_of

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Times:
    """A histogram: how often something was done, and how long it took. Counting costs 0.3 µs."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)  # one for each bound and one beyond the last; not cumulative
        self.sum_s = 0.0

    def add(self, took_s: float) -> None:
        self.counts[bisect_left(BOUNDS_S, took_s)] += 1
        self.sum_s += took_s


class Kinds(dict[str, Times]):
    """Times by kind. There must be few kinds."""

    def __missing__(self, kind: str) -> Times:
        return self.setdefault(kind, Times())


requests: dict[tuple[str, str, int], Times] = {}  # by method, path of the route ("" for none), hundreds of the status
reads, writes = Times(), Times()  # database operations, with the wait for a connection
connection_waits = Kinds()  # time until a database connection was free, by pool
pools: dict[str, Callable[[], tuple[int, int]]] = {}  # pool -> (connections, operations that have or want one)
turned_away: Counter[str] = Counter()  # requests refused, by the part that was full
events = Kinds()  # handled events, by kind
event_ages = Times()  # from the commit of an event until it was handled
events_failed: Counter[str] = Counter()  # failed attempts, by kind
jobs = Kinds()  # finished jobs, by kind
jobs_failed: Counter[str] = Counter()  # failed attempts, by kind
mails: Counter[str] = Counter()  # of what happens, and digests: "sent", "refused", "undeliverable"
deliveries: Counter[str] = Counter()  # "timelines": ids pushed to warm timelines; "channels": messages published
streamed: Counter[str] = Counter()  # events written to open streams, by kind
streams_cut: Counter[str] = Counter()  # by close code
redis_connects: Counter[str] = Counter()  # by server, without password
loop_lags = Times()  # delay of the event loop, measured once a second


def acted(kind: str, began_s: float, id: int) -> None:
    """An event was handled. began_s: by time.perf_counter(). id: the event's, which has the time of the commit."""
    events[kind].add(time.perf_counter() - began_s)
    event_ages.add(max(0.0, time.time() - ms_of(id) / 1000))
