"""IP addresses that an organisation lets nowhere (`no_access`), kept in memory: no request asks the database for them.

They are read when the process starts, at every change that the broker tells of, and every AGAIN_S, for a broker may
lose what it was told.
"""

import asyncio
import ipaddress
import time
from collections.abc import Iterable

import msgspec

from ..errors import Forbidden
from ..ports import Broker, Database
from ..store import bans as rows
from ..types import Ban
from ..waiting import keep_fresh
from .addresses import Address, address_of

CHANNEL = "bans"  # of the broker: they have changed
AGAIN_S = 60.0
KIND, NO_ACCESS = "ip_block", "no_access"


class IpBan(msgspec.Struct, frozen=True):
    """What is kept of one, as JSON in Ban.details."""

    severity: str
    comment: str = ""


details = msgspec.json.Decoder(IpBan).decode


class NoAccess(Forbidden):
    """The address may do nothing at this site."""

    code = "no_access"

    def __init__(self) -> None:
        super().__init__("Your address may not be used here")


class Networks:
    """Bans by the networks they are of: a look-up for each length of prefix that there is."""

    def __init__(self, bans: Iterable[Ban]) -> None:
        self._lengths: dict[int, set[int]] = {}  # by version: the lengths of their prefixes
        self._bans: dict[tuple[int, int, int], Ban] = {}
        for ban in bans:
            network = ipaddress.ip_network(ban.subject)
            self._lengths.setdefault(network.version, set()).add(network.prefixlen)
            self._bans[network.version, network.prefixlen, int(network.network_address)] = ban

    def of(self, address: Address | None, now_ms: int) -> list[Ban]:
        """Those in force that hold the address."""
        if address is None:
            return []
        bits, number, found = address.max_prefixlen, int(address), list[Ban]()
        for length in self._lengths.get(address.version, ()):
            ban = self._bans.get((address.version, length, number >> (bits - length) << (bits - length)))
            if ban and (not ban.expires_ms or ban.expires_ms > now_ms):
                found.append(ban)
        return found


class Barred:
    """One per process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_org: dict[int, Networks] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def any(self) -> bool:
        """Some address is barred from some organisation."""
        return bool(self._by_org)

    def holds(self, org_id: int, ip: str) -> bool:
        """Whether the address may do nothing there."""
        networks = self._by_org.get(org_id)
        return bool(networks and networks.of(address_of(ip), int(time.time() * 1000)))

    async def load(self) -> None:
        """As they are now."""
        by_org: dict[int, list[Ban]] = {}
        for ban in await self._db.read(rows.of_addresses):
            if details(ban.details).severity == NO_ACCESS:
                by_org.setdefault(ban.org_id, []).append(ban)
        self._by_org = {org_id: Networks(bans) for org_id, bans in by_org.items()}

    async def start(self, broker: Broker) -> None:
        await broker.listen([CHANNEL], lambda *_: self._changed.set(), on_gap=self._changed.set)
        self._changed.set()
        self._task = asyncio.ensure_future(
            keep_fresh(self._changed, AGAIN_S, self.load, "bans of addresses not read, trying again")
        )

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
