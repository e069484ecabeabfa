"""One connection to Redis or Valkey that reconnects by itself. All Redis plugs use it, by way of topology.py.

All tasks share the connection: commands are pipelined, many in one write, and replies arrive in order. We wrote it for
delivery. Measured with 1,000 ids a call, a command costs 9 µs of client CPU with redis-py's pipeline, 0.8 with its bare
connection and 0.3 here. The protocol is RESP3, so published messages arrive between replies.

Commands raise Away at once while the server cannot be reached, answers too late, refuses a command or is not the
primary. With several addresses, every connect asks each of them for its role and takes the primary. A check once a
second asks whether that server is still the primary.
"""

import asyncio
import hashlib
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, cast

import hiredis
import structlog
from redis.asyncio.connection import SSLConnection

from ... import metrics

log = structlog.get_logger()

TIMEOUT_S = 2.0  # with the three below: we leave a silent server within 5 s
CONNECT_S = 1.0
PING_S = 1.0  # how often each connection is tried
PAUSE_MIN_S, PAUSE_MAX_S = 0.05, 1.0  # between tries to connect, each twice as long as the one before
COMPLAIN_S = 60.0  # between two log lines about a server that comes and goes

ELSEWHERE = ("MOVED ", "ASK ", "CLUSTERDOWN ", "TRYAGAIN ")  # errors about one slot of a Cluster, not about the node

REPLY_BYTES_MIN = 3  # "_\r\n"
MANY = 64  # replies; for more than this the socket wakes us once for all

_INCOMPLETE = object()

_Asked = tuple[list[Any], int, "asyncio.Future[list[Any]]", float]  # replies so far, of how many, for whom, since when

Options = dict[str, Any]  # of one server, as redis-py reads them from a URL
Facts = dict[str, str]  # what INFO says


class Away(Exception):
    """Redis cannot be used at the moment. The message says why."""


def pack(*words: str | bytes | int) -> bytes:
    """One command as it goes over the wire."""
    return hiredis.pack_command(words)  # pyright: ignore[reportArgumentType]  # its stub means a tuple of any length


def pack_each(command: str, keys: Iterable[str], last: bytes) -> bytes:
    """`command key last` for each key. Takes half the time of pack(); a delivery needs two of these."""
    head, tail = f"*3\r\n${len(command)}\r\n{command}\r\n$", f"\r\n${len(last)}\r\n{last.decode('latin-1')}\r\n"
    keys = [key if key.isascii() else key.encode().decode("latin-1") for key in keys]  # a character for each byte
    return "".join([f"{head}{len(key)}\r\n{key}{tail}" for key in keys]).encode("latin-1")


PING = pack("PING")
INFO = pack("INFO", "server") + pack("INFO", "replication")
# A write that changes nothing. A server that lost its replicas (min-replicas-to-write) or became one refuses it.
_STILL_PRIMARY = pack("INFO", "replication") + pack("DEL", "chirrup:beat")
_STILL_IN_CLUSTER = pack("INFO", "replication") + pack("CLUSTER", "INFO")


