"""/api/v1/streaming: a WebSocket, and server-sent events in the paths below. Raw ASGI: a stream has no end."""

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from ..errors import NotFound, Unavailable
from . import sse, websocket
from .hub import Hub
from .protocols import EXTENSION
from .request import StreamRequest

PATH = "/api/v1/streaming"
STREAM_PATHS = [
    f"{PATH}/{name}"
    for name in (
        *("user", "user/notification", "public", "public/local", "public/remote"),
        *("hashtag", "hashtag/local", "list", "direct"),
    )
]
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def handlers(hub: Hub) -> list[ASGIRouteHandler]:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        request = StreamRequest(scope, receive, send)
        if EXTENSION not in (scope.get("extensions") or {}):
            await request.refuse(Unavailable("streams need the server to be run by `chirrup serve`"))
        elif scope["type"] == "websocket":
            await websocket.serve(hub, request)
        elif scope.get("method") != "GET":
            await request.answer(405, {"Allow": "GET, OPTIONS"}, b'{"error":"Only GET is known here"}')
        elif (path := scope["path"].rstrip("/")) == PATH:
            await request.refuse(NotFound())  # clients ask here whether streams are on another host
        else:
            await sse.serve(hub, request, path.removeprefix(f"{PATH}/").replace("/", ":"))

    async def health(scope: Scope, receive: Receive, send: Send) -> None:
        request = StreamRequest(scope, receive, send)
        if hub.blind:
            await request.answer(503, TEXT, b"the broker is away: what other processes tell of does not arrive")
        else:
            await request.answer(200, TEXT, b"OK")

    return [
        ASGIRouteHandler([PATH, *STREAM_PATHS], copy_scope=False)(stream),
        ASGIRouteHandler(f"{PATH}/health", copy_scope=False)(health),
    ]
