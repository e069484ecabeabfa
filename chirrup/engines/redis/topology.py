"""Which Redis server holds what: a single server, the primary of several, or the nodes of a Cluster.

Plugs divide their keys and channels into groups. A group has a hash tag, so a Cluster keeps all of it on one node. 64
groups are enough to spread evenly over the nodes and few enough to ask something once for each. Without a Cluster there
is one group.

    redis://:password@host:6379/0            one server; rediss:// with TLS, unix:///path
    redis://:password@a:6379,b:6379/0        replicas of each other: whichever is the primary
    redis+cluster://:password@a:1,b:1,c:1    a Cluster, of which these nodes are asked where the others are
"""

import asyncio
import binascii
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import hiredis
import structlog
from redis.asyncio.connection import parse_url

from ...errors import SettingsError
from ...waiting import happens
from .connection import COMPLAIN_S, Answer, Away, Connection, Options, look_at, name_of, pack, reason_of

log = structlog.get_logger()

GROUPS = 64  # in a Cluster; more primaries than this would have nothing to do
SLOTS = 16_384
LOOK_S, HURRY_S = 2.0, 0.1  # between two reads of the slot map; while a group cannot be reached
REDIRECTS_MAX = 3

OnMessage = Callable[[bytes, bytes, Any], None]
OnUp = Callable[[Collection[int]], Awaitable[None]]

_OPTIONS = {"host", "port", "path", "db", "username", "password", "ssl_ca_certs", "connection_class"}
_MAP = pack("CLUSTER", "INFO") + pack("CLUSTER", "SLOTS")


def _slot(tag: str) -> int:
    """CRC-16/XMODEM: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model"""
    return binascii.crc_hqx(tag.encode(), 0) % SLOTS


