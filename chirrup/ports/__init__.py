"""The sockets engines plug into. One file of contract tests per socket: tests/contracts/.

Only app.py knows which plug is in which socket (engines/<socket>/<plug>.py).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, ParamSpec, Protocol, TypeVar

import msgspec

from .directory import Directories as Directories
from .transaction import Operation as Operation
from .transaction import Phrases as Phrases
from .transaction import Row as Row
from .transaction import Search as Search
from .transaction import Tx as Tx

P = ParamSpec("P")
T = TypeVar("T")
Rows = Callable[..., Iterator[Row]]  # of a query and its values


class Doubt(msgspec.Struct, frozen=True):
    """A problem in the configuration of the database or the broker."""

    what: str
    to_do: str


class Database(Protocol):
    """Runs plain functions in transactions. A function given here may be run again from the start."""

    sql: Phrases
    on_commit: Callable[[list[int]], None] | None  # after a commit, with the buckets of new events; from any thread
    trouble: str  # why the last write failed for want of disk space; "": it succeeded

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """operation(tx, *args, **kwargs) in a transaction. Returns once it is durable. An exception rolls it back."""
        ...

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """operation(tx, …) in one snapshot, which sees every write acknowledged before. It must not write."""
        ...

    async def read_lagging(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """read() of data that may be some seconds old: it may come from a replica.

        Never for data that the caller may have written.
        """
        ...

    def write_now(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """write() for programs without an event loop (commands, loaders)."""
        ...

    def doubts(self) -> list[Doubt]:
        """Problems that an operator should look at."""
        ...

    def draw_after(self, id: int) -> None:
        """From now on, ids drawn here are later than id, whatever the clock says."""
        ...

    def build_index(self, name: str, statement: str) -> None:
        """Make the index by its CREATE INDEX IF NOT EXISTS, while others write. An incomplete one is replaced."""
        ...

    def snapshot(self) -> AbstractContextManager[Rows]:
        """read(sql, **values), which gives the rows of large tables one by one, all of one moment.

        Others read and write meanwhile. For commands: it blocks.
        """
        ...

    def backup(self, to: Path) -> None:
        """A consistent copy in the folder `to`, made while others read and write.

        Raises SettingsError with what to do instead, if the engine has a better tool.
        """
        ...

    def close(self) -> None: ...


class Timelines(Protocol):
    """A cache of bounded lists of post ids, newest first, for viewers who are reading. Any may disappear at any time.

    A timeline is named by kind ("home", "list") and owner (account id, list id). Pushes may repeat or come late; a page
    is still in order and has each id once. While an engine cannot be reached, every timeline is cold. Only a missed
    push or drop is an error, MissedPush: repeat it, or make up for it with forget() (timelines/missed_pushes.py).
    """

    async def page(
        self, kind: str, owner: int, *, before: int, after: int, limit: int, oldest: bool = False
    ) -> list[int] | None:
        """Ids with after < id < before, newest first: the newest `limit` of them, or the oldest.

        None: the timeline is cold, or the page reaches beyond the ids that it has. Then read the database.
        The least recently read timelines are dropped first.
        """
        ...

    async def begin_rebuild(self, kind: str, owner: int) -> object | None:
        """Call this before reading the database. Ids pushed from now on are kept and merged by warm().

        Returns the argument `rebuild` of warm(). None: do not rebuild (the timeline is warm, or cannot be reached).
        """
        ...

    async def warm(self, kind: str, owner: int, rebuild: object, ids: Sequence[int], *, complete: bool) -> None:
        """Store the ids that a rebuild found, newest first, with those pushed meanwhile.

        complete: the database has nothing older. Does nothing if the rebuild is no longer valid: after drop(), if
        another one that began before or with it was stored, or after too many pushes.
        """
        ...

    async def push(self, kind: str, owners: Collection[int], id: int) -> int:
        """Add id to those of the owners' timelines that are warm (or being rebuilt). How many. Raises MissedPush."""
        ...

    async def drop(self, kind: str, owners: Collection[int]) -> None:
        """Delete these timelines and their running rebuilds; the next read rebuilds them. Raises MissedPush."""
        ...

    async def forget(self, parts: Collection[int]) -> None:
        """Delete all timelines of these parts, which MissedPush named. Raises MissedPush with the parts still left."""
        ...

    async def close(self) -> None: ...


class Broker(Protocol):
    """Wakes workers and carries signals for open streams. Messages may be lost, so the database decides."""

    @property
    def blind(self) -> bool:
        """Whether messages from other processes do not arrive at the moment."""
        ...

    @property
    def has_gaps(self) -> bool:
        """Whether a message published here may be lost, and listeners do not know of the gap yet."""
        ...

    async def connect(self) -> None:
        """Connect now, not at first use, so that `blind` is right from now on. No error if it is away."""
        ...

    async def doubts(self) -> list[Doubt]:
        """Problems that an operator should look at."""
        ...

    async def publish(self, channels: Collection[str], message: bytes) -> None:
        """Send message to all listeners of any of channels. Never waits for a slow listener."""
        ...

    async def tell_of_gap(self) -> bool:
        """Call on_gap of all listeners in all processes that can be reached. False: the broker cannot be reached."""
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
    """The channels of one listener. Each change is in force once its call returns."""

    async def add(self, channels: Collection[str]) -> None: ...
    async def remove(self, channels: Collection[str]) -> None: ...
    async def stop(self) -> None: ...


