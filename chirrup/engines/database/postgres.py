"""PostgreSQL 15 or later, also sharded by Citus: psycopg connections, one for each of a few threads.

Writes are READ COMMITTED, a read is one REPEATABLE READ snapshot. What fails for no fault of its own (a deadlock, a
lost race for a key, a lost connection) is run again, unless it may have been stored already.
"""

import asyncio
import random
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import psycopg
from psycopg import errors
from psycopg.adapt import Dumper
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ExecStatus
from psycopg.types.bool import BoolBinaryLoader
from psycopg.types.numeric import Int8BinaryDumper, NumericBinaryLoader
from psycopg.types.string import StrBinaryDumper

from ... import metrics
from ...errors import Held, Invalid, SettingsError, Unavailable
from ...events import Event
from ...ids import IdSource, bucket_of
from ...ports import Doubt, Phrases, Row, Search, Tx
from .common import QUEUE, TIMEOUT_S, Outbox, as_invalid, busy, closing, is_list, too_slow
from .postgres_clock import ServerClock
from .postgres_replica import Freshness

T = TypeVar("T")

THREADS = 8  # for writes, and as many for reads: slow reads hold up no write
TRIES = 4

_WRITE, _READ = b"BEGIN ISOLATION LEVEL READ COMMITTED", b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_OLDEST = 150000  # server_version_num
_SCHEMA_LOCK = 7526467  # any number: nothing else here takes advisory locks
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

# Every statement here has its index: one plan for each, made once, whatever the values and however young the
# statistics. Left to itself PostgreSQL plans some anew each time, which costs more than to run them.
# Not with Citus, which must see the values to know the shards.
PLANS = (
    b"""SELECT set_config('plan_cache_mode', 'force_generic_plan', false)
        WHERE NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')""",
    b"SET enable_seqscan = off",
    b"SET jit = off",
)

# Lost to another transaction. A key that is taken is among them: run again, the operation finds who took it, as it
# would have on SQLite, where writes come one after the other.
_LOST_RACE = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)


class _Phrases:
    clustered = ""
    relations = "SELECT relname::TEXT FROM pg_class WHERE relnamespace = current_schema()::REGNAMESPACE"
    bytewise = 'COLLATE "C"'
    extensions = "SELECT extname::TEXT FROM pg_extension"
    lock_schema = f"SELECT pg_try_advisory_xact_lock({_SCHEMA_LOCK})"  # not waiting: build_index() would wait for it
    lock_patience = "SELECT set_config('lock_timeout', CAST(:ms AS TEXT), true)"
    in_turn = "FOR NO KEY UPDATE"
    columns = """SELECT column_name::TEXT FROM information_schema.columns
                 WHERE table_name = :table AND table_schema = current_schema()"""
    # joins accounts, not unnest(:authors), because Citus can send it to the shards: citus.md, 4 and 6
    newest_posts = """SELECT newest.id FROM accounts CROSS JOIN LATERAL (
                        SELECT posts.id FROM posts WHERE posts.bucket = accounts.bucket
                          AND posts.author_id = accounts.id AND posts.id < :before AND posts.id > :after
                          AND posts.deleted_ms = 0 ORDER BY posts.id DESC LIMIT :limit) AS newest
                      WHERE accounts.id = ANY(:authors) ORDER BY newest.id DESC LIMIT :limit"""
    oldest_posts = newest_posts.replace("DESC", "ASC")

    measure = "ANALYZE"

    def packed(self, table: str) -> str:
        return f"ALTER INDEX {table}_pkey SET (fillfactor = 100)"

    def is_in(self, column: str, name: str) -> str:
        return f"{column} = ANY(:{name})"

    def ids_in(self, column: str, name: str) -> str:
        return self.is_in(column, name)

    def begins(self, column: str, name: str) -> str:
        return f"starts_with({column}, :{name})"


class _ShardedPhrases(_Phrases):
    """With Citus, which cannot know that ids carry their bucket. Elsewhere the second list costs and saves nothing."""

    def ids_in(self, column: str, name: str) -> str:
        bucket = f"{column.rpartition('.')[0]}.bucket".lstrip(".")
        return f"({column} = ANY(:{name}) AND {bucket} = ANY(:{name}{_BUCKETS}))"


_BUCKETS = "__buckets"  # ends the name of a value that is taken from the list of ids before it
PHRASES, _SHARDED = _Phrases(), _ShardedPhrases()


