"""Request bodies and queries as nested dicts, whether they were sent as JSON, a form, or multipart.

`a[b]=1` is {"a": {"b": "1"}}, `a[]=1&a[]=2` is {"a": ["1", "2"]}, `a[][b]=1` begins a list of objects.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from ..errors import BadRequest
from ..ids import ID_MAX
from ..wording import N_
from .form_data import FormData, Limits, text_of
from .form_data import Upload as Upload

T = TypeVar("T")

DEPTH_MAX = 8
FIELDS_MAX = 1000
TEXT_BYTES_MAX = 1024 * 1024  # of the fields of a form that are not files
ANY_BYTES = 1 << 62


Id = Annotated[int, msgspec.Meta(ge=0, le=ID_MAX)]  # in a body or query; a larger number does not fit the database


JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"


def is_read(content_type: str) -> bool:
    return kind_of(content_type) in (JSON, FORM, MULTIPART, "")


def kind_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


async def read(pieces: AsyncIterator[bytes], content_type: str, folder: Path) -> dict[str, Any]:
    """A body that arrives in pieces. folder: for files in it. Raises as parse(); Unavailable: the disk is full."""
    if kind_of(content_type) == MULTIPART:
        return nest(await _multipart(pieces, content_type, folder))
    return parse(b"".join([piece async for piece in pieces]), content_type)


def parse(body: bytes, content_type: str) -> dict[str, Any]:
    """Raises BadRequest: unreadable, or a content type that is not supported."""
    kind = kind_of(content_type)
    if not body:
        return {}
    if kind == JSON:
        return _json(body)
    if kind in (FORM, ""):
        return nest(pairs(body))
    why = N_("Content-Type {got!r} is not read here: send JSON, a form, or multipart/form-data")
    raise BadRequest(why, got=kind[:80])


def pairs(form: bytes) -> list[tuple[str, Any]]:
    """The (name, value) pairs of a form or a query. Raises BadRequest."""
    try:
        return list(parse_qsl(text_of(form), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"))
    except ValueError as error:  # includes a wrong encoding
        raise BadRequest("the form cannot be read: {told}", told=error) from error


def json_of(body: bytes) -> Any:
    """Raises BadRequest: it is not JSON, or nested too deeply; a key stands twice in one object."""
    try:
        text = text_of(body)
        return json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as error:
        raise BadRequest("the JSON is nested too deeply") from error
    except ValueError as error:
        raise BadRequest("the body is not JSON: {told}", told=error) from error


def _json(body: bytes) -> dict[str, Any]:
    found = json_of(body)
    if not isinstance(found, dict):
        raise BadRequest("the JSON must be an object with the parameters as its keys")
    return nest(list(found.items())) if any("[" in key for key in found) else found


def _once_each(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is too large a number")
    return value


async def _multipart(pieces: AsyncIterator[bytes], content_type: str, folder: Path) -> list[tuple[str, Any]]:
    """No limit for files here: the pieces end with an error where they are more than the route accepts."""
    form: FormData | None = None
    async for piece in pieces:
        if piece:
            form = form or FormData(content_type, Limits(FIELDS_MAX, TEXT_BYTES_MAX, ANY_BYTES, ANY_BYTES), folder)
            form.feed(piece)
            await asyncio.sleep(0)  # others get their turn: a piece of 1 MiB takes 1 ms
    if form is None:  # nothing was sent
        return []
    form.feed(b"")
    return list(form.found)


def nest(flat: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises BadRequest: a name that is both a value and an object, or is nested too deeply."""
    root: dict[str, Any] = {}
    for name, value in flat:
        keys = name.replace("]", "").split("[")
        if len(keys) > DEPTH_MAX:
            why = N_("the field {name!r} is nested too deeply: {most} levels at most")
            raise BadRequest(why, name=name[:80], most=DEPTH_MAX)
        try:
            _put(root, keys, value)
        except TypeError as error:
            raise BadRequest("the field {name!r} does not fit the fields before it", name=name[:80]) from error
    return root


def _put(into: dict[str, Any], keys: list[str], value: Any) -> None:
    """Raises TypeError."""
    key, rest = keys[0], keys[1:]
    if not rest:
        if isinstance(into.get(key), list | dict):
            raise TypeError
        into[key] = value
    elif rest[0] != "":
        _put(_branch(into, key, dict), rest, value)
    elif len(rest) == 1:
        _branch(into, key, list).extend(value if isinstance(value, list) else [value])
    else:
        items = _branch(into, key, list)
        if not items or not isinstance(items[-1], dict) or rest[1] in items[-1]:
            items.append({})
        _put(items[-1], rest[1:], value)


def _branch(into: dict[str, Any], key: str, kind: type[T]) -> T:
    found = into.setdefault(key, kind())
    if not isinstance(found, kind):
        raise TypeError
    return found
