"""What browsers and crawlers ask for by themselves, at addresses that others have chosen."""

from typing import Any

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from . import pages

# Crawlers may read what a stranger may; which profiles and posts may be found says each page for itself (noindex).
# What is here is for one person alone, or without end.
ROBOTS = b"""User-agent: *
Disallow: /api/
Disallow: /oauth/
Disallow: /login
Disallow: /sign-up
Disallow: /search
Disallow: /home
Disallow: /notifications
Disallow: /bookmarks
Disallow: /follow-requests
Disallow: /compose
Disallow: /settings
"""
A_DAY = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}


def handlers() -> list[HTTPRouteHandler]:
    async def robots(request: Request[Any, Any, Any]) -> Response[bytes]:
        """RFC 9309."""
        return Response(ROBOTS, headers=A_DAY, media_type="text/plain; charset=utf-8")

    async def favicon(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Asked for where no page says which icon it has: for a picture, a text, an error."""
        file = pages.static_files()["favicon.ico"]
        return Response(file.data, headers=A_DAY, media_type=file.content_type)

    return [
        HTTPRouteHandler("/robots.txt", http_method=["GET", "HEAD"], name="robots")(robots),
        HTTPRouteHandler("/favicon.ico", http_method=["GET", "HEAD"], name="favicon")(favicon),
    ]
