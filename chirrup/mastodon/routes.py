"""The table of the API's routes. The other tables: web/routes.py, stream/routes.py; for events, workers/subscribers.py.
Each section's lines are below its handlers.

A handler is `async def f(call, …) -> entity`. The parameters of its path, `query` and `body` are decoded by their
types. The OpenAPI document is made from the types, too (openapi.py). Scopes:
https://docs.joinmastodon.org/api/oauth-scopes/
"""

from ..http.route import ADMIN, ANYONE, APP, CLIENT, USER, Route
from . import (
    accounts,
    admin,
    admin_bans,
    admin_measures,
    admin_reports,
    announcements,
    annual_reports,
    collections,
    conversations,
    discovery,
    domain_blocks,
    drafts,
    filters,
    filters_v1,
    grouped_notifications,
    instance,
    lists,
    markers,
    media,
    notification_policies,
    notifications,
    oauth,
    openapi,
    polls,
    profile,
    push,
    relations,
    reports,
    scheduled,
    search,
    statuses,
    strikes,
    tags,
    timelines,
    trends,
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
    *collections.ROUTES,
    *filters.ROUTES,
    *filters_v1.ROUTES,
    *search.ROUTES,
    *notifications.ROUTES,
    *grouped_notifications.ROUTES,
    *notification_policies.ROUTES,
    *push.ROUTES,
    *markers.ROUTES,
    *accounts.ROUTES,
    *profile.ROUTES,
    *relations.ROUTES,
    *domain_blocks.ROUTES,
    *discovery.ROUTES,
    *timelines.ROUTES,
    *reports.ROUTES,
    *trends.ROUTES,
    *announcements.ROUTES,
    *annual_reports.ROUTES,
    *admin.ROUTES,
    *admin_reports.ROUTES,
    *admin_bans.ROUTES,
    *admin_measures.ROUTES,
    *strikes.ROUTES,
]
ROUTES.append(Route("GET", "/api/openapi.json", openapi.shown(ROUTES), who=ANYONE))  # includes itself
