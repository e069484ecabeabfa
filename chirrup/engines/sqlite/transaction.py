"""A transaction of SQLite as operations see it, and what SQLite spells in its own way."""

from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import apsw

from ...events import Event
from ...ids import IdSource, next_ms
from ...ports import Phrases, Row, Search
from ..database.common import Outbox, does_not_fit, is_list

T = TypeVar("T")


class _Phrases:
    clustered = "WITHOUT ROWID"
    in_turn = ""
    columns = "SELECT name FROM pragma_table_info(:table)"
    relations = "SELECT name FROM sqlite_master"
    extensions = "SELECT '' WHERE 0"
    lock_schema = "SELECT 1"  # writes come one after the other
    oldest_write = "SELECT NULL"  # writes come one after the other
    lock_patience = "SELECT :ms"
    bytewise = ""
    newest_posts = """SELECT id FROM posts WHERE author_id IN carray(:authors) AND id < :before AND id > :after
                      AND deleted_ms = 0 ORDER BY id DESC LIMIT :limit"""
    oldest_posts = newest_posts.replace("DESC", "ASC")
    newest_in_rooms = """SELECT post_id FROM room_posts WHERE room_id IN carray(:rooms) AND post_id < :before
                         AND post_id > :after ORDER BY post_id DESC LIMIT :limit"""
    oldest_in_rooms = newest_in_rooms.replace("DESC", "ASC")

    measure = "SELECT 1"  # plans do not depend on it

    def packed(self, table: str) -> str:
        return "SELECT 1"  # as it is

    def is_in(self, column: str, name: str) -> str:
        return f"{column} IN carray(:{name})"

    def ids_in(self, column: str, name: str) -> str:
        return self.is_in(column, name)

    def seldom(self, table: str) -> str:
        """One look for an account without rows, where the list of ids in WHERE costs one for each id: 16 of 350 µs of a
        home timeline. The account's row is the outer loop."""
        any_row = f"SELECT 1 FROM {table} WHERE bucket = :bucket AND account_id = :viewer LIMIT 1"
        return f"({any_row}) AS any_row CROSS JOIN {table}"

    def begins(self, column: str, name: str) -> str:
        return f"{column} >= :{name} AND {column} < :{name} || char(1114111)"


PHRASES = _Phrases()


class SqliteTx:
    """See ports.Tx."""

    sql: Phrases = PHRASES

    def __init__(self, connection: apsw.Connection, search: Search, ids: IdSource, outbox: Outbox) -> None:
        self.search = search
        cursor = connection.cursor()
        self._execute, self._executemany = cursor.execute, cursor.executemany
        self._changes = connection.changes
        self._ids = ids
        self._outbox = outbox
        self.emitted: list[Event] = []
        self.now_ms = 0

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)

    def all(self, sql: str, **values: Any) -> list[Row]:
        return self._execute(sql, bind(values)).fetchall()

    def one(self, sql: str, **values: Any) -> Row | None:
        rows = self._execute(sql, bind(values)).fetchall()  # to the end: an open statement would keep the old snapshot
        return rows[0] if rows else None

    def by_ids(self, sql: str, make: Callable[..., T], ids: Collection[int]) -> dict[int, T]:
        return {row[0]: make(*row) for row in self.all(sql, ids=ids)}

    def run(self, sql: str, **values: Any) -> None:
        self._execute(sql, bind(values)).fetchall()

    def changed(self, sql: str, **values: Any) -> int:
        self._execute(sql, bind(values)).fetchall()
        return self._changes()

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self._executemany(sql, (bind(dict(row)) for row in rows)).fetchall()

    def together(self, *questions: Callable[[], Any]) -> list[Any]:
        return [question() for question in questions]

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        marks = ", ".join("?" for _ in columns)
        try:
            self._executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows).fetchall()
        except apsw.ConstraintError as error:
            raise does_not_fit(table) from error

    def new_id(self, bucket: int, *, after: int = 0) -> int:
        return self._ids.draw(bucket, max(self.now_ms, next_ms(after)))

    def emit(self, event: Event) -> None:
        self._outbox(self, event)
        self.emitted.append(event)


def bind(values: dict[str, Any]) -> dict[str, Any]:
    """The values as the driver takes them."""
    for name, value in values.items():
        if type(value) is not int and is_list(value):  # most are numbers
            values[name] = _carray(value)
    return values


def _carray(values: Any) -> Any:
    if not values:
        return apsw.carray((b"",))  # an empty one cannot be bound; no column holds bytes
    return apsw.carray(tuple(values) if isinstance(next(iter(values)), str) else array("q", values))