class PostgresTx:
    """See ports.Tx. One connection's transactions, one after the other."""

    sql: Phrases = PHRASES

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        search: Search,
        ids: IdSource,
        outbox: Outbox,
        clock: Callable[[], int],
    ) -> None:
        self.search = search
        if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone():
            self.sql = _SHARDED
        self.connection = connection
        self._cursor = connection.cursor(binary=True)
        self._ids = ids
        self._outbox = outbox
        self._clock = clock
        self._drew_at_ms = 0
        self.emitted: list[int] = []  # buckets of the events written
        self.now_ms = 0

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)

    def all(self, sql: str, **values: Any) -> list[Row]:
        return self._execute(sql, values).fetchall()

    def one(self, sql: str, **values: Any) -> Row | None:
        return self._execute(sql, values).fetchone()

    def run(self, sql: str, **values: Any) -> int:
        return max(0, self._execute(sql, values).rowcount)  # -1 where nothing can be counted

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> int:
        text, names = numbered(sql)
        self._cursor.executemany(text, [[_bound(row[name]) for name in names] for row in rows])
        return max(0, self._cursor.rowcount)

    def _execute(self, sql: str, values: dict[str, Any]) -> psycopg.Cursor[Row]:
        text, names = numbered(sql)
        if self.sql is _SHARDED:
            for name in names:
                if name.endswith(_BUCKETS):
                    values[name] = {bucket_of(id) for id in values[name.removesuffix(_BUCKETS)]}
        return self._cursor.execute(text, [_bound(values[name]) for name in names])

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        with self._cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)

    def new_id(self, bucket: int) -> int:
        self._drew_at_ms = max(self.now_ms, self._clock())  # it may have waited for others since it began
        return self._ids.draw(bucket, self._drew_at_ms)

    def emit(self, event: Event) -> None:
        self._outbox(self, event)
        self.emitted.append(bucket_of(event.of))

    # for the engine

    def begin(self, how: bytes, now_ms: int) -> None:
        self.emitted, self.now_ms = [], now_ms
        self._say(how)

    def commit(self) -> None:
        if self._drew_at_ms == self._clock():  # another process's ids of this millisecond might be earlier than ours
            time.sleep(0.001)
        if self._say(b"COMMIT") != b"COMMIT":  # PostgreSQL rolls back and reports no error
            raise RuntimeError("the operation caught an error of the database: nothing was stored; let it pass through")

    def rollback(self) -> None:
        with suppress(psycopg.Error):  # lost: then nothing is left to roll back
            self._say(b"ROLLBACK")

    def _say(self, word: bytes) -> bytes | None:
        """What the server says to a command without values. A cursor would forget its prepared statements at ROLLBACK:
        half of all the CPU of a read, here and there.
        """
        result = self.connection.pgconn.exec_(word)
        if result.status != ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result)
        return result.command_status

    @property
    def lost(self) -> bool:
        return self.connection.closed


def _bound(value: Any) -> Any:
    if not is_list(value):
        return value
    return _Numbers(value) if next(iter(value), "").__class__ is int else list(value)


class _Numbers:
    """A list of whole numbers on its way. The driver's own way with lists takes 30 µs for 20, this takes 2."""

    def __init__(self, numbers: Collection[int]) -> None:
        self.numbers = numbers


class _NumbersDumper(Dumper):
    oid = 1016  # BIGINT[]: src/include/catalog/pg_type.dat

    def dump(self, obj: _Numbers) -> bytes:
        return b"{%s}" % ",".join(map(str, obj.numbers)).encode()


_PARTS = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | :: | :([A-Za-z_]\w*)""", re.X | re.S)


@lru_cache(2000)
def numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """sql with $1, $2 … for :names, and the names in that order. Strings, quoted names and comments stay."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return f"${names.setdefault(name, len(names) + 1)}" if name else found[0]

    return _PARTS.sub(number, sql).encode(), tuple(names)


class _WholeNumbers(NumericBinaryLoader):
    """SUM() of BIGINT is NUMERIC here: an int on SQLite, an int for us."""

    def load(self, data: Any) -> Any:
        value = super().load(data)
        return int(value) if value == int(value) else float(value)


class _Flags(BoolBinaryLoader):
    """What is compared in a SELECT is 0 or 1 on SQLite."""

    def load(self, data: Any) -> Any:
        return int(super().load(data))


