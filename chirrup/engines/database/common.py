"""What both databases share: limits, the clock, and which values neither takes."""

import time
from collections.abc import Callable, Collection
from typing import Any

from ... import metrics
from ...errors import Invalid, Unavailable
from ...events import Event
from ...ports import Tx

TIMEOUT_S = 5.0  # of a read, and on PostgreSQL of one statement: a search or a thread must not hold a database longer
TRIES = 4  # of an operation that came to nothing for no fault of its own
QUEUE = 4096  # operations waiting at most: what comes beyond is told to come back

Outbox = Callable[[Tx, Event], None]  # writes an event in the transaction it belongs to

_PLAIN = (int, str, bytes, type(None))
_LISTS = (list, set, tuple, frozenset)


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


def is_list(value: Any) -> bool:
    """Whether value is bound as a list: any collection but a string."""
    kind = value.__class__
    if kind in _PLAIN or kind in _LISTS:  # quickly: this is asked of every value
        return kind in _LISTS
    return isinstance(value, Collection) and not isinstance(value, str)


def busy() -> Unavailable:
    metrics.turned_away["database"] += 1
    return Unavailable("the server is busy; try again in a moment")


def closing() -> Unavailable:
    return Unavailable("the server is shutting down; try again in a moment")


def too_slow(timeout_s: float) -> Unavailable:
    return Unavailable("this took longer than {most_s:g} s; ask for less", most_s=timeout_s)


def does_not_fit(table: str) -> Invalid:
    return Invalid("row", "not_fitting", "is in {table} twice, or is not as it must be there", table=table)


def as_invalid(error: BaseException) -> BaseException:
    """Invalid, where error says that no database could store a value: the caller's fault, never the server's."""
    if isinstance(error, UnicodeEncodeError):
        return Invalid("text", "not_text", "must be Unicode text, without halves of surrogate pairs")
    if isinstance(error, OverflowError):
        return Invalid("number", "too_large", "must be below 2^63")
    return error