def _numbers_in_each_part() -> list[int]:
    """For each of GROUPS equal parts of the slots, the smallest number that hashes into it."""
    found: dict[int, int] = {}
    numbers = count()
    while len(found) < GROUPS:
        number = next(numbers)
        found.setdefault(_slot(str(number)) * GROUPS // SLOTS, number)
    return [found[part] for part in range(GROUPS)]


class Topology(Protocol):
    """on_up(groups), given to open_topology, is called when a new connection serves these groups."""

    db: int

    @property
    def tags(self) -> Sequence[str]:
        """The hash tag of each group, for its keys and channels."""
        ...

    @property
    def whole(self) -> bool:
        """Every group can be reached at the moment."""
        ...

    async def ready(self) -> None:
        """Returns after the first try to reach them."""
        ...

    def connection(self, group: int) -> Connection | None:
        """The connection to the group's node, None where it is unknown."""
        ...

    def identity(self, group: int) -> bytes:
        """Connection.identity of the node that holds the group, at most a second old; b"?" where it is unknown."""
        ...

    async def holders(self, groups: Collection[int]) -> dict[int, bytes]:
        """The same, asked now; groups that cannot be reached are left out."""
        ...

    async def ask_each(self, wanted: Mapping[int, tuple[bytes, int]]) -> dict[int, list[Any]]:
        """Replies in order, by group. wanted: commands and their number, by group.

        All groups are asked at the same time. One that is left out may or may not have executed its commands.
        """
        ...

    def look_again(self, lost: Collection[int] = ()) -> None:
        """Read the slot map again: a group has moved. on_up() is called for each of lost in any case."""
        ...

    async def servers(self) -> Sequence[Options]:
        """All known servers, replicas too, reachable or not."""
        ...

    async def close(self) -> None: ...


def open_topology(url: str, *, on_message: OnMessage | None = None, on_up: OnUp | None = None) -> Topology:
    """Raises SettingsError. Nothing is connected to before ready() or ask_each()."""
    scheme, is_cluster, rest = url.partition("+cluster:")
    servers = _read(f"{scheme}:{rest}" if is_cluster else url)
    return (Cluster if is_cluster else Single)(servers, on_message, on_up)


class Single:
    """See Topology. One group."""

    tags = ("",)

    def __init__(self, servers: Sequence[Options], on_message: OnMessage | None, on_up: OnUp | None) -> None:
        self.db = int(servers[0].get("db", 0))
        self._on_up = on_up
        self._link = Connection(servers, on_message=on_message, on_up=self._tell)

    @property
    def whole(self) -> bool:
        return self._link.up

    async def ready(self) -> None:
        with suppress(Away):
            await self._link.ready()

    def connection(self, group: int) -> Connection | None:
        return self._link

    def identity(self, group: int) -> bytes:
        return self._link.identity

    async def holders(self, groups: Collection[int]) -> dict[int, bytes]:
        return await _holders(dict.fromkeys(groups, self._link))

    async def ask_each(self, wanted: Mapping[int, tuple[bytes, int]]) -> dict[int, list[Any]]:
        try:
            return {group: await self._link.ask(*asked) for group, asked in wanted.items()}
        except Away:
            return {}

    def look_again(self, lost: Collection[int] = ()) -> None: ...

    async def servers(self) -> Sequence[Options]:
        return self._link.servers

    async def close(self) -> None:
        await self._link.close()

    async def _tell(self) -> None:
        if self._on_up:
            await self._on_up([0])


class Cluster:
    """See Topology. Has a Connection to each primary. All nodes are asked for the slot map; the latest one counts."""

    tags = tuple(f"{{{number}}}" for number in _numbers_in_each_part())
    _slots = tuple(_slot(tag[1:-1]) for tag in tags)

    def __init__(self, seeds: Sequence[Options], on_message: OnMessage | None, on_up: OnUp | None) -> None:
        self.db = int(seeds[0].get("db", 0))
        if self.db:
            raise SettingsError(f"a Redis Cluster has database 0 only, not {self.db}: leave it out of the address")
        self._seeds, self._on_message, self._on_up = seeds, on_message, on_up
        self._known = {name_of(options): options for options in seeds}  # replicas too
        self._links: dict[str, Connection] = {}
        self._places: list[Connection | None] = [None] * GROUPS
        self._told: list[object] = [None] * GROUPS  # by group: the connection that on_up() was last called for
        self._first_look, self._wanted = asyncio.Event(), asyncio.Event()
        self._looker: asyncio.Task[None] | None = None
        self._complain_at = 0.0

    @property
    def whole(self) -> bool:
        return all(connection is not None and connection.up for connection in self._places)

    async def ready(self) -> None:
        if self._looker is None:
            self._looker = asyncio.create_task(self._look_after())
        await self._first_look.wait()

    def connection(self, group: int) -> Connection | None:
        return self._places[group]

    def identity(self, group: int) -> bytes:
        connection = self._places[group]
        return connection.identity if connection else b"?"

    async def holders(self, groups: Collection[int]) -> dict[int, bytes]:
        return await _holders({group: connection for group in groups if (connection := self._places[group])})

    async def ask_each(self, wanted: Mapping[int, tuple[bytes, int]]) -> dict[int, list[Any]]:
        if self._looker is None or not self._first_look.is_set():
            await self.ready()
        done: dict[int, list[Any]] = {}
        left = list(wanted)
        for _ in range(REDIRECTS_MAX):
            done |= await self._ask_once({group: wanted[group] for group in left}, moved := [])
            left = moved
            if not left:
                break
        if len(done) < len(wanted):
            self.look_again()
        return done

    async def _ask_once(self, wanted: Mapping[int, tuple[bytes, int]], moved: list[int]) -> dict[int, list[Any]]:
        """moved: groups that another node holds are added to it; their new place is known then."""
        groups_of: dict[Connection, list[int]] = {}
        for group in wanted:
            if connection := self._places[group]:
                groups_of.setdefault(connection, []).append(group)
        sent: list[tuple[list[int], Answer]] = []
        for connection, groups in groups_of.items():
            with suppress(Away):
                await connection.ready()
                commands, counts = zip(*[wanted[group] for group in groups], strict=True)
                sent.append((groups, connection.send(b"".join(commands), sum(counts))))
        done: dict[int, list[Any]] = {}
        for groups, answer in sent:
            try:
                replies, at = await answer.replies(), 0
            except Away:
                continue
            elsewhere = hiredis.ReplyError in set(map(type, replies))
            for group in groups:
                part = replies[at : (at := at + wanted[group][1])]
                if elsewhere and (errors := [str(one) for one in part if type(one) is hiredis.ReplyError]):
                    if errors[0].startswith("MOVED ") and self._follow(group, errors[0]):
                        moved.append(group)
                else:
                    done[group] = part
        return done

    def _follow(self, group: int, moved: str) -> bool:
        """Reads `MOVED 3999 127.0.0.1:6381` (without a host: on the node that said so)."""
        address = moved.split()[2]
        host, _, port = address.rpartition(":")
        before = self._places[group]
        if not host or before is None or before.name == address:
            return False
        self._places[group] = self._connect_to(host, int(port))
        self.look_again()
        return True

    def look_again(self, lost: Collection[int] = ()) -> None:
        for group in lost:
            self._told[group] = None
        self._wanted.set()

    async def servers(self) -> Sequence[Options]:
        await self.ready()
        return list(self._known.values())

    async def close(self) -> None:
        if self._looker:
            self._looker.cancel()
            with suppress(asyncio.CancelledError):
                await self._looker
        for connection in self._links.values():
            await connection.close()

    # reading the slot map

    async def _look_after(self) -> None:
        while True:
            try:
                await self._look()
                self._first_look.set()  # before on_up(), which sends commands
                await self._tell()
            except Exception as error:  # any error: the next try may work
                self._complain(error)
            self._first_look.set()
            now = [connection.protocol if connection else None for connection in self._places]
            settled = self.whole and now == self._told
            if await happens(self._wanted, LOOK_S if settled else HURRY_S):
                await asyncio.sleep(HURRY_S)
            self._wanted.clear()

    async def _look(self) -> None:
        """Read the slot map and connect to all primaries. Raises Away."""
        ups = [connection for connection in self._links.values() if connection.up]
        said = await asyncio.gather(*(self._ask_for_map(connection) for connection in ups))
        maps = [one for one in said if one]
        for options in [] if maps else list(self._known.values()):
            if found := await self._ask_for_map(options):
                maps.append(found)
                break
        if not maps:
            raise Away("no node says where the others are")
        _, by_slot = max(maps, key=lambda one: one[0])
        for group, slot in enumerate(self._slots):
            where = next(((host, port) for first, last, host, port in by_slot if first <= slot <= last), None)
            self._places[group] = self._connect_to(*where) if where else None
        used = {connection for connection in self._places if connection}
        for name, connection in list(self._links.items()):
            if connection not in used:
                del self._links[name]
                await connection.close()
        for connection in used:
            with suppress(Away):
                await connection.ready()

    async def _ask_for_map(self, of: Connection | Options) -> "tuple[int, list[tuple[int, int, str, int]]] | None":
        """(epoch, [(first slot, last slot, host, port of the primary)]); None: the node does not know."""
        try:
            if isinstance(of, Connection):
                info, slots = await of.ask(_MAP, 2)
            else:
                info, slots = await look_at(of, _MAP, 2)
        except (Away, OSError, TimeoutError):
            return None
        facts = dict(line.split(":", 1) for line in info.decode().splitlines())
        if facts["cluster_state"] != "ok":
            return None
        here = (of.servers[0] if isinstance(of, Connection) else of)["host"]
        ranges = []
        for first, last, primary, *replicas in slots:
            for host, port, *_ in (primary, *replicas):
                options = self._options(host.decode() if host else here, port)
                self._known.setdefault(name_of(options), options)
            ranges.append((first, last, primary[0].decode() if primary[0] else here, primary[1]))
        return int(facts["cluster_current_epoch"]), ranges

    def _options(self, host: str, port: int) -> Options:
        return self._seeds[0] | {"host": host, "port": port}

    def _connect_to(self, host: str, port: int) -> Connection:
        options = self._options(host, port)
        name = name_of(options)
        if name not in self._links:
            self._links[name] = Connection(
                [options], in_cluster=True, on_message=self._on_message, on_up=self._tell_soon
            )
        return self._links[name]

    async def _tell_soon(self) -> None:
        self.look_again()

    async def _tell(self) -> None:
        """Call on_up() for the groups whose connection has changed since it was last called."""
        protocols = [connection.protocol if connection else None for connection in self._places]
        new = [group for group, protocol in enumerate(protocols) if protocol and protocol is not self._told[group]]
        if new:
            if self._on_up:
                await self._on_up(new)
            for group in new:
                self._told[group] = protocols[group]

    def _complain(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._complain_at:
            self._complain_at = now + COMPLAIN_S
            log.warning("redis cluster not as it should be, looking again", error=reason_of(error))


async def _holders(connections: Mapping[int, Connection]) -> dict[int, bytes]:
    checked: dict[Connection, bytes] = {}
    for connection in set(connections.values()):
        with suppress(Away):
            await connection.check()
            checked[connection] = connection.identity
    return {group: checked[connection] for group, connection in connections.items() if connection in checked}


def _read(url: str) -> list[Options]:
    """The servers of an address: scheme://[user:password@]host[:port][,host[:port]…][/db][?ssl_ca_certs=file]."""
    parts = urlsplit(url)
    who, at, hosts = parts.netloc.rpartition("@")
    try:
        servers = [dict(parse_url(urlunsplit(parts._replace(netloc=who + at + host)))) for host in hosts.split(",")]
    except ValueError as error:
        raise SettingsError(f"not a Redis address (redis://, rediss://, unix://): {error}") from error
    for options in servers:
        if unknown := options.keys() - _OPTIONS:
            raise SettingsError(
                f"unknown option in the Redis address: {', '.join(sorted(unknown))}; known are db, ssl_ca_certs"
            )
        if "path" not in options:
            options.setdefault("host", "127.0.0.1")
            options.setdefault("port", 6379)
    return servers
