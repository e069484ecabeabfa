"""The arguments and the answer of a handler, read from its signature, to decode requests by. See also openapi.py."""

import inspect
import re
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from ..errors import BadRequest, ChirrupError, Invalid, NotFound
from ..ids import ID_MAX
from ..wording import N_
from . import forms, lenient, problems, unfit
from .call import Call

QUERIES, QUERY_BYTES = 100, 200  # decoded queries kept for each route, and their largest size: most are sent again


class Query(NamedTuple):
    """The query of a URL. Shared by requests: do not change it."""

    params: dict[str, Any]  # nested
    given: msgspec.Struct | None  # decoded into the handler's struct


class Arguments:
    """Path parameters by name, `query` and `body` by their struct. `answer` is the return annotation."""

    def __init__(self, handler: Callable[..., Any]) -> None:
        signature = inspect.signature(handler, eval_str=True)
        self.answer = signature.return_annotation
        self.query: type[msgspec.Struct] | None = None
        self.body: type[msgspec.Struct] | None = None
        self.path: dict[str, type] = {}
        for parameter in list(signature.parameters.values())[1:]:
            if parameter.name == "query":
                self.query = parameter.annotation
            elif parameter.name == "body":
                self.body = parameter.annotation
            else:
                self.path[parameter.name] = parameter.annotation
        self._short_query = lru_cache(QUERIES)(self._read_query)

    def query_of(self, text: bytes) -> Query:
        """Raises BadRequest."""
        return self._short_query(text) if len(text) <= QUERY_BYTES else self._read_query(text)

    def _read_query(self, text: bytes) -> Query:
        params = forms.nest(forms.pairs(text))
        return Query(params, self._convert(params, self.query, BadRequest) if self.query else None)

    async def decode(
        self, call: Call, query: Query, path: Mapping[str, str], body: Callable[[], AsyncIterator[bytes]]
    ) -> dict[str, Any]:
        """The arguments of one request. Raises NotFound (path), BadRequest (unreadable body), InvalidBody.

        Query and body are merged: the body of a GET or DELETE counts, and so does the query of a POST.
        """
        given: dict[str, Any] = {
            name: path_id(path[name]) if kind is int else path_text(path[name]) for name, kind in self.path.items()
        }
        kind = call.headers.get("content-type", "")
        if self.body or (self.query and _has_body(call.headers) and forms.is_read(kind)):
            if call.headers.get("content-encoding", "identity") != "identity":
                raise problems.Encoded("send the body without Content-Encoding")
            call.params = query.params | await forms.read(body(), kind, call.settings.data)
        if self.query:
            given["query"] = (
                query.given if call.params is query.params else self._convert(call.params, self.query, BadRequest)
            )
        if self.body:
            given["body"] = self._convert(call.params, self.body, InvalidBody)
        return given

    def _convert(self, values: dict[str, Any], kind: type, error: type[ChirrupError]) -> Any:
        if not _is_text(values):
            raise error(N_("a text contains U+0000 or half a character: remove it"))
        try:
            made = msgspec.convert(lenient.reader(kind)(values), kind, strict=False)
        except msgspec.ValidationError as failed:
            sentence, params = unfit.said_of(str(failed))
            raise error(sentence, **params) from failed
        if not is_storable(made):
            raise error(N_("a number is larger than 64 bits"))
        return made


def _has_body(headers: Mapping[str, str]) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


class InvalidBody(Invalid):
    """The body has a field of the wrong type; the message names it by its JSON path."""

    def __init__(self, why: str, /, **params: Any) -> None:
        super().__init__("body", "wrong_type", why, **params)


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(value: Any) -> bool:
    """False for what a database refuses: texts with U+0000 or lone surrogates, integers of more than 64 bits.

    Not recursive: what was sent may be deep.
    """
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if _UNSTORABLE.search(one):
                return False
        elif isinstance(one, int):
            if not -(2**63) <= one < 2**63:
                return False
        elif isinstance(one, list | tuple):
            left += one
        elif isinstance(one, dict):
            left += one.keys()
            left += one.values()
        elif isinstance(one, msgspec.Struct):
            left += [getattr(one, name) for name in one.__struct_fields__]
    return True


def _is_text(sent: Any) -> bool:
    """False if a key or value of a decoded body has U+0000 or a lone surrogate. Not recursive: bodies may be deep."""
    left = [sent]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if _UNSTORABLE.search(one):
                return False
        elif isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            left += one.keys()
            left += one.values()
    return True


def path_id(text: str) -> int:
    """An id in a path. Raises NotFound: it cannot be an id."""
    if not (text.isascii() and text.isdigit() and len(text) < 20) or (id := int(text)) > ID_MAX:
        raise NotFound("id", text[:40])
    return id


def path_text(text: str) -> str:
    """A name in a path. Raises NotFound: no database can store it."""
    if not is_storable(text):
        raise NotFound("name", ascii(text[:40]))
    return text
