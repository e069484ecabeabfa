"""A connection to Redis or Valkey that comes back by itself: what the Redis plugs stand on (topology.py).

Commands of all tasks go out at once on one connection, many in one write, and the replies come back in order. Written
for delivery: measured with 1,000 ids a call, redis-py's pipeline costs 9 µs of client CPU a command, its bare
connection 0.8, this 0.3. It speaks RESP3, so published messages arrive between the replies.

A server that cannot be reached, does not answer in time, refuses a command or is no primary is Away, at once, until it
is back. Of several addresses the primary's is taken: each is asked at every connect, and once a second whether it
still is what it was.
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

TIMEOUT_S = 2.0  # with the three below, a server that falls silent is noticed and left within 5 s
CONNECT_S = 1.0
PING_S = 1.0  # how often each connection is tried
PAUSE_MIN_S, PAUSE_MAX_S = 0.05, 1.0  # between tries to connect, each twice as long as the one before
COMPLAIN_S = 60.0  # a server that comes and goes is logged this often

ELSEWHERE = ("MOVED ", "ASK ", "CLUSTERDOWN ", "TRYAGAIN ")  # what a Cluster's node says of a slot, not of itself

REPLY_BYTES_MIN = 3  # "_\r\n"
MANY = 64  # replies that are waited for in one piece

_INCOMPLETE = object()

_Asked = tuple[list[Any], int, "asyncio.Future[list[Any]]", float]  # replies so far, of how many, for whom, since when

Options = dict[str, Any]  # of one server, as redis-py reads them from a URL
Facts = dict[str, str]  # what INFO says


class Away(Exception):
    """Redis is not there, or of no use, at the moment. The message says why."""


def pack(*words: str | bytes | int) -> bytes:
    """One command as it goes over the wire."""
    return hiredis.pack_command(words)  # pyright: ignore[reportArgumentType]  # its stub means a tuple of any length


def pack_each(command: str, keys: Iterable[str], last: bytes) -> bytes:
    """`command key last` for each key. By hand: it takes half the time of pack(), and a delivery is two of these."""
    head, tail = f"*3\r\n${len(command)}\r\n{command}\r\n$", f"\r\n${len(last)}\r\n{last.decode('latin-1')}\r\n"
    keys = [key if key.isascii() else key.encode().decode("latin-1") for key in keys]  # a character for each byte
    return "".join([f"{head}{len(key)}\r\n{key}{tail}" for key in keys]).encode("latin-1")


PING = pack("PING")
INFO = pack("INFO", "server") + pack("INFO", "replication")
# A write that writes nothing: refused by a server that lost its replicas (min-replicas-to-write) or became one.
_STILL_PRIMARY = pack("INFO", "replication") + pack("DEL", "chirrup:beat")
_STILL_IN_CLUSTER = pack("INFO", "replication") + pack("CLUSTER", "INFO")


class Link:
    """Connects when first needed and again whenever the connection is lost, until close().

    servers: addresses of which one is the primary's. in_cluster: it is a node of a Cluster, and may say ELSEWHERE.
    on_message(kind, channel, message): what the server sends unasked: "message", "sunsubscribe" and their like.
    on_up(): after each connect, before anybody else's commands.
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
        self.identity = b"?"  # another one after each start and each promotion: what it holds may be older than it was
        self._on_message, self._on_up = on_message, on_up
        self.wire: _Wire | None = None  # None: not connected
        self._first_try: asyncio.Event = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._complain_at = 0.0
        self._complained = False

    @property
    def up(self) -> bool:
        return self.wire is not None

    async def ready(self) -> None:
        """Returns when commands can be sent. Raises Away, at once but for the very first time."""
        if self.wire is None:
            if self._runner is None:
                self._runner = asyncio.create_task(self._run())
            await self._first_try.wait()
            if self.wire is None:
                raise Away("not connected")

    def send(self, commands: bytes, count: int) -> "Answer":
        """Commands with count replies, on their way before anything else runs. Raises Away."""
        if self.wire is None:
            raise Away("not connected")
        return self.wire.send(commands, count)

    async def ask(self, commands: bytes, count: int) -> list[Any]:
        """The count replies to packed commands, in order. Raises Away: they may or may not have been carried out."""
        await self.ready()
        return await self.send(commands, count).replies()

    async def check(self) -> None:
        """Raises Away, having left it, when it is not any more what it was when it was connected to."""
        if self.wire is None:
            raise Away("not connected")
        wire = self.wire
        info, state = await wire.send(_STILL_IN_CLUSTER if self._in_cluster else _STILL_PRIMARY, 2).replies()
        facts = facts_of(info)
        if facts["role"] != "master" or _identity(wire.run_id, facts) != self.identity:
            wire.abort("it was promoted or demoted")
        elif self._in_cluster and b"cluster_state:ok" not in state:
            wire.abort("the Cluster is down there")
        if wire.lost.done():
            raise Away(wire.lost.result())

    def abort(self, why: str) -> None:
        """Leave it, and connect anew."""
        if self.wire:
            self.wire.abort(why)

    async def close(self) -> None:
        if self._runner:
            self._runner.cancel()
            with suppress(asyncio.CancelledError):
                await self._runner

    async def _run(self) -> None:
        pause_s = PAUSE_MIN_S
        while True:
            wire = None
            try:
                wire, facts = await self._find()
                self.identity = _identity(wire.run_id, facts)
                self.wire = wire
                if self._in_cluster:
                    await self.check()
                if self._on_up:
                    await self._on_up()
                self._first_try.set()
                pause_s = PAUSE_MIN_S
                self._rejoice()
                metrics.redis_connects[self.name] += 1
                while True:
                    await asyncio.wait([wire.lost], timeout=PING_S)
                    await self.check()
            except Exception as error:  # whatever it is, the next connection may do better
                self._complain(error)
            finally:
                self.wire = None
                if wire:
                    wire.abort()
                self._first_try.set()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)

    async def _find(self) -> "tuple[_Wire, Facts]":
        """A connection to the primary among the servers, and what it says of itself."""
        wires = [_Wire(self._on_message, elsewhere=self._in_cluster) for _ in self.servers]
        chosen = None
        try:
            asked = map(_open, wires, self.servers)
            said = await asyncio.gather(*asked, return_exceptions=True)
            found = [(wire, facts) for wire, facts in zip(wires, said, strict=True) if isinstance(facts, dict)]
            if any((facts["mode"] == "cluster") != self._in_cluster for _, facts in found):
                raise Away("a Cluster's address begins with redis+cluster://, that of other servers with redis://")
            chosen = _primary(found)
            if chosen is None:
                reasons = [reason_of(error) for error in said if isinstance(error, BaseException)]
                raise Away("; ".join(reasons) or "only replicas there, no primary")
            return chosen
        finally:
            for wire in wires:
                if chosen is None or wire is not chosen[0]:
                    wire.abort()

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
    """The replies of one server, whatever its role, by a connection for this once. Raises Away, OSError."""
    wire = _Wire(None, elsewhere=True)
    try:
        await _open(wire, options)
        return await wire.send(commands, count).replies()
    finally:
        wire.abort()


