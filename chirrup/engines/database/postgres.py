"""PostgreSQL 15 or later, also sharded by Citus.

Writes are READ COMMITTED; a read is one REPEATABLE READ snapshot. An operation that fails through no fault of its own
(a deadlock, a duplicate key, a lost connection) is run again, unless it may have been committed already.
"""

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ExecStatus

from ... import metrics
from ...errors import Held, Invalid, SettingsError, Unavailable
from ...ids import IdSource, bucket_of
from ...ports import Doubt, Operation, Phrases, Row, Rows, Search, Tx
from ..postgres.connection import Statement, adapt, bound, numbered
from ..postgres.pools import LOST_RACE, Again, Pools
from ..postgres.sql import PHRASES, SCHEMA_LOCK
from ..postgres.transaction import BEGIN_WRITE, COMMIT, ROLLBACK, Common, WaitingTx, check_committed
from .common import TIMEOUT_S, TRIES, Outbox, as_invalid, closing, too_slow
from .postgres_clock import ServerClock
from .postgres_replica import Freshness

P = ParamSpec("P")
T = TypeVar("T")

ROWS_AT_ONCE = 2000  # sent by the server when many are read one by one
CONNECTIONS = 8  # for writes, and as many for reads: slow reads never delay a write

_OLDEST = 150000  # server_version_num
# Defaults of a connection, which the URL may change: a server that does not answer is given up in seconds, not hours.
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "target_session_attrs": "read-write",  # of several hosts, the one that is the primary now
    "application_name": "chirrup",
}

# Every statement of ours has an index that fits, so one generic plan each is right for all values and all statistics.
# PostgreSQL would otherwise plan some again with each call, which costs more than running them. Not with Citus, which
# needs the values to find the shards.
PLANS = (
    b"""SELECT set_config('plan_cache_mode', 'force_generic_plan', false)
        WHERE NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')""",
    b"SET enable_seqscan = off",
    b"SET jit = off",
)


