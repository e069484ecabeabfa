"""What a browser sends: the fields of a form, or of a query."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

import multipart
from litestar import Request

from ..errors import BadRequest
from ..http.arguments import path_id

FIELDS_MAX = 200
TEXT_BYTES_MAX = 256 * 1024  # of all fields that are not files
READ_BYTES_MAX = 1024 * 1024  # of them: up to here what is too much is read, to be shown again


class TooLarge(BadRequest):
    """More was sent than is taken; what was read of it is in the form."""


class Fields:
    """Text and files by name; what was not sent is empty."""

    def __init__(self, texts: Iterable[tuple[str, str]] = ()) -> None:
        self._texts = [(name, value.replace("\0", "")) for name, value in texts]  # no text has it
        self._files: dict[str, bytes] = {}
        self.oversized: dict[str, int] = {}  # files that are larger than may be: how many bytes they had

    def text(self, name: str) -> str:
        return next((value for key, value in self._texts if key == name), "")

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self._texts if key == name]

    def sent(self) -> list[tuple[str, str]]:
        """All that is text, in its order."""
        return list(self._texts)

    def replace(self, name: str, *others: tuple[str, str]) -> None:
        """As though others had been sent instead of the field or file called name."""
        self._files.pop(name, None)
        self._texts = [pair for pair in self._texts if pair[0] != name] + list(others)

    def flag(self, name: str) -> bool:
        """A checkbox."""
        return bool(self.text(name))

    def id(self, name: str, default: int = 0) -> int:
        """Raises NotFound: sent, but no id."""
        sent = self.text(name)
        return path_id(sent) if sent else default

    def ids(self, name: str) -> list[int]:
        """Raises NotFound: sent, but no ids."""
        return [path_id(sent) for sent in self.texts(name)]

    def file(self, name: str) -> bytes:
        return self._files.get(name, b"")

    def add_file(self, name: str, data: bytes) -> None:
        self._files[name] = data

    @property
    def has_files(self) -> bool:
        return bool(self._files or self.oversized)

    def check_size(self) -> None:
        """Raises TooLarge."""
        if sum(len(value) for name, value in self._texts if name != "kept") > TEXT_BYTES_MAX:
            raise TooLarge(f"The form has more than {TEXT_BYTES_MAX // 1024} kB of text. Shorten it and send it again.")


def query(query_string: bytes) -> Fields:
    return Fields(_pairs(query_string.decode("latin-1")))


async def body(request: Request[Any, Any, Any], *, file_bytes_max: int, files_bytes_max: int) -> Fields:
    """What is no form has no fields, so no csrf token either. Of a file that is too large only the size is kept.

    Raises BadRequest: a form that cannot be read.
    """
    kind, options = multipart.parse_options_header(request.headers.get("content-type", ""))
    if kind == "application/x-www-form-urlencoded":
        return Fields(_pairs((await request.body()).decode("latin-1")))
    if kind != "multipart/form-data":
        return Fields()
    if not options.get("boundary"):
        raise BadRequest("The form cannot be read.")
    parts = _Parts(file_bytes_max, files_bytes_max)
    try:
        with multipart.PushMultipartParser(options["boundary"], max_segment_count=FIELDS_MAX) as parser:
            async for chunk in request.stream():
                if chunk:
                    parts.take(parser.parse(chunk))
            parts.take(parser.parse(b""))
    except (multipart.MultipartError, ValueError) as error:
        raise BadRequest("The form cannot be read.") from error
    form = Fields(parts.texts)
    for name, data in parts.files.items():
        form.add_file(name, data)
    form.oversized = parts.oversized
    return form


class _Parts:
    """What a multipart body holds, as it comes in."""

    def __init__(self, file_bytes_max: int, files_bytes_max: int) -> None:
        self.texts: list[tuple[str, str]] = []
        self.files: dict[str, bytes] = {}
        self.oversized: dict[str, int] = {}
        self._file_bytes_max = file_bytes_max
        self._room = files_bytes_max
        self._text_room = READ_BYTES_MAX
        self._part: multipart.MultipartSegment | None = None
        self._chunks: list[bytes] = []
        self._size = 0

    def take(self, events: Iterable[Any]) -> None:
        for event in events:
            if isinstance(event, multipart.MultipartSegment):
                self._part, self._chunks, self._size = event, [], 0
            elif event:
                self._size += len(event)
                if self._part and self._part.filename is None and self._size > self._text_room:
                    raise TooLarge(f"The form has more than {READ_BYTES_MAX // 1024} kB of text. Shorten it.")
                if self._part and (self._part.filename is None or self._size <= min(self._file_bytes_max, self._room)):
                    self._chunks.append(bytes(event))
                else:
                    self._chunks = []
            elif self._part is not None:
                self._finish(self._part.name or "", self._part.filename)

    def _finish(self, name: str, filename: str | None) -> None:
        if filename is None:
            self.texts.append((name, b"".join(self._chunks).decode()))
            self._text_room -= self._size
        elif self._size > min(self._file_bytes_max, self._room):
            self.oversized[name] = self._size
        elif self._size:
            self.files[name] = b"".join(self._chunks)
            self._room -= self._size


def _pairs(encoded: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(encoded, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise BadRequest("The form is not UTF-8, or has too many fields.") from error
