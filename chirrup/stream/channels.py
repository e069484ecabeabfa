"""The broker's channels that somebody in this process listens to, and who."""

import time

from ..events import Signal
from ..ids import ms_of
from ..ports import Listening
from ..timelines.position import place_of
from .reader import Reader, Subscription

REMEMBERED_MS = 300_000  # a signal that comes again within this is not passed on again


class Channel:
    """Listened to once, however many want it."""

    def __init__(self) -> None:
        self.readers: dict[Reader, None] = {}  # whose access ends here
        self.subscriptions: dict[Subscription, None] = {}
        self._since_ms = now_ms()
        self._told: dict[int, int] = {}  # place -> when (ms), oldest first

    def is_new(self, signal: Signal) -> bool:
        """Has not been told before; from now on it has. Edits, deletions and conversations always are."""
        if signal.kind not in ("update", "notification"):
            return True
        place, now = place_of(signal.id, notification=signal.kind == "notification"), now_ms()
        while self._told and self._told[oldest := next(iter(self._told))] < now - REMEMBERED_MS:
            del self._told[oldest]
        if place in self._told:
            return False
        self._told[place] = now
        return True

    def is_late(self, signal: Signal) -> bool:
        """An edit that overtook its post, which was made while we listened, lately, and was not told of yet."""
        if signal.kind != "status.update" or ms_of(signal.id) < self._since_ms:
            return False
        return ms_of(signal.id) > now_ms() - REMEMBERED_MS and place_of(signal.id) not in self._told


class Channels:
    def __init__(self) -> None:
        self._all: dict[str, Channel] = {}
        self.listening: Listening  # set before the first join

    def get(self, name: str) -> Channel | None:
        return self._all.get(name)

    def among(self, names: list[str]) -> list[Channel]:
        return [channel for name in names if (channel := self._all.get(name))]

    async def join(self, name: str, who: Reader | Subscription) -> None:
        """Every signal sent after this returns is heard. name "": nothing ever comes."""
        if name:
            channel = self._all.get(name) or self._all.setdefault(name, Channel())
            if isinstance(who, Reader):
                channel.readers[who] = None
            else:
                channel.subscriptions[who] = None
            await self.listening.add([name])

    async def part(self, name: str, who: Reader | Subscription) -> None:
        channel = self._all.get(name)
        if channel is None:
            return
        if isinstance(who, Reader):
            channel.readers.pop(who, None)
        else:
            channel.subscriptions.pop(who, None)
        if not channel.readers and not channel.subscriptions:
            del self._all[name]
            await self.listening.remove([name])


def now_ms() -> int:
    return time.time_ns() // 1_000_000