class PostgresDatabase:
    """See ports.Database. url: postgresql://…, as libpq reads it. connections: for writes, and again for reads.

    Raises SettingsError: no such server or database, or it is too old.
    """

    sql: Phrases = PHRASES

    def __init__(
        self,
        url: str,
        *,
        search: Search,
        outbox: Outbox,
        clock: Callable[[], int] | None = None,
        connections: int = CONNECTIONS,
        timeout_s: float = TIMEOUT_S,
        replica: str = "",
    ) -> None:
        self.on_commit: Callable[[list[int]], None] | None = None
        self.trouble = ""
        self._timeout_s, self._most = timeout_s, connections
        self._server_clock = ServerClock()
        self._common = Common(search, outbox, IdSource(), clock or self._server_clock)
        self._conninfo = _check(url)
        self._server_clock.look_at(self._conninfo)
        self._replica_conninfo = _conninfo(replica, target_session_attrs="any") if replica else ""
        self._freshness = Freshness(self.read, lambda look: self._read(look, (), {}, replica=True))
        self._pools: dict[str, Pools] = {}  # by conninfo; they belong to the loop that used them last
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alone = threading.Lock()  # held while write_now() uses its connection
        self._own: psycopg.Connection[Row] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        began_s = time.monotonic()
        try:  # it continues when the caller is cancelled: a part may be committed already
            return await asyncio.shield(self._spawn(self._write(operation, args, kwargs)))
        finally:
            metrics.writes.add(time.monotonic() - began_s)

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        began_s = time.monotonic()
        try:
            return await self._read(operation, args, kwargs)
        finally:
            metrics.reads.add(time.monotonic() - began_s)

    async def read_lagging(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        began_s = time.monotonic()
        try:
            if self._replica_conninfo and self._freshness.is_due():
                self._spawn(self._freshness.look())
            if self._freshness.is_proven():
                try:
                    return await self._read(operation, args, kwargs, replica=True)
                except Unavailable:
                    self._freshness.doubt()
            return await self._read(operation, args, kwargs, slow=True)
        finally:
            metrics.reads.add(time.monotonic() - began_s)

    async def _write(self, operation: Callable[..., T], args: Any, kwargs: Any) -> T:
        try:
            result, emitted = await self._tried(lambda pools: pools.write(operation, args, kwargs), self._conninfo)
        except Exception as error:
            self._raise(error)
        self.trouble = ""
        if emitted and self.on_commit:
            self.on_commit([bucket_of(event.of) for event in emitted])
        return result

    async def _read(
        self, operation: Callable[..., T], args: Any, kwargs: Any, *, slow: bool = False, replica: bool = False
    ) -> T:
        where = self._replica_conninfo if replica else self._conninfo
        try:
            return await self._tried(lambda pools: pools.read(operation, args, kwargs, slow=slow or replica), where)
        except Exception as error:
            self._raise(error)

    async def _tried(self, what: Callable[[Pools], Awaitable[T]], conninfo: str) -> T:
        """Run it up to TRIES times while it raises Again. Raises what the last try raised."""
        for tries_left in reversed(range(TRIES)):
            try:
                return await what(self._pools_to(conninfo))
            except Again as again:
                if not tries_left:
                    raise again.__cause__ or again from None
                # random, so that two operations that collided do not collide again
                await asyncio.sleep(random.uniform(0, 0.03))
        raise AssertionError("the last try returns or raises")

    def write_now(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Without a statement timeout."""
        with self._alone:
            for tries_left in reversed(range(TRIES)):
                if self._own is None or self._own.closed:
                    self._own, self._own_sharded = self._connect(self._conninfo)
                tx = WaitingTx(self._own, self._common, sharded=self._own_sharded)
                try:
                    result = self._run_now(self._own, tx, operation, args, kwargs)
                except BaseException as error:
                    with suppress(psycopg.Error):  # the connection is lost: nothing is left to roll back
                        _say(self._own, ROLLBACK)
                    if tries_left and isinstance(error, LOST_RACE):
                        time.sleep(random.uniform(0, 0.03))
                        continue
                    self._raise(error)
                self.trouble = ""
                if tx.emitted and self.on_commit:
                    self.on_commit([bucket_of(event.of) for event in tx.emitted])
                return result
        raise AssertionError("the last try returns or raises")

    @staticmethod
    def _run_now(
        connection: psycopg.Connection[Row], tx: WaitingTx, operation: Callable[..., T], args: Any, kwargs: Any
    ) -> T:
        _say(connection, BEGIN_WRITE)
        tx.run("SET LOCAL statement_timeout = 0")
        result = operation(tx, *args, **kwargs)
        if tx.must_wait:
            time.sleep(0.001)
        check_committed(_say(connection, COMMIT))
        return result

    def _raise(self, error: BaseException) -> NoReturn:
        """Raise the error in words for a person. A bug is raised unchanged."""
        told = as_invalid(error)
        if isinstance(error, errors.LockNotAvailable):
            told = Held("what was to be changed is in use; try again in a moment")
        elif isinstance(error, errors.QueryCanceled):
            told = too_slow(self._timeout_s)
        elif isinstance(error, errors.DiskFull):
            told = Unavailable("the disk of the database is full: nothing was stored; free space, it goes on by itself")
            self.trouble = told.message
        elif isinstance(error, psycopg.OperationalError):
            told = Unavailable("the database could not do this now; try again in a moment")
        elif isinstance(error, errors.NumericValueOutOfRange):
            told = Invalid("number", "too_large", "must be below 2^63")
        elif isinstance(error, errors.CharacterNotInRepertoire) or (
            isinstance(error, psycopg.DataError) and "NUL (0x00)" in str(error)  # of the driver, in a copy
        ):  # only U+0000 is valid UTF-8 and refused by PostgreSQL's UTF8
            told = Invalid("text", "not_text", "must not have the character U+0000")
        if told is error:
            raise error
        raise told from error

    # connections

    def _pools_to(self, conninfo: str) -> Pools:
        """The running loop's connections there. Raises Unavailable: close() was called."""
        if self._closed:
            raise closing()
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._close_pools()
            self._loop = loop
        if conninfo not in self._pools:
            self._end_own()
            pool = "postgres" if conninfo == self._conninfo else "postgres-replica"
            self._pools[conninfo] = Pools(lambda: self._connect(conninfo), self._common, self._most, pool)
        if self._server_clock.is_due:
            self._server_clock.put_off()
            self._spawn(self._look_at_clock())
        return self._pools[conninfo]

    async def _look_at_clock(self) -> None:
        with suppress(psycopg.Error):  # the next transaction reports the same error
            await asyncio.to_thread(self._server_clock.look_at, self._conninfo)

    def _connect(self, conninfo: str) -> tuple[psycopg.Connection[Row], bool]:
        """(a new connection, whether Citus is there). Raises Unavailable."""
        try:
            connection = psycopg.connect(
                conninfo,
                autocommit=True,  # we send BEGIN and COMMIT ourselves
                cursor_factory=psycopg.RawCursor,
                prepare_threshold=0,
            )
            connection.prepared_max = 1000
            adapt(connection)
            connection.execute(f"SET statement_timeout = {round(self._timeout_s * 1000)}".encode())
            for setting in PLANS:
                connection.execute(setting)
            connection.execute(
                b"""SELECT set_config('synchronous_commit', 'on', false)
                    WHERE current_setting('synchronous_commit') IN ('off', 'local')"""
            )
            sharded = bool(connection.execute(b"SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone())
            if conninfo == self._conninfo:  # after a failover this may be another server
                self._server_clock.look(connection)
        except psycopg.OperationalError as error:
            raise _unreachable(error) from error
        return connection, sharded

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def doubts(self) -> list[Doubt]:
        return self.write_now(
            _doubts, len(str(conninfo_to_dict(self._conninfo).get("host", "")).split(",")), self._most
        )

    def draw_after(self, id: int) -> None:
        self._common.ids.draw_after(id)

    def build_index(self, name: str, statement: str) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute("SET statement_timeout = 0")
            if connection.execute("SELECT pg_try_advisory_lock(%s)", [SCHEMA_LOCK]).fetchone() != (True,):
                raise Held("another process changes the schema")
            half_made = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"
            if connection.execute(half_made, [name]).fetchone():
                connection.execute(f"DROP INDEX CONCURRENTLY {name}".encode())
            connection.execute(statement.replace(" INDEX ", " INDEX CONCURRENTLY ", 1).encode())
            # The server ends the session, and with it the lock, some time after we have closed the connection.
            connection.execute("SELECT pg_advisory_unlock(%s)", [SCHEMA_LOCK])

    @contextmanager
    def snapshot(self) -> Generator[Rows]:
        """With Citus each shard has a snapshot of its own, a moment apart."""
        with psycopg.connect(self._conninfo, cursor_factory=psycopg.RawCursor) as connection:
            adapt(connection)
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(b"SELECT set_config('statement_timeout', '0', true), set_config('jit', 'off', true)")
            connection.execute(b"SELECT set_config('cursor_tuple_fraction', '1', true)")  # all rows will be read
            names = count()

            def rows(sql: str, **values: Any) -> Iterator[Row]:
                text, order = numbered(sql)
                with psycopg.RawServerCursor(connection, f"rows_{next(names)}") as cursor:
                    cursor.itersize = ROWS_AT_ONCE
                    yield from cursor.execute(text, [bound(values[name]) for name in order], binary=True)

            yield rows

    def backup(self, to: Path) -> None:
        raise SettingsError("PostgreSQL is copied by its own tools: docs/operate/backup.md has the commands")

    def close(self) -> None:
        """Operations that still wait raise Unavailable."""
        self._closed = True
        self._close_pools()
        self._end_own()

    def _end_own(self) -> None:
        """Close the connection of write_now(): a running server does not need it."""
        if self._alone.acquire(blocking=False):
            if self._own:
                self._own.close()
            self._alone.release()

    def _close_pools(self) -> None:
        for pools in self._pools.values():
            pools.close()
        self._pools.clear()


def _say(connection: psycopg.Connection[Row], word: Statement) -> bytes | None:
    """Run a command without values and return its status. A cursor would drop its prepared statements at ROLLBACK."""
    result = connection.pgconn.exec_(word.text)
    if result.status != ExecStatus.COMMAND_OK:
        raise errors.error_from_result(result)
    return result.command_status


def _unreachable(error: psycopg.Error) -> Unavailable:
    if "too many" in str(error) or "connection slots" in str(error):
        return Unavailable(
            "the database takes no more connections; see its max_connections, and the setting `database_connections`"
        )
    return Unavailable("the database cannot be reached; try again in a moment")


def _doubts(tx: Tx, hosts: int, connections: int) -> list[Doubt]:
    found: list[Doubt] = []
    if hosts > 1 and tx.one("SELECT 1 WHERE current_setting('synchronous_standby_names') = ''"):
        found.append(
            Doubt(
                "the database may move to another host, which need not have all that was acknowledged",
                "set synchronous_standby_names in PostgreSQL: docs/operate/postgres.md",
            )
        )
    row = tx.one(
        """SELECT CAST(current_setting('max_connections') AS INTEGER), COUNT(*) FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    )
    most, taken = row or (0, 0)
    if most - taken < 2 * connections:
        found.append(
            Doubt(
                f"PostgreSQL takes {most} connections, {taken} are open, each process opens up to {2 * connections}",
                "raise its max_connections, or lower database_connections",
            )
        )
    return found


def _conninfo(url: str, **others: str) -> str:
    return make_conninfo("", **_PATIENCE | others | conninfo_to_dict(url))


def _check(url: str) -> str:
    """The connection string of the URL, after one connect as a test."""
    try:
        conninfo = _conninfo(url)
        with psycopg.connect(conninfo) as connection:
            version = connection.info.server_version
            encoding = connection.info.parameter_status("server_encoding")
    except psycopg.Error as error:
        raise SettingsError(f"cannot open the PostgreSQL database: {error}; check the setting `database`") from error
    if version < _OLDEST:
        raise SettingsError(f"PostgreSQL must be 15 or later, this one is {version // 10_000}: upgrade it")
    if encoding != "UTF8":
        raise SettingsError(f"the database must be in UTF8, it is in {encoding}: CREATE DATABASE … ENCODING 'UTF8'")
    return conninfo
