"""Static files: compressed once, and cached by browsers until they change. And files for crawlers: outside.py."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..errors import NotFound, Unavailable
from ..http.answer import Answer, encoded
from ..http.request import Request
from ..http.route import ANYONE, Route
from . import compression, outside, pages, theme

SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY"}


@cache
def _packed(name: str) -> bytes | None:
    """The compressed file; None: too little is saved."""
    data = pages.static_files()[name].data
    packed = compression.packed(data, compression.FILE_LEVEL)
    return packed if len(packed) < 0.9 * len(data) else None


def static(request: Request, name: str) -> Answer:
    """Raises NotFound."""
    file = pages.static_files().get(name)
    if file is None:
        raise NotFound("file", name)
    age = "31536000, immutable" if request.scope["query_string"] == b"v=" + file.version.encode() else "3600"
    headers = SAFE | {"Cache-Control": f"public, max-age={age}", "Vary": "Accept-Encoding"}
    headers |= {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}  # shown by apps
    packed = _packed(name) if compression.takes_gzip(request.headers.get("accept-encoding", "")) else None
    headers |= {"ETag": f'"{file.version}{"-gzip" if packed else ""}"', "Content-Type": file.content_type}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Answer(304, encoded(headers))
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Answer(200, encoded(headers), packed or file.data)


def document(asked: Mapping[str, str], safe: Mapping[str, str], body: bytes, media_type: str, etag: str) -> Answer:
    """A document that programs ask for again and again. asked: the headers of the request."""
    own = {
        "Cache-Control": "private, no-cache",
        "Content-Type": media_type,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "ETag": etag,
        "Vary": "Cookie, Accept-Encoding",
        "X-Robots-Tag": "noindex",  # it has also what its authors do not want to be found by
    }
    headers = {**safe, **own}
    if etag in asked.get("if-none-match", ""):
        return Answer(304, encoded(headers))
    if len(body) >= compression.BYTES_MIN and compression.takes_gzip(asked.get("accept-encoding", "")):
        body, headers["Content-Encoding"] = compression.packed(body), "gzip"
    return Answer(200, encoded(headers), body)


def _line(path: str, handler: Callable[..., Answer]) -> Route:
    return Route("GET", path, handler, who=ANYONE, counted=False, for_programs=False)


ROUTES = [
    _line("/static/{name}", static),
    _line(theme.PATH, theme.stylesheet),
    _line("/robots.txt", outside.robots),
    _line("/favicon.ico", outside.favicon),
]


class FileEndpoint:
    """Answers a route that is the same for everybody, so no session is looked up."""

    def __init__(self, route: Route, refuse: Callable[[Any, int], Answer]) -> None:
        self.route, self._refuse = route, refuse

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            answer = self.route.handler(Request(scope, receive), **scope["path_params"])
        except NotFound:
            answer = self._refuse(scope, 404)
        except Unavailable:
            answer = Answer(503, encoded(SAFE | {"Retry-After": "1"}))
        await answer(scope, receive, send)
