"""Archives in the form of a .tar.gz, as older versions of Mastodon made them, copied into a zip file.

A .tar.gz is read from its start on, and pictures are wanted in another order than they stand in it.
"""

import gzip
import io
import tarfile
import zipfile
import zlib
from typing import BinaryIO

from ...errors import Invalid
from .zips import ENTRIES_MAX, PIECE_BYTES, plain

BEGIN = b"\x1f\x8b"  # RFC 1952, 2.3.1
NAME_BYTES_MAX = 64 * 1024  # of a name, with what else is told of a file: tarfile keeps it in memory
_BROKEN = (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError, UnicodeError, RecursionError)
_BESIDE = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE)  # not XGLTYPE: those are all kept


class _Member(tarfile.TarInfo):
    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        """Where tarfile lets a subclass look at each header, before it reads on."""
        if self.type not in _TAKEN or (self.type in _BESIDE and self.size > NAME_BYTES_MAX):
            raise _unreadable("it has something unusual in it")
        return super()._proc_member(tar)  # type: ignore[misc]


_TAKEN = (*_BESIDE, *tarfile.REGULAR_TYPES[:2], tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE)


class _Unpacked(io.RawIOBase):
    """Reads up to so many bytes and no further."""

    def __init__(self, file: gzip.GzipFile, bytes_max: int) -> None:
        self._file, self._room = file, bytes_max

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._room -= len(data)
        if self._room < 0:
            raise Invalid("archive", "too_large", "is too large")
        return data


def copy(file: BinaryIO, to: BinaryIO, bytes_max: int) -> None:
    """file: a .tar.gz; to: becomes a zip file of what is in it, without links.

    bytes_max: of all files unpacked. Raises Invalid ("archive"): it is none, or is larger.
    """
    try:
        with (
            gzip.GzipFile(fileobj=file) as unpacked,
            tarfile.open(fileobj=_Unpacked(unpacked, bytes_max), mode="r|", tarinfo=_Member) as tar,
            zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
        ):
            for n, member in enumerate(tar):
                if n >= ENTRIES_MAX:
                    raise Invalid("archive", "too_many", "must have at most {most} files", most=ENTRIES_MAX)
                tar.members = []  # type: ignore[attr-defined]  # all of them are kept otherwise
                if member.isreg() and (opened := tar.extractfile(member)):
                    with made.open(plain(member.name), "w", force_zip64=True) as entry:
                        while piece := opened.read(PIECE_BYTES):
                            entry.write(piece)
    except _BROKEN as error:
        raise _unreadable(str(error)) from error


def _unreadable(told: str) -> Invalid:
    return Invalid("archive", "not_tar", "cannot be read as a .tar.gz file: {told}", told=told)
