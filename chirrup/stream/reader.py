"""One open connection, and what it listens to."""

import asyncio
from typing import Protocol

import msgspec

from .. import metrics
from ..timelines.once import Standing
from ..types import Viewer
from .events import Event
from .resume import Position
from .streams import Stream
from .wire import TOO_SLOW, WAITING_EVENTS_MAX, Wire


class Reader:
    """A connection. wire: None until it is open; goodbye: why it must not be opened any more."""

    def __init__(self, viewer: Viewer, token: str, ip: str) -> None:
        self.viewer, self.token, self.ip = viewer, token, ip
        self.wire: Wire | None = None
        self.goodbye: tuple[int, str] | None = None
        self.subscriptions: dict[tuple[str, str], Subscription] = {}

    def cut(self, code: int, why: str) -> None:
        self.goodbye = self.goodbye or (code, why)
        if self.wire:
            self.wire.cut(code, why)

    def open(self, wire: Wire) -> None:
        """Events can be written from now on: release what waits."""
        self.wire = wire
        if self.goodbye:
            wire.cut(*self.goodbye)

    def release(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.release()


class Pack(Protocol):
    """How an event is written on this kind of connection."""

    def __call__(self, subscription: "Subscription", event: Event, text: str) -> bytes: ...


class Subscription:
    """A reader's interest in one stream. Events wait while it is held: before the reader is open, and while it is
    sent what it missed."""

    def __init__(self, reader: Reader, stream: Stream, pack: Pack, position: Position) -> None:
        self.reader, self.stream, self.position = reader, stream, position
        self.viewer_id, self.kinds, self.is_public = stream.viewer_id, stream.kinds, stream.is_public
        self.label = msgspec.json.encode(stream.label).decode()
        self.catching_up = asyncio.Lock()
        self.standing: Standing | None = None  # asked for once it matters
        self._pack = pack
        self._waiting: list[Event] | None = []
        # Places sent before, or from the database: if their signals are still to come, they are not sent again.
        self._had_up_to, self._had = 0, frozenset[int]()

    def take(self, event: Event) -> None:
        """Send event if it belongs to the stream and the viewer is to have it."""
        if event.kind not in self.kinds or (text := event.texts.get(self.viewer_id)) is None:
            return
        if self.is_public and not self._suits(event):
            return
        if self._waiting is not None:
            self._waiting.append(event)
            if len(self._waiting) > WAITING_EVENTS_MAX:
                self._waiting.clear()
                self.reader.cut(TOO_SLOW, "reads too slowly")
        elif not event.place or (event.place > self._had_up_to and event.place not in self._had):
            self.write(event, text)

    def _suits(self, event: Event) -> bool:
        """What the public timeline leaves out: replies to others (timelines/pull.py)."""
        if event.answers_another and self.stream.name.startswith("public"):
            return False
        return event.has_media or not self.stream.only_media or event.kind == "delete"

    def write(self, event: Event, text: str) -> None:
        if event.place:
            self.position.add(event.place)
        if not self._is_news(event):
            return
        if self.reader.wire:
            self.reader.wire.push(self._pack(self, event, text))
            metrics.streamed[event.kind] += 1

    def lacks(self, event: Event) -> bool:
        """Whether event is a repetition cannot be told before it is known what stands in the timeline."""
        return (
            self.standing is None
            and event.shows not in (0, event.id)
            and self.viewer_id in event.texts
            and self.stream.timeline is not None
        )

    def _is_news(self, event: Event) -> bool:
        """A boost of what stands in the timeline is none: timelines/once.py."""
        if self.standing and event.kind == "delete":
            self.standing.forget(event.id)
        return not (self.standing and event.shows) or self.standing.is_news(event.id, event.shows)

    def hold(self) -> None:
        self._waiting = [] if self._waiting is None else self._waiting

    def release(self) -> None:
        """Send what waited."""
        waiting, self._waiting = self._waiting or [], None
        for event in waiting:
            self.take(event)

    def caught_up(self, up_to: int, places: frozenset[int]) -> None:
        """Everything up to that place, and these, has been sent: release the rest."""
        self._had_up_to, self._had = up_to, places
        self.release()


def as_frame(subscription: Subscription, event: Event, text: str) -> bytes:
    return event.frame(subscription.label, text)


def as_chunk(subscription: Subscription, event: Event, text: str) -> bytes:
    """A server-sent event as one chunk: the same lines for everybody, and the reader's own position."""
    lines, place = event.lines(text), subscription.position.text
    return b"%x\r\n%b%b\n\n\r\n" % (len(lines) + len(place) + 2, lines, place)
