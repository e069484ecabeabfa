"""Puts a request's site (access/sites.py) into its ASGI scope, for the API, pages and streams."""

from typing import Any

from ..access.sites import Site, Sites

SITE = "chirrup.site"
HEALTH = "/health"  # answered even if the database is away


class AtSite:
    def __init__(self, app: Any, sites: Sites) -> None:
        self._app, self._sites = app, sites

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            host = ""
            for name, value in scope["headers"]:
                if name == b"host":
                    host = value.decode("latin-1")
                    break
            scope[SITE] = self._sites.known(host) or await self._find(host, scope["path"])
        await self._app(scope, receive, send)

    async def _find(self, host: str, path: str) -> Site | Exception:
        if path.startswith(HEALTH):
            return self._sites.own
        try:
            return await self._sites.find(host)
        except Exception as error:  # the database is away: the endpoint tells the client in its own form
            return error


def site_of(scope: Any) -> Site:
    """Raises the error of the look-up, if there was one."""
    found: Any = scope[SITE]
    if isinstance(found, Exception):
        raise found
    return found
