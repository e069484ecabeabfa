"""`chirrup announce`: what all people of a site are told."""

from datetime import UTC, datetime
from typing import Annotated

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Column, Table

from ..errors import NotFound, SettingsError
from ..times import DAY_MS
from .common import COMMON, Common, console, opened_database, org_at

commands = cyclopts.App(
    name="announce",
    help="""Tell all people of a site something: in their apps, and above their home on pages.

    Times are like 2026-12-24T18:00 or 2026-12-24, in UTC unless they say +01:00. Each organisation has announcements of
    its own: name it by --host. Without that they are the server's own network's.""",
)

Host = Annotated[str, Parameter(help="The organisation at this host.")]


@commands.command
def publish(
    text: str,
    *,
    at: Annotated[str, Parameter(help="When to publish it (default: now).")] = "",
    begins: Annotated[str, Parameter(help="When what it is about begins.")] = "",
    ends: Annotated[str, Parameter(help="When that ends; from then on it is not shown.")] = "",
    all_day: Annotated[bool, Parameter(help="--begins and --ends are days, the last one included.")] = False,
    host: Host = "",
    common: Common = COMMON,
) -> None:
    """Announce TEXT. Names, hashtags, links and :emoji: in it are shown as in posts."""
    from ..social import announcements

    times = [_ms(name, given) for name, given in (("at", at), ("begins", begins), ("ends", ends))]
    due_ms, starts_ms, ends_ms = times
    if all_day:
        starts_ms, ends_ms = (ms // DAY_MS * DAY_MS for ms in (starts_ms, ends_ms))
    wanted = announcements.Wanted(text, starts_ms, ends_ms, all_day, due_ms)
    with opened_database(common.settings()) as db:
        made = db.write_now(announcements.announce, org_at(db, host), wanted)
    when = "is published" if made.published_ms else f"will be published on {_shown(made.due_ms)}"
    console.print(f"Announcement {made.id} {when}.", highlight=False, soft_wrap=True)


@commands.command(name="list")
def list_(*, host: Host = "", common: Common = COMMON) -> None:
    """Those that are shown or will be, the first made first."""
    from ..social import announcements

    table = Table(Column("id", min_width=18, overflow="fold"), "published", "begins", "ends", "text")
    with opened_database(common.settings()) as db:
        for one in db.write_now(announcements.every, org_at(db, host)):
            published = _shown(one.published_ms) if one.published_ms else f"on {_shown(one.due_ms)}"
            days = bool(one.all_day)
            begins, ends = (_shown(ms, days=days) for ms in (one.starts_ms, one.ends_ms))
            table.add_row(str(one.id), published, begins, ends, escape(one.text))
    console.print(table)


@commands.command
def end(id: int, *, host: Host = "", common: Common = COMMON) -> None:
    """Nobody is shown announcement ID any more; what people did with it is gone too."""
    from ..social import announcements

    with opened_database(common.settings()) as db:
        try:
            db.write_now(announcements.end, org_at(db, host), id)
        except NotFound as error:
            raise SettingsError(
                f"there is no announcement {id}; `chirrup announce list` shows those there are"
            ) from error
    console.print(f"Announcement {id} has ended.", highlight=False)


def _ms(option: str, given: str) -> int:
    """0: it is not given. Raises SettingsError."""
    from ..times import ms_of_text

    try:
        return ms_of_text(given) if given else 0
    except (ValueError, OverflowError) as error:
        raise SettingsError(f"--{option}: expected a time like 2026-12-24T18:00, got {given[:40]!r}") from error


def _shown(ms: int, *, days: bool = False) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M UTC") if ms else ""
