"""`chirrup jobs`: shows waiting and failed jobs with their errors, and retries or drops them."""

from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .errors import SettingsError
from .ids import ms_of
from .ports import Database
from .store import jobs
from .store.jobs import Job, State


def count(db: Database, console: Console) -> None:
    """Print a line for each kind."""
    table = Table("kind", "due", "later", "running", "set aside", "waits since")
    by_kind: dict[str, dict[str, jobs.Count]] = {}
    for one in db.write_now(jobs.counts):
        by_kind.setdefault(one.kind, {})[one.state] = one
    for kind, states in by_kind.items():
        waiting, running, aside = (states.get(state) for state in State)
        due = waiting.due if waiting else 0
        later = waiting.jobs - due if waiting else 0
        since = _time(waiting.first_due_ms) if waiting and due else ""
        counts = (due, later, running.jobs if running else 0, aside.jobs if aside else 0)
        table.add_row(escape(kind), *map(str, counts), since)
    if by_kind:
        console.print(table)
        console.print(
            "Of one kind: chirrup jobs --kind mail. Those that failed for good: chirrup jobs --state set-aside."
        )
    else:
        console.print("There are no jobs: all are done.")


def find(db: Database, ids: list[int], *, kind: str, state: str, limit: int) -> list[Job]:
    """The jobs with these ids, or, without ids, of this kind and state. Raises SettingsError: an id does not exist."""
    if not ids:
        return db.write_now(jobs.page, limit, kind=kind, state=state)
    found = {id: db.write_now(jobs.by_id, id) for id in ids}
    if missing := [str(id) for id, job in found.items() if job is None]:
        raise SettingsError(f"there is no job {', '.join(missing)}: it is done, or was dropped")
    return [job for job in found.values() if job]


def show(found: list[Job], console: Console, *, limit: int) -> None:
    """Print a line for each."""
    table = Table("id", "kind", "state", "due", "tries", "to", "last answer")
    for one in found:
        due = _time(one.due_ms) if one.state == State.WAITING else ""
        answer = escape(one.answer[:160])
        table.add_row(str(one.id), escape(one.kind), one.state, due, str(one.attempts), escape(one.destination), answer)
    if found:
        console.print(table)
        console.print("All of one: chirrup jobs ID. Have them tried anew: --retry. Never do them: --drop.")
    else:
        console.print("There are no such jobs.")
    if len(found) == limit:
        console.print(f"These are the oldest {limit}; --limit shows more.")


def show_one(one: Job, console: Console) -> None:
    """Print all that is known of it."""
    table = Table(show_header=False)
    answered = f" ({_time(one.answered_ms)})" if one.answered_ms else ""
    for name, value in (
        ("id", str(one.id)),
        ("kind", one.kind),
        ("key", one.key),
        ("since", _time(ms_of(one.id))),
        ("state", one.state),
        ("due", _time(one.due_ms) if one.state == State.WAITING else ""),
        ("tries", str(one.attempts)),
        ("last answer", one.answer + answered),
        ("to", one.destination),
        ("order", one.order_name),
        ("payload", one.payload[:2000]),
    ):
        if value:
            table.add_row(name, escape(value))
    console.print(table)


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
