"""multipart/form-data, parsed while it arrives: the texts and files of a form, from programs and from pages."""

import msgspec
import multipart

from ..errors import BadRequest
from .problems import TooLarge


class Upload(msgspec.Struct, frozen=True):
    """A file that was sent. Do not trust the name and type: the client chose them."""

    filename: str
    content_type: str
    data: bytes


class Limits(msgspec.Struct, frozen=True):
    fields: int
    text_bytes: int  # of all fields that are not files
    file_bytes: int  # of one file
    files_bytes: int  # of all files


class FormData:
    """Give feed() the body in pieces, then b"". Of a file that is too large, only the size is kept.

    Raises BadRequest: not a readable form; TooLarge: more text than the limit.
    """

    def __init__(self, content_type: str, limits: Limits) -> None:
        self.found: list[tuple[str, str | Upload]] = []  # in the order of the form
        self.oversized: dict[str, int] = {}  # field -> bytes of a file that is too large
        self._limits = limits
        self._text_room, self._files_room = limits.text_bytes, limits.files_bytes
        self._parser = multipart.PushMultipartParser(_boundary(content_type), max_segment_count=limits.fields)
        self._part: multipart.MultipartSegment | None = None
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> None:
        try:
            for event in self._parser.parse(piece):
                if isinstance(event, multipart.MultipartSegment):
                    self._part, self._chunks, self._size = event, [], 0
                elif self._part is None or not self._part.name:
                    continue
                elif event:
                    self._take(self._part, bytes(event))
                else:
                    self._finish(self._part, self._part.name)
        except (multipart.MultipartError, ValueError) as error:
            raise BadRequest(f"the multipart body cannot be read: {error}") from error

    def _take(self, part: multipart.MultipartSegment, piece: bytes) -> None:
        self._size += len(piece)
        if part.filename is None and self._size > self._text_room:
            raise TooLarge(f"The form has more than {self._limits.text_bytes // 1024} kB of text. Shorten it.")
        if part.filename is None or self._size <= self._file_room:
            self._chunks.append(piece)
        else:
            self._chunks = []

    @property
    def _file_room(self) -> int:
        return min(self._limits.file_bytes, self._files_room)

    def _finish(self, part: multipart.MultipartSegment, name: str) -> None:
        data = b"".join(self._chunks)
        if part.filename is None:
            self._text_room -= self._size
            self.found.append((name, text_of(data)))
        elif self._size > self._file_room:
            self.oversized[name] = self._size
        else:
            self._files_room -= self._size
            self.found.append((name, Upload(part.filename, part.content_type or "", data)))


def _boundary(content_type: str) -> str:
    try:
        boundary = multipart.parse_options_header(content_type)[1].get("boundary", "")
    except ValueError as error:
        raise BadRequest(f"Content-Type cannot be read: {error}") from error
    if not boundary:
        raise BadRequest("multipart/form-data needs a boundary in Content-Type")
    return boundary


def text_of(sent: bytes) -> str:
    """Raises BadRequest."""
    try:
        return sent.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"what was sent is not UTF-8: byte {error.start} is wrong") from error
