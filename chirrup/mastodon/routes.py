"""Every request of the API that is answered: one of the tables that tell all that can happen (web/routes.py,
stream/routes.py; workers/subscribers.py). Each section's lines stand below its handlers.

A handler is `async def f(call, …) -> entity`: its parameters named in the path, `query` and `body` are decoded by
their types, which also make the OpenAPI document (openapi.py). Scopes: https://docs.joinmastodon.org/api/oauth-scopes/
"""

from ..http.route import ADMIN, ANYONE, APP, CLIENT, USER, Route
from . import (
    accounts,
    admin,
    conversations,
    discovery,
    drafts,
    grouped_notifications,
    instance,
    lists,
    markers,
    media,
    notifications,
    oauth,
    openapi,
    polls,
    profile,
    relations,
    scheduled,
    search,
    statuses,
    tags,
    timelines,
    wellknown,
)

__all__ = ["ADMIN", "ANYONE", "APP", "CLIENT", "ROUTES", "USER", "Route"]

ROUTES: list[Route] = [
    *oauth.ROUTES,
    *instance.ROUTES,
    *wellknown.ROUTES,
    *statuses.ROUTES,
    *scheduled.ROUTES,
    *drafts.ROUTES,
    *media.ROUTES,
    *polls.ROUTES,
    *tags.ROUTES,
    *conversations.ROUTES,
    *lists.ROUTES,
    *search.ROUTES,
    *notifications.ROUTES,
    *grouped_notifications.ROUTES,
    *markers.ROUTES,
    *accounts.ROUTES,
    *profile.ROUTES,
    *relations.ROUTES,
    *discovery.ROUTES,
    *timelines.ROUTES,
    *admin.ROUTES,
]
ROUTES.append(Route("GET", "/api/openapi.json", openapi.shown(ROUTES), who=ANYONE))  # it describes itself, too
