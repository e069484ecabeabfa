"""Which hooks there are, kept in memory by each worker: so what nobody listens to costs no query.

It is read when the worker starts, at every change that the broker tells of, and every AGAIN_S, for a broker may lose
what it was told.
"""

import asyncio
from collections import defaultdict
from weakref import WeakKeyDictionary

from ...events import Signal
from ...ports import Broker, Database
from ...store import hooks_out as rows
from ...types import Post
from ...waiting import keep_fresh

CHANNEL = "hooks"  # of the broker: another hook hears something
AGAIN_S = 60.0


class Listening:
    """Of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_room: dict[tuple[int, int], list[tuple[int, frozenset[str]]]] = {}  # (organisation, room) -> hooks
        self._rooms = set[int]()
        self.is_loaded = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def hooks(self, org_id: int, room_id: int, kind: str) -> list[int]:
        """Those of this room (0: of what everybody may see) that hear of this."""
        return [id for id, kinds in self._by_room.get((org_id, room_id), ()) if kind in kinds]

    def any(self, org_id: int, room_id: int) -> bool:
        return bool(self._by_room) and ((org_id, room_id) in self._by_room or (org_id, 0) in self._by_room)

    @property
    def some(self) -> bool:
        return bool(self._by_room)

    def of_org(self, org_id: int, kind: str) -> list[int]:
        """All of the organisation's that hear of this."""
        rooms = [room for org, room in self._by_room if org == org_id]
        return [id for room in rooms for id in self.hooks(org_id, room, kind)]

    def is_room(self, id: int) -> bool:
        """Whether there is a hook of this room, if it is one."""
        return bool(self._by_room) and id in self._rooms

    async def load(self) -> None:
        """As they are now."""
        found: dict[tuple[int, int], list[tuple[int, frozenset[str]]]] = defaultdict(list)
        for org_id, id, room_id, kinds in await self._db.read(rows.all_on):
            found[org_id, room_id].append((id, frozenset(kinds.split())))
        self._by_room, self._rooms = dict(found), {room for _, room in found if room}
        self.is_loaded = True

    async def ready(self) -> None:
        """What happened before they were read is heard, too."""
        if not self.is_loaded:
            await self.load()

    async def start(self, broker: Broker) -> None:
        await broker.listen([CHANNEL], lambda *_: self._changed.set(), on_gap=self._changed.set)
        self._changed.set()
        self._task = asyncio.ensure_future(
            keep_fresh(self._changed, AGAIN_S, self.load, "hooks are not read, trying again")
        )

    def stop(self) -> None:
        if self._task:
            self._task.cancel()


_known: "WeakKeyDictionary[Database, Listening]" = WeakKeyDictionary()


def of(db: Database) -> Listening:
    """Made when it is first asked for."""
    if db not in _known:
        _known[db] = Listening(db)
    return _known[db]


async def known(db: Database) -> Listening | None:
    """None: no worker of this process listens there, or there is no hook."""
    found = _known.get(db)
    if found is None:
        return None
    await found.ready()
    return found if found.some else None


def concerns(db: Database, post: Post) -> bool:
    """Whether a hook may hear of this post."""
    found = _known.get(db)
    return found is not None and (not found.is_loaded or found.any(post.org_id, post.audience_id))


async def tell(broker: Broker) -> None:
    """Every worker reads them again."""
    await broker.publish([CHANNEL], Signal("hooks", 0, 0).packed)
