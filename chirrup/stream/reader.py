"""One open connection, and what it listens to."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol

import msgspec

from .. import metrics
from ..ports import Engines
from ..timelines.once import Standing, standing
from ..timelines.position import Position, place_of
from ..types import Viewer
from .events import Event
from .protocols import TOO_SLOW, EventSender
from .streams import Stream

HELD_MAX = 4_000  # events that wait while a reader is sent what it missed; they are shared, so it costs little


class Reader:
    """A connection. sender: None until it is open; goodbye: why it must not be opened any more."""

    def __init__(self, viewer: Viewer, token: str, ip: str) -> None:
        self.viewer, self.token, self.ip = viewer, token, ip
        self.began = 0  # a place: what was acted on before is not for this reader's streams
        self.sender: EventSender | None = None
        self.goodbye: tuple[int, str] | None = None
        self.subscriptions: dict[tuple[str, str], Subscription] = {}

    def cut(self, code: int, why: str) -> None:
        self.goodbye = self.goodbye or (code, why)
        if self.sender:
            self.sender.cut(code, why)

    def open(self, sender: EventSender) -> None:
        """Events can be written from now on: release what waits."""
        self.sender = sender
        if self.goodbye:
            sender.cut(*self.goodbye)

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
        self.again = False  # it is to be caught up once more
        self.had = set[int]()  # places sent from the database: if their signals are still to come, not again
        self._waiting: deque[Event] | None = deque()

    @property
    def is_over(self) -> bool:
        sender = self.reader.sender
        return sender is None or sender.closed or self.reader.subscriptions.get(self.stream.key) is not self

    def take(self, event: Event, *, now: bool = False) -> None:
        """Send event if it belongs to the stream and the viewer is to have it. now: it has waited long enough."""
        if event.kind not in self.kinds or (text := event.texts.get(self.viewer_id)) is None:
            return
        if self.is_public and not self._suits(event):
            return
        if self._waiting is not None and not now:
            self._waiting.append(event)
            if len(self._waiting) > HELD_MAX:
                self._waiting.clear()
                self.reader.cut(TOO_SLOW, "reads too slowly")
        elif not event.place or event.place not in self.had:
            self.write(event, text)

    def _suits(self, event: Event) -> bool:
        """What the public timeline leaves out: replies to others (timelines/pull.py)."""
        if event.answers_another and self.stream.name.startswith("public"):
            return False
        return event.has_media or not self.stream.only_media or event.kind == "delete"

    def write(self, event: Event, text: str) -> None:
        if event.place:
            self.position.add(event.place, event.acted_on)
        elif event.kind == "delete":
            self.position.discard(place_of(event.id))
        if not self._is_news(event):
            return
        if self.reader.sender:
            self.reader.sender.push(self._pack(self, event, text))
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
        self._waiting = deque() if self._waiting is None else self._waiting

    def next_waiting(self, limit: int) -> list[Event]:
        """The next that waited; once there are none, events do not wait any more."""
        if not self._waiting:
            self._waiting = None
            return []
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    def release(self) -> None:
        """Send what waited, unless it waits for what was missed before."""
        if not self.catching_up.locked():
            for event in self.next_waiting(HELD_MAX):
                self.take(event, now=True)
            self._waiting = None


async def recall(engines: Engines, event: Event, subscriptions: Iterable[Subscription]) -> None:
    """Before the first boost that somebody is sent: what stands in their timeline already."""
    lacking = [one for one in subscriptions if one.lacks(event)]
    asked = [standing(engines, *one.stream.timeline, event.id) for one in lacking if one.stream.timeline]
    for subscription, found in zip(lacking, await asyncio.gather(*asked), strict=True):
        subscription.standing = found


def as_frame(subscription: Subscription, event: Event, text: str) -> bytes:
    return event.frame(subscription.label, text)


def as_chunk(subscription: Subscription, event: Event, text: str) -> bytes:
    """A server-sent event as one chunk: the same lines for everybody, and the reader's own position."""
    lines, place = event.lines(text), subscription.position.text
    return b"%x\r\n%b%b\n\n\r\n" % (len(lines) + len(place) + 2, lines, place)
