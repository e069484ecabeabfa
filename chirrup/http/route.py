"""One line of the table of routes."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

# Who may call: nobody logged in, any token, a person's token, an administrator's.
ANYONE, APP, USER, ADMIN = "anyone", "app", "user", "admin"


class Route(msgspec.Struct, frozen=True):
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Callable[..., Any]
    scope: str = ""
    who: str = USER
    uploads: bool = False  # the body may be as large as media may be
