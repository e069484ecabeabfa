"""Imports: a file is kept as rows, and a job tries them one after the other, each in a transaction of its own.

A row is done or not done: the import says how far it has come, in the transaction of the row. So a job that was killed
goes on with the next row, and two that run at a time do nothing twice.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ...errors import ChirrupError, Invalid, NotFound, Unavailable, not_among
from ...events import PicturesReplaced, PostsImported
from ...ids import bucket_of
from ...ports import Engines, Tx
from ...store import accounts as account_rows
from ...store import imports as rows
from ...store import jobs
from ...types import Import, ImportRow, ImportStage, Span
from .. import accounts
from . import csv_files
from .tables import LAYOUTS, TABLES, Cells, Owner

BRING_IN = "bring in a file"  # a kind of job; the payload is Due
FORGET = "forget an import"  # the same; the payload is its id
KEPT_MS = 7 * 24 * 3600 * 1000  # after its end
SHOWN_MAX = 20
LATER_MS = 10 * 60 * 1000  # after so long a job looks whether the program that began an import has died
STEP = 1000  # rows or entries in one query
GONE = "is not known here"

Told = Callable[[Import], None]


class Due(msgspec.Struct, frozen=True):
    id: int
    base_url: str  # of the site


class RowFailed(ChirrupError):
    """This row cannot be brought in."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(problem)
        self.position = position


def rows_of(kind: str, data: bytes) -> list[list[str]]:
    """The rows of a CSV file. kind: a key of TABLES. Raises Invalid. It takes up to a second: not in a transaction."""
    if kind not in TABLES:
        raise not_among("kind", TABLES, kind)
    return csv_files.decoded(data, TABLES[kind].layout, LAYOUTS)


def begin(
    tx: Tx, account_id: int, kind: str, found: Sequence[Cells], *, replaces: bool, base_url: str, later_ms: int = 0
) -> Import:
    """Keep rows_of() a file, and have a job bring them in.

    replaces: what stands now and is not in the file is taken away. base_url: of the site.
    later_ms: the job begins after so long, because the caller begins at once.
    Raises Invalid: another of this kind is not through yet.
    """
    check_alone(tx, account_id, kind)
    one = Import(
        id=tx.new_id(bucket_of(account_id)),
        account_id=account_id,
        kind=kind,
        stage=ImportStage.REPLACING if replaces else ImportStage.ADDING,
        total=len(found),
        done=0,
        failed=0,
        ended_ms=0,
        problem="",
    )
    rows.insert(tx, one)
    rows.insert_rows(
        tx, one.id, (ImportRow(n, msgspec.json.encode(cells).decode(), "") for n, cells in enumerate(found, 1))
    )
    jobs.enqueue(
        tx, BRING_IN, of=account_id, key=str(one.id), payload=Due(one.id, base_url), due_ms=tx.now_ms + later_ms
    )
    return one


def check_alone(tx: Tx, account_id: int, kind: str) -> None:
    """Raises Invalid: the account's last import of this kind is not through yet."""
    account_rows.user(tx, account_id, in_turn=True)
    if any(one.kind == kind and not one.ended_ms for one in rows.of_account(tx, account_id, SHOWN_MAX)):
        raise Invalid("kind", "running", "The file of this kind that you brought before is not through yet")


def owned(tx: Tx, account_id: int) -> list[Import]:
    """The newest first."""
    return rows.of_account(tx, account_id, SHOWN_MAX)


def get(tx: Tx, account_id: int, id: int) -> Import:
    """Raises NotFound: absent, or another account's."""
    one = rows.by_id(tx, id)
    if one is None or one.account_id != account_id:
        raise NotFound("import", id)
    return one


def failures(tx: Tx, account_id: int, id: int, after: int) -> list[ImportRow]:
    """At most STEP rows that failed, after this position. Raises NotFound."""
    return rows.rows(tx, get(tx, account_id, id).id, after=after, limit=STEP, failed=True)


def delete(tx: Tx, account_id: int, id: int) -> None:
    """Stop it if it is not through, and forget it. What was brought in stays. Raises NotFound."""
    _delete(tx, get(tx, account_id, id))


def forget(tx: Tx, id: int) -> None:
    if one := rows.by_id(tx, id):
        _delete(tx, one)


def _delete(tx: Tx, one: Import) -> None:
    rows.delete(tx, one.id)
    if one.file_key:
        tx.emit(PicturesReplaced(one.account_id, [one.file_key]))
        if not one.ended_ms:
            tx.emit(PostsImported(one.account_id))  # some of them


# the job


async def bring_in(engines: Engines, due: Due, told: Told = lambda _: None) -> None:
    """Try all rows that are left. told: is called after each."""
    one = await engines.db.read(rows.by_id, due.id)
    if one and one.stage == ImportStage.REPLACING:
        await _replace(engines, one, due)
    while one := await _next(engines, due):
        told(one)


