"""Reads the items of a large JSON list one by one: in memory are one item and a piece of the file."""

import codecs
import json
import re
from collections.abc import Collection, Iterator
from typing import IO, Any

from ...errors import Invalid
from .zips import Zip, broken

PIECE_BYTES = 64 * 1024
ITEM_CHARS_MAX = 1024 * 1024
HEAD_CHARS_MAX = 64 * 1024  # before the list
_BETWEEN = re.compile(r"[\s,]*")


def items(file: IO[bytes], begin: re.Pattern[str], *, bytes_max: int) -> Iterator[Any]:
    """The items of the list whose start begin matches, with its bracket. Text after the list is not read.

    Raises Invalid ("archive"): not UTF-8, no JSON, an item too large, more than bytes_max bytes.
    """
    text = _Text(file, bytes_max)
    while not (match := begin.search(text.read)):
        if len(text.read) > HEAD_CHARS_MAX or not text.more():
            raise _wrong("it has no list of posts")
    text.at = match.end()
    decode = json.JSONDecoder().raw_decode
    while True:
        text.at = _BETWEEN.match(text.read, text.at).end()  # type: ignore[union-attr]  # it matches nothing too
        if text.read.startswith("]", text.at):
            return
        try:
            item, end = decode(text.read, text.at)
        except RecursionError as error:
            raise _wrong("a post is nested too deeply") from error
        except ValueError:
            item, end = None, len(text.read)
        if end < len(text.read):  # otherwise a number might go on
            text.at = end
            yield item
        elif len(text.read) - text.at > ITEM_CHARS_MAX:
            raise _wrong("a post in it is too large, or no JSON")
        elif not text.more():
            raise _wrong("it ends before its list does")


def items_in(zipped: Zip, names: Collection[str], begin: re.Pattern[str], *, bytes_max: int) -> Iterator[Any]:
    """The items of the lists in these files, one after the other. bytes_max: of each file. Raises as items()."""
    for name in names:
        try:
            with zipped.open(name) as file:
                yield from items(file, begin, bytes_max=bytes_max)
        except broken() as error:
            raise Invalid("archive", "unreadable", "cannot be unpacked: {name}", name=name[:80]) from error


class _Text:
    """A part of the file: what is read, and up to where it is used."""

    def __init__(self, file: IO[bytes], bytes_max: int) -> None:
        self.read, self.at = "", 0
        self._file, self._room, self._decoder = file, bytes_max, codecs.getincrementaldecoder("utf-8-sig")()

    def more(self) -> bool:
        """Read on, at least as much as is left over, so that a large item is not tried too often. False: the end."""
        data = self._file.read(max(PIECE_BYTES, len(self.read) - self.at))
        self._room -= len(data)
        if self._room < 0:
            raise _wrong("its list of posts is too large")
        try:
            self.read, self.at = self.read[self.at :] + self._decoder.decode(data, final=not data), 0
        except UnicodeDecodeError as error:
            raise _wrong("it is not UTF-8") from error
        return bool(data)


def _wrong(told: str) -> Invalid:
    return Invalid("archive", "unreadable", "cannot be read: {told}", told=told)
