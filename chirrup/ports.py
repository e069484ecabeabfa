"""The sockets engines plug into. One file of contract tests per socket: tests/contracts/.

Only app.py knows which plug is in which socket (engines/<socket>/<plug>.py).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from .events import Event

P = ParamSpec("P")
T = TypeVar("T")
Row = tuple[Any, ...]


class Phrases(Protocol):
    """What the databases spell differently. Each returns a piece of SQL for use inside one statement."""

    clustered: str  # ends CREATE TABLE: rows stored in primary-key order where the engine can
    in_turn: str  # ends SELECT … of one row: who else asks for it so goes on when this transaction has ended
    oldest_write: str  # SELECT: when the oldest of others' transactions under way began that may write, ms; or NULL
    columns: str  # SELECT: the names of the columns of :table
    relations: str  # SELECT: the names of all tables and indexes
    extensions: str  # SELECT: the names of what the database's administrator added to it
    lock_schema: str  # SELECT: 1 when nobody else may change the schema until this transaction ends, 0: somebody does
    lock_patience: str  # SELECT: from here on waits :ms for what others hold, then raises Held
    newest_posts: str  # SELECT id: the newest :limit posts of :authors with :after < id < :before, newest first
    oldest_posts: str  # the same from the other end: the oldest :limit, oldest first

    measure: str  # a statement: look anew at how much there is of everything, once much was copied in

    def packed(self, table: str) -> str:
        """A statement: rows that are copied into the empty table in the order of its key leave no gaps in its index."""
        ...

    bytewise: str  # after a column of text in ORDER BY: by its bytes, whatever the database's language

    def is_in(self, column: str, name: str) -> str:
        """column is one of the list bound to :name. Any length, also empty; one statement text whatever the length."""
        ...

    def ids_in(self, column: str, name: str) -> str:
        """is_in() for ids that the bucket is taken from: of several shards only those that have them are asked."""
        ...

    def begins(self, column: str, name: str) -> str:
        """column begins with the text bound to :name, in which nothing has a special meaning."""
        ...


class Search(Protocol):
    """Full text inside the database, written in the transaction it is given. Visibility is the caller's to check.

    Each organisation has words of its own: what one has said is found by asking with its org_id only.
    """

    tables: Mapping[str, str]  # its own, as TABLES in store/schema.py

    def create(self, tx: "Tx") -> None:
        """Make what it needs; harmless when repeated."""
        ...

    def index_post(self, tx: "Tx", post_id: int, author_id: int, text: str, *, org_id: int = 0) -> None:
        """Add or replace the words of one post."""
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
        """Posts with all of words (nothing in words is syntax) and each of phrases as it stands, newest first.

        author_id 0: by anybody. Nothing where nothing that is asked for has a word.
        """
        ...

    def posts_with_any(self, tx: "Tx", phrases: Collection[str], ids: Collection[int], *, org_id: int = 0) -> set[int]:
        """Those of ids with one of phrases, which may be single words."""
        ...

    def index_account(
        self, tx: "Tx", account_id: int, username: str, display_name: str, *, org_id: int = 0
    ) -> None: ...

    def remove_account(self, tx: "Tx", account_id: int) -> None: ...

    def find_accounts(self, tx: "Tx", words: str, *, limit: int, offset: int = 0, org_id: int = 0) -> list[int]:
        """Accounts whose username or display name has words that begin like these; best first, in a stable order."""
        ...


class Tx(Protocol):
    """One transaction. Its time and its ids come from here, so tests choose them.

    Values are bound as :names. SQL is written once, in the subset that SQLite, PostgreSQL and
    Citus share (docs/operate/citus.md).
    """

    @property
    def now(self) -> datetime:
        """UTC, of the whole transaction."""
        ...

    now_ms: int  # since 1970, when the transaction began, by one clock for all processes on this database
    emitted: list[Event]  # what was announced in it; on SQLite also by operations before, which share a transaction
    sql: Phrases
    search: "Search"

    def all(self, sql: str, **values: Any) -> list[Row]:
        """Every row, as tuples in the order of the columns named."""
        ...

    def one(self, sql: str, **values: Any) -> Row | None:
        """The first row or None."""
        ...

    def by_ids(self, sql: str, make: Callable[..., T], ids: Collection[int]) -> dict[int, T]:
        """make(*row) of every row, by its first column, which is one of ids; sql has no other values than :ids.

        Reads that come together may ask this once for all of them: what is made must not be changed.
        """
        ...

    def run(self, sql: str, **values: Any) -> None:
        """It is done before what is asked next. What is wrong with it may come to light only there, or at the end."""
        ...

    def changed(self, sql: str, **values: Any) -> int:
        """Run it: how many rows were inserted, changed or deleted (0 after ON CONFLICT DO NOTHING)."""
        ...

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """run() once for each of rows."""
        ...

    def together(self, *questions: Callable[[], Any]) -> list[Any]:
        """What each of questions returns. None needs to know what another finds: they may be asked at the same time."""
        ...

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert rows, their values in the order of columns: the quickest way in, quicker still in the key's order."""
        ...

    def new_id(self, bucket: int) -> int:
        """A fresh id in that bucket, later than all this process drew before.

        Later, too, than all that were drawn by transactions which this one waited for (Phrases.in_turn).
        """
        ...

    def emit(self, event: Event) -> None:
        """Write event to the outbox: it will be acted on, at least once, if and only if this transaction commits."""
        ...


