"""A short record of the events sent in one stretch of a stream. Reading it again then shows what is missing."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from string import ascii_letters, digits
from typing import Self

SIZE = 32  # events; late events make a band larger
CHARS = 8  # of a number in a text
MASK = 2**48 - 1  # the part of a place that is written: it repeats after 24 days
_LETTERS = f"{ascii_letters}{digits}-_".encode()
_TRIES_MAX = 4000  # to find places, then the band is given up: real texts need few, a forged one could need any number

_Chain = tuple["_Chain | None", int]  # chosen places, the last one first


class Band:
    """The events sent after the band before, up to the place `end`: a sum, and a letter (one of 64) for each event.

    Letters are in the order of places. Events that belong to the stretch but do not match the letters were not sent. If
    several choices match, the sum decides. A band without letters has only the sum, so it can only say whether all
    events were sent. places: of the sent events; None: only the text is known.
    """

    def __init__(self, end: int, places: Sequence[int] = ()) -> None:
        self.end = end
        self.places: list[int] | None = list(places)  # rising
        self._sum, self._letters = _sum_of(places), bytearray(_mark(place)[1] for place in places)
        self._text: bytes | None = None

    @classmethod
    def parse(cls, text: str, after: int) -> Self:
        """text: CHARS for the end, which is later than the place `after`; CHARS for the sum; letters."""
        band = cls(after + (number(text[:CHARS]) - after & MASK))
        band._sum, band._letters = number(text[CHARS : 2 * CHARS]), bytearray(text[2 * CHARS :].encode())
        band.places = None
        return band

    @property
    def text(self) -> bytes:
        if self._text is None:
            self._text = b"%b%b%b" % (code(self.end), _written(self._sum), self._letters)
        return self._text

    @property
    def size(self) -> int:
        """How many events, as far as known."""
        return len(self.places or ())

    @property
    def letter_count(self) -> int:
        return len(self._letters)

    @property
    def has_room(self) -> bool:
        """Whether one more event may be added at the end."""
        return self.places is not None and len(self._letters) == len(self.places) < SIZE

    def __contains__(self, place: int) -> bool:
        """Whether it was sent, as far as known."""
        return self.places is not None and has(self.places, place)

    def add(self, place: int) -> None:
        if self.places is None:  # its index is unknown; the event may be sent twice
            return
        at, (mark, letter) = bisect_left(self.places, place), _mark(place)
        if len(self._letters) == len(self.places):
            self._letters.insert(at, letter)
        self.places.insert(at, place)
        self.end, self._sum, self._text = max(self.end, place), self._sum + mark & MASK, None

    def discard(self, place: int) -> None:
        if self.places is not None and place in self:
            self._drop(at := bisect_left(self.places, place), at + 1)

    def drop_up_to(self, place: int) -> None:
        self.drop_oldest(bisect_right(self.places or (), place))

    def drop_oldest(self, count: int) -> None:
        if self.places:
            self._drop(0, count)

    def _drop(self, start: int, stop: int) -> None:
        assert self.places is not None
        if len(self._letters) == len(self.places):
            del self._letters[start:stop]
        self._sum, self._text = self._sum - _sum_of(self.places[start:stop]) & MASK, None
        del self.places[start:stop]

    def drop_letters(self) -> None:
        self._letters, self._text = bytearray(), None

    def join(self, earlier: "Band") -> None:
        """Merge the band before into this one, without letters."""
        if self.places is not None and earlier.places is not None:
            self.places[:0] = earlier.places
        else:
            self.places = None
        self._sum = self._sum + earlier._sum & MASK
        self.drop_letters()

    def found_among(self, belonging: Sequence[int], deleted: Sequence[int]) -> Sequence[int]:
        """The places that were sent, among those that belong to the stretch now or may have before they were deleted.

        If that is unclear, none count as sent: sending an event twice is better than never.
        """
        if self.places is not None:
            return self.places
        return belonging if _sum_of(belonging) == self._sum else self._choose(sorted({*belonging, *deleted}))

    def _choose(self, places: Sequence[int]) -> list[int]:
        """Those of places that match the letters, in order, and the sum; [] if there are none, or too many to try.

        ways[n]: the possible sums of n places so far that match the first n letters, with the places.
        """
        marks = [_mark(place) for place in places]
        last = self._last_chances([letter for _, letter in marks])
        ways: list[dict[int, _Chain | None]] = [{0: None}, *({} for _ in last)]
        tried, first = 0, 0
        for n, (place, (mark, letter)) in enumerate(zip(places, marks, strict=True)):
            while first < len(last) and last[first] < n:
                first += 1
            for at in range(min(n + 1, len(last)) - 1, first - 1, -1):  # backwards, so that no place is used twice
                if self._letters[at] == letter:
                    tried += len(ways[at])
                    ways[at + 1] |= {total + mark & MASK: (chain, place) for total, chain in ways[at].items()}
            if tried > _TRIES_MAX:
                return []
        chosen, chain = list[int](), ways[-1].get(self._sum)
        while chain:
            chosen.append(chain[1])
            chain = chain[0]
        return chosen[::-1]

    def _last_chances(self, letters: list[int]) -> list[int]:
        """For each letter of the band, the last index in letters that it can match so that the others still can."""
        last, n = list[int](), len(letters)
        for letter in reversed(self._letters):
            n = next((at for at in range(n - 1, -1, -1) if letters[at] == letter), -1)
            last.append(n)
        return last[::-1]


def has(rising: list[int], place: int) -> bool:
    at = bisect_left(rising, place)
    return at < len(rising) and rising[at] == place


def number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text))


@lru_cache(4096)  # the same for every reader of an event
def code(place: int) -> bytes:
    return _written(place & MASK)


def _written(number: int) -> bytes:
    return urlsafe_b64encode(number.to_bytes(6))


@lru_cache(4096)
def _mark(place: int) -> tuple[int, int]:
    """What a place adds to the sum, and its letter: a hash, so always the same."""
    digest = blake2b(place.to_bytes(8), digest_size=7).digest()
    return int.from_bytes(digest[:6]), _LETTERS[digest[6] % 64]


def _sum_of(places: Sequence[int]) -> int:
    return sum(_mark(place)[0] for place in places) & MASK
