"""The database in this process: SQLite through apsw, with group commit.

Every operation that is waiting joins one transaction, each in its own savepoint, and one real flush to disk
(synchronous=FULL) acknowledges them all. Python runs in the event loop's thread only: threads that took turns
at the interpreter lock cost five times what they did (docs/decisions/0003-synchronous-operations.md).
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import apsw

from ... import metrics
from ...errors import ChirrupError, SettingsError, Unavailable
from ...events import Event
from ...ids import IdSource, bucket_of
from ...ports import Doubt, Operation, Phrases, Rows, Search
from ..sqlite.transaction import PHRASES, SqliteTx, bind
from .common import QUEUE, TIMEOUT_S, TRIES, Outbox, as_invalid, busy, closing, too_slow, wall_clock

P = ParamSpec("P")
T = TypeVar("T")

BATCH = 256  # operations in one commit at most
BATCH_S = 0.01  # and as long as they may hold the event loop
QUICK_S = 0.003  # a read that takes longer moves to a reader's thread
STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine, at the clock: some 0.3 ms
READERS = 2
# Bytes of the file that are read as memory. All of 9 GB saves a fifth of a cold home's CPU when it is in memory; when
# it is not, the kernel reads 128 kB for each page that is missing (measured: 620 kB a post, where 12 do).
MAPPED = 1 << 30
BUSY_TIMEOUT_MS = 10_000  # for another process that writes, such as a command
# After these nobody knows what is on the disk: the kernel reports a failed flush once, and may call the same pages
# clean the next time. https://www.sqlite.org/rescode.html#ioerr_fsync, https://lwn.net/Articles/752063/
_UNKNOWN = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)


class _Reader:
    """A read-only connection whose statements are interrupted when an operation's time is over."""

    def __init__(self, connection: apsw.Connection, tx: SqliteTx, clock: Callable[[], int]) -> None:
        self._execute, self._tx, self._clock = connection.execute, tx, clock
        self._until = math.inf
        connection.set_progress_handler(lambda: time.monotonic() > self._until, STEPS_BETWEEN_LOOKS)

    def read(self, within_s: float, operation: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """operation in one snapshot. Raises InterruptError."""
        self._tx.now_ms = self._clock()
        self._execute("BEGIN")
        began_s = time.monotonic()
        self._until = began_s + within_s
        try:
            return operation(self._tx, *args, **kwargs)
        finally:
            self._until = math.inf
            self._execute("ROLLBACK")
            metrics.reads.add(time.monotonic() - began_s)


class _Job(NamedTuple):
    operation: Callable[[], Any]
    future: "asyncio.Future[Any]"


class _Answer(NamedTuple):
    job: _Job
    result: Any
    error: BaseException | None


class SqliteDatabase:
    """See ports.Database. path: the file, made when absent. clock: ms since 1970."""

    sql: Phrases = PHRASES

    def __init__(
        self,
        path: Path | str,
        *,
        search: Search,
        outbox: Outbox,
        clock: Callable[[], int] = wall_clock,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.on_commit: Callable[[list[int]], None] | None = None
        self.trouble = ""
        self._broken = False  # until the next start
        self._path, self._search, self._outbox, self._clock = str(path), search, outbox, clock
        self._timeout_s = timeout_s
        self._ids = IdSource()
        self._connections: list[apsw.Connection] = []
        self._closed = False

        self._writer = self._connect()
        self._write_tx = SqliteTx(self._writer, search, self._ids, outbox)
        self._writing = threading.Lock()  # held from BEGIN to COMMIT, which are in different threads
        self._waiting: deque[_Job] = deque()
        self._batching = False
        metrics.pools["sqlite-write"] = lambda: (1, len(self._waiting) + self._batching)
        self._flusher = ThreadPoolExecutor(1, "sqlite-flush")

        self._quick = self._reader()
        self._readers = ThreadPoolExecutor(READERS, "sqlite-read")
        self._local = threading.local()

    # writing: operations run in the event loop's thread, one batch a transaction; a thread only waits for the disk

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check_open()
        if len(self._waiting) >= QUEUE:
            raise busy()
        loop = asyncio.get_running_loop()
        began_s = time.monotonic()
        job = _Job(lambda: operation(self._write_tx, *args, **kwargs), loop.create_future())
        self._waiting.append(job)
        if not self._batching:
            self._batching = True
            loop.call_soon(self._begin, loop)
        try:
            return await job.future
        finally:
            metrics.writes.add(time.monotonic() - began_s)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._broken:
            return self._give_up(loop, Unavailable(self.trouble))
        if self._writing.acquire(blocking=False):
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except apsw.BusyError:  # another process writes: wait for it elsewhere
                self._writing.release()
            except apsw.Error as error:
                self._writing.release()
                return self._give_up(loop, error)
            else:
                return self._operate(loop)
        self._flusher.submit(self._begin_patiently, loop)

    def _begin_patiently(self, loop: asyncio.AbstractEventLoop) -> None:
        self._writing.acquire()
        failure = None
        self._writer.set_busy_timeout(BUSY_TIMEOUT_MS)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            failure = error
        self._writer.set_busy_timeout(0)  # now: once the loop's thread has the connection, apsw refuses it to others
        if failure:
            self._writing.release()
            loop.call_soon_threadsafe(self._give_up, loop, failure)
        else:
            loop.call_soon_threadsafe(self._operate, loop)

    def _give_up(self, loop: asyncio.AbstractEventLoop, error: BaseException) -> None:
        """No transaction could be begun: nothing that waits was done."""
        answers = [_Answer(job, None, None) for job in self._waiting]
        self._waiting.clear()
        self._acknowledge(loop, answers, self._failed(error), [])

    def _operate(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run what waits, up to BATCH operations or BATCH_S, then have it flushed."""
        tx, answers, failure = self._write_tx, [], None
        tx.now_ms, tx.emitted = self._clock(), []
        until = time.monotonic() + BATCH_S
        try:
            while self._waiting and len(answers) < BATCH and time.monotonic() < until:
                job = self._waiting.popleft()
                answers.append(_Answer(job, None, None))
                answers[-1] = self._run(job)
        except apsw.Error as error:  # SQLite gave the whole transaction up: disk full, I/O error
            failure = self._failed(error)
        self._flusher.submit(self._flush, loop, answers, failure, tx.emitted)

    def _run(self, job: _Job) -> _Answer:
        """One operation; again where a key was taken: now it finds who took it, or draws another."""
        answer = self._try(job)
        for _ in range(TRIES - 1):
            if not isinstance(answer.error, apsw.ConstraintError):
                break
            answer = self._try(job)
        return answer

    def _try(self, job: _Job) -> _Answer:
        """In its own savepoint. What it raises undoes it alone."""
        execute, emitted = self._writer.execute, len(self._write_tx.emitted)
        execute("SAVEPOINT operation")
        try:
            answer = _Answer(job, job.operation(), None)
        except Exception as error:
            if not self._writer.in_transaction:
                raise
            execute("ROLLBACK TO operation")
            del self._write_tx.emitted[emitted:]
            answer = _Answer(job, None, as_invalid(error))
        execute("RELEASE operation")
        return answer

    def _flush(
        self,
        loop: asyncio.AbstractEventLoop,
        answers: list[_Answer],
        failure: BaseException | None,
        emitted: list[Event],
    ) -> None:
        """Commit, in the flusher's thread; then, and only then, callers hear."""
        try:
            if failure is None:
                self._writer.execute("COMMIT")
                self.trouble = ""
        except apsw.Error as error:
            failure = self._failed(error)
        finally:
            if self._writer.in_transaction:
                with suppress(apsw.Error):
                    self._writer.execute("ROLLBACK")
            self._writing.release()
        with suppress(RuntimeError):  # the loop is closed: nobody is left to hear
            loop.call_soon_threadsafe(self._acknowledge, loop, answers, failure, emitted)

    def _acknowledge(
        self,
        loop: asyncio.AbstractEventLoop,
        answers: list[_Answer],
        failure: BaseException | None,
        emitted: list[Event],
    ) -> None:
        for job, result, error in answers:
            if job.future.done():  # its caller was cancelled
                continue
            if failure or error:
                job.future.set_exception(failure or error)  # pyright: ignore[reportArgumentType]
            else:
                job.future.set_result(result)
        if emitted and not failure and self.on_commit:
            self.on_commit([bucket_of(event.of) for event in emitted])
        if self._waiting:
            loop.call_soon(self._begin, loop)
        else:
            self._batching = False

    def write_now(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check_open()
        with self._writing:
            execute, tx = self._writer.execute, self._write_tx
            self._writer.set_busy_timeout(BUSY_TIMEOUT_MS)
            try:
                execute("BEGIN IMMEDIATE")
                tx.now_ms, tx.emitted = self._clock(), []
                result = operation(tx, *args, **kwargs)
                execute("COMMIT")
            except apsw.Error as error:
                raise self._failed(error) from error
            finally:
                if self._writer.in_transaction:
                    execute("ROLLBACK")
                self._writer.set_busy_timeout(0)
            emitted = tx.emitted
        if emitted and self.on_commit:
            self.on_commit([bucket_of(event.of) for event in emitted])
        return result

    def _check_open(self) -> None:
        """Raises Unavailable: nothing can be written any more."""
        if self._closed:
            raise closing()
        if self._broken:
            raise Unavailable(self.trouble)

    def _failed(self, error: BaseException) -> BaseException:
        """error as callers are told of it; what it says about the disk is remembered."""
        told = _as_unavailable(error)
        if getattr(error, "extendedresult", 0) in _UNKNOWN:
            self._broken = True
            told = Unavailable("the disk failed: nothing is stored any more; mend it, then restart the server")
        if isinstance(error, apsw.FullError | apsw.IOError) and isinstance(told, Unavailable):
            self.trouble = told.message
        return told

    # reading: at once in the event loop's thread when it is short, as almost all are; else again in a reader's thread

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed:
            raise closing()
        try:
            return self._quick.read(QUICK_S, operation, args, kwargs)
        except apsw.InterruptError:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._readers, self._read_long, operation, args, kwargs)
        except (UnicodeEncodeError, OverflowError) as error:
            raise as_invalid(error) from error

    async def read_lagging(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.read(operation, *args, **kwargs)

    def _read_long(self, operation: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        if not hasattr(self._local, "reader"):
            self._local.reader = self._reader()
        try:
            return self._local.reader.read(self._timeout_s, operation, args, kwargs)
        except apsw.InterruptError as error:
            raise too_slow(self._timeout_s) from error

    def _reader(self) -> "_Reader":
        connection = self._connect(readonly=True)
        return _Reader(connection, SqliteTx(connection, self._search, self._ids, self._outbox), self._clock)

    # the file

    def _connect(self, *, readonly: bool = False) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | (0 if readonly else apsw.SQLITE_OPEN_CREATE)
        try:
            connection = apsw.Connection(self._path, flags=flags, statementcachesize=400)
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # else some are planned anew for every value bound
            connection.execute("PRAGMA journal_mode = WAL")
        except apsw.Error as error:
            raise SettingsError(
                f"cannot open the database {self._path}: {error}; check the folder and its owner"
            ) from error
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "cache_size = -65536", f"mmap_size = {MAPPED}"):
            connection.execute(f"PRAGMA {pragma}")
        if readonly:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.set_busy_timeout(0)
        self._connections.append(connection)
        return connection

    def doubts(self) -> list[Doubt]:
        return []

    def draw_after(self, id: int) -> None:
        self._ids.draw_after(id)

    def build_index(self, name: str, statement: str) -> None:
        self.write_now(lambda tx: tx.run(statement))

    @contextmanager
    def snapshot(self) -> Generator[Rows]:
        connection = self._connect(readonly=True)
        try:
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM sqlite_master").fetchall()  # begins the snapshot now
            yield lambda sql, **values: connection.cursor().execute(sql, bind(values))
        finally:
            self._connections.remove(connection)
            connection.close()

    def backup(self, to: Path) -> None:
        try:
            self._connect().execute("VACUUM INTO ?", (str(to / "chirrup.db"),))  # one snapshot, however long it takes
        except apsw.Error as error:
            raise _as_unavailable(error) from error

    def close(self) -> None:
        """Finish what is being flushed, then let go of the file."""
        if self._closed:
            return
        self._closed = True
        self._flusher.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        for connection in self._connections:
            connection.close()


def _as_unavailable(error: BaseException) -> BaseException:
    if isinstance(error, apsw.FullError):
        return Unavailable("the disk is full: nothing was stored; free space, it goes on by itself")
    if isinstance(error, apsw.BusyError | apsw.IOError):
        return Unavailable("the database could not store this ({told}); try again in a moment", told=error)
    return error if isinstance(error, ChirrupError) else RuntimeError(f"commit failed: {error!r}")