async def _open(wire: "_Wire", options: Options) -> Facts:
    """Connect, and ask whom to. Raises Away, OSError, TimeoutError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_S):
        if "path" in options:
            await loop.create_unix_connection(lambda: wire, options["path"])
        else:
            tls = options.get("connection_class") is SSLConnection
            context = ssl.create_default_context(cafile=options.get("ssl_ca_certs")) if tls else None
            await loop.create_connection(lambda: wire, options["host"], options["port"], ssl=context)
        who = ["AUTH", options.get("username", "default"), options["password"]] if "password" in options else []
        hello = pack("HELLO", 3, *who) + pack("SELECT", options.get("db", 0)) + INFO
        greeting, _, server, replication = await wire.send(hello, 4).replies()
    facts = facts_of(server) | facts_of(replication)
    facts["mode"] = greeting[b"mode"].decode()  # INFO has it under another name in Valkey
    wire.run_id = facts["run_id"]
    return facts


def facts_of(info: bytes) -> Facts:
    """What INFO, or CLUSTER INFO, says."""
    return dict(line.split(":", 1) for line in info.decode(errors="replace").splitlines() if ":" in line)


def _identity(run_id: str, facts: Facts) -> bytes:
    """10 letters. The replication id is another one after each promotion, on the same server too."""
    return hashlib.blake2s(f"{run_id} {facts['master_replid']}".encode(), digest_size=5).hexdigest().encode()


def _primary(found: "list[tuple[_Wire, Facts]]") -> "tuple[_Wire, Facts] | None":
    """That of several who say they are whom another has not succeeded, and who has run for longest.

    One that crashed and was started again believes that it still is one, until somebody tells it otherwise.
    """
    primaries = [one for one in found if one[1]["role"] == "master"]
    ids = {facts["master_replid2"]: wire for wire, facts in primaries}
    heirs = [one for one in primaries if ids.get(one[1]["master_replid"], one[0]) is one[0]]
    return max(heirs, key=lambda one: int(one[1]["uptime_in_seconds"]), default=None)


def reason_of(error: BaseException) -> str:
    """What error says, or what it is: TimeoutError says nothing."""
    return str(error) or type(error).__name__


def name_of(options: Options) -> str:
    return options.get("path") or f"{options['host']}:{options['port']}"


class Answer:
    """The replies to what was sent, when they come."""

    __slots__ = ("_answered", "_wire")

    def __init__(self, wire: "_Wire", answered: "asyncio.Future[list[Any]]") -> None:
        self._wire, self._answered = wire, answered

    async def replies(self) -> list[Any]:
        """In order. Raises Away, for a refusal too; only what a node says of ELSEWHERE is among them as an error."""
        replies = await self._answered
        if hiredis.ReplyError in set(map(type, replies)):
            for reply in replies:
                if type(reply) is hiredis.ReplyError and not (
                    self._wire.elsewhere and str(reply).startswith(ELSEWHERE)
                ):
                    self._wire.abort(str(reply))  # loading, out of memory, a replica by now: no better than gone
                    raise Away(str(reply))
        return replies


class _Wire(asyncio.Protocol):
    """One connection while it lasts."""

    def __init__(self, on_message: Callable[[bytes, bytes, Any], None] | None, *, elsewhere: bool) -> None:
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._on_message = on_message
        self.elsewhere = elsewhere
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[_Asked] = deque()
        self._patience: asyncio.TimerHandle | None = None  # with the first of those
        self._unsent: list[bytes] = []
        self._socket: Any = None  # that can be told to wait for more; None with TLS
        self._awake_at = 1  # bytes that have come
        self.lost: asyncio.Future[str] = self._loop.create_future()  # its result: why
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
        if len(self._unsent) == 1:  # what others ask in this turn of the loop goes out with it: a write costs 15 µs
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
        if transport.get_extra_info("sslcontext") is None:  # TLS keeps bytes of a record that is not whole to itself
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
                if not answered.done():  # whoever asked may have been cancelled
                    answered.set_result(replies)
        self._sleep_until_enough()

    def _sleep_until_enough(self) -> None:
        """Of many replies the first few are no reason to wake up: Redis sends them in dozens of pieces."""
        enough = 1
        if self._waiting:
            replies, count, *_ = self._waiting[0]
            if count - len(replies) > MANY:
                enough = REPLY_BYTES_MIN * (count - len(replies) - 1)  # a part of one may be in the reader
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
                answered.exception()  # whoever asked may be gone: nothing to warn of
