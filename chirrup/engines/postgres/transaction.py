"""Two kinds of transactions on PostgreSQL: one for many operations at a time on an event loop, one that blocks.

An operation is a plain function. On the loop it runs in a greenlet, which is suspended where it needs an answer, while
other operations run. Statements that need no answer are sent with the next question.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import copy_context
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, TypeVar

import psycopg
from greenlet import GreenletExit, getcurrent, greenlet
from psycopg.pq.abc import PGresult

from ...events import Event
from ...ids import ID_MAX, IdSource, bucket_of, next_ms
from ...ports import Phrases, Row, Search
from ..database.common import Outbox, does_not_fit
from .connection import FAILED, Connection, Statement, bound, error_of, numbered
from .sql import BUCKETS, PHRASES, SHARDED

T = TypeVar("T")

BEGIN_WRITE = Statement(b"BEGIN ISOLATION LEVEL READ COMMITTED")
BEGIN_READ = Statement(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
COMMIT, ROLLBACK = Statement(b"COMMIT"), Statement(b"ROLLBACK")


class Common:
    """What the transactions of one process share."""

    def __init__(self, search: Search, outbox: Outbox, ids: IdSource, clock: Callable[[], int]) -> None:
        self.search, self.outbox, self.ids, self.clock = search, outbox, ids, clock


class _Tx:
    """The part of ports.Tx that needs no query."""

    sql: Phrases = PHRASES

    def __init__(self, common: Common, *, sharded: bool) -> None:
        if sharded:
            self.sql = SHARDED
        self.search = common.search
        self._common = common
        self._drew_at_ms = 0
        self.emitted: list[Event] = []
        self.now_ms = common.clock()

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)

    def new_id(self, bucket: int, *, after: int = 0) -> int:
        self._drew_at_ms = max(self.now_ms, self._common.clock())  # the operation may have waited since it began
        return self._common.ids.draw(bucket, max(self._drew_at_ms, next_ms(after)))

    def emit(self, event: Event) -> None:
        self._common.outbox(self, event)  # pyright: ignore[reportArgumentType]
        self.emitted.append(event)

    @property
    def must_wait(self) -> bool:
        """Commit in the next millisecond: another process could still draw a smaller id in this one."""
        return self._drew_at_ms == self._common.clock()


def _numbered(sql: str, values: dict[str, Any], *, sharded: bool) -> tuple[bytes, list[Any]]:
    text, names = numbered(sql)
    if sharded:
        for name in names:
            if name.endswith(BUCKETS):
                values[name] = {bucket_of(id) for id in values[name.removesuffix(BUCKETS)]}
    return text, [bound(values[name]) for name in names]


def _statement(connection: Connection, sql: str, values: dict[str, Any]) -> Statement:
    return connection.statement(*_numbered(sql, values, sharded=connection.sharded))


class ByIds:
    """A query for rows by their first column. The same query of several operations is sent once."""

    def __init__(self, sql: str, make: Callable[..., Any], ids: Collection[int]) -> None:
        if ids and not -ID_MAX <= min(ids) <= max(ids) <= ID_MAX:  # PostgreSQL would refuse the whole shared query
            raise OverflowError("no id has more than 63 bits")
        self.sql = sql
        self._make, self._ids = make, [ids]
        self._made: dict[int, Any] | None = None
        self._first: ByIds | None = None  # the query that asks for this one too; None: it asks itself

    def join(self, first: "ByIds") -> None:
        """Let first, which is not sent yet, ask for these ids too."""
        if self is not first:
            first._ids += self._ids
            self._first = first

    def statement(self, connection: Connection) -> Statement:
        ids = self._ids[0] if len(self._ids) == 1 else set[int]().union(*self._ids)
        return _statement(connection, self.sql, {"ids": ids})

    def made(self, connection: Connection, answer: PGresult) -> dict[int, Any]:
        """The results by id, of all ids that were asked for together."""
        first = self._first or self
        if first._made is None:
            first._made = {row[0]: first._make(*row) for row in connection.rows(answer)}
        return first._made


Question = Statement | ByIds


class PostgresTx(_Tx):
    """See ports.Tx. Works only inside a Running operation."""

    def __init__(self, connection: Connection, common: Common) -> None:
        super().__init__(common, sharded=connection.sharded)
        self._connection = connection
        self.untold: list[Statement] = []  # statements that need no answer, not sent yet
        self.asked = False  # the server has answered something

    def all(self, sql: str, **values: Any) -> list[Row]:
        return self._connection.rows(self._ask(sql, values))

    def one(self, sql: str, **values: Any) -> Row | None:
        rows = self._connection.rows(self._ask(sql, values))
        return rows[0] if rows else None

    def by_ids(self, sql: str, make: Callable[..., T], ids: Collection[int]) -> dict[int, T]:
        question = ByIds(sql, make, ids)
        made = question.made(self._connection, self._answer(question))
        return {id: made[id] for id in ids if id in made}

    def run(self, sql: str, **values: Any) -> None:
        self.untold.append(_statement(self._connection, sql, values))

    def changed(self, sql: str, **values: Any) -> int:
        return self._ask(sql, values).command_tuples or 0

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            self.run(sql, **row)

    def together(self, *questions: Callable[[], Any]) -> list[Any]:
        every = [Running(question) for question in questions]
        answers: Answers = {one: [] for one in every}
        try:
            while asked := step(answers):
                answers = dealt(asked, self._answers(list(chain.from_iterable(asked.values()))))
        finally:
            for one in every:
                one.stop()
        for one in every:
            if one.error:
                raise one.error
        return [one.result for one in every]

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        raise NotImplementedError("copying in is for loaders: write_now()")

    def _ask(self, sql: str, values: dict[str, Any]) -> PGresult:
        return self._answer(_statement(self._connection, sql, values))

    def _answer(self, question: Question) -> PGresult:
        asked, self.untold = [*self.untold, question], []
        return self._answers(asked)[-1]

    def _answers(self, asked: list[Question]) -> list[PGresult]:
        """The answers. Suspends the greenlet: the caller of go_on() gets the questions."""
        self.asked = True
        return checked(getcurrent().parent.switch(asked))  # pyright: ignore[reportOptionalMemberAccess]


def checked(answers: list[PGresult]) -> list[PGresult]:
    """The answers, when none is an error. Raises the first error, as psycopg would."""
    for answer in answers:
        if answer.status in FAILED:
            raise error_of(answer)
    return answers


class Running:
    """A running operation. Call go_on() until it returns None, then read result and error.

    Greenlets are reused, because each new one needs a fresh page of memory for its stack: 5 µs and more.
    """

    def __init__(self, operation: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self._operation = operation
        self._greenlet: greenlet | None = None  # while it runs

    def go_on(self, answers: list[PGresult] | None = None) -> list[Question] | None:
        """The next questions. answers: those to the last ones."""
        if self._greenlet:
            return self._greenlet.switch(answers)
        self._greenlet = _idle.greenlets.pop() if _idle.greenlets else greenlet(_operate)
        self._greenlet.parent = getcurrent()
        self._greenlet.gr_context = copy_context()  # so that its log lines carry the request's id
        return self._greenlet.switch(self)

    def stop(self) -> None:
        """Abandon the operation."""
        if self._greenlet:
            self._greenlet.throw(GreenletExit)

    def operate(self) -> None:
        try:
            self.result = self._operation()
        except BaseException as error:
            self.error = error
        self._greenlet = None


class _Idle(threading.local):
    def __init__(self) -> None:
        self.greenlets: list[greenlet] = []  # idle ones, suspended in _operate()


_idle = _Idle()


def _operate(running: Running) -> None:
    own = getcurrent()
    while True:
        running.operate()
        _idle.greenlets.append(own)
        running = own.parent.switch(None)  # pyright: ignore[reportOptionalMemberAccess]


Answers = dict[Running, list[PGresult]]
Asked = dict[Running, list[Question]]


def step(answers: Answers) -> Asked:
    """The next questions of the operations that are not done. answers: by operation."""
    going = {running: running.go_on(answers[running]) for running in answers}
    return {running: asked for running, asked in going.items() if asked is not None}


def dealt(asked: Asked, every: Iterable[PGresult]) -> Answers:
    """The answers by operation. every: in the order of asked."""
    rest = iter(every)
    return {running: list(islice(rest, len(statements))) for running, statements in asked.items()}


async def answered(connection: Connection, asked: Iterable[Question]) -> list[PGresult]:
    """The answers, in the order of asked. Raises psycopg.OperationalError: the connection is lost."""
    sent: list[Question] = []
    places: list[int] = []  # for each question the index of its answer among those sent
    shared: dict[str, tuple[int, ByIds]] = {}
    for one in asked:
        place = len(sent)
        if isinstance(one, ByIds):
            place, first = shared.setdefault(one.sql, (place, one))
            one.join(first)
        if place == len(sent):
            sent.append(one)
        places.append(place)
    answers = await connection.ask([one.statement(connection) if isinstance(one, ByIds) else one for one in sent])
    return [answers[place] for place in places]


class WaitingTx(_Tx):
    """See ports.Tx. Each call blocks until the database has answered."""

    def __init__(self, connection: psycopg.Connection[Row], common: Common, *, sharded: bool) -> None:
        super().__init__(common, sharded=sharded)
        self._cursor = connection.cursor(binary=True)

    def all(self, sql: str, **values: Any) -> list[Row]:
        return self._execute(sql, values).fetchall()

    def one(self, sql: str, **values: Any) -> Row | None:
        return self._execute(sql, values).fetchone()

    def by_ids(self, sql: str, make: Callable[..., T], ids: Collection[int]) -> dict[int, T]:
        return {row[0]: make(*row) for row in self.all(sql, ids=ids)}

    def run(self, sql: str, **values: Any) -> None:
        self._execute(sql, values)

    def changed(self, sql: str, **values: Any) -> int:
        return max(0, self._execute(sql, values).rowcount)  # -1 where nothing can be counted

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        text, names = numbered(sql)
        self._cursor.executemany(text, [[bound(row[name]) for name in names] for row in rows])

    def together(self, *questions: Callable[[], Any]) -> list[Any]:
        return [question() for question in questions]

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        try:
            with self._cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.IntegrityError as error:
            raise does_not_fit(table) from error

    def _execute(self, sql: str, values: dict[str, Any]) -> psycopg.Cursor[Row]:
        return self._cursor.execute(*_numbered(sql, values, sharded=self.sql is SHARDED))


def check_committed(said: bytes | None) -> None:
    """said: to COMMIT. PostgreSQL rolls back, and reports no error, where one was caught inside of the transaction."""
    if said != COMMIT.text:
        raise hidden()


def hidden() -> RuntimeError:
    return RuntimeError("the operation caught an error of the database: nothing was stored; let it pass through")
