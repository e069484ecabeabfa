"""The fields that a browser sends in a form or a query."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from urllib.parse import parse_qsl

from ..errors import BadRequest
from ..http.arguments import path_id
from ..http.form_data import FormData, Limits, Upload
from ..http.forms import FORM, MULTIPART, kind_of
from ..http.problems import TooLarge
from ..http.request import Request
from ..wording import N_

FIELDS_MAX = 200
TEXT_BYTES_MAX = 256 * 1024  # of all fields that are not files
READ_BYTES_MAX = 1024 * 1024  # a form with more text than TEXT_BYTES_MAX is read up to this, to be shown again


class Fields:
    """Texts and files by name; fields that were not sent are empty."""

    def __init__(self, texts: Iterable[tuple[str, str]] = ()) -> None:
        self._texts = [(name, value.replace("\0", "")) for name, value in texts]  # databases cannot store U+0000
        self._files: dict[str, Upload] = {}
        self.oversized: dict[str, int] = {}  # field -> bytes of a file that is too large

    def text(self, name: str) -> str:
        return next((value for key, value in self._texts if key == name), "")

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self._texts if key == name]

    def sent(self) -> list[tuple[str, str]]:
        """All texts, in order."""
        return list(self._texts)

    def replace(self, name: str, *others: tuple[str, str]) -> None:
        """Replace the field or file `name` by others."""
        self._files.pop(name, None)
        self._texts = [pair for pair in self._texts if pair[0] != name] + list(others)

    def flag(self, name: str) -> bool:
        """A checkbox."""
        return bool(self.text(name))

    def id(self, name: str, default: int = 0) -> int:
        """Raises NotFound: sent, but not an id."""
        sent = self.text(name)
        return path_id(sent) if sent else default

    def ids(self, name: str) -> list[int]:
        """Raises NotFound: sent, but not ids."""
        return [path_id(sent) for sent in self.texts(name)]

    def file(self, name: str) -> Upload | None:
        return self._files.get(name)

    def add_file(self, name: str, file: Upload) -> None:
        self._files[name] = file

    @property
    def has_files(self) -> bool:
        return bool(self._files or self.oversized)

    def check_size(self) -> None:
        """Raises TooLarge."""
        if sum(len(value) for name, value in self._texts if name != "kept") > TEXT_BYTES_MAX:
            most_kb = TEXT_BYTES_MAX // 1024
            raise TooLarge(
                "The form has more than {most_kb} kB of text. Shorten it and send it again.", most_kb=most_kb
            )


def query(query_string: bytes) -> Fields:
    return Fields(_pairs(query_string.decode("latin-1")))


async def body(request: Request, bytes_max: int, *, file_bytes_max: int, files_bytes_max: int, folder: Path) -> Fields:
    """The fields of a form. A body of another type has none, so no csrf token. A too large file leaves only its size.

    folder: for large files. Raises BadRequest: the form cannot be read; TooLarge.
    """
    content_type = request.headers.get("content-type", "")
    kind = kind_of(content_type)
    if kind == FORM:
        return Fields(_pairs(b"".join([piece async for piece in _pieces(request, bytes_max)]).decode("latin-1")))
    if kind != MULTIPART:
        return Fields()
    try:
        sent = FormData(content_type, Limits(FIELDS_MAX, READ_BYTES_MAX, file_bytes_max, files_bytes_max), folder)
        async for piece in _pieces(request, bytes_max):
            if piece:
                sent.feed(piece)
        sent.feed(b"")
    except TooLarge:
        raise
    except BadRequest as error:
        raise BadRequest("The form cannot be read. Reload the page and send it again.") from error
    form = Fields((name, one) for name, one in sent.found if isinstance(one, str))
    for name, one in sent.found:
        if isinstance(one, Upload) and one.size_bytes:
            form.add_file(name, one)
    form.oversized = sent.oversized
    return form


async def _pieces(request: Request, bytes_max: int) -> AsyncIterator[bytes]:
    try:
        async for piece in request.chunks(bytes_max):
            yield piece
    except TooLarge as error:
        words = N_("Send less at once, or a smaller file. Your browser may still have what you typed: go back.")
        raise TooLarge(words) from error


def _pairs(encoded: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(encoded, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise BadRequest("The form is not UTF-8, or has too many fields. Reload the page and send it again.") from error
