"""Channels inside this process."""

from collections.abc import Callable, Collection

import structlog

from ... import metrics
from ...ports import Doubt, OnMessage

log = structlog.get_logger()


class MemoryBroker:
    """See ports.Broker."""

    blind = has_gaps = False

    def __init__(self) -> None:
        self.listeners: dict[str, dict[MemoryListening, None]] = {}  # channel -> who listens, in order of arrival

    async def connect(self) -> None: ...

    async def doubts(self) -> list[Doubt]:
        return []

    async def publish(self, channels: Collection[str], message: bytes) -> None:
        metrics.deliveries["channels"] += len(channels)
        if self.listeners:
            for channel in channels:
                if channel in self.listeners:
                    self.hand_out(channel, message)

    async def tell_of_gap(self) -> bool:
        return True  # there never is one

    def hand_out(self, channel: str, message: bytes) -> None:
        for listening in tuple(self.listeners.get(channel, ())):
            try:
                listening.on_message(channel, message)
            except Exception as error:  # a bug there; the others are told all the same
                log.error("a listener failed", channel=channel, exc_info=error)

    async def listen(
        self, channels: Collection[str], on_message: OnMessage, *, on_gap: Callable[[], None] | None = None
    ) -> "MemoryListening":
        listening = MemoryListening(self.listeners, on_message)
        await listening.add(channels)
        return listening

    async def close(self) -> None:
        self.listeners.clear()


class MemoryListening:
    """See ports.Listening."""

    def __init__(self, listeners: "dict[str, dict[MemoryListening, None]]", on_message: OnMessage) -> None:
        self._listeners, self.on_message = listeners, on_message
        self.channels: set[str] = set()

    async def add(self, channels: Collection[str]) -> None:
        self.join(channels)

    async def remove(self, channels: Collection[str]) -> None:
        self.leave(channels)

    async def stop(self) -> None:
        self.leave(self.channels)

    def join(self, channels: Collection[str]) -> list[str]:
        """Those that nobody listened on until now."""
        new = []
        for channel in channels:
            self.channels.add(channel)
            if channel not in self._listeners:
                self._listeners[channel] = {}
                new.append(channel)
            self._listeners[channel][self] = None
        return new

    def leave(self, channels: Collection[str]) -> list[str]:
        """Those that nobody listens on any more."""
        left = []
        for channel in self.channels.intersection(channels):
            self.channels.discard(channel)
            others = self._listeners.get(channel, {})
            others.pop(self, None)
            if not others and self._listeners.pop(channel, None) is not None:
                left.append(channel)
        return left
