"""A connection to Redis or Valkey that comes back by itself: what the Redis plugs stand on.

Commands of all tasks go out at once on one connection, many in one write, and the replies come back in order. Written
for delivery: measured with 1,000 ids a call, redis-py's pipeline costs 9 µs of client CPU a command, its bare
connection 0.8, this 0.3. It speaks RESP3, so published messages arrive between the replies.

A server that cannot be reached, does not answer in time or refuses a command is Away, at once, until it is back.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

import hiredis
import structlog
from redis.asyncio.connection import SSLConnection, parse_url

from .. import metrics
from ..errors import SettingsError

log = structlog.get_logger()

TIMEOUT_S = 2.0  # with the two below, a server that falls silent is noticed and left within 5 s
PING_S = 1.0  # how often an idle connection is tried
PAUSE_MIN_S, PAUSE_MAX_S = 0.05, 1.0  # between tries to connect, each twice as long as the one before
COMPLAIN_S = 60.0  # a server that comes and goes is logged this often

_INCOMPLETE = object()
_OPTIONS = {"host", "port", "path", "db", "username", "password", "ssl_ca_certs", "connection_class"}


class Away(Exception):
    """Redis is not there, or of no use, at the moment. The message says why."""


def pack(*words: str | bytes | int) -> bytes:
    """One command as it goes over the wire."""
    return hiredis.pack_command(words)  # pyright: ignore[reportArgumentType]  # its stub means a tuple of any length


PING = pack("PING")


class Link:
    """Connects when first needed and again whenever the connection is lost, until close().

    on_message(channel, message): published on a channel that this connection is subscribed to.
    on_up(): after each connect, before anybody else's commands.
    """

    def __init__(
        self,
        url: str,
        *,
        on_message: Callable[[bytes, bytes], None] | None = None,
        on_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._options = _read(url)
        self.db = int(self._options.get("db", 0))
        self.server_id = ""  # another one after each start of the server
        self._on_message, self._on_up = on_message, on_up
        self._wire: _Wire | None = None
        self._first_try: asyncio.Event = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._complain_at = 0.0
        self._complained = False

    @property
    def up(self) -> bool:
        return self._wire is not None

    async def ready(self) -> None:
        """Returns when commands can be sent. Raises Away, at once but for the very first time."""
        if self._wire is None:
            if self._runner is None:
                self._runner = asyncio.create_task(self._run())
            await self._first_try.wait()
            if self._wire is None:
                raise Away("not connected")

    async def ask(self, commands: bytes, count: int) -> list[Any]:
        """The count replies to packed commands, in order. Raises Away: they may or may not have been carried out.

        When the link is up, the commands are on their way before anything else runs.
        """
        if self._wire is None:
            await self.ready()
        assert self._wire
        return await self._wire.ask(commands, count)

    async def close(self) -> None:
        if self._runner:
            self._runner.cancel()
            with suppress(asyncio.CancelledError):
                await self._runner

    async def _run(self) -> None:
        pause_s = PAUSE_MIN_S
        while True:
            wire = _Wire(self._on_message)
            try:
                await self._open(wire)
                self._wire = wire
                if self._on_up:
                    await self._on_up()
                self._first_try.set()
                pause_s = PAUSE_MIN_S
                self._rejoice()
                metrics.redis_connects[self.name] += 1
                await self._watch(wire)
            except Exception as error:  # whatever it is, the next connection may do better
                self._complain(error)
            finally:
                self._wire = None
                wire.abort()
                self._first_try.set()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)

    async def _open(self, wire: "_Wire") -> None:
        options, loop = self._options, asyncio.get_running_loop()
        async with asyncio.timeout(TIMEOUT_S):
            if "path" in options:
                await loop.create_unix_connection(lambda: wire, options["path"])
            else:
                tls = options.get("connection_class") is SSLConnection
                context = ssl.create_default_context(cafile=options.get("ssl_ca_certs")) if tls else None
                host, port = options.get("host", "127.0.0.1"), options.get("port", 6379)
                await loop.create_connection(lambda: wire, host, port, ssl=context)
        who = ["AUTH", options.get("username", "default"), options["password"]] if "password" in options else []
        hello = pack("HELLO", 3, *who) + pack("SELECT", self.db) + pack("INFO", "server")
        *_, info = await wire.ask(hello, 3)
        self.server_id = info.decode().partition("run_id:")[2][:12]

    async def _watch(self, wire: "_Wire") -> None:
        """Until the connection is lost: raises Away."""
        while True:
            await asyncio.wait([wire.lost], timeout=PING_S)
            await wire.ask(PING, 1)

    def _complain(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._complain_at:
            self._complain_at, self._complained = now + COMPLAIN_S, True
            log.warning("redis is away, trying again", server=self._name, error=str(error) or type(error).__name__)

    def _rejoice(self) -> None:
        if self._complained:
            self._complained = False
            log.info("redis is back", server=self._name)

    @property
    def _name(self) -> str:
        return self._options.get("path") or f"{self._options.get('host')}:{self._options.get('port', 6379)}"


class _Wire(asyncio.Protocol):
    """One connection while it lasts."""

    def __init__(self, on_message: Callable[[bytes, bytes], None] | None) -> None:
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._on_message = on_message
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[list[Any], int, asyncio.Future[list[Any]]]] = deque()
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()  # its result: why

    async def ask(self, commands: bytes, count: int) -> list[Any]:
        if self._transport is None or self.lost.done():
            raise Away(self.lost.result() if self.lost.done() else "not connected")
        answered: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append(([], count, answered))
        self._transport.write(commands)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                replies = await answered
        except TimeoutError as error:
            self.abort(f"no answer for {TIMEOUT_S} s")
            raise Away(self.lost.result()) from error
        for reply in replies:
            if type(reply) is hiredis.ReplyError:
                self.abort(str(reply))  # loading, out of memory, a replica by now: no better than one that is gone
                raise Away(str(reply))
        return replies

    def abort(self, why: str = "closed") -> None:
        if self._transport:
            self._transport.abort()
        self._lose(why)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(str(exc) if exc else "connection closed by the server")

    def data_received(self, data: bytes) -> None:
        if self.lost.done():
            return
        self._reader.feed(data)
        gets, waiting, published = self._reader.gets, self._waiting, hiredis.PushNotification
        while (reply := gets()) is not _INCOMPLETE:
            if type(reply) is published:
                if reply[0] == b"message" and self._on_message:
                    self._on_message(reply[1], reply[2])
                continue
            replies, count, answered = waiting[0]
            replies.append(reply)
            if len(replies) == count:
                waiting.popleft()
                if not answered.done():  # whoever asked may have been cancelled
                    answered.set_result(replies)

    def _lose(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)
        while self._waiting:
            answered = self._waiting.popleft()[2]
            if not answered.done():
                answered.set_exception(Away(why))


def _read(url: str) -> dict[str, Any]:
    try:
        options: dict[str, Any] = dict(parse_url(url))
    except ValueError as error:
        raise SettingsError(f"not a Redis URL (redis://, rediss://, unix://): {error}") from error
    if unknown := options.keys() - _OPTIONS:
        raise SettingsError(
            f"unknown option in the Redis URL: {', '.join(sorted(unknown))}; known are db, ssl_ca_certs"
        )
    return options
