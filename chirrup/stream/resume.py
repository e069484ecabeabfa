"""Where a reader is in a stream, as a text it brings back (`Last-Event-ID`), and what it has missed since.

Nothing is kept on the server: the text names the ids of the last seconds, and the database has the rest. Events reach
a stream nearly, but not quite, in the order of their ids (two authors, two workers), so one number would not do.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left
from functools import lru_cache

from ..errors import NotFound
from ..ids import ID_MAX, first_at
from ..ports import Tx
from ..social import notifications
from ..store import conversations, posts
from ..timelines import pull, rebuild
from ..types import NotificationKind, Span
from .events import place_of
from .streams import Stream

WINDOW_MS = 10_000  # an event that comes later than this after its id was drawn may be missed in a reconnect
NAMED_MAX = 200  # places in a position: beyond 20 events a second the window is shorter, not the text longer
MISSED_MAX = 400  # who missed more gets the newest of it, and reads the rest in the timeline
_CODE_BITS, _CODE_CHARS = 48, 8
_LOW_MAX = place_of(ID_MAX) - 2**_CODE_BITS  # so that every place named is one of an id


class Position:
    """Everything up to the place `low` has been sent, and above it what is in `sent`. Places: events.place_of."""

    def __init__(self, low: int) -> None:
        self.low = low
        self.sent: list[int] = []  # rising
        self._codes = bytearray()  # of sent, _CODE_CHARS each

    @classmethod
    def at(cls, now_ms: int) -> "Position":
        """Of a stream that begins now."""
        return cls(place_of(first_at(now_ms)))

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        """None: this is not one of ours."""
        low, dot, codes = text.partition(".")
        try:
            position = cls(int(low, 16))
            packed = urlsafe_b64decode(codes)
        except ValueError:
            return None
        if not dot or not 0 < position.low < _LOW_MAX or len(packed) % 6 or len(packed) > 6 * NAMED_MAX:
            return None
        mask = 2**_CODE_BITS - 1
        for at in range(0, len(packed), 6):
            ahead = (int.from_bytes(packed[at : at + 6]) - position.low) & mask
            position._insert(position.low + ahead)
        return position

    def __contains__(self, place: int) -> bool:
        at = bisect_left(self.sent, place)
        return place <= self.low or (at < len(self.sent) and self.sent[at] == place)

    def add(self, place: int) -> None:
        if place in self:
            return
        self._insert(place)
        oldest_ms = _ms(self.sent[-1]) - WINDOW_MS
        while len(self.sent) > NAMED_MAX or _ms(self.sent[0]) < oldest_ms:
            self.low = self.sent.pop(0)
            del self._codes[:_CODE_CHARS]

    def _insert(self, place: int) -> None:
        at = bisect_left(self.sent, place)
        self.sent.insert(at, place)
        self._codes[at * _CODE_CHARS : at * _CODE_CHARS] = _code(place)

    @property
    def text(self) -> bytes:
        return b"%x.%b" % (self.low, self._codes)


@lru_cache(4096)  # the same for every reader of an event
def _code(place: int) -> bytes:
    return urlsafe_b64encode((place & (2**_CODE_BITS - 1)).to_bytes(6))


def _ms(place: int) -> int:
    return place >> 17


def missed(tx: Tx, stream: Stream, position: Position) -> list[tuple[str, int]]:
    """(kind, id) of what the stream should have carried since, in the order of ids; the newest MISSED_MAX of it.

    Of edits and deletions only those of posts named in the position: who shows older ones reads them again.
    """
    span = Span(before=ID_MAX, after=position.low >> 1, limit=MISSED_MAX)
    viewer_id = stream.viewer_id
    new: dict[int, tuple[str, int]] = {}
    if "update" in stream.kinds:
        new |= {place_of(id): ("update", id) for id in _posts(tx, stream, span)}
    if "notification" in stream.kinds:
        told = notifications.page(tx, viewer_id, span, set(NotificationKind)).items
        new |= {place_of(one.id, notification=True): ("notification", one.id) for one in told}
    if "conversation" in stream.kinds:
        talks = conversations.page(tx, viewer_id, span)
        new |= {place_of(one.last_post_id): ("conversation", one.id) for one in talks}
    unsent = sorted(place for place in new if place not in position)
    return [*_changes(tx, stream, position), *(new[place] for place in unsent[-MISSED_MAX:])]


def _posts(tx: Tx, stream: Stream, span: Span) -> list[int]:
    name, viewer_id = stream.name, stream.viewer_id
    try:
        if name == "user":
            return rebuild.home(tx, viewer_id, span)[0]
        if name == "list":
            return rebuild.of_list(tx, int(stream.argument), span)[0]
        if name.startswith("hashtag"):
            return pull.hashtag(tx, viewer_id, stream.argument, span).items
        return pull.public(tx, viewer_id, span, only_media=stream.only_media).items if stream.channel else []
    except NotFound:  # the list has been deleted
        return []


def _changes(tx: Tx, stream: Stream, position: Position) -> list[tuple[str, int]]:
    if "delete" not in stream.kinds or not position.sent:
        return []
    named = [place >> 1 for place in position.sent if not place & 1]
    left_ms = _ms(position.sent[-1])
    found = posts.by_ids(tx, named)
    edited = [("status.update", id) for id in named if id in found and found[id].edited_ms > left_ms]
    return [*(("delete", id) for id in named if id not in found), *edited]