class Connection:
    """Connects when first needed, and again whenever the connection is lost, until close().

    servers: addresses; one of them is the primary. in_cluster: the server is a node of a Cluster and may answer
    ELSEWHERE. on_message(kind, channel, message): called for what the server pushes: "message", "sunsubscribe" and so
    on. on_up(): called after each connect, before anybody else's commands.
    """

    def __init__(
        self,
        servers: Sequence[Options],
        *,
        in_cluster: bool = False,
        on_message: Callable[[bytes, bytes, Any], None] | None = None,
        on_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.servers, self._in_cluster = servers, in_cluster
        self.identity = b"?"  # changes with each start and each promotion: the server may then have lost newer data
        self._on_message, self._on_up = on_message, on_up
        self.protocol: _Protocol | None = None  # None: not connected
        self._first_try: asyncio.Event = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._complain_at = 0.0
        self._complained = False

    @property
    def up(self) -> bool:
        return self.protocol is not None

    async def ready(self) -> None:
        """Returns when commands can be sent. Raises Away: the first call waits for one try to connect, later ones do
        not.
        """
        if self.protocol is None:
            if self._runner is None:
                self._runner = asyncio.create_task(self._run())
            await self._first_try.wait()
            if self.protocol is None:
                raise Away("not connected")

    def send(self, commands: bytes, count: int) -> "Answer":
        """Send commands that have count replies. They are written before any other task runs. Raises Away."""
        if self.protocol is None:
            raise Away("not connected")
        return self.protocol.send(commands, count)

    async def ask(self, commands: bytes, count: int) -> list[Any]:
        """The count replies to packed commands, in order. Raises Away: the server may or may not have executed them."""
        await self.ready()
        return await self.send(commands, count).replies()

    async def check(self) -> None:
        """Closes the connection and raises Away when the server's role or data set has changed since the connect."""
        if self.protocol is None:
            raise Away("not connected")
        protocol = self.protocol
        info, state = await protocol.send(_STILL_IN_CLUSTER if self._in_cluster else _STILL_PRIMARY, 2).replies()
        facts = facts_of(info)
        if facts["role"] != "master" or _identity(protocol.run_id, facts) != self.identity:
            protocol.abort("it was promoted or demoted")
        elif self._in_cluster and b"cluster_state:ok" not in state:
            protocol.abort("the Cluster is down there")
        if protocol.lost.done():
            raise Away(protocol.lost.result())

    def abort(self, why: str) -> None:
        """Close the connection and connect again."""
        if self.protocol:
            self.protocol.abort(why)

    async def close(self) -> None:
        if self._runner:
            self._runner.cancel()
            with suppress(asyncio.CancelledError):
                await self._runner

    async def _run(self) -> None:
        pause_s = PAUSE_MIN_S
        while True:
            protocol = None
            try:
                protocol, facts = await self._find()
                self.identity = _identity(protocol.run_id, facts)
                self.protocol = protocol
                if self._in_cluster:
                    await self.check()
                if self._on_up:
                    await self._on_up()
                self._first_try.set()
                pause_s = PAUSE_MIN_S
                self._rejoice()
                metrics.redis_connects[self.name] += 1
                while True:
                    await asyncio.wait([protocol.lost], timeout=PING_S)
                    await self.check()
            except Exception as error:  # any error: the next connection may work
                self._complain(error)
            finally:
                self.protocol = None
                if protocol:
                    protocol.abort()
                self._first_try.set()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)

    async def _find(self) -> "tuple[_Protocol, Facts]":
        """A connection to the primary among the servers, and its INFO."""
        protocols = [_Protocol(self._on_message, elsewhere=self._in_cluster) for _ in self.servers]
        chosen = None
        try:
            asked = map(_open, protocols, self.servers)
            said = await asyncio.gather(*asked, return_exceptions=True)
            found = [
                (protocol, facts) for protocol, facts in zip(protocols, said, strict=True) if isinstance(facts, dict)
            ]
            if any((facts["mode"] == "cluster") != self._in_cluster for _, facts in found):
                raise Away("a Cluster's address begins with redis+cluster://, that of other servers with redis://")
            chosen = _primary(found)
            if chosen is None:
                reasons = [reason_of(error) for error in said if isinstance(error, BaseException)]
                raise Away("; ".join(reasons) or "only replicas there, no primary")
            return chosen
        finally:
            for protocol in protocols:
                if chosen is None or protocol is not chosen[0]:
                    protocol.abort()

    def _complain(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._complain_at:
            self._complain_at, self._complained = now + COMPLAIN_S, True
            log.warning("redis is away, trying again", server=self.name, error=reason_of(error))

    def _rejoice(self) -> None:
        if self._complained:
            self._complained = False
            log.info("redis is back", server=self.name)

    @property
    def name(self) -> str:
        return ", ".join(name_of(options) for options in self.servers)


async def look_at(options: Options, commands: bytes, count: int) -> list[Any]:
    """The replies of one server, whatever its role, over a connection of its own. Raises Away, OSError."""
    protocol = _Protocol(None, elsewhere=True)
    try:
        await _open(protocol, options)
        return await protocol.send(commands, count).replies()
    finally:
        protocol.abort()


async def _open(protocol: "_Protocol", options: Options) -> Facts:
    """Connect, and read the server's INFO. Raises Away, OSError, TimeoutError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_S):
        if "path" in options:
            await loop.create_unix_connection(lambda: protocol, options["path"])
        else:
            tls = options.get("connection_class") is SSLConnection
            context = ssl.create_default_context(cafile=options.get("ssl_ca_certs")) if tls else None
            await loop.create_connection(lambda: protocol, options["host"], options["port"], ssl=context)
        who = ["AUTH", options.get("username", "default"), options["password"]] if "password" in options else []
        hello = pack("HELLO", 3, *who) + pack("SELECT", options.get("db", 0)) + INFO
        greeting, _, server, replication = await protocol.send(hello, 4).replies()
    facts = facts_of(server) | facts_of(replication)
    facts["mode"] = greeting[b"mode"].decode()  # INFO has it under another name in Valkey
    protocol.run_id = facts["run_id"]
    return facts


def facts_of(info: bytes) -> Facts:
    """INFO or CLUSTER INFO as a dict."""
    return dict(line.split(":", 1) for line in info.decode(errors="replace").splitlines() if ":" in line)


def _identity(run_id: str, facts: Facts) -> bytes:
    """10 letters. They change with each restart (run id) and each promotion (replication id)."""
    return hashlib.blake2s(f"{run_id} {facts['master_replid']}".encode(), digest_size=5).hexdigest().encode()


def _primary(found: "list[tuple[_Protocol, Facts]]") -> "tuple[_Protocol, Facts] | None":
    """The one of several servers that claim to be primary: nobody replaced it, and it has run longest.

    A primary that crashed and restarted still claims to be one until somebody tells it that it was replaced.
    """
    primaries = [one for one in found if one[1]["role"] == "master"]
    ids = {facts["master_replid2"]: protocol for protocol, facts in primaries}
    heirs = [one for one in primaries if ids.get(one[1]["master_replid"], one[0]) is one[0]]
    return max(heirs, key=lambda one: int(one[1]["uptime_in_seconds"]), default=None)


def reason_of(error: BaseException) -> str:
    """The error's message, or its type where it has none, as TimeoutError."""
    return str(error) or type(error).__name__


def name_of(options: Options) -> str:
    return options.get("path") or f"{options['host']}:{options['port']}"


class Answer:
    """The replies to sent commands."""

    __slots__ = ("_answered", "_protocol")

    def __init__(self, protocol: "_Protocol", answered: "asyncio.Future[list[Any]]") -> None:
        self._protocol, self._answered = protocol, answered

    async def replies(self) -> list[Any]:
        """In order. Raises Away, also for an error reply; only ELSEWHERE errors are returned among the replies."""
        replies = await self._answered
        if hiredis.ReplyError in set(map(type, replies)):
            for reply in replies:
                if type(reply) is hiredis.ReplyError and not (
                    self._protocol.elsewhere and str(reply).startswith(ELSEWHERE)
                ):
                    self._protocol.abort(str(reply))  # loading, out of memory or a replica by now: of no use to us
                    raise Away(str(reply))
        return replies


class _Protocol(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, on_message: Callable[[bytes, bytes, Any], None] | None, *, elsewhere: bool) -> None:
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._on_message = on_message
        self.elsewhere = elsewhere
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[_Asked] = deque()
        self._patience: asyncio.TimerHandle | None = None  # for the first of them
        self._unsent: list[bytes] = []
        self._socket: Any = None  # for SO_RCVLOWAT; None with TLS
        self._awake_at = 1  # bytes received before the loop wakes us
        self.lost: asyncio.Future[str] = self._loop.create_future()  # its result: the reason
        self.run_id = ""

    def send(self, commands: bytes, count: int) -> Answer:
        if self._transport is None or self.lost.done():
            raise Away(self.lost.result() if self.lost.done() else "not connected")
        answered: asyncio.Future[list[Any]] = self._loop.create_future()
        self._waiting.append(([], count, answered, now := self._loop.time()))
        if self._patience is None:
            self._patience = self._loop.call_at(now + TIMEOUT_S, self._lose_patience)
        self._sleep_until_enough()
        self._unsent.append(commands)
        if len(self._unsent) == 1:  # other commands of this loop turn join this write: a write costs 15 µs
            self._loop.call_soon(self._flush)
        return Answer(self, answered)

    def _flush(self) -> None:
        if self._transport and not self.lost.done():
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def abort(self, why: str = "closed") -> None:
        if self._transport:
            self._transport.abort()
        self._lose(why)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        # TLS holds back an incomplete record, so we could sleep for ever
        if transport.get_extra_info("sslcontext") is None:
            self._socket = transport.get_extra_info("socket")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(str(exc) if exc else "connection closed by the server")

    def data_received(self, data: bytes) -> None:
        if self.lost.done():
            return
        self._reader.feed(data)
        gets, waiting, published = self._reader.gets, self._waiting, hiredis.PushNotification
        while (reply := gets()) is not _INCOMPLETE:
            if type(reply) is published:
                if self._on_message:
                    self._on_message(*reply)
                continue
            replies, count, answered, _ = waiting[0]
            replies.append(reply)
            if len(replies) == count:
                waiting.popleft()
                if not answered.done():  # the caller may have been cancelled
                    answered.set_result(replies)
        self._sleep_until_enough()

    def _sleep_until_enough(self) -> None:
        """Do not wake for the first of many replies: Redis sends them in dozens of pieces."""
        enough = 1
        if self._waiting:
            replies, count, *_ = self._waiting[0]
            if count - len(replies) > MANY:
                enough = REPLY_BYTES_MIN * (count - len(replies) - 1)  # the parser may hold a part of one reply
        if enough != self._awake_at and self._socket:
            self._awake_at = enough
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, enough)

    def _lose_patience(self) -> None:
        self._patience = None
        if self._waiting:
            asked_at = self._waiting[0][3]
            if self._loop.time() < asked_at + TIMEOUT_S:
                self._patience = self._loop.call_at(asked_at + TIMEOUT_S, self._lose_patience)
            else:
                self.abort(f"no answer for {TIMEOUT_S} s")

    def _lose(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)
        while self._waiting:
            answered = self._waiting.popleft()[2]
            if not answered.done():
                answered.set_exception(Away(why))
                answered.exception()  # the caller may be gone; avoids a warning
