"""The OpenAPI document, generated from the table of routes and the handlers' signatures."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec

from . import __version__
from .access import scopes
from .http.arguments import Arguments
from .http.call import Call, Progress, Reply
from .http.paging import OffsetPage, Page, Whole
from .http.route import ANYONE, CLIENT, Route
from .ids import ID_MAX

Json = dict[str, Any]
OAUTH = "oauth"
ID: Json = {"type": "string", "pattern": "^(0|[1-9][0-9]{0,18})$"}
ABOUT = """The Mastodon client API (https://docs.joinmastodon.org/api/) as this server speaks it, and its own:
/api/chirrup/v1.
Forms name a list `key[]` and a part of an object `key[part]`; numbers and booleans may come as text everywhere.
With `lang=de`, or Accept-Language, errors are said in German; what programs read of them stays as it is."""


class FieldErrors(msgspec.Struct, kw_only=True):
    """What is wrong with a collection, field by field."""

    error: str
    details: dict[str, list[dict[str, str]]]


class Error(msgspec.Struct, kw_only=True):
    """The body of every error. error: what was expected and what came; for OAuth its error code, with a description."""

    error: str | FieldErrors
    error_description: str | msgspec.UnsetType = msgspec.UNSET
    details: dict[str, list[dict[str, str]]] | msgspec.UnsetType = msgspec.UNSET


def shown(routes: Sequence[Route]) -> Callable[[Call], Awaitable[Json]]:
    """A handler that returns the document of routes, generated when it is called."""

    async def show(call: Call) -> Json:
        """This document."""
        return document(tuple(routes), call.site.base_url)

    return show


@cache
def document(routes: tuple[Route, ...], base_url: str) -> Json:
    """An OpenAPI 3.1 document."""
    signatures = [Arguments(route.handler) for route in routes]
    schemas = Schemas([kind for one in signatures for kind in (one.query, one.body, _content(one)) if kind])
    paths: dict[str, Json] = {}
    for route, signature in zip(routes, signatures, strict=True):
        operations = paths.setdefault(route.path, {})
        operations[route.method.lower()] = _operation(route, signature, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Chirrup", "version": __version__, "description": ABOUT},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": {OAUTH: _oauth(base_url)}},
    }


def _oauth(base_url: str) -> Json:
    flow = {"tokenUrl": f"{base_url}/oauth/token", "scopes": dict.fromkeys(sorted(scopes.ALL), "")}
    asking = flow | {"authorizationUrl": f"{base_url}/oauth/authorize"}
    return {"type": "oauth2", "flows": {"authorizationCode": asking, "clientCredentials": flow}}


def _content(signature: Arguments) -> Any:
    """The type of the JSON answer; None: the answer is not JSON."""
    answer = signature.answer
    if answer is Reply:
        return None
    if get_origin(answer) in (OffsetPage, Progress, Whole):
        return get_args(answer)[0]
    return list[get_args(answer)[0]] if get_origin(answer) is Page else answer


class Schemas:
    """JSON schemas of types. Integer ids of handlers are strings of digits here, as clients get and send them."""

    def __init__(self, kinds: list[Any]) -> None:
        different = list(dict.fromkeys([Error, *(part for kind in kinds for part in _parts(kind))]))
        shapes, components = msgspec.json.schema_components(different, ref_template="#/components/schemas/{name}")
        self._of = dict(zip(different, map(_ids_as_text, shapes), strict=True))
        self.components: Json = _ids_as_text(components)
        self.components["Upload"] = {"type": "string", "format": "binary"}

    def of(self, kind: Any) -> Json:
        parts = [self._of[part] for part in _parts(kind)]
        return parts[0] if len(parts) == 1 else {"anyOf": parts}

    def fields(self, kind: Any) -> list[tuple[str, Json]]:
        """(name, schema) of the fields of a form or query; a part of an object is `key[part]`."""
        return list(self._flat("", self._bare(self.of(kind))))

    def _flat(self, prefix: str, schema: Json) -> list[tuple[str, Json]]:
        if "properties" in schema:
            parts = {f"{prefix}[{key}]" if prefix else key: part for key, part in schema["properties"].items()}
            return [field for name, part in parts.items() for field in self._flat(name, self._bare(part))]
        if schema.get("type") == "array":
            item = self._bare(schema.get("items", {}))
            return self._flat(f"{prefix}[]", item) if "properties" in item else [(f"{prefix}[]", schema)]
        return [(prefix, schema)]

    def _bare(self, schema: Json) -> Json:
        """The schema without null, with a reference resolved."""
        if "$ref" in schema:
            return self.components[schema["$ref"].rpartition("/")[2]]
        choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
        return self._bare(choices[0]) if len(choices) == 1 else schema


def _parts(kind: Any) -> tuple[Any, ...]:
    """What may be answered: mostly one thing."""
    return get_args(kind) if isinstance(kind, UnionType) else (kind,)


def _ids_as_text(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_ids_as_text(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return ID if schema.get("maximum") == ID_MAX else {key: _ids_as_text(part) for key, part in schema.items()}


def _operation(route: Route, signature: Arguments, schemas: Schemas) -> Json:
    section = route.handler.__module__.rpartition(".")[2]
    words = route.handler.__doc__ or f"{section}: {route.handler.__name__}".replace("_", " ")
    refused = _json(schemas.of(Error))
    operation: Json = {
        "operationId": f"{route.method.lower()} {route.path}",
        "summary": words.strip().splitlines()[0],
        "tags": [section],
        "security": [{}] * (route.who in (ANYONE, CLIENT)) + [{OAUTH: [route.scope] if route.scope else []}],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": ID if kind is int else {"type": "string"}}
            for name, kind in signature.path.items()
        ],
        "responses": _answers(signature, schemas)
        | {
            "4XX": {"description": "Refused, and why"} | refused,
            "503": {"description": "Too busy: try again after Retry-After seconds"} | refused,
        },
    }
    if signature.query:
        fields = schemas.fields(signature.query)
        operation["parameters"] += [{"name": name, "in": "query", "schema": schema} for name, schema in fields]
    if signature.body:
        operation["requestBody"] = _bodies(signature.body, schemas)
    return operation


def _json(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


def _bodies(kind: Any, schemas: Schemas) -> Json:
    """The body as JSON, form or multipart; with files, only multipart."""
    properties = dict(schemas.fields(kind))
    form = {"schema": {"type": "object", "properties": properties}}
    if any(schema.get("format") == "binary" for schema in properties.values()):
        return {"content": {"multipart/form-data": form}}
    either = {"application/x-www-form-urlencoded": form, "multipart/form-data": form}
    return {"content": _json(schemas.of(kind))["content"] | either}


def _answers(signature: Arguments, schemas: Schemas) -> Json:
    kind = _content(signature)
    if kind is None:
        return {"2XX": {"description": "A file or a part of it"}, "3XX": {"description": "What you have is still so"}}
    answer = {"description": "Done"} | _json(schemas.of(kind))
    if get_origin(signature.answer) in (OffsetPage, Page, Whole):
        link = {"description": "rel=next: what is older; rel=prev: newer", "schema": {"type": "string"}}
        answer["headers"] = {"Link": link}
    return dict.fromkeys(("200", "2XX") if get_origin(signature.answer) is Progress else ("200",), answer)
