"""Request bodies and queries as nested dicts, whether they were sent as JSON, a form, or multipart.

`a[b]=1` is {"a": {"b": "1"}}, `a[]=1&a[]=2` is {"a": ["1", "2"]}, `a[][b]=1` begins a list of objects.
"""

import json
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from ..errors import BadRequest
from ..ids import ID_MAX
from .form_data import FormData, Limits, text_of
from .form_data import Upload as Upload

T = TypeVar("T")

DEPTH_MAX = 8
FIELDS_MAX = 1000


Id = Annotated[int, msgspec.Meta(ge=0, le=ID_MAX)]  # in a body or query; a larger number does not fit the database


JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"


def is_read(content_type: str) -> bool:
    return kind_of(content_type) in (JSON, FORM, MULTIPART, "")


def kind_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def parse(body: bytes, content_type: str) -> dict[str, Any]:
    """Raises BadRequest: unreadable, or a content type that is not supported."""
    kind = kind_of(content_type)
    if not body:
        return {}
    if kind == MULTIPART:
        return nest(_multipart(body, content_type))
    if kind == JSON:
        return _json(body)
    if kind in (FORM, ""):
        return nest(pairs(body))
    raise BadRequest(f"Content-Type {kind[:80]!r} is not read here: send JSON, a form, or multipart/form-data")


def pairs(form: bytes) -> list[tuple[str, Any]]:
    """The (name, value) pairs of a form or a query. Raises BadRequest."""
    try:
        return list(parse_qsl(text_of(form), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"))
    except ValueError as error:  # includes a wrong encoding
        raise BadRequest(f"the form cannot be read: {error}") from error


def _json(body: bytes) -> dict[str, Any]:
    try:
        text = text_of(body)
        found = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as error:
        raise BadRequest("the JSON is nested too deeply") from error
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
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


def _multipart(body: bytes, content_type: str) -> list[tuple[str, Any]]:
    """No limits here: server.py has checked the body's size against the route's."""
    size = len(body)
    form = FormData(content_type, Limits(FIELDS_MAX, text_bytes=size, file_bytes=size, files_bytes=size))
    for piece in (body, b""):
        form.feed(piece)
    return list(form.found)


def nest(flat: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises BadRequest: a name that is both a value and an object, or is nested too deeply."""
    root: dict[str, Any] = {}
    for name, value in flat:
        keys = name.replace("]", "").split("[")
        if len(keys) > DEPTH_MAX:
            raise BadRequest(f"the field {name[:80]!r} is nested too deeply: {DEPTH_MAX} levels at most")
        try:
            _put(root, keys, value)
        except TypeError as error:
            raise BadRequest(f"the field {name[:80]!r} does not fit the fields before it") from error
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
