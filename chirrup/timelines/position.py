"""A reader's position in a stream, as a text that the client sends back (`Last-Event-ID`).

The server stores nothing. Events reach a stream almost in the order of their ids, but not quite: they have different
authors and workers, and a worker may die. So one number is not enough: docs/decisions/0027-taking-streams-up.md.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from ..ids import ID_MAX, first_at
from .band import CHARS, MASK, SIZE, Band, code, has, number

WINDOW_MS = 8_000  # events sent in this time are named, so that a reader who was away gets their edits and deletions
NAMED_MAX = 100  # places in a text; earlier ones are in bands
BANDS_MAX = 36
LETTERS_MAX = 832  # in all bands
KEPT_MAX = 4_000  # places in all bands
_NAME_CHARS = 5  # the end of a code: 30 bits, which repeat after 8.192 s
_NAME_MASK = 2**30 - 1
_BANDS_CHARS_MAX = BANDS_MAX * (1 + 2 * CHARS) + LETTERS_MAX
_FORM = re.compile(r"([0-9a-f]{1,16})\.((?:[\w-]{8}(?:[\w-]{5})*)?)((?:\.[\w-]{16,})*)", re.ASCII)


def place_of(id: int, *, notification: bool = False) -> int:
    """An event's place. In a stream, posts (conversations: their last post) and notifications may have equal ids."""
    return id << 1 | notification


PLACE_MAX = place_of(ID_MAX)
_FLOOR_MAX = PLACE_MAX - (BANDS_MAX + 2) * (MASK + 1)  # so that every place in a text belongs to a valid id