Operation = Callable[Concatenate[Tx, P], T]  # operation(tx, *args, **kwargs): a plain function over a transaction


class Doubt(msgspec.Struct, frozen=True):
    """How the database or the broker is set up, where that should be another way."""

    what: str
    to_do: str


class Database(Protocol):
    """Runs plain functions in transactions. A function given here may be run again from the start."""

    sql: Phrases
    on_commit: Callable[[list[int]], None] | None  # after a commit, with the buckets of new events; from any thread
    trouble: str  # why the disk took nothing the last time something was written; "" when it did

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """operation(tx, *args, **kwargs) in a transaction; returns once it is durable. What it raises rolls it back."""
        ...

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """operation(tx, …) in one snapshot that sees every write acknowledged before. It must not write."""
        ...

    async def read_lagging(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """read() of something that may be some seconds old: it may come from a replica.

        Never for what whoever asks may have written.
        """
        ...

    def write_now(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """write() for programs without an event loop (commands, loaders)."""
        ...

    def doubts(self) -> list[Doubt]:
        """What the people who run it should look at."""
        ...

    def draw_after(self, id: int) -> None:
        """Ids drawn here from now on are later than id, whatever the clock says."""
        ...

    def build_index(self, name: str, statement: str) -> None:
        """Make the index by its CREATE INDEX IF NOT EXISTS, while others write. One that is half made is replaced."""
        ...

    def backup(self, to: Path) -> None:
        """A whole copy, as of one moment, into the folder `to`, while others read and write.

        Raises SettingsError with what to do instead, where the engine has a better tool of its own.
        """
        ...

    def close(self) -> None: ...


class Timelines(Protocol):
    """Bounded lists of post ids, newest first, kept for people who are reading. Any of them may vanish at any moment.

    A timeline is named by kind ("home", "list") and owner (account id, list id). Pushes are blind and may repeat or
    come late; a page is in order and has each id once all the same. While an engine cannot be reached every timeline is
    cold; only a push or a drop that is missed is an error, MissedPush: it is to be repeated, or made up for by forget()
    (timelines/missed_pushes.py).
    """

    async def page(
        self, kind: str, owner: int, *, before: int, after: int, limit: int, oldest: bool = False
    ) -> list[int] | None:
        """Ids with after < id < before, newest first: the newest `limit` of them, or the oldest when asked.

        None when the timeline is cold, or what is asked for reaches beyond what is kept: read the database instead.
        Counts as a sign of life: the timelines least recently read are dropped first.
        """
        ...

    async def begin_rebuild(self, kind: str, owner: int) -> object | None:
        """Call before reading the database: what is pushed from now on is kept until warm() and merged into it.

        Returns what warm() is to be given, or None when there is nothing to rebuild (it is warm, or out of reach).
        """
        ...

    async def warm(self, kind: str, owner: int, rebuild: object, ids: Sequence[int], *, complete: bool) -> None:
        """Store what a rebuild found, newest first, with what was pushed meanwhile.

        complete: the database has nothing older. Does nothing when the rebuild was overtaken: by drop(), by another
        that began before or with it, or by so many pushes that it was given up.
        """
        ...

    async def push(self, kind: str, owners: Collection[int], id: int) -> int:
        """Add id to the timelines of those owners that are warm (or being rebuilt). How many took it. Raises
        MissedPush.
        """
        ...

    async def drop(self, kind: str, owners: Collection[int]) -> None:
        """Forget these timelines and rebuilds of them that are under way; a read rebuilds them. Raises MissedPush."""
        ...

    async def forget(self, parts: Collection[int]) -> None:
        """Drop all that is kept in these parts, as MissedPush names them, whoever owns it. Raises MissedPush: those
        left.
        """
        ...

    async def close(self) -> None: ...


class Broker(Protocol):
    """Wakes workers and carries what open streams show. Nothing in it is the truth: what is published may be lost."""

    @property
    def blind(self) -> bool:
        """Messages from other processes do not arrive at the moment."""
        ...

    @property
    def owes(self) -> bool:
        """Something published here may not have arrived, and who listens was not told of the gap yet."""
        ...

    async def connect(self) -> None:
        """Reach out for it now, not at first use: from then on `blind` says how it stands. Away is no error."""
        ...

    async def doubts(self) -> list[Doubt]:
        """What the people who run it should look at."""
        ...

    async def publish(self, channels: Collection[str], message: bytes) -> None:
        """Give message to everybody who listens on any of channels. Never waits for a slow reader."""
        ...

    async def tell_of_gap(self) -> bool:
        """Have everybody's on_gap called, wherever they are, who is not cut off. False: nobody could be told."""
        ...

    async def listen(
        self, channels: Collection[str], on_message: "OnMessage", *, on_gap: Callable[[], None] | None = None
    ) -> "Listening":
        """Call on_message(channel, message) for each message from now on; it must not block.

        on_gap() is called when messages may have been missed, once they arrive again.
        """
        ...

    async def close(self) -> None: ...


OnMessage = Callable[[str, bytes], None]


class Listening(Protocol):
    """What somebody listens on. Each change holds once its call returns."""

    async def add(self, channels: Collection[str]) -> None: ...
    async def remove(self, channels: Collection[str]) -> None: ...
    async def stop(self) -> None: ...


BODY_BYTES = "chirrup.body_bytes"  # in an ASGI scope: how large a body who answers wants at most


class Blobs(Protocol):
    """Files by key. Keys are random and carry the extension."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Durable on return, whole or not at all."""
        ...

    def get(self, key: str) -> tuple[bytes, str] | None:
        """(data, content type), or None."""
        ...

    def open(self, key: str) -> tuple[BinaryIO, int, str] | None:
        """(the file to read from and to close, its size, content type), or None. It stays as it is now."""
        ...

    def delete(self, key: str) -> None:
        """Gone afterwards; harmless when repeated."""
        ...

    def old(self, folder: str, older_s: int) -> list[str]:
        """Keys that begin with folder/ (two hexadecimal digits) and were put longer than older_s seconds ago."""
        ...


class Limits(Protocol):
    """Counts what may be done only so often. Clocks that are set do not matter to it."""

    async def hit(
        self, name: str, key: str, *, amount: int, per_s: int, cost: int = 1, strict: bool = False, loose: bool = False
    ) -> "Allowance":
        """Count cost against amount for (name, key), in a window of per_s seconds that began with the first hit.

        What is refused is counted too. strict: refuse when the count cannot be reached; else each process counts
        for itself until it can. loose: each process but one may let through a twentieth of amount more, 100 at most,
        and nearly all hits cost it nothing but an addition.
        """
        ...

    async def close(self) -> None: ...


class Allowance(Protocol):
    @property
    def allowed(self) -> bool: ...
    @property
    def remaining(self) -> int: ...
    @property
    def resets_at_s(self) -> int:
        """Unix seconds."""
        ...


class Resolver(Protocol):
    """Finds the addresses of hosts."""

    async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        """(address, port to connect to) of a host, best first; none: there is no such host."""
        ...

    def close(self) -> None: ...


class Fetched(msgspec.Struct, frozen=True):
    """An answer to a request that this server made."""

    url: str  # where it came from, after redirects
    status: int
    headers: Mapping[str, str]  # by names in lower case; of one that came twice the first
    body: bytes  # unpacked
    is_whole: bool  # False: there was more than was to be read


class OutgoingHttp(Protocol):
    """Asks other servers, at addresses that people have named. No other code of ours speaks HTTP to others."""

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        redirects: int = 3,
        bytes_max: int = 1024 * 1024,
        within_s: float = 10.0,
    ) -> Fetched:
        """The answer, whatever its status. Raises Refused (the address is not public, or none), Unreachable.

        Redirects are followed for GET and HEAD only, and headers go only to the host that url names.
        What an error says is for operators. Whoever named the address is told the same whatever it was: else they could
        find out what there is behind this server.
        """
        ...

    def close(self) -> None: ...


class Mail(msgspec.Struct, frozen=True):
    """One mail for one person, ready to be sent."""

    id: str  # letters, digits, ".", "_" and "-": the same when it is sent again
    sender: str  # whom the mail server tells of what cannot be delivered; an address without a name
    to: str
    data: bytes  # the whole message (RFC 5322): lines end in CRLF


class Mailer(Protocol):
    """Hands mails over to whoever delivers them. Speaks over the network: never inside a transaction."""

    async def send(self, mail: Mail) -> None:
        """On return it is another's to deliver.

        Raises Unreachable (no mail can be handed over now), Unsent (this one cannot), Refused (this one never); it may
        have been handed over all the same, but where it is Refused.
        """
        ...

    async def check(self) -> str:
        """Where mails go, in a sentence for operators; nothing is sent. Raises Unreachable."""
        ...


class Engines(msgspec.Struct, frozen=True):
    """One plug in every socket; app.py chooses them."""

    db: Database
    timelines: Timelines
    broker: Broker
    blobs: Blobs
    limits: Limits
    mailer: Mailer
    outgoing: OutgoingHttp
