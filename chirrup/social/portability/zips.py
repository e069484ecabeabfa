"""Zip files of strangers: nothing is unpacked to the disk, and no more is read than is asked for.

Entries are looked up by their names in the file, so a name leads nowhere else. Not safe for several threads at a time.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterable
from typing import IO, BinaryIO

from ...errors import Invalid

ENTRIES_MAX = 200_000  # each takes half a kB of memory
PIECE_BYTES = 256 * 1024
DIRECTORY_BYTES_MAX = 32 * 1024 * 1024
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # as all of these servers do; other ways take much memory
_ENTRY = b"PK\x01\x02"  # APPNOTE.TXT 6.3.10, 4.3.12
_END, _END64, _END64_PLACE = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"  # 4.3.14 to 4.3.16
_END_BYTES, _END64_BYTES, _PLACE_BYTES, _COMMENT_BYTES = 22, 56, 20, 65_535
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)


class Zip:
    """An opened zip file. Raises Invalid ("archive"): it is none, or its directory is too large."""

    def __init__(self, file: BinaryIO) -> None:
        _check_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise _unreadable(str(error)) from error
        self._entries = {plain(one.filename): one for one in self._zip.infolist() if not one.is_dir()}

    @property
    def names(self) -> list[str]:
        return list(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def size_bytes(self, names: Iterable[str]) -> int:
        """Of these files together, as the directory says; no more of them is ever unpacked."""
        return sum(self._entries[name].file_size for name in names)

    def open(self, name: str) -> IO[bytes]:
        """The unpacked file, to be read in pieces. Raises Invalid; reading it may raise what broken() names."""
        entry = self._entries[name]
        if entry.compress_type not in PACKED:
            raise _unreadable(f"{name[:80]}: it is packed in an unusual way")
        try:
            return self._zip.open(entry)
        except _BROKEN as error:
            raise _unreadable(f"{name[:80]}: {error}") from error

    def copy(self, name: str, to: IO[bytes], bytes_max: int) -> None:
        """Raises Invalid: it cannot be unpacked, or is larger."""
        size_bytes = 0
        try:
            with self.open(name) as file:
                while piece := file.read(PIECE_BYTES):
                    size_bytes += len(piece)
                    if size_bytes > bytes_max:
                        raise Invalid("archive", "too_large", "is too large")
                    to.write(piece)
        except _BROKEN as error:
            raise _unreadable(f"{name[:80]}: {error}") from error


def plain(name: str) -> str:
    """A file's name in an archive, however the program that made it writes names."""
    return name.replace("\\", "/").removeprefix("./")


def broken() -> tuple[type[Exception], ...]:
    """What reading an entry raises if it cannot be unpacked."""
    return _BROKEN


def _unreadable(told: str) -> Invalid:
    return Invalid("archive", "not_zip", "cannot be read as a zip file: {told}", told=told)


def _check_directory(file: BinaryIO) -> None:
    """Count the entries of the directory, before zipfile makes an object of each. Raises Invalid.

    The number that the file says is not looked at, as zipfile reads on to the directory's end whatever that is. Both
    find the end of the directory in the same way: the larger form of it lies right before what points to it.
    """
    size = file.seek(0, 2)
    first = max(0, size - _END_BYTES - _COMMENT_BYTES - _PLACE_BYTES)
    file.seek(first)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise _unreadable("it has no end")
    end = first + at
    (directory_bytes,) = struct.unpack("<L", tail[at + 12 : at + 16])
    if tail[max(0, at - _PLACE_BYTES) : at].startswith(_END64_PLACE):
        end = max(0, end - _PLACE_BYTES - _END64_BYTES)
        file.seek(end)
        end64 = file.read(_END64_BYTES)
        if not end64.startswith(_END64):
            raise _unreadable("its end is not where it says")
        (directory_bytes,) = struct.unpack("<Q", end64[40:48])
    file.seek(max(0, end - directory_bytes))
    if directory_bytes > DIRECTORY_BYTES_MAX or file.read(directory_bytes).count(_ENTRY) > ENTRIES_MAX:
        raise Invalid("archive", "too_many", "must have at most {most} files", most=ENTRIES_MAX)
    file.seek(0)
