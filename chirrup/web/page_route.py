"""One line of the tables of pages and forms: routes.py, and a routes.py in each folder of screens/ that has its own."""

from collections.abc import Callable
from typing import Any, Literal

from ..access.roles import Permission
from ..http.route import ADMIN, Route


class PageRoute(Route, frozen=True, kw_only=True):
    """uploads: the form may have files."""

    for_programs: bool = False
    even_limited: bool = False  # also for an account that staff have closed or suspended
    popup: bool = False  # apps open it in a separate window and wait for its redirect
    embedded: bool = False  # stands in frames of other sites: nobody is logged in, and no script runs
    signed: bool = False  # its address says who means it: a mail program may send it, without a form of ours
    when_moved: bool = False  # also for an account that has moved to another
    file_bytes_max: int = 0  # of a file in its form; 0: as of media
    again: Callable[..., Any] | None = None  # shows a refused form again, filled in, with the problems (kept.py)


def staff(
    method: Literal["GET", "POST"],
    path: str,
    handler: Callable[..., Any],
    needed: Permission,
    again: Callable[..., Any] | None = None,
) -> PageRoute:
    """A page of staff's that have one of the permissions."""
    return PageRoute(method, path, handler, who=ADMIN, permission=needed, again=again)
