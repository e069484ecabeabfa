"""Where a reader is in a stream, as a text that it brings back (`Last-Event-ID`).

Nothing is kept on the server. Events reach a stream nearly, but not quite, in the order of their ids: two authors, two
workers, one of which may have died. So one number would not do: docs/decisions/0027-taking-streams-up.md.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left
from functools import lru_cache

from ..ids import ID_MAX, first_at

WINDOW_MS = 10_000  # what was sent in this time is named: of its edits and deletions a reader who was away is told
NAMED_MAX = 200  # places in a text; of those before them it has the sum
_CODE_BITS, _CODE_CHARS = 48, 8
_MODULUS = 2**61 - 1


def place_of(id: int, *, notification: bool = False) -> int:
    """Posts (conversations: by their last post) and notifications share a stream; their ids might be equal."""
    return id << 1 | notification


PLACE_MAX = place_of(ID_MAX)
_LOW_MAX = PLACE_MAX - 2**_CODE_BITS  # so that every place named is one of an id
_FORM = re.compile(r"([0-9a-f]{1,16})\.([A-Za-z0-9_-]*)(?:\.([0-9a-f]{1,16})\.([0-9a-f]{1,16}))?", re.ASCII)


class Position:
    """All that belongs into the stream up to `floor` has been sent; above `low`, what is in `sent`.

    Of what was sent between floor and low only the sum is known: so whoever reads again what belongs there sees whether
    anything is missing. It is empty while workers keep up with what is said. Places: place_of().
    """

    def __init__(self, floor: int) -> None:
        self.floor = self._middle = self.low = floor
        self.sent: list[int] = []  # rising
        self._codes = bytearray()  # of sent, _CODE_CHARS each
        self._older = self._newer = 0  # sums: up to _middle, and from there

    @classmethod
    def at(cls, now_ms: int) -> "Position":
        """Of a stream that begins at that moment."""
        return cls(place_of(first_at(now_ms)))

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        """None: this is not one of ours."""
        parts = _FORM.fullmatch(text)
        if parts is None or len(parts[2]) % _CODE_CHARS or len(parts[2]) > _CODE_CHARS * NAMED_MAX:
            return None
        position = cls(int(parts[1], 16))
        if parts[3]:
            position._middle = position.low = int(parts[3], 16)
            position._older = int(parts[4], 16) % _MODULUS
        if not 0 < position.floor <= position.low < _LOW_MAX:
            return None
        packed, mask = urlsafe_b64decode(parts[2]), 2**_CODE_BITS - 1
        for at in range(0, len(packed), 6):
            ahead = (int.from_bytes(packed[at : at + 6]) - position.low) & mask
            position._insert(position.low + ahead)
        return position

    @property
    def text(self) -> bytes:
        if self.low == self.floor:
            return b"%x.%b" % (self.floor, self._codes)
        return b"%x.%b.%x.%x" % (self.floor, self._codes, self.low, self.sum)

    @property
    def sum(self) -> int:
        """Of what was sent between floor and low."""
        return (self._older + self._newer) % _MODULUS

    def __contains__(self, place: int) -> bool:
        """Has been sent, as far as that is known."""
        at = bisect_left(self.sent, place)
        return place <= self.floor or (at < len(self.sent) and self.sent[at] == place)

    def add(self, place: int, acted_on: int = PLACE_MAX) -> None:
        """place has been sent. acted_on: all up to that place that belongs into the stream was sent before."""
        if place in self:
            return
        if place > self.low:
            self._insert(place)
        else:
            self._sum_up(place)
        oldest_ms = _ms(self.sent[-1]) - WINDOW_MS if self.sent else 0
        while len(self.sent) > NAMED_MAX or (self.sent and _ms(self.sent[0]) < oldest_ms):
            self.low = self.sent.pop(0)
            del self._codes[:_CODE_CHARS]
            self._sum_up(self.low)
        self._rise(acted_on)

    def forget_sum(self) -> None:
        """What was sent between floor and low is to be sent again."""
        self._older = self._newer = 0
        self._middle = self.low = self.floor

    def _sum_up(self, place: int) -> None:
        if place <= self._middle:
            self._older = (self._older + _mark(place)) % _MODULUS
        else:
            self._newer = (self._newer + _mark(place)) % _MODULUS

    def _rise(self, acted_on: int) -> None:
        """A sum cannot be taken apart: so there are two, and the floor rises to the end of the older one."""
        if acted_on >= self.low:
            self.floor = self._middle = self.low
            self._older = self._newer = 0
        elif acted_on >= self._middle:
            self.floor, self._middle = self._middle, self.low
            self._older, self._newer = self._newer, 0

    def _insert(self, place: int) -> None:
        at = bisect_left(self.sent, place)
        self.sent.insert(at, place)
        self._codes[at * _CODE_CHARS : at * _CODE_CHARS] = _code(place)


def sum_of(places: set[int]) -> int:
    """What Position.sum is when these have been sent, and nothing else."""
    return sum(map(_mark, places)) % _MODULUS


@lru_cache(4096)  # the same for every reader of an event
def _code(place: int) -> bytes:
    return urlsafe_b64encode((place & (2**_CODE_BITS - 1)).to_bytes(6))


@lru_cache(4096)
def _mark(place: int) -> int:
    return pow(place, 3, _MODULUS)  # so that two places cannot stand for two others


def _ms(place: int) -> int:
    return place >> 17
