"""Puts a request's site (access/sites.py) into its ASGI scope, for the API, pages and streams."""

from typing import Any

from ..access.barred import NoAccess
from ..access.networks import Outside
from ..access.sites import Site, Sites
from .route import Route

SITE = "chirrup.site"


def host_of(scope: Any) -> str:
    """The Host header; "": there is none."""
    for name, value in scope["headers"]:
        if name == b"host":
            return value.decode("latin-1")
    return ""


async def find_site(sites: Sites, host: str, route: Route | None) -> Site | Exception:
    """The site of a request to this route. Returns an error of the look-up: the endpoint tells it in its own form."""
    if route and route.any_site:
        return sites.own
    try:
        return await sites.find(host)
    except Exception as error:  # the database is away
        return error


def unless_barred(sites: Sites, site: Site | Exception, scope: Any, route: Route | None) -> Site | Exception:
    """The site; NoAccess: the client's address is let nowhere there; Outside: only those of certain networks are."""
    if isinstance(site, Exception) or (route and route.any_site):
        return site
    ip = scope["client"][0] if scope["client"] else ""
    if not site.lets_in(ip):
        return Outside()
    return NoAccess() if ip and sites.barred.holds(site.org_id, ip) else site


def site_of(scope: Any) -> Site:
    """Raises the error of the look-up, if there was one."""
    found: Any = scope[SITE]
    if isinstance(found, Exception):
        raise found
    return found
