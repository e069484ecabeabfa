"""`chirrup audit`: the log of all that staff and commands did, and whether it is as it was written."""

from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import SettingsError
from ..types import AuditHead
from .common import COMMON, Common, console, date, opened_database, org_at

Host = Annotated[str, Parameter(help="Of the organisation at this host (default: the server's own network).")]

commands = cyclopts.App(name="audit", help="What staff and commands did; whether anybody has changed the log of it.")


@commands.default
def list_(
    *,
    host: Host = "",
    limit: Annotated[int, Parameter(help="At most so many, the newest first.")] = 50,
    common: Common = COMMON,
) -> None:
    """List what staff and commands did, the newest first: when, who, what, to whom or what, why."""
    from ..ids import ID_MAX
    from ..social import audit as entries
    from ..store import accounts
    from ..types import Span

    table = Table("number", "when", "who", "did", "to", "why")
    with opened_database(common.settings()) as db:
        found = db.write_now(entries.page, org_at(db, host), Span(ID_MAX, limit=limit))
        actors = db.write_now(accounts.by_ids, {one.actor_id for one in found} - {0})
        for one in found:
            target = escape(f"{one.target_kind} {one.target_name or one.target_id}")
            who_did = who(actors, one.actor_id)
            table.add_row(str(one.id), date(one.at_ms), who_did, escape(one.action), target, escape(one.words))
    console.print(table)


@commands.command
def head(*, host: Host = "", common: Common = COMMON) -> None:
    """Print the number and the hash of the newest entry, as NUMBER:HASH. Keep it where nobody here can change it.

    `chirrup audit verify --kept NUMBER:HASH` finds later whether the log up to there was cut off or written anew.
    """
    from ..social import audit as entries

    with opened_database(common.settings()) as db:
        newest = db.write_now(entries.head, org_at(db, host))
    print(f"{newest.id}:{newest.hash}")


@commands.command
def verify(
    *,
    host: Host = "",
    kept: Annotated[str, Parameter(help="What `chirrup audit head` has printed before: NUMBER:HASH.")] = "",
    common: Common = COMMON,
) -> None:
    """Check that no entry of the log was changed, removed, inserted or swapped, and say which one was."""
    from ..social import audit as entries

    with opened_database(common.settings()) as db:
        found = db.write_now(entries.verify, org_at(db, host), _kept(kept))
    for id, what in found.faults.items():
        console.print(f"[bold red]Entry {id} {what}.[/]", highlight=False, soft_wrap=True)
    if found.faults:
        raise SystemExit(1)
    console.print(f"All {found.entries:,} entries are as they were written.", highlight=False)
    print(f"{found.newest.id}:{found.newest.hash}")


def _kept(given: str) -> AuditHead | None:
    number, _, hash = given.partition(":")
    if given and not (number.isdecimal() and hash):
        raise SettingsError(f"--kept must be NUMBER:HASH, as `chirrup audit head` prints it; got {given!r}")
    return AuditHead(int(number), hash) if given else None


def who(actors: dict[int, Any], actor_id: int) -> str:
    return f"@{actors[actor_id].username}" if actor_id in actors else "(gone)" if actor_id else "a command"
