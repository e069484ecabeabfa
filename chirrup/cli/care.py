"""Look after a server: doctor, recount, redate."""

from typing import Annotated

from cyclopts import Parameter

from .common import COMMON, Common, console


def doctor(*, common: Common = COMMON) -> None:
    """Check versions, settings, disk and engines. Say what is wrong and what to do about it."""
    from .. import doctor as checks

    if not checks.examine(common.settings(), console):
        raise SystemExit(1)


def recount(*, common: Common = COMMON) -> None:
    """Count again what every counter counts, and correct those that are wrong. The server may run.

    Followers, followees, posts; replies, boosts, favourites; votes; hashtags. `chirrup doctor` looks at the newest of
    them. Pins and boosts of deleted posts are taken away. It may be stopped at any moment, and run again.
    """
    from .. import recount as counts

    counts.run(common.settings(), console)


def redate(
    *,
    stopped: Annotated[bool, Parameter(help="All servers are stopped. With SQLite that is seen.")] = False,
    common: Common = COMMON,
) -> None:
    """Correct the dates of posts and accounts that a wrong clock dated into the future.

    Set the clock right and stop the server first.

    A new id is always greater than all others. So if a clock was once far ahead, all new posts are dated into the
    future, until that time has come. `chirrup doctor` reports it. The ids of the future change; their order stays.
    """
    from .. import redate as dates

    dates.run(common.settings(), console, stopped=stopped)
