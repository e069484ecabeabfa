"""Finds the route of a request.

Fixed paths are looked up in a dict; paths with parameters go through a tree, part by part. A fixed part wins over a
parameter. Empty parts are ignored: /about/ is /about.

A route also answers the method that is its own in another word: HEAD, and PUT where there is PATCH. Clients that always
change things by PUT (masto.js is one) send it for what is documented with PATCH.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from .route import Route

FOUND = "chirrup.found"  # in a scope: what admission has found, so that the application does not look it up again
_NAME = re.compile(r"\{(\w+)\}")
_ALSO = {"GET": "HEAD", "PATCH": "PUT"}  # unless the tables have a route of its own


class Endpoint(Protocol):
    """Answers the requests of one route: an ASGI application."""

    @property
    def route(self) -> Route: ...

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class Found(NamedTuple):
    endpoints: Mapping[str, Endpoint]  # of a path, by method
    values: tuple[str, ...] = ()  # of the path's parameters, in order


class _Node:
    __slots__ = ("any", "below", "endpoints")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.any: _Node | None = None
        self.endpoints: dict[str, Endpoint] = {}


NOTHING = Found({})


class Router:
    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._fixed: dict[str, Found] = {}
        self._root = _Node()
        self._names: dict[str, list[str]] = {}  # path of a route -> names of its parameters
        self._programs: set[str] = set()  # first parts of the paths for programs
        for endpoint in endpoints:
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        route = endpoint.route
        split = parts(route.path)
        self._names[route.path] = _NAME.findall(route.path)
        if self._names[route.path]:
            node = self._root
            for part in split:
                if part.startswith("{"):
                    node.any = node.any or _Node()
                    node = node.any
                else:
                    node = node.below.setdefault(part, _Node())
            by_method = node.endpoints
        else:
            by_method = self._fixed.setdefault(route.path, Found({})).endpoints
            # A fixed first part is never a parameter: /oauth/nowhere is not a post of the account "oauth".
            self._root.below.setdefault(split[0] if split else "", _Node())
        assert isinstance(by_method, dict)
        if route.method in by_method and by_method[route.method].route.method == route.method:
            raise ValueError(f"{route.method} {route.path} is in the route tables twice")
        by_method[route.method] = endpoint
        if route.method in _ALSO:
            by_method.setdefault(_ALSO[route.method], endpoint)
        if route.for_programs:
            self._programs.add(split[0])

    def find(self, path: str) -> Found:
        """path: percent-decoded. NOTHING if no route has it."""
        found = self._fixed.get(path)
        if found is not None:
            return found
        split = parts(path)
        found = self._fixed.get("/" + "/".join(split))
        if found is not None:
            return found
        node, values = self._root, []
        for part in split:
            below = node.below.get(part)
            if below is None:
                below = node.any
                if below is None:
                    return NOTHING
                values.append(part)
            node = below
        return Found(node.endpoints, tuple(values))

    def parameters(self, route: Route, values: tuple[str, ...]) -> dict[str, str]:
        """The path's parameters by name."""
        return dict(zip(self._names[route.path], values, strict=True))

    def is_for_programs(self, path: str) -> bool:
        """Whether paths with this first part are for programs. Then a refusal is JSON, too."""
        return path[1:].partition("/")[0] in self._programs


def parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]
