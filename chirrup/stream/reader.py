"""One open connection and its subscriptions."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol

import msgspec

from .. import metrics
from ..access.limits import network_of
from ..access.sites import Site
from ..ports import Engines
from ..timelines.once import Standing
from ..timelines.position import Position, place_of
from ..timelines.read import standing
from ..types import Viewer
from .events import Event
from .protocols import TOO_SLOW, EventSender
from .streams import Stream

HELD_MAX = 4_000  # events that may wait while a reader catches up; all readers share them, so they cost little
REBUILT_MAX = 20  # timelines that are read from the database at once to tell whether a boost is news


class Reader:
    """A connection. sender: None until it is open. goodbye: set when it must be closed instead of opened."""

    def __init__(self, viewer: Viewer, token: str, address: str, site: Site) -> None:
        self.viewer, self.token, self.address, self.site = viewer, token, address, site
        self.ip = network_of(address)  # as limits count it
        self.began = 0  # a place: what was acted on before it does not belong into this reader's streams
        self.sender: EventSender | None = None
        self.goodbye: tuple[int, str] | None = None
        self.subscriptions: dict[tuple[str, str], Subscription] = {}

    def cut(self, code: int, why: str) -> None:
        self.goodbye = self.goodbye or (code, why)
        if self.sender:
            self.sender.cut(code, why)

    def open(self, sender: EventSender) -> None:
        """Events can be written from now on."""
        self.sender = sender
        if self.goodbye:
            sender.cut(*self.goodbye)

    def release(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.release()


class Pack(Protocol):
    """How this kind of connection writes an event."""

    def __call__(self, subscription: "Subscription", event: Event, text: str) -> bytes: ...


class Subscription:
    """One stream on one connection. Events wait while it is held: until the reader is open, and while it catches up."""

    def __init__(self, reader: Reader, stream: Stream, pack: Pack, position: Position) -> None:
        self.reader, self.stream, self.position = reader, stream, position
        self.viewer_id, self.kinds, self.is_public = stream.viewer_id, stream.kinds, stream.is_public
        self.label = msgspec.json.encode(stream.label).decode()
        self.catching_up = asyncio.Lock()
        self.standing: Standing | None = None  # looked up when it is first needed
        self._pack = pack
        self.again = False  # catch up once more after the current run
        self.had = set[int]()  # places already sent from the database: a later signal for them is dropped
        self._waiting: deque[Event] | None = deque()

    @property
    def is_over(self) -> bool:
        sender = self.reader.sender
        return sender is None or sender.closed or self.reader.subscriptions.get(self.stream.key) is not self

    def take(self, event: Event, *, now: bool = False) -> None:
        """Send event if the stream carries it and the viewer may have it. now: send even while events wait."""
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
        """Whether a public stream carries event: like the timeline, it has no replies to others (timelines/pull.py)."""
        if event.answers_another and self.stream.name.startswith(("public", "track")):
            return False
        if self.stream.sought and not (event.signs and self.stream.sought.find_by(event.signs)):
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
        """Whether `standing` must be looked up before we can tell if event repeats a post of the timeline."""
        return (
            self.standing is None
            and event.shows not in (0, event.id)
            and self.viewer_id in event.texts
            and self.stream.timeline is not None
        )

    def _is_news(self, event: Event) -> bool:
        """Whether the timeline does not have the boosted post already (timelines/once.py)."""
        if self.standing and event.kind == "delete":
            self.standing.forget(event.id)
        return not (self.standing and event.shows) or self.standing.is_news(event.id, event.shows)

    def hold(self) -> None:
        self._waiting = deque() if self._waiting is None else self._waiting

    def next_waiting(self, limit: int) -> list[Event]:
        """The next events that waited. Once there are none, the subscription is not held any more."""
        if not self._waiting:
            self._waiting = None
            return []
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    def release(self) -> None:
        """Send what waited. Does nothing while catch_up() runs, which will send it."""
        if not self.catching_up.locked():
            for event in self.next_waiting(HELD_MAX):
                self.take(event, now=True)
            self._waiting = None


async def recall(engines: Engines, event: Event, subscriptions: Iterable[Subscription]) -> None:
    """Look up what stands in the timelines of subscriptions that get their first boost.

    Where they are many, those not kept are not read from the database: all would wait, and a boost told twice is no
    harm.
    """
    lacking = [one for one in subscriptions if one.lacks(event)]
    many = len(lacking) > REBUILT_MAX
    asked = [
        standing(engines, *one.stream.timeline, event.id, only_kept=many) for one in lacking if one.stream.timeline
    ]
    for subscription, found in zip(lacking, await asyncio.gather(*asked), strict=True):
        subscription.standing = found


def as_frame(subscription: Subscription, event: Event, text: str) -> bytes:
    return event.frame(subscription.label, text)


def as_chunk(subscription: Subscription, event: Event, text: str) -> bytes:
    """A server-sent event as one chunk. The lines are shared by all readers; the position is the reader's own."""
    lines, place = event.lines(text), subscription.position.text
    return b"%x\r\n%b%b\n\n\r\n" % (len(lines) + len(place) + 2, lines, place)
