"""What waits to be done, and what could not be done: jobs, failed."""

from typing import Annotated, Literal

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import SettingsError
from .common import COMMON, Common, console, date, opened_database


def jobs(
    ids: Annotated[
        list[int] | None, Parameter(negative=(), help="Jobs to show, each with all that is known of it.")
    ] = None,
    /,
    *,
    kind: Annotated[str, Parameter(help="Only of this kind.")] = "",
    state: Annotated[Literal["waiting", "running", "set-aside"] | None, Parameter(help="Only in this state.")] = None,
    retry: Annotated[
        bool, Parameter(negative=(), help="Have them tried anew, at once and with all their tries.")
    ] = False,
    drop: Annotated[bool, Parameter(negative=(), help="Have them never done.")] = False,
    hold: Annotated[
        bool,
        Parameter(negative=(), help="Set aside all that send something to others: for a restored PostgreSQL."),
    ] = False,
    limit: Annotated[int, Parameter(help="At most so many, the oldest first.")] = 20,
    common: Common = COMMON,
) -> None:
    """List jobs: mails, push messages, work with a date, and reactions that failed. Without options: count them.

    A job that fails is tried again some times. After its last try it is set aside. When you have mended the cause, run
    `chirrup jobs --state set-aside --retry`, or name the jobs by id. --retry and --drop without ids and --state mean
    the jobs that are set aside. They never touch a job that runs.

    A restored database has jobs that were done after the copy was made. `chirrup backup` sets them aside in its copy;
    other tools do not. After a restore with another tool, run `chirrup jobs --hold` before the servers start.
    """
    from .. import jobs as work
    from ..store import jobs as rows
    from ..workers import kinds

    if retry + drop + hold > 1:
        raise SettingsError("expected one of --retry, --drop and --hold")
    if hold and (ids or kind or state):
        raise SettingsError("--hold means all jobs that send something to others: expected no ids, --kind or --state")
    if (retry or drop) and not ids and state is None:
        state = "set-aside"
    with opened_database(common.settings()) as db:
        if hold:
            return console.print(f"{db.write_now(kinds.hold):,} jobs are set aside.")
        if not ids and not kind and state is None:
            return work.count(db, console)
        found = work.find(db, ids or [], kind=kind, state=(state or "").replace("-", "_"), limit=limit)
        if retry or drop:
            changed = db.write_now(rows.retry if retry else rows.drop, [one.id for one in found])
            console.print(f"{changed:,} jobs {'are tried anew' if retry else 'were dropped'}.")
        elif len(found) == 1 and ids:
            work.show_one(found[0], console)
        else:
            work.show(found, console, limit=limit)


def failed(*, retry: bool = False, limit: int = 50, common: Common = COMMON) -> None:
    """List events (a post, a follow, …) that the server could not act on, with the reasons; the oldest first.

    --retry: the server tries those listed again. Events that only a newer version of Chirrup knows are listed too;
    that version acts on them by itself.
    """
    from ..ids import ms_of
    from ..store import outbox

    table = Table("id", "since", "what", "why")
    with opened_database(common.settings()) as db:
        shown = db.write_now(outbox.failures, limit)
        for one in [*shown, *db.write_now(outbox.newer, limit)]:
            table.add_row(str(one.id), date(ms_of(one.id)), escape(one.body[:200]), escape(one.reason))
        if retry:
            db.write_now(outbox.put_back, [one.id for one in shown])
    console.print(table)
