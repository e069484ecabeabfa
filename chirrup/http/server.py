"""The edge: a route's line becomes a request handler. Decode, one handler, encode; every error in one shape."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import msgspec
from litestar import HttpMethod, Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Send

from ..access import limits, scopes
from ..errors import BadRequest, ChirrupError, Forbidden, Quota, Unauthorised
from ..ports import BODY_BYTES
from ..types import Role, Viewer
from . import files, problems
from .arguments import Arguments
from .at_site import site_of
from .call import Call, Reply, Result, Services
from .files import FilePart
from .route import ADMIN, ANYONE, CLIENT, FOR_PROGRAMS, USER, Route
from .single_write import SINGLE_WRITE

JSON = "application/json; charset=utf-8"
BODY_BYTES_MAX = 1024 * 1024
_encode = msgspec.json.Encoder().encode
_PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset,"
    " X-Request-Id",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Idempotency-Key",  # "*" leaves out the first
    "Access-Control-Max-Age": "86400",
}
SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
HEADERS = CORS | SAFE | _PRIVATE


def endpoints(services: Services, routes: Iterable[Route], make_call: type[Call] = Call) -> list["Endpoint"]:
    """make_call: what their handlers are given."""
    return [Endpoint(services, route, make_call) for route in routes]


def handlers(endpoints: Sequence["Endpoint"]) -> list[HTTPRouteHandler]:
    return [*map(_handler, endpoints)]


def _handler(endpoint: "Endpoint") -> HTTPRouteHandler:
    route = endpoint.route

    async def handle(request: Request) -> ASGIApp:
        return await endpoint.answer(request.scope, request.receive)

    handle.__name__ = route.handler.__name__
    return HTTPRouteHandler(
        route.path,
        http_method=[HttpMethod.GET, HttpMethod.HEAD] if route.method == "GET" else route.method,
        name=f"{route.method} {route.path}",
        status_code=200,
    )(handle)


class Endpoint:
    """A line of the table of routes, as what answers its requests."""

    def __init__(self, services: Services, route: Route, make_call: type[Call]) -> None:
        self.route = route
        self._make_call = make_call
        self._services, self._arguments = services, Arguments(route.handler)
        self._max_bytes = services.settings.media_bytes_max + 64 * 1024 if route.uploads else BODY_BYTES_MAX

    async def answer(self, scope: Any, receive: Receive) -> "Answer":
        services, route, quota = self._services, self.route, None
        try:
            site = site_of(scope)
            ip = scope["client"][0] if scope["client"] else ""
            # Of a header that comes twice the first counts.
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
            authorization = "" if route.who == CLIENT else headers.get("authorization", "")
            viewer, token, quota = await _identify(services, authorization, ip, route.counted)
            scope["account_id"] = viewer.account_id
            _check_access(route, viewer, bool(token))
            query = self._arguments.query_of(scope["query_string"])
            call = self._make_call(
                services,
                viewer=viewer,
                site=site,
                token=token,
                headers=headers,
                ip=ip,
                url=site.base_url + scope["raw_path"].decode("latin-1"),
                params=query.params,
            )
            body = partial(_body, scope, receive, headers, self._max_bytes)
            if route.limits and (not route.uploads or headers.get("content-type", "").startswith("multipart/")):
                await call.throttle(route.limits, account=str(call.viewer_id))
            given = await self._arguments.decode(call, query, scope.get("path_params", {}), body)
            return _respond(call, await route.handler(call, **given), quota)
        except Exception as error:
            status, told, body = problems.answer(error)
            return Answer(body, status, (problems.quota_headers(quota) if quota else {}) | told)


class Direct:
    """Requests for paths that stand in the table as they are go straight to their endpoints; app has all others.

    They are most of what is asked for. The framework's own work on a request is 30 µs, of 260 for a home timeline.
    What pages of other sites may do is the same everywhere below FOR_PROGRAMS, whether or not something is there: a
    browser that was refused a preflight, or finds no CORS, hides the answer from the client.
    """

    def __init__(self, app: ASGIApp, endpoints: Iterable[Endpoint]) -> None:
        self._app = app
        self._known: dict[tuple[str, str], Endpoint] = {}
        for one in endpoints:
            if "{" not in one.route.path:
                self._known[one.route.method, one.route.path] = one
                if one.route.method == "GET":
                    self._known["HEAD", one.route.path] = one

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        endpoint = self._known.get((scope["method"], scope["path"]))
        if endpoint:
            scope["path_template"] = endpoint.route.path
            return await (await endpoint.answer(scope, receive))(scope, receive, send)
        if not scope["path"].startswith(FOR_PROGRAMS):
            return await self._app(scope, receive, send)
        if scope["method"] == "OPTIONS":
            return await Answer(b"", 204, PREFLIGHT)(scope, receive, send)
        await self._app(scope, receive, partial(_send_with_cors, send))


async def _send_with_cors(send: Send, message: Any) -> None:
    if message["type"] == "http.response.start":
        headers = message["headers"]
        if not any(name.lower() == b"access-control-allow-origin" for name, _ in headers):
            message["headers"] = [*headers, *_CORS]
    await send(message)


async def _body(scope: Any, receive: Receive, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """Raises TooLarge, BadRequest: the client left."""
    chunks, size, more = [], int(headers.get("content-length", 0)), True
    if size > max_bytes:
        raise problems.TooLarge(f"the body may have {max_bytes:,} bytes, has {size:,}")
    scope[BODY_BYTES], size = max_bytes, 0
    while more:
        event: Any = await receive()
        if event["type"] != "http.request":
            raise BadRequest("the body did not arrive")
        chunks.append(event["body"])
        size += len(event["body"])
        more = event["more_body"]
        if size > max_bytes:
            raise problems.TooLarge(f"the body may have {max_bytes:,} bytes, has more")
    return b"".join(chunks)


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
    if route.who in (ANYONE, CLIENT) and not has_token:
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
    reply = result.reply(call) if isinstance(result, Result) else Reply(result)
    headers, content = reply.headers, reply.body
    if quota:
        headers = headers | problems.quota_headers(quota)
    if isinstance(content, FilePart):
        return FileAnswer(content, reply.status, headers, reply.media_type)
    body = content if isinstance(content, bytes) else _encode(content)
    return Answer(body, reply.status, headers, reply.media_type)


class Answer:
    """A response that is ready to be sent: an ASGI application, so that the framework does not look at it again."""

    def __init__(self, body: bytes, status: int, headers: dict[str, str], media_type: str = JSON) -> None:
        self._body, self._status = body, status
        plain = headers.keys().isdisjoint(HEADERS)
        self._headers = _HEADERS + _encoded(headers) if plain else _encoded(HEADERS | headers)
        self._type = media_type

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        own = [(b"content-type", self._type.encode()), (b"content-length", str(len(self._body)).encode())]
        start: Any = {"type": "http.response.start", "status": self._status, "headers": self._headers + own}
        if SINGLE_WRITE in scope.get("extensions", ()):
            start[SINGLE_WRITE] = self._body
            return await send(start)
        await send(start)
        body = b"" if scope["method"] == "HEAD" else self._body
        await send({"type": "http.response.body", "body": body, "more_body": False})


class FileAnswer(Answer):
    """A part of a file, read as it is sent."""

    def __init__(self, part: FilePart, status: int, headers: dict[str, str], media_type: str) -> None:
        super().__init__(b"", status, headers, media_type)
        self._part = part

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        own = [(b"content-type", self._type.encode()), (b"content-length", str(self._part.size).encode())]
        start: Any = {"type": "http.response.start", "status": self._status, "headers": self._headers + own}
        await files.send(self._part, start, scope, send)


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(_name(name), value.encode("latin-1")) for name, value in headers.items()]


@lru_cache(100)
def _name(header: str) -> bytes:
    return header.lower().encode()


_HEADERS, _CORS = _encoded(HEADERS), _encoded(CORS)