class _Pool:
    """A few threads, and a bounded number of calls that wait for one."""

    def __init__(self, threads: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(threads, name)
        self._room = threading.BoundedSemaphore(QUEUE)
        self._waits, self._adding = metrics.thread_waits[name], threading.Lock()
        metrics.pools[name] = lambda: (threads, QUEUE - self._room._value)

    def submit(self, work: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Raises Unavailable: QUEUE calls wait already, or close() was called."""
        if not self._room.acquire(blocking=False):
            raise busy()
        try:
            future = self._executor.submit(self._begin, time.monotonic(), work, *args, **kwargs)
        except RuntimeError as error:
            self._room.release()
            raise closing() from error
        future.add_done_callback(lambda _: self._room.release())
        return future

    def _begin(self, submitted_s: float, work: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        with self._adding:
            self._waits.add(time.monotonic() - submitted_s)
        return work(*args, **kwargs)

    def close(self) -> None:
        """Returns when all that was submitted is done."""
        self._executor.shutdown(wait=True)


class PostgresDatabase:
    """See ports.Database. url: postgresql://…, as libpq reads it. threads: for writes, and again for reads.

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
        threads: int = THREADS,
        timeout_s: float = TIMEOUT_S,
        replica: str = "",
    ) -> None:
        self.on_commit: Callable[[list[int]], None] | None = None
        self.trouble = ""
        self._server_clock = ServerClock()
        self._clock = clock or self._server_clock
        self._search, self._outbox, self._timeout_s = search, outbox, timeout_s
        self._ids = IdSource()
        self._local = threading.local()
        self._connections: list[psycopg.Connection[Row]] = []
        self._conninfo, self._threads = _check(url), threads
        self._server_clock.look_at(self._conninfo)
        self._writers = _Pool(threads, "postgres-write")
        self._readers = _Pool(threads, "postgres-read")
        self._replica_conninfo = _conninfo(replica, target_session_attrs="any") if replica else ""
        self._laggards = _Pool(threads, "postgres-replica") if replica else self._readers
        self._freshness = Freshness(
            primary=lambda operation: self._readers.submit(self._read, operation, (), {}).result(),
            replica=lambda operation: self._read(operation, (), {}, replica=True),
        )

    async def write(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        began_s = time.monotonic()
        try:
            return await asyncio.wrap_future(self._writers.submit(self._write, operation, args, kwargs))
        finally:
            metrics.writes.add(time.monotonic() - began_s)

    def write_now(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        return self._writers.submit(self._write, operation, args, kwargs, limited=False).result()

    async def read(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        began_s = time.monotonic()
        try:
            return await asyncio.wrap_future(self._readers.submit(self._read, operation, args, kwargs))
        finally:
            metrics.reads.add(time.monotonic() - began_s)

    async def read_lagging(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        if not self._replica_conninfo:
            return await self.read(operation, *args, **kwargs)
        if self._freshness.is_due():
            self._laggards.submit(self._freshness.look)
        if self._freshness.is_proven():
            read = self._laggards.submit(self._read, operation, args, kwargs, replica=True)
            try:
                return await asyncio.wrap_future(read)
            except Unavailable:
                self._freshness.doubt()
        return await self.read(operation, *args, **kwargs)

    def _write(
        self, operation: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], *, limited: bool = True
    ) -> T:
        """limited: no statement takes longer than timeout_s; commands and loaders have all the time they want."""
        for tries_left in reversed(range(TRIES)):
            tx = self._tx()
            committing = False
            try:
                tx.begin(_WRITE, self._clock())
                if not limited:
                    tx.run("SET LOCAL statement_timeout = 0")
                result = operation(tx, *args, **kwargs)
                committing = True
                tx.commit()
            except BaseException as error:
                tx.rollback()
                if committing and tx.lost:
                    raise Unavailable(
                        "the connection to the database was lost while this was being stored: look whether it is there "
                        "before you send it again"
                    ) from error
                if tries_left and _may_repeat(error, tx):
                    time.sleep(random.uniform(0, 0.03))  # not in step with whom it collided with
                    continue
                self._raise(error)
            self.trouble = ""
            if tx.emitted and self.on_commit:
                self.on_commit(tx.emitted)
            return result
        raise AssertionError("the last try returns or raises")

    def _read(
        self, operation: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], *, replica: bool = False
    ) -> T:
        for tries_left in reversed(range(TRIES)):
            tx = self._tx(replica=replica)
            try:
                tx.begin(_READ, self._clock())
                result = operation(tx, *args, **kwargs)
            except BaseException as error:
                tx.rollback()
                if tries_left and _may_repeat(error, tx):
                    continue
                self._raise(error)
            tx.rollback()
            return result
        raise AssertionError("the last try returns or raises")

    def _raise(self, error: BaseException) -> NoReturn:
        """error as a person is told of it; what is a bug stays what it is."""
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
            told = Invalid("number", "must be below 2^63")
        elif isinstance(error, errors.CharacterNotInRepertoire):  # nothing else is left that UTF-8 has and UTF8 not
            told = Invalid("text", "must not have the character U+0000")
        if told is error:
            raise error
        raise told from error

    # connections

    def _tx(self, *, replica: bool = False) -> PostgresTx:
        """This thread's transaction, on a new connection if the old one is lost."""
        place = "replica_tx" if replica else "tx"
        tx: PostgresTx | None = getattr(self._local, place, None)
        if tx is None or tx.lost:
            try:
                connection = self._connect(self._replica_conninfo if replica else self._conninfo)
            except psycopg.OperationalError as error:
                raise Unavailable(_unreachable(error)) from error
            tx = PostgresTx(connection, self._search, self._ids, self._outbox, self._clock)
            setattr(self._local, place, tx)
        elif self._server_clock.is_due and not replica:
            with suppress(psycopg.Error):  # then the transaction meets it, and says so
                self._server_clock.look(tx.connection)
        return tx

    def _connect(self, conninfo: str) -> psycopg.Connection[Row]:
        connection = psycopg.connect(
            conninfo,
            autocommit=True,  # BEGIN and COMMIT are ours
            cursor_factory=psycopg.RawCursor,
            prepare_threshold=0,
        )
        connection.prepared_max = 1000
        adapters = connection.adapters
        for kind, dumper in (
            (int, Int8BinaryDumper),
            (_Numbers, _NumbersDumper),
            (bool, Int8BinaryDumper),
            (str, StrBinaryDumper),
        ):
            adapters.register_dumper(kind, dumper)  # one type for every int: each statement is prepared once
        adapters.register_loader("numeric", _WholeNumbers)
        adapters.register_loader("bool", _Flags)
        connection.execute(f"SET statement_timeout = {round(self._timeout_s * 1000)}".encode())
        for setting in PLANS:
            connection.execute(setting)
        connection.execute(
            b"""SELECT set_config('synchronous_commit', 'on', false)
                WHERE current_setting('synchronous_commit') IN ('off', 'local')"""
        )
        if conninfo == self._conninfo:  # the primary now, which may be another than before
            self._server_clock.look(connection)
        self._connections.append(connection)
        return connection

    def doubts(self) -> list[Doubt]:
        return self.write_now(
            _doubts, len(str(conninfo_to_dict(self._conninfo).get("host", "")).split(",")), self._threads
        )

    def draw_after(self, id: int) -> None:
        self._ids.draw_after(id)

    def build_index(self, name: str, statement: str) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute("SET statement_timeout = 0")
            if connection.execute("SELECT pg_try_advisory_lock(%s)", [_SCHEMA_LOCK]).fetchone() != (True,):
                raise Held("another process changes the schema")
            half_made = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"
            if connection.execute(half_made, [name]).fetchone():
                connection.execute(f"DROP INDEX CONCURRENTLY {name}".encode())
            connection.execute(statement.replace(" INDEX ", " INDEX CONCURRENTLY ", 1).encode())

    def backup(self, to: Path) -> None:
        raise SettingsError(
            "chirrup copies SQLite only; for PostgreSQL use its own: pg_dump --format=custom, or pg_basebackup"
        )

    def close(self) -> None:
        """Finish what is queued, then disconnect."""
        self._writers.close()
        self._laggards.close()
        self._readers.close()
        for connection in self._connections:
            connection.close()


def _may_repeat(error: BaseException, tx: PostgresTx) -> bool:
    return isinstance(error, _LOST_RACE) or (tx.lost and isinstance(error, psycopg.Error))


def _unreachable(error: psycopg.Error) -> str:
    if "too many" in str(error) or "connection slots" in str(error):
        return "the database takes no more connections; see its max_connections, and the setting `database_connections`"
    return "the database cannot be reached; try again in a moment"


def _doubts(tx: Tx, hosts: int, threads: int) -> list[Doubt]:
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
    if most - taken < 2 * threads:
        found.append(
            Doubt(
                f"PostgreSQL takes {most} connections, {taken} are open, and each process opens up to {2 * threads}",
                "raise its max_connections, or lower database_connections",
            )
        )
    return found


def _conninfo(url: str, **others: str) -> str:
    return make_conninfo("", **_PATIENCE | others | conninfo_to_dict(url))


def _check(url: str) -> str:
    """What to connect with, tried once."""
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
