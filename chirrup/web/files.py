"""The static files: packed once, kept by browsers until they change."""

from functools import cache
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from . import compression, pages


@cache
def _packed(name: str) -> bytes | None:
    """None: it is not worth it."""
    data = pages.static_files()[name].data
    packed = compression.packed(data, compression.FILE_LEVEL)
    return packed if len(packed) < 0.9 * len(data) else None


def handler(safe: dict[str, str]) -> HTTPRouteHandler:
    """safe: the headers that every answer has."""

    async def static(request: Request[Any, Any, Any]) -> Response[bytes]:
        name = request.path_params["name"]
        file = pages.static_files().get(name)
        if file is None:
            raise HTTPException(status_code=404)
        age = "31536000, immutable" if request.query_params.get("v", "") == file.version else "3600"
        headers = safe | {"Cache-Control": f"public, max-age={age}", "Vary": "Accept-Encoding"}
        headers |= {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}  # shown by apps
        packed = _packed(name) if compression.takes_gzip(request.headers.get("accept-encoding", "")) else None
        headers["ETag"] = f'"{file.version}{"-gzip" if packed else ""}"'
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers, media_type=file.content_type)
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(packed or file.data, headers=headers, media_type=file.content_type)

    return HTTPRouteHandler("/static/{name:str}", http_method=["GET", "HEAD"], name="static")(static)
