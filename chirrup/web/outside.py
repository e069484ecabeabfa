"""What browsers and crawlers ask for by themselves, at addresses that others have chosen."""

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
    """What crawlers may not read: it is for one person alone, or without end.

    They may read what a stranger may; which profiles and posts may be found says each page for itself (noindex).
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
    """Asked for where no page says which icon it has: for a picture, a text, an error."""
    file = pages.static_files()["favicon.ico"]
    return Answer(200, encoded(A_DAY | {"Content-Type": file.content_type}), file.data)
