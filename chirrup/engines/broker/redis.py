"""Channels across processes: pub/sub of Redis or Valkey, on one connection of each process.

A channel is subscribed to while anybody in this process listens on it. What is published while Redis is away is lost;
once it is back and subscribed to again, everybody who asked is told of the gap.
"""

from collections.abc import Callable, Collection
from contextlib import suppress

import structlog

from ... import metrics
from ...ports import OnMessage
from ..redis_link import PING, Away, Link, pack
from .memory import MemoryBroker, MemoryListening

log = structlog.get_logger()


class RedisBroker:
    """See ports.Broker."""

    def __init__(self, url: str) -> None:
        self._link = Link(url, on_message=self._hand_out, on_up=self._resume)
        self._prefix = f"chirrup:{self._link.db}:"  # channels of Redis are not divided into databases
        self._here = MemoryBroker()
        self._on_gap: dict[RedisListening, Callable[[], None]] = {}
        self._connected_before = False

    @property
    def blind(self) -> bool:
        return not self._link.up

    async def connect(self) -> None:
        with suppress(Away):  # the link goes on trying
            await self._link.ready()

    async def publish(self, channels: Collection[str], message: bytes) -> None:
        if not channels:
            return
        packed = b"".join([pack("PUBLISH", self._prefix + channel, message) for channel in channels])
        metrics.deliveries["channels"] += len(channels)
        await self._send(packed, len(channels))

    async def listen(
        self, channels: Collection[str], on_message: OnMessage, *, on_gap: Callable[[], None] | None = None
    ) -> "RedisListening":
        listening = RedisListening(self, on_message)
        if on_gap:
            self._on_gap[listening] = on_gap
        await listening.add(channels)
        return listening

    async def close(self) -> None:
        await self._link.close()

    async def tell(self, command: str, channels: Collection[str]) -> None:
        """Done on return, unless Redis is away. Subscriptions have no reply of their own; that to PING follows them."""
        if channels:
            await self._send(pack(command, *[self._prefix + channel for channel in channels]) + PING, 1)

    async def _send(self, commands: bytes, count: int) -> None:
        with suppress(Away):  # the link has said so, and _resume() puts right what can be
            await self._link.ask(commands, count)

    async def _resume(self) -> None:
        """What is joined or left meanwhile is sent after this, so Redis ends up with the same channels as we."""
        if channels := [self._prefix + channel for channel in self._here.listeners]:
            await self._link.ask(pack("SUBSCRIBE", *channels) + PING, 1)
        if self._connected_before:
            for on_gap in tuple(self._on_gap.values()):
                try:
                    on_gap()
                except Exception as error:  # a bug there; the others are told all the same
                    log.error("a listener failed", exc_info=error)
        self._connected_before = True

    def _hand_out(self, channel: bytes, message: bytes) -> None:
        self._here.hand_out(channel.decode().removeprefix(self._prefix), message)


class RedisListening:
    """See ports.Listening."""

    def __init__(self, broker: RedisBroker, on_message: OnMessage) -> None:
        self._broker = broker
        self._here = MemoryListening(broker._here.listeners, on_message)

    async def add(self, channels: Collection[str]) -> None:
        await self._broker.tell("SUBSCRIBE", self._here.join(channels))

    async def remove(self, channels: Collection[str]) -> None:
        await self._broker.tell("UNSUBSCRIBE", self._here.leave(channels))

    async def stop(self) -> None:
        self._broker._on_gap.pop(self, None)
        await self.remove(self._here.channels)
