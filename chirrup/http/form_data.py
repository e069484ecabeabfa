"""multipart/form-data, parsed while it arrives: the texts and files of a form, from programs and from pages.

Files are kept on the disk, in files without names that go with the request: they take no memory.
"""

import tempfile
from pathlib import Path
from typing import IO, Any

import msgspec
import multipart

from ..errors import BadRequest, Unavailable
from ..social import uploads
from .problems import TooLarge


class Upload(msgspec.Struct, frozen=True):
    """A file that was sent. Do not trust the name and type: the client chose them."""

    filename: str
    content_type: str
    file: Any  # IO[bytes], read from its beginning; msgspec has no schema for that
    size_bytes: int

    def read(self, bytes_max: int, field: str = "file") -> bytes:
        """All of it, for what is handled in memory. Raises Invalid (field): it is too large for that."""
        if self.size_bytes > bytes_max:
            raise uploads.too_large(field, self.size_bytes, bytes_max)
        self.file.seek(0)
        return self.file.read()


IN_MEMORY_BYTES = 64 * 1024  # of a file; a larger one goes to the disk


class Limits(msgspec.Struct, frozen=True):
    fields: int
    text_bytes: int  # of all fields that are not files
    file_bytes: int  # of one file
    files_bytes: int  # of all files


class FormData:
    """Give feed() the body in pieces, then b"". Of a file that is too large, only the size is kept.

    Raises BadRequest: not a readable form; TooLarge: more text than the limit.
    """

    def __init__(self, content_type: str, limits: Limits, folder: Path | None = None) -> None:
        """folder: for large files; None: the system's."""
        self.found: list[tuple[str, str | Upload]] = []  # in the order of the form
        self.oversized: dict[str, int] = {}  # field -> bytes of a file that is too large
        self._limits, self._folder = limits, folder
        self._text_room, self._files_room = limits.text_bytes, limits.files_bytes
        self._parser = multipart.PushMultipartParser(_boundary(content_type), max_segment_count=limits.fields)
        self._part: multipart.MultipartSegment | None = None
        self._chunks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._size = 0

    def feed(self, piece: bytes) -> None:
        try:
            for event in self._parser.parse(piece):
                if isinstance(event, multipart.MultipartSegment):
                    self._part, self._chunks, self._file, self._size = event, [], None, 0
                elif self._part is None or not self._part.name:
                    continue
                elif event:
                    self._take(self._part, bytes(event))
                else:
                    self._finish(self._part, self._part.name)
        except (multipart.MultipartError, ValueError) as error:
            raise BadRequest("the multipart body cannot be read: {told}", told=error) from error

    def _take(self, part: multipart.MultipartSegment, piece: bytes) -> None:
        self._size += len(piece)
        if part.filename is None and self._size > self._text_room:
            most_kb = self._limits.text_bytes // 1024
            raise TooLarge("The form has more than {most_kb} kB of text. Shorten it.", most_kb=most_kb)
        if part.filename is None:
            self._chunks.append(piece)
        elif self._size > self._file_room:
            self._file = None
        else:
            self._write(piece)

    def _write(self, piece: bytes) -> None:
        try:
            if self._file is None:
                folder = str(self._folder) if self._folder else None
                self._file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=folder)  # noqa: SIM115
            self._file.write(piece)
        except OSError as error:
            raise Unavailable("The server has no disk space for what was sent; try again later") from error

    @property
    def _file_room(self) -> int:
        return min(self._limits.file_bytes, self._files_room)

    def _finish(self, part: multipart.MultipartSegment, name: str) -> None:
        if part.filename is None:
            self._text_room -= self._size
            self.found.append((name, text_of(b"".join(self._chunks))))
        elif self._size > self._file_room:
            self.oversized[name] = self._size
        else:
            self._files_room -= self._size
            if self._file is None:
                self._write(b"")
            assert self._file
            self._file.seek(0)
            self.found.append((name, Upload(part.filename, part.content_type or "", self._file, self._size)))


def _boundary(content_type: str) -> str:
    try:
        boundary = multipart.parse_options_header(content_type)[1].get("boundary", "")
    except ValueError as error:
        raise BadRequest("Content-Type cannot be read: {told}", told=error) from error
    if not boundary:
        raise BadRequest("multipart/form-data needs a boundary in Content-Type")
    return boundary


def text_of(sent: bytes) -> str:
    """Raises BadRequest."""
    try:
        return sent.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("what was sent is not UTF-8: byte {place} is wrong", place=error.start) from error