async def _next(engines: Engines, due: Due) -> Import | None:
    try:
        return await engines.db.write(step, due)
    except RowFailed as error:
        return await engines.db.write(fail, due.id, error)


def step(tx: Tx, due: Due) -> Import | None:
    """Try the next row. None: there is none. Raises RowFailed: nothing of this transaction may stay."""
    one, owner = at_work(tx, due)
    if one is None or owner is None:
        return None
    left = rows.rows(tx, one.id, after=one.done, limit=1)
    if not left:
        end(tx, one)
        return None
    table, row = TABLES[one.kind], left[0]
    try:
        (entry,) = table.read(tx, owner, [row.cells])
        table.add(tx, owner, entry, row.cells)
    except Unavailable:
        raise
    except ChirrupError as error:
        raise RowFailed(row.position, GONE if isinstance(error, NotFound) else error.message) from error
    rows.delete_row(tx, one.id, row.position)
    return go_on(tx, one, row.position)


def fail(tx: Tx, id: int, error: RowFailed) -> Import | None:
    """Keep the row with its problem, and go on."""
    one = rows.by_id(tx, id, in_turn=True)
    if one is None or one.done >= error.position:
        return one
    rows.set_problem(tx, id, error.position, error.message)
    return go_on(tx, one, error.position, failed=1)


def go_on(tx: Tx, one: Import, position: int, *, failed: int = 0) -> Import:
    """The import once the row at this position has been tried. failed: 1: it has failed."""
    after = msgspec.structs.replace(one, done=position, failed=one.failed + failed)
    rows.update(tx, after)
    return after


def at_work(tx: Tx, due: Due) -> tuple[Import | None, Owner | None]:
    """The import and whose it is, if it goes on. If its account may not act any more, it ends."""
    one = rows.by_id(tx, due.id, in_turn=True)
    if one is None or one.stage == ImportStage.ENDED:
        return None, None
    account, user = account_rows.by_id(tx, one.account_id), account_rows.user(tx, one.account_id)
    if account is None or user is None or account.suspended_ms or user.disabled or user.deactivated_ms:
        end(tx, one, "your account could not act at that time")
        return None, None
    return one, Owner(one.account_id, due.base_url, account.org_id)


def end(tx: Tx, one: Import, problem: str = "") -> None:
    """It is through, or (problem) cannot go on; it is forgotten after KEPT_MS."""
    rows.update(tx, msgspec.structs.replace(one, stage=ImportStage.ENDED, ended_ms=tx.now_ms, problem=problem))
    jobs.enqueue(tx, FORGET, of=one.id, key=str(one.id), payload=one.id, due_ms=tx.now_ms + KEPT_MS)


# what stands and is not in the file


async def _replace(engines: Engines, one: Import, due: Due) -> None:
    """Take away what stood before the import began and is not in its file. If it knows nothing in it, nothing.

    Killed, it begins anew: the rows are all there until it is through.
    """
    table = TABLES[one.kind]
    meant = await _meant(engines, one, due)
    parts = {table.part(entry) for entry in meant}
    after = 0
    while meant:
        span = Span(one.id, after, STEP, oldest=True)
        standing = sorted(await engines.db.read(table.page, one.account_id, span), key=_first)
        for _, entry in standing:
            if entry not in meant and table.part(entry) in parts:
                await engines.db.write(_take_away, due, entry)
        if len(standing) < STEP:
            break
        after = standing[-1][0]
    await engines.db.write(_replaced, due.id)


def _first(pair: tuple[int, Any]) -> int:
    return pair[0]


async def _meant(engines: Engines, one: Import, due: Due) -> set[Any]:
    """The entries that all rows mean; none if no row means something that is known here."""
    found: set[Any] = set()
    known, after = False, 0
    while some := await engines.db.read(rows.rows, one.id, after=after, limit=STEP):
        entries = await engines.db.read(_read, one, due, [row.cells for row in some])
        known = known or any(entry[-1] if isinstance(entry, tuple) else entry for entry in entries)
        found.update(entries)
        after = some[-1].position
    return found if known else set()


def _read(tx: Tx, one: Import, due: Due, some: list[Cells]) -> list[Any]:
    account = accounts.get(tx, one.account_id, one.account_id)
    return TABLES[one.kind].read(tx, Owner(one.account_id, due.base_url, account.org_id), some)


def _take_away(tx: Tx, due: Due, entry: Any) -> None:
    one, owner = at_work(tx, due)
    if one and owner and one.stage == ImportStage.REPLACING:
        TABLES[one.kind].remove(tx, owner.account_id, entry)


def _replaced(tx: Tx, id: int) -> None:
    one = rows.by_id(tx, id, in_turn=True)
    if one and one.stage == ImportStage.REPLACING:
        rows.update(tx, msgspec.structs.replace(one, stage=ImportStage.ADDING))
