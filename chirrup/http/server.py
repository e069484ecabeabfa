"""The edge: a route's line becomes a request handler. Decode, one handler, encode; every error in one shape."""

from collections.abc import Sequence
from itertools import starmap
from typing import Any

import msgspec
from litestar import HttpMethod, Request
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from ..access import limits, scopes
from ..errors import ChirrupError, Forbidden, Quota, Unauthorised
from ..types import Role, Viewer
from . import forms, paging, problems
from .arguments import Arguments
from .call import Call, Reply, Services
from .paging import Page
from .routes import ADMIN, ANYONE, ROUTES, USER, Route

JSON = "application/json; charset=utf-8"
BODY_BYTES_MAX = 1024 * 1024
_encode = msgspec.json.Encoder().encode
_PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset",
}
PREFLIGHT = {
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Idempotency-Key",  # "*" leaves out the first
    "Access-Control-Max-Age": "86400",
}
SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
HEADERS = CORS | SAFE | _PRIVATE


def handlers(services: Services, routes: Sequence[Route] = ROUTES) -> list[HTTPRouteHandler]:
    """One for each of routes, and for each path one that tells browsers what other sites may ask of it."""
    methods: dict[str, list[str]] = {}
    for route in routes:
        methods.setdefault(route.path, []).append(route.method)
    # The framework answers OPTIONS in its own way where the first handler of a path does not.
    return [*starmap(_preflight, methods.items()), *(_handler(services, route) for route in routes)]


def _preflight(path: str, methods: list[str]) -> HTTPRouteHandler:
    async def preflight() -> ASGIApp:
        return Answer(b"", 204, PREFLIGHT | {"Access-Control-Allow-Methods": ", ".join(methods)})

    return HTTPRouteHandler(path, http_method=HttpMethod.OPTIONS, name=f"OPTIONS {path}", status_code=200)(preflight)


def _handler(services: Services, route: Route) -> HTTPRouteHandler:
    arguments = Arguments(route.handler)
    counted = route.path.startswith("/api/")
    max_bytes = services.settings.media_bytes_max + 64 * 1024 if route.uploads else BODY_BYTES_MAX

    async def handle(request: Request) -> ASGIApp:
        quota = None
        try:
            ip = request.client.host if request.client else ""
            viewer, token, quota = await _identify(services, request.headers.get("authorization", ""), ip, counted)
            request.scope["account_id"] = viewer.account_id  # pyright: ignore[reportGeneralTypeIssues]
            query = request.scope["query_string"]
            _check_access(route, viewer, bool(token))
            call = Call(
                services,
                viewer=viewer,
                token=token,
                headers=request.headers,
                ip=ip,
                url=services.settings.base_url + request.scope["raw_path"].decode("latin-1"),
                params=forms.nest(forms.pairs(query.decode("latin-1"))) if query else {},
            )
            given = await arguments.decode(call, request)
            return _respond(call, await route.handler(call, **given), quota)
        except Exception as error:
            if isinstance(error, HTTPException):
                raise
            status, headers, body = problems.answer(error)
            return Answer(body, status, (problems.quota_headers(quota) if quota else {}) | headers)

    handle.__name__ = route.handler.__name__
    return HTTPRouteHandler(
        route.path,
        http_method=[HttpMethod.GET, HttpMethod.HEAD] if route.method == "GET" else route.method,
        name=f"{route.method} {route.path}",
        status_code=200,
        request_max_body_size=max_bytes,
    )(handle)


async def _identify(services: Services, authorization: str, ip: str, counted: bool) -> tuple[Viewer, str, Quota | None]:
    """(who, the token, what is left of their requests). Raises Unauthorised, Forbidden, TooMany."""
    count, most = services.engines.limits, services.settings.request_limit
    try:
        viewer, token = await services.auth.viewer(authorization)
    except ChirrupError:
        if counted:
            await limits.check_request(count, most, ip=ip)
        raise
    if not counted:
        return viewer, token, None
    return viewer, token, await limits.check_request(count, most, ip=ip, account_id=viewer.account_id)


def _check_access(route: Route, viewer: Viewer, has_token: bool) -> None:
    if route.who == ANYONE and not has_token:
        return
    if not has_token:
        raise Unauthorised("The access token is invalid: this method needs one")
    if route.scope and not scopes.covers(viewer.scopes, route.scope):
        raise Forbidden("This action is outside the authorized scopes")
    if route.who in (USER, ADMIN) and not viewer.account_id:
        raise Unauthorised("This method requires an authenticated user")
    if route.who == ADMIN and viewer.role != Role.ADMIN:
        raise Forbidden("This action is not allowed")


def _respond(call: Call, result: Any, quota: Quota | None) -> "Answer":
    reply = result if isinstance(result, Reply) else Reply(result)
    headers, content = reply.headers, reply.body
    if quota:
        headers = headers | problems.quota_headers(quota)
    if isinstance(content, Page):
        if link := paging.link(call.url, call.params, content):
            headers = headers | {"Link": link}
        content = content.items
    body = content if isinstance(content, bytes) else _encode(content)
    return Answer(body, reply.status, headers, reply.media_type)


class Answer:
    """A response that is ready to be sent: an ASGI application, so that the framework does not look at it again."""

    def __init__(self, body: bytes, status: int, headers: dict[str, str], media_type: str = JSON) -> None:
        self._body, self._status = body, status
        plain = headers.keys().isdisjoint(HEADERS)
        self._headers = _HEADERS + _encoded(headers) if plain else _encoded(HEADERS | headers)
        self._type = media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = [(b"content-type", self._type.encode()), (b"content-length", str(len(self._body)).encode())]
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers + own})  # pyright: ignore
        body = b"" if scope["method"] == "HEAD" else self._body  # pyright: ignore
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


_HEADERS = _encoded(HEADERS)
