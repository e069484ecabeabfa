"""Makes an operation visible in the very next answer: cached timelines are updated before the caller gets the result.

The operation's events say which timelines. Workers do the same again (workers/subscribers.py), for timelines that were
out of reach and for a process that died between the commit and this update.
"""

from collections.abc import Collection
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Generic, ParamSpec, TypeVar

from .. import events
from ..errors import ChirrupError
from ..events import Event
from ..ports import Operation, Timelines, Tx
from ..store import lists

P = ParamSpec("P")
T = TypeVar("T")

READERS_MAX = 20

Stale = dict[str, set[int]]  # kind of timeline -> owners


def stale(tx: Tx, happened: Collection[Event]) -> Stale:
    """The timelines that must be rebuilt after these events.

    Costs one query for each account whose lists are all stale; a block needs two. At most READERS_MAX accounts: if an
    operation concerns more, a worker handles the lists of the others.
    """
    homes, readers, listed = set[int](), set[int](), set[int]()
    for event in happened:
        match event:
            case events.Followed() | events.FollowChanged() | events.Unfollowed() | events.Muted():
                readers.add(event.of)
            case events.Blocked():
                readers |= {event.of, event.target_id}
            case events.TagFollowsChanged():
                homes.add(event.of)
            case events.ListChanged():
                homes.add(event.of)
                listed.add(event.list_id)
            case _:
                pass
    if readers:
        every = tx.together(*[partial(lists.owned, tx, reader) for reader in islice(readers, READERS_MAX)])
        listed.update(one.id for owned in every for one in owned)
    return {kind: owners for kind, owners in (("home", homes | readers), ("list", listed)) if owners}


async def drop(timelines: Timelines, stale: Stale) -> None:
    for kind, owners in stale.items():
        await timelines.drop(kind, owners)


class Act(Generic[P, T]):
    """Wraps an operation for db.write(). Call show() once that has returned."""

    def __init__(self, operation: Operation[P, T]) -> None:
        self.__wrapped__ = operation
        self._stale: Stale = {}
        self._said: list[events.PostPublished] = []

    def __call__(self, tx: Tx, /, *args: P.args, **kwargs: P.kwargs) -> T:
        before = len(tx.emitted)
        result = self.__wrapped__(tx, *args, **kwargs)
        happened = tx.emitted[before:]
        self._stale = stale(tx, happened) if happened else {}
        self._said = [event for event in happened if isinstance(event, events.PostPublished)]
        return result

    async def show(self, timelines: Timelines) -> None:
        """Drop stale timelines and push new posts into their authors' homes. Never raises: it is committed already."""
        with suppress(ChirrupError):
            await drop(timelines, self._stale)
            for event in self._said:
                await timelines.push("home", [event.of], event.post_id)
