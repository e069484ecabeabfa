"""One connection to PostgreSQL on an event loop. Statements asked together are sent together and answered in order.

libpq's pipeline mode, through psycopg's own interface to it: https://www.psycopg.org/psycopg3/docs/api/pq.html
"""

import asyncio
import re
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
from psycopg import errors
from psycopg.adapt import Dumper, PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.types.bool import BoolBinaryLoader
from psycopg.types.numeric import Int8BinaryDumper, NumericBinaryLoader
from psycopg.types.string import StrBinaryDumper

from ...ports import Row
from ..database.common import is_list

BINARY = Format.BINARY
SOON_S = 0.002


class Statement(NamedTuple):
    """SQL with $1, $2 …, and its values in PostgreSQL's format."""

    text: bytes
    types: tuple[int, ...] = ()
    values: Sequence[Any] = ()
    formats: Sequence[Any] = ()


class _Round:
    """Statements that were sent together. results: one for each statement and each preparation, in order."""

    def __init__(self, answered: "asyncio.Future[list[PGresult]]", owed: int) -> None:
        self.answered = answered
        self._owed = owed  # the first so many results belong to tell_soon(), and nobody reads them
        self.results: list[PGresult] = []
        self.prepared: dict[int, Statement] = {}  # what is prepared, by its place among the results

    def answers(self) -> list[PGresult]:
        """One for each statement. For a statement that could not be prepared it is that error."""
        answers: list[PGresult] = []
        reason = None
        for place, result in enumerate(self.results):
            if place not in self.prepared:
                answers.append(reason or result)
                reason = None
            elif result.status == ExecStatus.FATAL_ERROR:
                reason = result
        return answers[self._owed :]


class Connection:
    """An open, idle connection. From now on only the running loop may use it."""

    def __init__(self, connection: psycopg.Connection[Any], *, sharded: bool) -> None:
        self.sharded = sharded
        self._connection, self._pg = connection, connection.pgconn
        self._transformer = Transformer(connection)
        self._names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self._made = 0
        self._owed: list[Statement] = []  # sent with the next ask(); nobody reads their results
        self._rounds: deque[_Round] = deque()
        self._loop = asyncio.get_running_loop()
        self._socket = self._pg.socket
        self.lost = False
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._on_readable)

    # values and rows

    def statement(self, sql: bytes, values: Sequence[Any]) -> Statement:
        """Raises OverflowError, UnicodeEncodeError: no database could store a value."""
        if not values:
            return Statement(sql)
        transformer = self._transformer
        dumped = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return Statement(sql, transformer.types or (), dumped, transformer.formats or ())

    def rows(self, answer: PGresult) -> list[Row]:
        self._transformer.set_pgresult(answer, format=BINARY)
        return self._transformer.load_rows(0, answer.ntuples, tuple)

    # asking

    def ask(self, statements: Iterable[Statement]) -> "asyncio.Future[list[PGresult]]":
        """A result for each statement: rows, a count, an error, or "skipped" after an earlier error.

        Raises psycopg.OperationalError: the connection is lost.
        """
        answered: asyncio.Future[list[PGresult]] = self._loop.create_future()
        if self.lost:
            answered.set_exception(_lost())
            return answered
        round = _Round(answered, owed=len(self._owed))
        self._rounds.append(round)
        statements, self._owed = [*self._owed, *statements], []
        try:
            place = 0
            for one in statements:
                name = self._names.get((one.text, one.types))
                if name is None:
                    name = self._prepare(one)
                    round.prepared[place] = one
                    place += 1
                self._pg.send_query_prepared(name, one.values, one.formats, BINARY)
                place += 1
            self._pg.pipeline_sync()
            self._flush()
        except psycopg.OperationalError as error:
            self.close(error)
        return answered

    def tell(self, *statements: Statement) -> None:
        """Send without waiting for the result. The next ask() is answered after it."""
        self.ask(statements).add_done_callback(lambda answered: answered.cancelled() or answered.exception())

    def tell_soon(self, one: Statement) -> None:
        """Send together with the next ask(), or alone after SOON_S."""
        self._owed.append(one)
        self._loop.call_later(SOON_S, self._pay)

    def _pay(self) -> None:
        if self._owed and not self.lost:
            self.tell()

    def _prepare(self, one: Statement) -> bytes:
        self._made += 1
        name = self._names[one.text, one.types] = b"s%d" % self._made
        self._pg.send_prepare(name, one.text, one.types)
        return name

    def _flush(self) -> None:
        if self._pg.flush():  # the socket's buffer is full
            self._loop.add_writer(self._socket, self._on_writable)

    def _on_writable(self) -> None:
        self._loop.remove_writer(self._socket)
        try:
            self._flush()
        except psycopg.OperationalError as error:
            self.close(error)

    def _on_readable(self) -> None:
        pg = self._pg
        try:
            pg.consume_input()
            while self._rounds and not pg.is_busy():
                result = pg.get_result()
                if result is None:  # ends the results of one statement
                    if pg.status == ConnStatus.BAD:
                        raise _lost()
                elif result.status == ExecStatus.PIPELINE_SYNC:
                    self._answer(self._rounds.popleft())
                else:
                    self._rounds[0].results.append(result)
        except psycopg.OperationalError as error:
            self.close(error)

    def look(self) -> None:
        """uvloop does not report a reset connection, so we poll it now and then while somebody waits."""
        if self._rounds:
            self._on_readable()

    def _answer(self, round: _Round) -> None:
        if any(result.status in FAILED for result in round.results):
            for one in round.prepared.values():  # it may be prepared or not: to prepare it again is harmless
                self._names.pop((one.text, one.types), None)
        if not round.answered.done():
            round.answered.set_result(round.answers())

    # the end

    def close(self, error: psycopg.Error | None = None) -> None:
        """Every waiting ask() raises: the server's last message, else error."""
        if not self.lost and not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            for round in self._rounds:
                said = [result for result in round.results if result.status == ExecStatus.FATAL_ERROR]
                if not round.answered.done():
                    round.answered.set_exception(error_of(said[-1]) if said else error or _lost())
        self.lost = True
        self._rounds.clear()
        self._connection.close()


FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


def error_of(answer: PGresult) -> psycopg.Error:
    return errors.error_from_result(answer, "utf-8")


def _lost() -> psycopg.OperationalError:
    return psycopg.OperationalError("the connection is closed")


# how values travel


def bound(value: Any) -> Any:
    """A value of a statement in the form that the driver takes."""
    if not is_list(value):
        return value
    return _Numbers(value) if next(iter(value), "").__class__ is int else list(value)


class _Numbers:
    """A list of integers. For 20 of them the driver's own conversion takes 30 µs, this one 2."""

    def __init__(self, numbers: Collection[int]) -> None:
        self.numbers = numbers


class _NumbersDumper(Dumper):
    oid = 1016  # BIGINT[]: src/include/catalog/pg_type.dat

    def dump(self, obj: _Numbers) -> bytes:
        return b"{%s}" % ",".join(map(str, obj.numbers)).encode()


class _WholeNumbers(NumericBinaryLoader):
    """PostgreSQL's SUM() of BIGINT is NUMERIC. We return an int, as SQLite does."""

    def load(self, data: Any) -> Any:
        value = super().load(data)
        return int(value) if value == int(value) else float(value)


class _Flags(BoolBinaryLoader):
    """A comparison in a SELECT is 0 or 1, as on SQLite."""

    def load(self, data: Any) -> Any:
        return int(super().load(data))


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Register the conversions above."""
    adapters = connection.adapters
    for kind, dumper in (
        (int, Int8BinaryDumper),
        (_Numbers, _NumbersDumper),
        (bool, Int8BinaryDumper),
        (str, StrBinaryDumper),
    ):
        adapters.register_dumper(kind, dumper)  # one type for all ints, so that each statement is prepared once
    adapters.register_loader("numeric", _WholeNumbers)
    adapters.register_loader("bool", _Flags)


_PARTS = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | :: | :([A-Za-z_]\w*)""", re.X | re.S)


@lru_cache(2000)
def numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """sql with $1, $2 … in place of :names, and the names in that order. Strings, quoted names, comments are kept."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return f"${names.setdefault(name, len(names) + 1)}" if name else found[0]

    return _PARTS.sub(number, sql).encode(), tuple(names)
