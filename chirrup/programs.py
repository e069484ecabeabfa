"""The table of all routes for programs: Mastodon's API, Chirrup's own, the document of both; SCIM and hooks beside."""

from . import openapi
from .api import hooks_in, scim
from .api import problems as own_problems
from .api import routes as own
from .http import call, server
from .http.route import ANYONE, Route
from .http.router import Endpoint
from .mastodon import problems, routes
from .mastodon.call import Call, Services

ROUTES: list[Route] = [*routes.ROUTES, *own.ROUTES]
_DOCUMENT = Route("GET", "/api/openapi.json", openapi.shown(ROUTES), who=ANYONE)
ROUTES.append(_DOCUMENT)  # it describes itself


def endpoints(services: Services) -> list[Endpoint]:
    """One for each route."""
    return [
        *server.endpoints(services, [*routes.ROUTES, _DOCUMENT], Call, problems.words),
        *server.endpoints(services, own.ROUTES, call.Call, own_problems.words),
        *scim.endpoints(services),
        *hooks_in.endpoints(services),
    ]
