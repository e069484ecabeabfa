"""Connection pools of one event loop to one server, and how operations use them.

Each write has its own connection and transaction. Reads that arrive together share a transaction: we send the first
statements of all of them, then the second ones, and so on. So many reads share the cost of a round trip, a wake-up of
the server and a snapshot. Measured: docs/decisions/0009-postgresql-costs.md.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import psycopg
from psycopg import errors
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from ... import metrics
from ...errors import Unavailable
from ...events import Event
from ..database.common import QUEUE, busy
from .connection import FAILED, Connection
from .transaction import (
    BEGIN_READ,
    BEGIN_WRITE,
    COMMIT,
    ROLLBACK,
    Answers,
    Common,
    PostgresTx,
    Running,
    answered,
    check_committed,
    checked,
    dealt,
    hidden,
    step,
)

TOGETHER = 16  # reads in one transaction at most
LONG_S = 0.005  # new reads wait so long for a running transaction to end; then they get one of their own
LOOK_S = 0.25

# Another transaction won. A duplicate key is one of these: run again, the operation finds the row that took the key, as
# it would on SQLite, where writes are serial.
LOST_RACE = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)

Connect = Callable[[], tuple[psycopg.Connection[Any], bool]]  # (connection, whether Citus is installed); blocking


class Again(Exception):
    """The operation was rolled back through no fault of its own; __cause__ says why. It may be run again."""


class _Read(NamedTuple):
    operation: Callable[..., Any]
    args: Any
    kwargs: Any
    answer: "asyncio.Future[Any]"

    def in_transaction(self, tx: PostgresTx) -> Callable[[], Any]:
        return partial(self.operation, tx, *self.args, **self.kwargs)

    def settle(self, result: Any, error: BaseException | None) -> None:
        if self.answer.done():  # the caller was cancelled
            return
        if error is None:
            self.answer.set_result(result)
        else:
            self.answer.set_exception(error)


class _Pool:
    """A pool: at most so many connections, opened when needed, each for one user at a time."""

    def __init__(self, connect: Connect, most: int, pool: str) -> None:
        self._connect = connect
        self._room = asyncio.Semaphore(most)
        self._free: list[Connection] = []
        self._waits = metrics.connection_waits[pool]
        self.all: set[Connection] = set()
        self.inside = 0  # users that have a connection or wait for one
        self._loop = asyncio.get_running_loop()
        self._looking = self._loop.call_later(LOOK_S, self._look)

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[Connection]:
        """Raises what connect() raises."""
        self.inside += 1
        asked_s = time.monotonic()
        try:
            async with self._room:
                connection = await self._connection()
                self._waits.add(time.monotonic() - asked_s)
                try:
                    yield connection
                finally:
                    if connection.lost:
                        self.all.discard(connection)
                    else:
                        self._free.append(connection)
        finally:
            self.inside -= 1

    async def _connection(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.lost:
                return connection
            self.all.discard(connection)
        opened, sharded = await self._loop.run_in_executor(None, self._connect)
        connection = Connection(opened, sharded=sharded)
        self.all.add(connection)
        return connection

    def _look(self) -> None:
        for connection in self.all:
            connection.look()
        self._looking = self._loop.call_later(LOOK_S, self._look)

    def close(self) -> None:
        self._looking.cancel()
        for connection in self.all:
            connection.close()


class Pools:
    """Two pools of `most` connections: for writes and for reads, so that slow reads never delay a write."""

    def __init__(self, connect: Connect, common: Common, most: int, pool: str) -> None:
        self._common = common
        self._writers = _Pool(connect, most, f"{pool}-write")
        self._readers = _Pool(connect, most, f"{pool}-read")
        self._quick = _Reads(self._readers, common, most)
        self._slow = _Reads(self._readers, common, max(1, most - 1))  # one connection stays for quick reads
        metrics.pools[f"{pool}-write"] = lambda: (most, self._writers.inside)
        metrics.pools[f"{pool}-read"] = lambda: (most, self._quick.inside + self._slow.inside)

    def close(self) -> None:
        self._writers.close()
        self._readers.close()

    def read(self, operation: Callable[..., Any], args: Any, kwargs: Any, *, slow: bool) -> "asyncio.Future[Any]":
        """The operation's result. Raises Again and whatever it raises. slow: quick reads must not wait for it."""
        return (self._slow if slow else self._quick).ask(operation, args, kwargs)

    async def write(self, operation: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, list[Event]]:
        """(result, events) of the operation, once it is durable. Raises Again and whatever it raises."""
        if self._writers.inside >= QUEUE:
            raise busy()
        async with self._writers.one() as connection:
            tx = PostgresTx(connection, self._common)
            tx.untold.append(BEGIN_WRITE)
            running = Running(partial(operation, tx, *args, **kwargs))
            committing = False
            try:
                asked = running.go_on()
                while asked is not None:
                    asked = running.go_on(await answered(connection, asked))
                if running.error:
                    raise running.error
                if tx.must_wait:
                    await asyncio.sleep(0.001)
                # ask once before COMMIT: when a COMMIT is lost, we do not know whether to run the operation again
                if not tx.asked:
                    checked(await connection.ask(tx.untold))
                    tx.untold = []
                committing = True
                answers = checked(await connection.ask([*tx.untold, COMMIT]))
            except psycopg.Error as error:
                running.stop()
                connection.tell(ROLLBACK)
                if committing and connection.lost:
                    raise Unavailable(
                        "the connection to the database was lost while this was being stored: look whether it is there "
                        "before you send it again"
                    ) from error
                if connection.lost or isinstance(error, LOST_RACE):
                    raise Again from error
                raise
            except BaseException:
                running.stop()
                connection.tell(ROLLBACK)
                raise
            check_committed(answers[-1].command_status)
            return running.result, tx.emitted


