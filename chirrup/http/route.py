"""One line of the tables of routes: all that is known about a request beside its handler."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from ..access.limits import Limit

# Who may call: nobody logged in, any token, a person's token, an administrator's; a client with its own id and secret,
# which the handler looks at, and no token.
ANYONE, APP, USER, ADMIN, CLIENT = "anyone", "app", "user", "admin", "client"

# What a request costs, which is its admission class (shedding.py). SLOW: as much as many others, as a search, a picture
# or the hash of a password. FREE: always let in, and not in the log however long it takes: probes, which operators must
# be able to ask, and streams, which have limits of their own.
NORMAL, SLOW, FREE = "normal", "slow", "free"


class Route(msgspec.Struct, frozen=True):
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "WEBSOCKET"]
    path: str  # parts in braces are names: what stands there is given to the handler
    handler: Callable[..., Any]
    scope: str = ""
    who: str = USER
    limits: tuple[Limit, ...] = ()  # counted before the body is read; with uploads, where the body may have a file
    cost: str = NORMAL
    counted: bool = True  # among all requests of an account or an address
    uploads: bool = False  # the body may be as large as media may be
    for_programs: bool = True  # answered in JSON, to pages of other sites too; else it is a page for people
    when_closed: bool = False  # a closed site answers it without a login too: what apps need to log in
    role: str = "web"  # of the processes that answer it; "": all of them

    def is_for(self, role: str) -> bool:
        """Whether a process of this role answers it."""
        return role == "all" or self.role in ("", role)