BODY_BYTES = "chirrup.body_bytes"  # key in an ASGI scope: the largest body that the endpoint accepts


class Blobs(Protocol):
    """Files by key. Keys are random and carry the extension."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store a file: durable on return, completely or not at all."""
        ...

    def put_file(self, key: str, file: BinaryIO, content_type: str) -> None:
        """put() for all that file still has to read, piece by piece."""
        ...

    def get(self, key: str) -> tuple[bytes, str] | None:
        """(data, content type), or None."""
        ...

    def open(self, key: str) -> tuple[BinaryIO, int, str] | None:
        """(open file, which the caller closes; its size; content type), or None. delete() does not change it."""
        ...

    def delete(self, key: str) -> None:
        """Harmless when repeated."""
        ...

    def old(self, folder: str, older_s: int) -> list[str]:
        """Keys that begin with folder/ (two hexadecimal digits) and are older than older_s seconds."""
        ...


class Limits(Protocol):
    """Rate limits. They do not depend on the wall clock."""

    async def hit(
        self, name: str, key: str, *, amount: int, per_s: int, cost: int = 1, strict: bool = False, loose: bool = False
    ) -> "Allowance":
        """Count cost against amount for (name, key), in a window of per_s seconds that began with the first hit.

        Refused hits are counted too. strict: refuse if the counter cannot be reached; else each process counts for
        itself until then. loose: each process but one may allow a twentieth of amount more, at most 100; nearly all
        hits then cost only an addition.
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
    """What DNS says about names."""

    async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        """(address, port to connect to) of a host, best first; []: there is no such host."""
        ...

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name; []: there are none. Raises Unavailable: no DNS server has answered."""
        ...

    def close(self) -> None: ...


class Fetched(msgspec.Struct, frozen=True):
    """An answer to a request that this server made."""

    url: str  # the final address, after redirects
    status: int
    headers: Mapping[str, str]  # lower-case name -> value; the first, if one came twice
    body: bytes  # decompressed
    is_whole: bool  # False: the body was longer than the limit


class OutgoingHttp(Protocol):
    """Requests to other servers, at addresses that users have given. No other code of ours sends HTTP requests."""

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
        named: Collection[str] = (),
        share: str = "",
    ) -> Fetched:
        """The answer, with any status. Raises Refused (not a public address, or not an address), Unreachable.

        named: hosts, or host:port, of the operator's own, which may have any address. share: requests with the same one
        share the few connections to an address.

        Redirects are followed for GET and HEAD only, and headers are sent only to the host of url.
        Error messages are for operators. Show the user who gave the address the same text for all errors, so that they
        cannot explore the network behind this server.
        """
        ...

    def close(self) -> None: ...


class Mail(msgspec.Struct, frozen=True):
    """One mail for one person, ready to be sent."""

    id: str  # letters, digits, ".", "_" and "-"; the same when it is sent again
    sender: str  # the address for reports of failed delivery, without a name
    to: str
    data: bytes  # the whole message (RFC 5322): lines end in CRLF


class Mailer(Protocol):
    """Hands mails over to a mail server. It uses the network, so never inside a transaction."""

    async def send(self, mail: Mail) -> None:
        """On return the mail server is responsible for the mail.

        Raises Unreachable (no mail can be handed over now), Unsent (this one cannot now), Refused (this one never),
        Undeliverable (none to this address).
        Except for Refused, it may still have been handed over.
        """
        ...

    async def check(self) -> str:
        """Where mails go, in a sentence for operators; nothing is sent. Raises Unreachable."""
        ...


class PushTo(msgspec.Struct, frozen=True):
    """Where an app has messages pushed, and what they are encrypted with."""

    endpoint: str
    key: bytes  # the app's public key: an uncompressed point of P-256
    secret: bytes
    standard: bool  # by RFC 8291; else by its draft


class Pusher(Protocol):
    """Hands messages for apps to the push services that these have named."""

    @property
    def public_key(self) -> str:
        """By which push services know this server, in base64: the same on all its processes, and after a restart."""
        ...

    def seal(self, text: str) -> str:
        """The text, to be read by open() only: on any process of this server."""
        ...

    def open(self, sealed: str) -> str:
        """Raises Refused: the server's secret was another when it was sealed."""
        ...

    async def push(self, to: PushTo, message: bytes, *, ttl_s: int) -> bool:
        """Have message delivered, within ttl_s. False: the subscription has ended, nothing more can be sent there.

        Raises Unreachable (the service is away, or takes nothing now), Refused (it does not take this one).
        """
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
    pusher: Pusher
    directories: Directories
    resolver: Resolver
