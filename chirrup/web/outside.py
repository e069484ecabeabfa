"""Files that browsers and crawlers request by themselves, at well-known addresses."""

from collections.abc import Iterator
from functools import cache

from ..http.answer import Answer, encoded
from ..http.request import Request
from ..http.route import ANYONE, SLOW
from ..http.router import parts
from . import pages
from .routes import ROUTES

A_DAY = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}


def _closed() -> Iterator[str]:
    """Paths that crawlers may not read: pages for one account only, or without end.

    They may read the other public pages. Each page decides by itself whether it may be indexed (noindex).
    """
    yield "/api/"
    for route in ROUTES:
        if "{" not in route.path and (route.who != ANYONE or route.popup or route.cost == SLOW):
            yield f"/{parts(route.path)[0]}"


@cache
def _robots() -> bytes:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in dict.fromkeys(_closed()))]
    return "".join(f"{line}\n" for line in lines).encode()


def robots(request: Request) -> Answer:
    """RFC 9309."""
    return Answer(200, encoded(A_DAY | {"Content-Type": "text/plain; charset=utf-8"}), _robots())


def favicon(request: Request) -> Answer:
    """The icon for addresses without HTML that names one: pictures, texts, errors."""
    file = pages.static_files()["favicon.ico"]
    return Answer(200, encoded(A_DAY | {"Content-Type": file.content_type}), file.data)