class Position:
    """Up to `floor`, everything was sent. Above `low`, the places in `sent` were. Between, `bands` record it.

    The text of a position names the places in sent. For bands it has just enough that settle() can find which places
    were sent, once the events of that time have been read again. Places: place_of().
    """

    def __init__(self, floor: int) -> None:
        self.floor = self.low = floor
        self.sent: list[int] = []  # rising
        self.bands: list[Band] = []  # rising; the last one, if any, ends at low
        self._names = bytearray()  # of sent, _NAME_CHARS each
        self._short: bytes | None = b""  # the text of bands

    @classmethod
    def at(cls, now_ms: int) -> "Position":
        """The position of a stream that begins at now_ms."""
        return cls(place_of(first_at(now_ms)))

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        """None: not a position that we made."""
        parts = _FORM.fullmatch(text)
        if parts is None or not 0 < int(parts[1], 16) < _FLOOR_MAX:
            return None
        position = cls(int(parts[1], 16))
        names, bands = parts[2], parts[3].split(".")[1:]
        if len(names) > CHARS + _NAME_CHARS * NAMED_MAX or len(bands) > BANDS_MAX or len(parts[3]) > _BANDS_CHARS_MAX:
            return None
        for band in bands:
            position.bands.append(Band.parse(band, position.low))
            position.low = position.bands[-1].end
        position._short = None
        if names:
            newest = position.low + (number(names[:CHARS]) - position.low & MASK)
            for at in range(CHARS, len(names), _NAME_CHARS):
                name = number("A" * (CHARS - _NAME_CHARS) + names[at : at + _NAME_CHARS])
                position._insert(newest - (newest - name & _NAME_MASK))
            position._insert(newest)
            if position.sent[0] <= position.low:
                return None
        return position if position.text.decode() == text else None

    @property
    def text(self) -> bytes:
        if self._short is None:
            self._short = b"".join(b".%b" % band.text for band in self.bands)
        if not self.sent:
            return b"%x.%b" % (self.floor, self._short)
        return b"%x.%b%b%b" % (self.floor, code(self.sent[-1]), self._names[:-_NAME_CHARS], self._short)

    def __contains__(self, place: int) -> bool:
        """Whether it was sent, as far as known."""
        if place > self.low:
            return has(self.sent, place)
        return place <= self.floor or place in self._band_of(place)

    def add(self, place: int, acted_on: int = PLACE_MAX) -> None:
        """Record that place was sent. acted_on: everything of the stream up to that place was sent before."""
        if place > (self.sent[-1] if self.sent else self.low):
            self.sent.append(place)
            self._names += code(place)[-_NAME_CHARS:]
        elif place in self:
            return
        elif place > self.low:
            self._insert(place)
        else:
            self._band_of(place).add(place)
            self._limit_bands()
        if len(self.sent) > NAMED_MAX:
            self._shorten(SIZE, acted_on)
        while self.sent and _ms(self.sent[0]) < _ms(self.sent[-1]) - WINDOW_MS:
            self._shorten(1, acted_on)
        if self.bands and acted_on > self.floor:
            self._rise(min(acted_on, self.low))

    def discard(self, place: int) -> None:
        """Remove a place whose post was deleted; the reader knows that."""
        if place > self.low and has(self.sent, place):
            at = bisect_left(self.sent, place)
            del self.sent[at], self._names[at * _NAME_CHARS : (at + 1) * _NAME_CHARS]
        elif self.floor < place <= self.low:
            self._band_of(place).discard(place)
            self._short = None

    @property
    def known(self) -> list[int]:
        """The places sent above the floor, as far as known. Rising."""
        return [*(place for band in self.bands for place in band.places or ()), *self.sent]

    @property
    def is_settled(self) -> bool:
        return all(band.places is not None for band in self.bands)

    def settle(self, belonging: Sequence[int], deleted: Sequence[int]) -> None:
        """Find which places between floor and low were sent. Both lists are rising, and of places there.

        belonging: places of the stream now; deleted: places that may have been, before they were deleted.
        """
        settled, after = list[Band](), self.floor
        for band in self.bands:
            parts = (_between(rising, after, band.end) for rising in (belonging, deleted))
            settled.append(Band(band.end, band.found_among(*parts)))
            after = band.end
        self.bands = settled
        self._limit_bands()

    def _insert(self, place: int) -> None:
        at = bisect_left(self.sent, place)
        self.sent.insert(at, place)
        self._names[at * _NAME_CHARS : at * _NAME_CHARS] = code(place)[-_NAME_CHARS:]

    def _band_of(self, place: int) -> Band:
        """The band of a place between floor and low."""
        return next(band for band in self.bands if place <= band.end)

    def _shorten(self, count: int, acted_on: int) -> None:
        """Move the oldest places from sent into a band, or below the floor."""
        self.low = self.sent[count - 1]
        if self.low <= acted_on and not self.bands:
            self.floor = self.low
        else:
            if count == 1 and self.bands and self.bands[-1].has_room:
                self.bands[-1].add(self.low)
            else:
                self.bands.append(Band(self.low, self.sent[:count]))
            self._limit_bands()
        del self.sent[:count], self._names[: count * _NAME_CHARS]

    def _limit_bands(self) -> None:
        """Drop the letters of the oldest bands, and join the shortest ones without letters."""
        self._short = None
        spare, plain = sum(band.letter_count for band in self.bands) - LETTERS_MAX, 0
        while spare > 0 or (plain < len(self.bands) and not self.bands[plain].letter_count):
            spare -= self.bands[plain].letter_count
            self.bands[plain].drop_letters()
            plain += 1
        while len(self.bands) > BANDS_MAX:
            plain = max(plain, 2)
            sizes = [self.bands[at].size + self.bands[at + 1].size for at in range(plain - 1)]
            at = sizes.index(min(sizes))
            self.bands[at + 1].join(self.bands.pop(at))
            plain -= 1
        excess = sum(band.size for band in self.bands) - KEPT_MAX
        if excess > 0:
            self.bands[0].drop_oldest(excess)

    def _rise(self, acted_on: int) -> None:
        """Raise the floor to acted_on, which is at most low."""
        self._short = None
        while self.bands and self.bands[0].end <= acted_on:
            self.floor = self.bands.pop(0).end
        if self.bands and self.bands[0].places is not None:
            self.floor = acted_on
            self.bands[0].drop_up_to(acted_on)


def _between(rising: Sequence[int], after: int, up_to: int) -> Sequence[int]:
    return rising[bisect_right(rising, after) : bisect_right(rising, up_to)]


def _ms(place: int) -> int:
    return place >> 17
