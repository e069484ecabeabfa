"""The database in this process: SQLite through apsw. One writer thread with group commit, a few readers.

Every operation that is waiting joins one transaction, each in its own savepoint, and one real flush to disk
(synchronous=FULL) acknowledges them all: docs/decisions/0003-synchronous-operations.md.
"""

import asyncio
import queue
import threading
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import apsw

from ...errors import ChirrupError, SettingsError, Unavailable
from ...events import Event
from ...ids import IdSource
from ...ports import Phrases, Row, Search, Tx

T = TypeVar("T")

BATCH = 256  # operations in one commit at most
QUEUE = 4096  # operations waiting at most: what comes beyond is told to come back
READERS = 4
READ_TIMEOUT_S = 5.0  # ../shared/threats.md H4


class _Phrases:
    clustered = "WITHOUT ROWID"
    newest_posts = """SELECT id FROM posts WHERE author_id IN carray(:authors) AND id < :before AND id > :after
                      AND deleted_ms = 0 ORDER BY id DESC LIMIT :limit"""
    oldest_posts = newest_posts.replace("DESC", "ASC")

    def is_in(self, column: str, name: str) -> str:
        return f"{column} IN carray(:{name})"


PHRASES = _Phrases()


class SqliteTx:
    """See ports.Tx."""

    sql: Phrases = PHRASES

    def __init__(self, connection: apsw.Connection, search: Search, ids: IdSource, outbox: "Outbox") -> None:
        self.search = search
        self._execute = connection.cursor().execute
        self._changes = connection.changes
        self._ids = ids
        self._outbox = outbox
        self.emitted = False
        self.now_ms = 0

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)

    def all(self, sql: str, **values: Any) -> list[Row]:
        return self._execute(sql, _bind(values)).fetchall()

    def one(self, sql: str, **values: Any) -> Row | None:
        rows = self._execute(sql, _bind(values)).fetchall()  # to the end: an open statement would keep the old snapshot
        return rows[0] if rows else None

    def run(self, sql: str, **values: Any) -> int:
        self._execute(sql, _bind(values)).fetchall()
        return self._changes()

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> int:
        return sum(self.run(sql, **row) for row in rows)

    def new_id(self, bucket: int) -> int:
        return self._ids.draw(bucket, self.now_ms)

    def emit(self, event: Event) -> None:
        self._outbox(self, event)
        self.emitted = True


Outbox = Callable[[Tx, Event], None]


_PLAIN = (int, str, bytes, type(None))


