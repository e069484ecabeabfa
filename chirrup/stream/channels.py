"""The broker's channels that readers of this process listen to."""

import time

from ..events import Signal
from ..ids import ms_of
from ..ports import Listening
from ..timelines.position import place_of
from .reader import Reader, Subscription

REMEMBERED_MS = 300_000  # a signal that is repeated within this time is dropped


class Channel:
    """One channel. The process listens once, for any number of subscriptions."""

    def __init__(self) -> None:
        self.readers: dict[Reader, None] = {}  # readers whose tokens this channel reports as ended
        self.subscriptions: dict[Subscription, None] = {}
        self._since_ms = now_ms()
        self._told: dict[int, int] = {}  # place -> when it was passed on (ms), oldest first

    def is_new(self, signal: Signal) -> bool:
        """Whether the signal has not come before; from now on it has. Edits, deletions and the like are always new."""
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
        """Whether this is an edit that came before its post: a recent post, made since we listen, not passed on yet."""
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
        """Returns once every later signal will be heard. name "": a channel that never carries anything."""
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