class _Reads:
    """Reads that share transactions. most: transactions at a time."""

    def __init__(self, pool: _Pool, common: Common, most: int) -> None:
        self._pool, self._common, self._most = pool, common, most
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Read] = deque()
        self._began: dict[asyncio.Task[None], float] = {}  # when each transaction began
        self._pumping = False
        self._patience: asyncio.TimerHandle | None = None  # for the transactions that began last

    @property
    def inside(self) -> int:
        return len(self._began) + len(self._waiting)

    def ask(self, operation: Callable[..., Any], args: Any, kwargs: Any) -> "asyncio.Future[Any]":
        if len(self._waiting) >= QUEUE:
            raise busy()
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(_Read(operation, args, kwargs, answer))
        self._pump_soon()
        return answer

    def _pump_soon(self) -> None:
        if not self._pumping:  # after all tasks of this loop turn have asked
            self._pumping = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        if not self._waiting or len(self._began) >= self._most:
            return
        now_s, left = time.monotonic(), len(self._waiting)
        if all(now_s - began_s >= LONG_S for began_s in self._began.values()):
            task = self._loop.create_task(self._read_some())
            self._began[task] = now_s
            task.add_done_callback(self._over)
            left -= TOGETHER
        if left > 0 and self._patience is None:
            self._patience = self._loop.call_later(LONG_S, self._lose_patience)

    def _lose_patience(self) -> None:
        self._patience = None
        self._pump_soon()

    def _over(self, task: "asyncio.Task[None]") -> None:
        del self._began[task]
        if self._waiting:
            self._pump_soon()

    async def _read_some(self) -> None:
        reads: list[_Read] = []
        try:
            async with self._pool.one() as connection:
                reads = self._next()
                while reads:
                    reads = await self._read_together(connection, reads)
        except BaseException as error:
            for read in reads or self._next():
                read.settle(None, error)

    def _next(self) -> list[_Read]:
        return [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]

    async def _read_together(self, connection: Connection, reads: list[_Read]) -> list[_Read]:
        """The reads to repeat, because an error of another one ended the transaction."""
        under_way = {Running(one.in_transaction(PostgresTx(connection, self._common))): one for one in reads}
        answers: Answers = {running: [] for running in under_way}
        opening = [BEGIN_READ]
        try:
            while True:
                asked = step(answers)
                for running in answers.keys() - asked.keys():
                    under_way.pop(running).settle(running.result, running.error)
                if not asked:
                    return []
                every = await answered(connection, [*opening, *chain.from_iterable(asked.values())])
                checked(every[: len(opening)])
                answers, opening = dealt(asked, every[len(opening) :]), []
                if every[-1].status in FAILED:
                    for running in [running for running in asked if _has_failed(answers[running])]:
                        running.go_on(answers[running])  # raises inside that operation
                        running.stop()
                        under_way.pop(running).settle(None, _again_or(running.error))
                    return list(under_way.values())
        except psycopg.Error as error:
            if connection.lost:
                raise Again from error
            raise
        finally:
            for running in under_way:
                running.stop()
            connection.tell_soon(ROLLBACK)


def _has_failed(answers: list[PGresult]) -> bool:
    return any(answer.status == ExecStatus.FATAL_ERROR for answer in answers)


def _again_or(error: BaseException | None) -> BaseException:
    if not isinstance(error, LOST_RACE):
        return error or hidden()
    again = Again()
    again.__cause__ = error
    return again
