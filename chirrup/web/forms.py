"""What a browser sends: the fields of a form, or of a query."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException

from ..errors import BadRequest, NotFound
from ..ids import ID_MAX

FIELDS_MAX = 200


class Fields:
    """Text and files by name; what was not sent is empty."""

    def __init__(self, texts: Iterable[tuple[str, str]] = (), files: dict[str, bytes] | None = None) -> None:
        self._texts = list(texts)
        self._files = files or {}
        if any("\0" in value for _, value in self._texts):
            raise BadRequest("The form has a NUL character, which no text has.")

    def text(self, name: str) -> str:
        return next((value for key, value in self._texts if key == name), "")

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self._texts if key == name]

    def flag(self, name: str) -> bool:
        """A checkbox."""
        return bool(self.text(name))

    def id(self, name: str, default: int = 0) -> int:
        """Raises NotFound: sent, but no id."""
        sent = self.text(name)
        return path_id(sent) if sent else default

    def file(self, name: str) -> bytes:
        return self._files.get(name, b"")


def path_id(text: str) -> int:
    """An id as it stands in an address. Raises NotFound: no such thing can exist."""
    if not (text.isascii() and text.isdigit() and len(text) < 20) or (id := int(text)) > ID_MAX:
        raise NotFound("record", text[:40])
    return id


def query(query_string: bytes) -> Fields:
    return Fields(_pairs(query_string.decode("latin-1")))


async def body(request: Request[Any, Any, Any]) -> Fields:
    """What is no form has no fields, so no csrf token either. Raises BadRequest: a form that cannot be read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return Fields(_pairs((await request.body()).decode("latin-1")))
    if kind != "multipart/form-data":
        return Fields()
    try:
        sent = await request.form()
    except HTTPException as error:
        if error.status_code == 413:
            raise
        raise BadRequest("The form cannot be read.") from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadRequest("The form cannot be read.") from error
    files: dict[str, bytes] = {}
    texts: list[tuple[str, str]] = []
    for name, value in sent.multi_items():
        if isinstance(value, UploadFile):
            files[name] = await value.read()
        else:
            texts.append((name, str(value)))
    return Fields(texts, files)


def _pairs(encoded: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(encoded, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise BadRequest("The form is not UTF-8, or has too many fields.") from error
