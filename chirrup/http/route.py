"""One line of the route tables: a handler with its path, scope, limits and cost."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from ..access.limits import Limit
from ..access.roles import Permission

NO_PERMISSION = Permission(0)

# Who may call: anyone, any token, a user's token, a token of staff with the route's permission; CLIENT: an app with its
# id and secret instead of a token, which the handler checks.
ANYONE, APP, USER, ADMIN, CLIENT = "anyone", "app", "user", "admin", "client"

# What a request costs: its admission class (shedding.py). SLOW: as much as many others, for example a search, a picture
# or a password hash. FREE: always admitted, and never logged as slow: probes, which must work when the server is busy,
# and streams, which have limits of their own.
NORMAL, SLOW, FREE = "normal", "slow", "free"


class Route(msgspec.Struct, frozen=True):
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "WEBSOCKET"]
    path: str  # parts in braces are parameters, given to the handler by name
    handler: Callable[..., Any]
    scope: str = ""
    who: str = USER
    permission: Permission = NO_PERMISSION  # of which staff must have one (access/roles.py)
    limits: tuple[Limit, ...] = ()  # counted before the body is read; with uploads, where the body may have a file
    cost: str = NORMAL
    counted: bool = True  # towards the request limit of an account or an address
    uploads: bool = False  # the body may be as large as media may be
    even_unconfirmed: bool = False  # also for an account that has not confirmed its e-mail address
    for_programs: bool = True  # JSON, also for pages of other sites (CORS); False: a page for people
    when_closed: bool = False  # works without a login on a closed site too: apps need it to log in
    any_site: bool = False  # about this process: no site is looked up, so that it answers even if the database is away
    role: str = "web"  # of the processes that answer it; "": all of them

    def is_for(self, role: str) -> bool:
        """Whether a process of this role answers it."""
        return role == "all" or self.role in ("", role)
