"""Channels across processes: pub/sub of Redis or Valkey, on one connection of each process to each server.

The process subscribes to a channel while anybody in it listens there. In a Cluster a channel belongs to a group and is
published on that group's node only (sharded pub/sub, Redis 7 and later), as PUBLISH would go to every node.

What is published while Redis is away is lost. After the reconnect, each process calls on_gap of its listeners. A
process that could not publish also sends a message on the gap channels, for processes that reconnected earlier. A
worker notes the loss in the database first, so that another worker sends that message if this one dies
(timelines/missed_pushes.py).
"""

import asyncio
import zlib
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import structlog
from hiredis import ReplyError

from ... import metrics
from ...ports import Doubt, OnMessage
from ..redis import settings_check
from ..redis.connection import PING, Answer, Away, pack, pack_each
from ..redis.topology import Cluster, open_topology
from .memory import MemoryBroker, MemoryListening

log = structlog.get_logger()

GAP_S = 1.0  # between two calls of on_gap: gaps in between count as one
_GAP = "gap:"  # followed by the number of a group: a channel of that group


class RedisBroker:
    """See ports.Broker."""

    def __init__(self, url: str) -> None:
        self._topology = nodes = open_topology(url, on_message=self._hear, on_up=self._resume)
        sharded = "S" if isinstance(nodes, Cluster) else ""
        self._publish, self._subscribe = f"{sharded}PUBLISH", f"{sharded}SUBSCRIBE"
        self._unsubscribe = f"{sharded}UNSUBSCRIBE"
        self._message = f"{sharded.lower()}message".encode()
        # Channels of Redis are not divided into databases.
        self._prefixes = [f"chirrup:{tag}{nodes.db}|" for tag in nodes.tags]
        self.here = MemoryBroker()  # who listens in this process
        self.on_gap: dict[RedisListening, Callable[[], None]] = {}
        self._gaps = RedisListening(self, lambda *_: self._notice_gap())
        self._gap_told_at_s = -GAP_S
        self._gap_due: asyncio.TimerHandle | None = None
        self._subscribed: set[int] = set()  # groups that were subscribed to at least once
        self._lost: set[int] = set()  # groups in which something could not be published

    @property
    def blind(self) -> bool:
        return not self._topology.whole

    @property
    def has_gaps(self) -> bool:
        return bool(self._lost)

    async def connect(self) -> None:
        await self._topology.ready()  # where this fails, it is tried again in the background

    async def doubts(self) -> list[Doubt]:
        return await settings_check.doubts(await self._topology.servers())

    async def publish(self, channels: Collection[str], message: bytes) -> None:
        metrics.deliveries["channels"] += len(channels)
        names: dict[int, list[str]] = {}
        for channel in channels:
            group = self._group(channel)
            names.setdefault(group, []).append(self._prefixes[group] + channel)
        if names:
            packed = {group: (pack_each(self._publish, some, message), len(some)) for group, some in names.items()}
            done = await self._topology.ask_each(packed)
            if len(done) < len(names):
                self._lost |= names.keys() - done.keys()
            if self._lost:
                await self._own_up(done)

    async def tell_of_gap(self) -> bool:
        gaps = enumerate(self._prefixes)
        done = await self._topology.ask_each(
            {at: (pack(self._publish, f"{name}{_GAP}{at}", b""), 1) for at, name in gaps}
        )
        return bool(done)  # every process listens there; one that misses it has a gap of its own to report

    async def listen(
        self, channels: Collection[str], on_message: OnMessage, *, on_gap: Callable[[], None] | None = None
    ) -> "RedisListening":
        listening = RedisListening(self, on_message)
        if on_gap:
            self.on_gap[listening] = on_gap
            await self._gaps.add([f"{_GAP}{group}" for group in range(len(self._prefixes))])
        await listening.add(channels)
        return listening

    async def close(self) -> None:
        if self._gap_due:
            self._gap_due.cancel()
        await self._topology.close()

    async def tell(self, channels: Collection[str]) -> None:
        """Subscribe to those of channels that have listeners and unsubscribe from the others. Done on return.

        While Redis is away _resume() does it later.
        """
        groups: dict[int, list[str]] = {}
        for channel in channels:
            groups.setdefault(self._group(channel), []).append(channel)
        if not all((connection := self._topology.connection(group)) and connection.up for group in groups):
            await self._topology.ready()
        told = [(group, self._send(group, some)) for group, some in groups.items()]
        for group, (connection, answer) in told:
            with suppress(Away):
                if answer and type((await answer.replies())[0]) is ReplyError:
                    connection.abort("a channel is not there any more")  # more errors than expected replies
                    self._topology.look_again([group])

    def _send(self, group: int, channels: Collection[str]) -> tuple[Any, Answer | None]:
        """Send what fits the listeners of this moment. Subscriptions have no reply, so a PING follows them."""
        connection, commands = self._topology.connection(group), b""
        prefix, listeners = self._prefixes[group], self.here.listeners
        if wanted := [prefix + channel for channel in channels if channel in listeners]:
            commands += pack(self._subscribe, *wanted)
        if unwanted := [prefix + channel for channel in channels if channel not in listeners]:
            commands += pack(self._unsubscribe, *unwanted)
        with suppress(Away):
            if connection:
                return connection, connection.send(commands + PING, 1)
        return connection, None

    async def _resume(self, groups: Collection[int]) -> None:
        """Subscribe again: a new connection to the nodes of these groups has no subscriptions."""
        exists = {group: (pack("EXISTS", self._prefixes[group]), 1) for group in groups}
        if len(await self._topology.ask_each(exists)) < len(exists):  # ask_each() follows groups that have moved
            raise Away("lost again")
        listened: dict[int, list[str]] = {group: [] for group in groups}
        for channel in self.here.listeners:
            if (group := self._group(channel)) in listened:
                listened[group].append(channel)
        for answer in [self._send(group, channels)[1] for group, channels in listened.items() if channels]:
            if answer is None or type((await answer.replies())[0]) is ReplyError:
                raise Away("moved again")
        if self._subscribed.intersection(groups):
            self._notice_gap()
        self._subscribed.update(groups)
        await self._own_up(groups)

    async def _own_up(self, reached: Collection[int]) -> None:
        """Publish that messages of this process were lost, in the groups that can be reached again."""
        back = self._lost.intersection(reached)
        self._lost -= back
        if back:
            await self.publish([f"{_GAP}{group}" for group in back], b"")

    def _notice_gap(self) -> None:
        loop = asyncio.get_running_loop()
        if self._gap_due is None:
            self._gap_due = loop.call_at(max(loop.time(), self._gap_told_at_s + GAP_S), self._call_on_gap)

    def _call_on_gap(self) -> None:
        self._gap_due, self._gap_told_at_s = None, asyncio.get_running_loop().time()
        for on_gap in tuple(self.on_gap.values()):
            try:
                on_gap()
            except Exception as error:  # a bug there; the others are told all the same
                log.error("a listener failed", exc_info=error)

    def _hear(self, kind: bytes, channel: bytes, message: Any) -> None:
        if kind == self._message:
            self.here.hand_out(channel[channel.index(b"|") + 1 :].decode(), message)
        elif kind == b"sunsubscribe" and channel:
            name = channel[channel.index(b"|") + 1 :].decode()
            if name in self.here.listeners:  # an unexpected unsubscribe: the group moves to another node
                self._topology.look_again([self._group(name)])

    def _group(self, channel: str) -> int:
        if len(self._prefixes) == 1:
            return 0
        if channel.startswith(_GAP):
            return int(channel.removeprefix(_GAP))
        return zlib.crc32(channel.encode()) % len(self._prefixes)


class RedisListening:
    """See ports.Listening."""

    def __init__(self, broker: RedisBroker, on_message: OnMessage) -> None:
        self._broker = broker
        self._here = MemoryListening(broker.here.listeners, on_message)

    async def add(self, channels: Collection[str]) -> None:
        await self._broker.tell(self._here.join(channels))

    async def remove(self, channels: Collection[str]) -> None:
        await self._broker.tell(self._here.leave(channels))

    async def stop(self) -> None:
        self._broker.on_gap.pop(self, None)
        await self.remove(self._here.channels)
