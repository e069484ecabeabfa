"""`chirrup move`: a whole town, from SQLite to PostgreSQL or back, with its files if they are to lie elsewhere.

Each table is copied in one transaction of the new database, which also notes its count and sum; so a move that was
killed goes on with the next table. In the end all rows of the new database are read again and compared with that.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from . import folder
from .app import open_blobs, open_database
from .config import Settings
from .errors import ChirrupError, SettingsError
from .ids import ID_MAX
from .ports import Blobs, Database, Row, Rows, Tx
from .social import posts, search
from .store import accounts as account_rows
from .store import loads, migrations, tables
from .store import posts as post_rows
from .store import recount as rows
from .store.tables import Table, Tally
from .types import Span

OWN = {"loads"}  # how far this move is, and other loads of a database
INDEXED_AT_ONCE = 500  # posts or accounts in one transaction
TOLD_AT_ONCE = 1000  # rows, between two looks at the progress bar
FOLDERS = 256  # of files
DAY_S = 86_400  # clocks of a storage may differ: also files of the future are listed


Told = Callable[[int], object]  # of rows done since


class Plan(msgspec.Struct, frozen=True):
    """A move, and what of it is done."""

    origin: str
    tallies: dict[str, Tally] = {}  # of the tables that are copied
    indexed: dict[str, int] = {}  # accounts and posts up to these ids can be found by search


def run(settings: Settings, to: str, console: Console, *, media: str = "", stopped: bool = False) -> None:
    """to: URL of the new database, without any town in it. media: s3://… or "disk"; "": the files stay where they are.

    stopped: the operator says that no server runs; with SQLite we can see it ourselves. Raises SettingsError.
    """
    target = msgspec.structs.replace(settings, database=to, database_replica="")
    files = msgspec.structs.replace(settings, blobs="" if media == "disk" else media or settings.blobs)
    _check(settings, target, stopped=stopped)
    folder.expect_database(settings)
    with ExitStack() as closing:
        closing.enter_context(folder.held(settings))
        closing.enter_context(folder.held(target))
        source = open_database(settings)
        closing.callback(source.close)
        new = open_database(target)
        closing.callback(new.close)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        away = source.write_now(loads.get, loads.MOVED_AWAY)
        if away and msgspec.json.decode(away.plan) != place(target):
            raise SettingsError(source.write_now(loads.obstacle))
        with Progress(*columns, console=console) as progress:
            count = _move(source, new, place(settings), progress)
            if files.blobs != settings.blobs:
                copy_files(open_blobs(settings), open_blobs(files), progress)
        source.write_now(_note, loads.MOVED_AWAY, place(target))  # first: killed between, no server starts on either
        new.write_now(_note, loads.MOVED_IN, place(settings))
    media_set = f", and CHIRRUP_BLOBS to {media}" if files.blobs != settings.blobs else ""
    console.print(
        f"Moved {count:,} rows to {place(target)}, and compared each. Start all servers with CHIRRUP_DATABASE set to it"
        f"{media_set}; with Redis, empty it first. No server starts on the old database any more.",
        highlight=False,
        soft_wrap=True,
    )


def place(settings: Settings) -> str:
    """Where the database is, without who logs in to it."""
    if file := folder.sqlite_file(settings):
        return f"sqlite:{file.resolve()}"
    return re.sub(r"//[^/]*@", "//", settings.database_url.partition("?")[0])


def _check(settings: Settings, target: Settings, *, stopped: bool) -> None:
    if settings.database_url == target.database_url:
        raise SettingsError("the town is in this database already: name another one with --to")
    files = [folder.sqlite_file(one) for one in (settings, target)]
    if all(files):
        raise SettingsError("both are SQLite: `chirrup backup` and `chirrup restore` bring a town to another place")
    if files[0] is None and not stopped:
        raise SettingsError("what is written meanwhile would be lost: stop all servers, then add --stopped")


def _note(tx: Tx, id: int, where: str) -> None:
    loads.note(tx, id, msgspec.json.encode(where).decode(), finished=True)


def _move(source: Database, new: Database, origin: str, progress: Progress) -> int:
    """Copy, index and compare all rows. Returns how many."""
    if newer := source.write_now(migrations.done) - migrations.STEPS.keys():
        raise SettingsError(f"a newer version of Chirrup was here ({min(newer)}): move with that one")
    plan = new.write_now(_begin, origin)
    every = [table for table in tables.every().values() if table.name not in OWN]
    with source.snapshot() as read:
        counts = {table.name: count for table in every for (count,) in read(table.count)}
        bar = progress.add_task("copying", total=sum(counts.values()))
        told: Told = lambda count: progress.advance(bar, count)  # noqa: E731
        for table in every:
            if begun := plan.tallies.get(table.name):
                if _tally(read, table, told) != begun:
                    raise SettingsError(
                        f"{table.name} has changed in the old database since this move was begun: a server was running "
                        "there. Make the new database empty, and begin anew"
                    )
                continue
            try:
                plan = new.write_now(_copy, plan, table, read, told)
            except ChirrupError as error:
                raise SettingsError(f"the table {table.name} cannot be copied: {error.message}") from error
    bar = progress.add_task("making the search index", total=counts["accounts"] + counts["posts"])
    for find, index in (("accounts", _index_accounts), ("posts", _index_posts)):
        while count := new.write_now(_index, find, index):
            progress.advance(bar, count)
    progress.update(bar, completed=counts["accounts"] + counts["posts"])
    bar = progress.add_task("comparing", total=sum(counts.values()))
    with new.snapshot() as read:
        for table in every:
            there = _tally(read, table, lambda count: progress.advance(bar, count))
            if there != plan.tallies[table.name]:
                raise SettingsError(
                    f"{table.name} did not arrive as it was: {plan.tallies[table.name].rows:,} rows were sent and "
                    f"{there.rows:,} are there. The old database is as it was; make the new one empty and try again"
                )
    return sum(counts.values())


def _begin(tx: Tx, origin: str) -> Plan:
    """Raises SettingsError: something else is in this database."""
    if begun := loads.get(tx, loads.MOVED_IN):
        plan = None if begun.finished else msgspec.json.decode(begun.plan, type=Plan)
        if plan and plan.origin == origin:
            return plan
    elif not loads.get(tx) and not rows.ids(tx, "accounts", Span(before=ID_MAX, limit=1)):
        _write(tx, Plan(origin))
        return Plan(origin)
    raise SettingsError("there is a town in the new database already: name an empty one with --to")


def _write(tx: Tx, plan: Plan) -> None:
    loads.note(tx, loads.MOVED_IN, msgspec.json.encode(plan).decode())


def _copy(tx: Tx, plan: Plan, table: Table, read: Rows, told: Told) -> Plan:
    tally = Tally()
    tables.empty(tx, table.name)  # what a new database begins with
    tx.copy(table.name, table.columns, _counted(read(table.rows), tally, told))
    plan = msgspec.structs.replace(plan, tallies={**plan.tallies, table.name: tally})
    _write(tx, plan)
    return plan


def _tally(read: Rows, table: Table, told: Told) -> Tally:
    tally = Tally()
    for _ in _counted(read(table.rows), tally, told):
        pass
    return tally


def _counted(found: Iterator[Row], tally: Tally, told: Told) -> Iterator[Row]:
    for row in found:
        tally.add(row)
        yield row
        if tally.rows % TOLD_AT_ONCE == 0:
            told(TOLD_AT_ONCE)
    told(tally.rows % TOLD_AT_ONCE)


def _index(tx: Tx, table: str, index: Callable[[Tx, list[int]], None]) -> int:
    """Put the next ones into the search index. Returns how many; 0: all are in it."""
    begun = loads.get(tx, loads.MOVED_IN)
    assert begun
    plan = msgspec.json.decode(begun.plan, type=Plan)
    span = Span(before=ID_MAX, after=plan.indexed.get(table, 0), limit=INDEXED_AT_ONCE, oldest=True)
    if ids := rows.ids(tx, table, span):
        index(tx, ids)
        _write(tx, msgspec.structs.replace(plan, indexed={**plan.indexed, table: ids[-1]}))
    return len(ids)


def _index_accounts(tx: Tx, ids: list[int]) -> None:
    for one in account_rows.by_ids(tx, ids).values():
        search.index(tx, one)


def _index_posts(tx: Tx, ids: list[int]) -> None:
    posts.index_all(tx, post_rows.by_ids(tx, ids).values())


def copy_files(old: Blobs, new: Blobs, progress: Progress) -> None:
    """Those that are not there yet: a file is there as a whole or not at all."""
    bar = progress.add_task("files", total=None)
    copied = 0
    for folder_name in (f"{number:02x}" for number in range(FOLDERS)):
        there = set(new.old(folder_name, -DAY_S))
        for key in old.old(folder_name, -DAY_S):
            if key not in there and (found := old.open(key)):
                file, _, content_type = found
                with file:
                    new.put_file(key, file, content_type)
                copied += 1
                progress.update(bar, completed=copied)
    progress.update(bar, completed=copied, total=copied)
