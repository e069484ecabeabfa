"""Every request is for a site (access/sites.py): its scope says which, to the API, the pages and streams alike."""

from typing import Any

from ..access.sites import Site, Sites

SITE = "chirrup.site"
HEALTH = "/health"  # answered whatever is away


class AtSite:
    """app, with the site in the scope of what it is asked."""

    def __init__(self, app: Any, sites: Sites) -> None:
        self._app, self._sites = app, sites

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
            scope[SITE] = self._sites.known(host) or await self._find(host, scope["path"])
        await self._app(scope, receive, send)

    async def _find(self, host: str, path: str) -> Site | Exception:
        if path.startswith(HEALTH):
            return self._sites.own
        try:
            return await self._sites.find(host)
        except Exception as error:  # the database is away: who answers says so in its own way
            return error


def site_of(scope: Any) -> Site:
    """Raises what its look-up has raised."""
    found: Any = scope[SITE]
    if isinstance(found, Exception):
        raise found
    return found
