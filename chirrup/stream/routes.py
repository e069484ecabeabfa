"""/api/v1/streaming: a WebSocket, and server-sent events in the paths below. Raw ASGI: a stream has no end.

The third table of what comes in. A handler is `async def f(hub, request) -> None`.
"""

from typing import Any

from ..errors import NotFound, Unavailable
from ..http.route import ANYONE, FREE, Route
from . import sse, websocket
from .hub import Hub
from .protocols import EXTENSION
from .request import StreamRequest

PATH = "/api/v1/streaming"
STREAMS = ("user", "user/notification", "public", "public/local", "public/remote")
STREAMS += ("track", "hashtag", "hashtag/local", "list", "direct")
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


async def events(hub: Hub, request: StreamRequest) -> None:
    if request.scope["method"] == "HEAD":
        return await request.answer(405, {"Allow": "GET, OPTIONS"}, b"")
    await sse.serve(hub, request, request.scope["route"].path.removeprefix(f"{PATH}/").replace("/", ":"))


async def nothing(hub: Hub, request: StreamRequest) -> None:
    """Clients ask here whether streams are on another host."""
    await request.refuse(NotFound())


async def health(hub: Hub, request: StreamRequest) -> None:
    if hub.blind:
        await request.answer(503, TEXT, b"the broker is away: what other processes tell of does not arrive")
    else:
        await request.answer(200, TEXT, b"OK")


def _line(method: Any, path: str, handler: Any) -> Route:
    return Route(method, path, handler, who=ANYONE, cost=FREE, counted=False, role="stream")


ROUTES = [
    _line("WEBSOCKET", PATH, websocket.serve),
    _line("GET", PATH, nothing),
    _line("GET", f"{PATH}/health", health),
    *(_line("GET", f"{PATH}/{name}", events) for name in STREAMS),
    *(_line("WEBSOCKET", f"{PATH}/{name}", websocket.serve) for name in STREAMS),
]


class StreamEndpoint:
    """A line of the table, as what answers its requests."""

    def __init__(self, hub: Hub, route: Route) -> None:
        self._hub, self.route = hub, route

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = StreamRequest(scope, receive, send)
        if EXTENSION in (scope.get("extensions") or {}):
            await self.route.handler(self._hub, request)
        else:
            await request.refuse(Unavailable("streams need the server to be run by `chirrup serve`"))


def endpoints(hub: Hub) -> list[StreamEndpoint]:
    return [StreamEndpoint(hub, route) for route in ROUTES]