def _bind(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        if value.__class__ not in _PLAIN and isinstance(value, Collection) and not isinstance(value, str):
            values[name] = _carray(value)
    return values


def _carray(values: Any) -> Any:
    items = tuple(values)
    if items and items[0].__class__ is str:
        return apsw.carray(items)
    return apsw.carray(array("q", items or (-1,)))  # an empty array cannot be bound; no id is negative


class _Job(NamedTuple):
    operation: Callable[[Tx], Any]
    future: Future[Any]


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


class SqliteDatabase:
    """See ports.Database. path: the file, made when absent. clock: ms since 1970."""

    sql: Phrases = PHRASES

    def __init__(
        self, path: Path | str, *, search: Search, outbox: Outbox, clock: Callable[[], int] = wall_clock
    ) -> None:
        self.on_commit: Callable[[], None] | None = None
        self._path, self._search, self._outbox, self._clock = str(path), search, outbox, clock
        self._ids = IdSource()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, "sqlite-read")
        self._local = threading.local()
        self._connections: list[apsw.Connection] = []
        self._closed = False
        self._writer_connection = self._connect()
        self._writer = threading.Thread(target=self._write_all, name="sqlite-write", daemon=True)
        self._writer.start()

    # writing

    async def write(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        return await asyncio.wrap_future(self._submit(operation, args, kwargs))

    def write_now(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        return self._submit(operation, args, kwargs).result()

    def _submit(self, operation: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Future[T]":
        if self._closed:
            raise Unavailable("the server is shutting down; try again in a moment")
        if self._jobs.qsize() >= QUEUE:
            raise Unavailable("the server is busy; try again in a moment")
        future: Future[T] = Future()
        self._jobs.put(_Job(lambda tx: operation(tx, *args, **kwargs), future))
        return future

    def _write_all(self) -> None:
        connection = self._writer_connection
        tx = SqliteTx(connection, self._search, self._ids, self._outbox)
        while True:
            job = self._jobs.get()
            jobs: list[_Job] = []
            while job is not None:
                jobs.append(job)
                if len(jobs) == BATCH or self._jobs.empty():
                    break
                job = self._jobs.get()
            if jobs:
                self._commit(connection, tx, jobs)
            if job is None:
                return

    def _commit(self, connection: apsw.Connection, tx: SqliteTx, jobs: list[_Job]) -> None:
        """All of jobs in one transaction; then, and only then, their callers hear."""
        execute = connection.execute
        tx.emitted = False
        tx.now_ms = self._clock()
        answers: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            execute("BEGIN IMMEDIATE")
            for job in jobs:
                execute("SAVEPOINT operation")
                try:
                    answers.append((job, job.operation(tx), None))
                except apsw.Error as error:
                    if not connection.in_transaction:  # SQLite gave the whole transaction up: disk full, I/O error
                        raise
                    execute("ROLLBACK TO operation")
                    answers.append((job, None, error))
                except Exception as error:
                    execute("ROLLBACK TO operation")
                    answers.append((job, None, error))
                execute("RELEASE operation")
            execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                with suppress(apsw.Error):
                    execute("ROLLBACK")
            failure = _as_unavailable(error)
            answers = [(job, None, failure) for job in jobs]
            tx.emitted = False
        for job, result, error in answers:
            if job.future.cancelled():
                continue
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)
        if tx.emitted and self.on_commit:
            self.on_commit()

    # reading

    async def read(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, operation, args, kwargs)

    def _read(self, operation: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        local = self._local
        if not hasattr(local, "tx"):
            local.connection = self._connect(readonly=True)
            local.tx = SqliteTx(local.connection, self._search, self._ids, self._outbox)
            local.deadline = 0.0
            local.connection.set_progress_handler(lambda: time.monotonic() > local.deadline, 100_000)
        local.deadline = time.monotonic() + READ_TIMEOUT_S
        tx: SqliteTx = local.tx
        tx.now_ms = self._clock()
        local.connection.execute("BEGIN")
        try:
            return operation(tx, *args, **kwargs)
        except apsw.InterruptError as error:
            raise Unavailable(f"this took longer than {READ_TIMEOUT_S:.0f} s; ask for less") from error
        finally:
            local.connection.execute("ROLLBACK")

    # the file

    def _connect(self, *, readonly: bool = False) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | (0 if readonly else apsw.SQLITE_OPEN_CREATE)
        try:
            connection = apsw.Connection(self._path, flags=flags, statementcachesize=400)
            connection.set_busy_timeout(10_000)
            connection.execute("PRAGMA journal_mode = WAL")
        except apsw.Error as error:
            raise SettingsError(
                f"cannot open the database {self._path}: {error}; check the folder and its owner"
            ) from error
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "cache_size = -65536", "mmap_size = 1073741824"):
            connection.execute(f"PRAGMA {pragma}")
        if readonly:
            connection.execute("PRAGMA query_only = ON")
        self._connections.append(connection)
        return connection

    def backup(self, to: Path) -> None:
        connection = self._connect(readonly=True)
        connection.execute("VACUUM INTO ?", (str(to / "chirrup.db"),))

    def close(self) -> None:
        """Finish what is queued, then let go of the file."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown(wait=True)
        for connection in self._connections:
            connection.close()


def _as_unavailable(error: BaseException) -> BaseException:
    if isinstance(error, apsw.FullError):
        return Unavailable("the disk is full: nothing was stored; free space, it goes on by itself")
    if isinstance(error, apsw.BusyError | apsw.IOError):
        return Unavailable(f"the database could not store this ({error}); try again in a moment")
    return error if isinstance(error, ChirrupError) else RuntimeError(f"commit failed: {error!r}")
