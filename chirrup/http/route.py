"""One line of the table of routes."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

FOR_PROGRAMS = ("/api/", "/oauth/", "/.well-known/", "/nodeinfo", "/media/", "/health")  # JSON; all else is for people

# Who may call: nobody logged in, any token, a person's token, an administrator's; a client with its own id and secret,
# which the handler looks at, and no token.
ANYONE, APP, USER, ADMIN, CLIENT = "anyone", "app", "user", "admin", "client"


class Route(msgspec.Struct, frozen=True):
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Callable[..., Any]
    scope: str = ""
    who: str = USER
    uploads: bool = False  # the body may be as large as media may be
