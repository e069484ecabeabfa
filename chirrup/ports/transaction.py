"""A transaction, as operations are given it: SQL written once, what databases spell differently, full text."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from ..events import Event

P = ParamSpec("P")
T = TypeVar("T")
Row = tuple[Any, ...]


class Phrases(Protocol):
    """SQL that differs between the databases: pieces for use inside a statement, and a few whole statements.

    A statement that every page needs is put together once for each kind of database: a function of Phrases with @cache.
    """

    clustered: str  # ends CREATE TABLE: rows are stored in primary-key order, if the engine can
    in_turn: str  # ends SELECT … of one row: locks the row until this transaction ends
    oldest_write: str  # SELECT: when the oldest open transaction of others that may write began, ms; or NULL
    columns: str  # SELECT: the names of the columns of :table
    relations: str  # SELECT: the names of all tables and indexes
    extensions: str  # SELECT: the names of the database's extensions
    lock_schema: str  # SELECT: 1: the schema is locked for others until this transaction ends; 0: another has the lock
    lock_patience: str  # SELECT: from here on waits at most :ms for a lock, then raises Held
    newest_posts: str  # SELECT id: the newest :limit posts of :authors with :after < id < :before, newest first
    oldest_posts: str  # the same, but the oldest :limit, oldest first
    newest_in_rooms: str  # as newest_posts: of those in any of :rooms
    oldest_in_rooms: str

    measure: str  # a statement: update the planner's statistics, after a large copy

    def packed(self, table: str) -> str:
        """A statement that makes the empty table's index without gaps for rows copied in the order of its key."""
        ...

    bytewise: str  # after a text column in ORDER BY: order by bytes, not by the database's language

    def is_in(self, column: str, name: str) -> str:
        """column is in the list bound to :name, which may be empty. The text is the same for all lengths."""
        ...

    def ids_in(self, column: str, name: str) -> str:
        """is_in() for ids that determine the bucket: only the shards of these ids are asked."""
        ...

    def seldom(self, table: str) -> str:
        """In FROM: a table in which few accounts have rows. WHERE asks for account_id = :viewer in its :bucket."""
        ...

    def begins(self, column: str, name: str) -> str:
        """column begins with the text bound to :name, which has no wildcards."""
        ...


class Search(Protocol):
    """Full-text search in the database, written in the caller's transaction. The caller must check visibility.

    Each organisation has its own index: its posts are found only with its org_id.
    """

    tables: Mapping[str, str]  # its own tables, like TABLES in store/schema/

    def create(self, tx: "Tx") -> None:
        """Create its tables. Harmless when repeated."""
        ...

    def index_post(self, tx: "Tx", post_id: int, author_id: int, text: str, *, org_id: int = 0) -> None:
        """Add the words of a post that has none in the index: remove_post() takes away those of before an edit."""
        ...

    def index_posts(self, tx: "Tx", posts: Iterable[tuple[int, int, str, int]]) -> None:
        """index_post() of many at once: (post, author, text, organisation) of each."""
        ...

    def remove_post(self, tx: "Tx", post_id: int) -> None: ...

    def find_posts(
        self,
        tx: "Tx",
        words: str,
        *,
        phrases: Collection[str] = (),
        author_id: int,
        before: int,
        limit: int,
        org_id: int = 0,
    ) -> list[int]:
        """Posts with all of words (without any syntax) and each of phrases exactly, newest first.

        author_id 0: by any author. [] if words and phrases have no word.
        """
        ...

    def posts_with_any(self, tx: "Tx", phrases: Collection[str], ids: Collection[int], *, org_id: int = 0) -> set[int]:
        """Those of ids with any of phrases, which may be single words."""
        ...

    def index_account(
        self, tx: "Tx", account_id: int, username: str, display_name: str, *, org_id: int = 0
    ) -> None: ...

    def remove_account(self, tx: "Tx", account_id: int) -> None: ...

    def find_accounts(self, tx: "Tx", words: str, *, limit: int, offset: int = 0, org_id: int = 0) -> list[int]:
        """Accounts with words in username or display name that begin like these; best first, in a stable order."""
        ...


class Tx(Protocol):
    """One transaction. Its time and its ids come from here, so tests choose them.

    Values are bound as :names. SQL is the subset that SQLite, PostgreSQL and Citus share (docs/operate/citus.md).
    """

    @property
    def now(self) -> datetime:
        """The time in UTC, the same for the whole transaction."""
        ...

    now_ms: int  # since 1970, when the transaction began, by one clock for all processes on this database
    emitted: list[Event]  # its events; on SQLite also those of earlier operations in the same transaction
    sql: Phrases
    search: "Search"

    def all(self, sql: str, **values: Any) -> list[Row]:
        """All rows, as tuples in the order of the columns."""
        ...

    def one(self, sql: str, **values: Any) -> Row | None:
        """The first row or None."""
        ...

    def by_ids(self, sql: str, make: Callable[..., T], ids: Collection[int]) -> dict[int, T]:
        """first column, one of ids -> make(*row), for all rows. :ids is the only value in sql.

        Reads at the same time may share one query, so the objects must not be changed.
        """
        ...

    def run(self, sql: str, **values: Any) -> None:
        """Runs before the next statement. Its error may be raised only there, or at the commit."""
        ...

    def changed(self, sql: str, **values: Any) -> int:
        """Run it. Returns how many rows were inserted, changed or deleted (0 after ON CONFLICT DO NOTHING)."""
        ...

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """run() once for each of rows."""
        ...

    def together(self, *questions: Callable[[], Any]) -> list[Any]:
        """The results of all questions. They must be independent, because they may run at the same time."""
        ...

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert rows, with values in the order of columns. The fastest way; faster still in the key's order.

        Raises Invalid: a row is there twice, or breaks another rule of the table.
        """
        ...

    def new_id(self, bucket: int, *, after: int = 0) -> int:
        """A new id in that bucket, later than all earlier ids of this process, and than the id `after`.

        Also later than the ids of transactions that this one waited for (Phrases.in_turn).
        after: what the new thing refers to. Another process may have made it, by a clock that is some ms ahead.
        """
        ...

    def emit(self, event: Event) -> None:
        """Write event to the outbox. It is acted on, at least once, if and only if this transaction commits."""
        ...


Operation = Callable[Concatenate[Tx, P], T]  # operation(tx, *args, **kwargs): a plain function over a transaction
