"""Who looks for posts, kept in memory by each worker: so a post that concerns nobody costs no query.

It is read when the worker starts, at every change that the broker tells of, and every AGAIN_S, for a broker may lose
what it was told.
"""

import asyncio
from contextlib import suppress
from weakref import WeakKeyDictionary

import msgspec

from .. import logs
from ..events import Signal, unpack
from ..ports import Broker, Database
from ..store import rules as rows
from ..types import Post, RuleState
from ..waiting import keep_fresh
from .matcher import Matcher
from .rules.ready import Ready

CHANNEL = "rules"  # of the broker: an organisation's have changed
AGAIN_S = 60.0


class Watch:
    """One for each database that this process works on: of()."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rules: dict[int, Matcher[int]] = {}  # by organisation
        self._seen: dict[int, tuple[int, int]] = {}  # organisation -> (how many are on, when one changed last)
        self._changed = asyncio.Event()
        self._stale = set[int]()  # organisations
        self._task: asyncio.Task[None] | None = None

    def rules(self, post: Post) -> list[int]:
        """Those that the post may concern."""
        found = self._rules.get(post.org_id)
        return found.find(post) if found and not post.boost_of_id else []

    async def load(self) -> None:
        """As they are now. Only organisations where something has changed are read."""
        stale, self._stale = self._stale, set[int]()
        seen = {org_id: (count, changed_ms) for org_id, count, changed_ms in await self._db.read(rows.orgs_with_any)}
        for org_id in stale | {org_id for org_id, _ in seen.items() ^ self._seen.items()}:
            await self.load_of(org_id)
        self._seen = seen

    async def load_of(self, org_id: int) -> None:
        found = await self._db.read(rows.of_org, org_id)
        ready: list[Ready] = []
        for row in found:
            if row.state == RuleState.ON:
                try:
                    ready.append(Ready(row))
                except msgspec.MsgspecError as error:  # a newer version wrote it
                    logs.failed("a rule cannot be read by this version", error, rule=row.id)
        if ready:
            self._rules[org_id] = Matcher(one.sought for one in ready)
        else:
            self._rules.pop(org_id, None)

    async def start(self, broker: Broker) -> None:
        await broker.listen([CHANNEL], self._hear, on_gap=self._changed.set)
        self._changed.set()
        self._task = asyncio.ensure_future(
            keep_fresh(self._changed, AGAIN_S, self.load, "rules not read, trying again")
        )

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _hear(self, _: str, message: bytes) -> None:
        self._stale.add(unpack(message).id)
        self._changed.set()


_watches: "WeakKeyDictionary[Database, Watch]" = WeakKeyDictionary()


def of(db: Database) -> Watch:
    found = _watches.get(db)
    if found is None:
        found = _watches[db] = Watch(db)
    return found


async def tell(broker: Broker, org_id: int) -> None:
    """Every worker reads the organisation's again."""
    await broker.publish([CHANNEL], Signal("rules", org_id, 0).packed)
