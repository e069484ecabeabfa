"""Wake-ups and channels inside this process."""

from collections.abc import Collection

from ...ports import OnMessage


class MemoryBroker:
    """See ports.Broker."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[OnMessage]] = {}

    async def publish(self, channels: Collection[str], message: bytes) -> None:
        listeners = self._listeners
        if not listeners:
            return
        for channel in channels:
            for on_message in tuple(listeners.get(channel, ())):
                on_message(channel, message)

    async def listen(self, channels: Collection[str], on_message: OnMessage) -> "MemoryListening":
        listening = MemoryListening(self._listeners, on_message)
        await listening.add(channels)
        return listening

    async def close(self) -> None:
        self._listeners.clear()


class MemoryListening:
    """See ports.Listening."""

    def __init__(self, listeners: dict[str, list[OnMessage]], on_message: OnMessage) -> None:
        self._listeners, self._on_message = listeners, on_message
        self._channels: set[str] = set()

    async def add(self, channels: Collection[str]) -> None:
        for channel in set(channels) - self._channels:
            self._listeners.setdefault(channel, []).append(self._on_message)
            self._channels.add(channel)

    async def remove(self, channels: Collection[str]) -> None:
        for channel in self._channels & set(channels):
            self._channels.discard(channel)
            others = self._listeners.get(channel, [])
            if self._on_message in others:
                others.remove(self._on_message)
            if not others:
                self._listeners.pop(channel, None)

    async def stop(self) -> None:
        await self.remove(set(self._channels))
