"""Prepares sent values for msgspec.convert(). https://docs.joinmastodon.org/client/intro/#parameters

Forms have only text, and clients write values in many ways: a flag may be any word, a list one value, "" nothing.
"""

from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

Reader = Callable[[Any], Any]

FALSE = frozenset(("false", "False", "FALSE", "f", "F", "0", "off", "OFF"))  # every other text is true


@cache
def reader(kind: Any) -> Reader:
    """A function that turns a sent value into one that msgspec.convert() accepts for kind, or leaves it as it is."""
    origin, choices = get_origin(kind), get_args(kind)
    if kind is bool:
        return _flag
    if kind is str:
        return _text
    if origin is Annotated:
        return reader(choices[0])
    if origin in (UnionType, Union):
        return _either([one for one in choices if one is not type(None)])
    if origin is list:
        return _list(choices[0])
    if origin is dict:
        part = reader(choices[1])
        return lambda value: {key: part(one) for key, one in value.items()} if isinstance(value, dict) else value
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind)
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _flag(value: Any) -> Any:
    return value not in FALSE if isinstance(value, str) else value


def _text(value: Any) -> Any:
    """Clients that send JSON send ids as numbers too."""
    return str(value) if type(value) is int and abs(value) < 2**63 else value


def _either(choices: list[Any]) -> Reader:
    if len(choices) == 1:
        return reader(choices[0])
    kinds = {get_origin(one) or one: reader(one) for one in choices}
    return lambda value: kinds.get(type(value), _as_it_is)(value)


def _list(item: Any) -> Reader:
    read, has_text = reader(item), _takes_text(item)

    def of(value: Any) -> Any:
        if isinstance(value, str | int):  # one value, sent without brackets
            value = [value]
        elif isinstance(value, dict) and value and all(key.isascii() and key.isdigit() for key in value):
            value = list(value.values())  # sent as a[0]=x&a[1]=y
        if not isinstance(value, list):
            return value
        return [read(one) for one in value if one is not None and (has_text or one != "")]

    return of


def _struct(kind: type[msgspec.Struct]) -> Reader:
    fields = [
        (field.encode_name, reader(field.type), field.required, _takes_text(field.type))
        for field in msgspec.structs.fields(kind)
    ]

    def of(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        made: dict[str, Any] = {}
        for name, read, required, has_text in fields:
            one = value.get(name)
            if (one is None and not (required and name in value)) or (one == "" and not has_text):
                continue  # not given
            made[name] = read(one)
        return made

    return of


def _takes_text(kind: Any) -> bool:
    return kind is str or str in get_args(kind)
