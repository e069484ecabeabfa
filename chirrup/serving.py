"""The sockets of a process, and how it shuts down: an accepted connection still gets its answer.

docs/decisions/0015-leaving.md says why in this order.
"""

import asyncio
import ctypes
import gc
import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, cast

import structlog
import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.server import ServerState

from .config import Settings
from .errors import SettingsError
from .http.application import Application
from .http.guard import Guard, Patience
from .http.health import Health
from .http.observed import Observed
from .http.scrape import Scrape
from .http.shedding import Admission
from .stream.protocols import HttpProtocol, WebSocketProtocol
from .traces import TracedRequests
from .web.screens.reading import live

log = structlog.get_logger()

FILES = 65_536  # open files, most of them connections
FIRST_REQUEST_S = 1.0  # how long a new connection may take for its first request during shutdown
METRICS_PORTS = 16
M_MMAP_THRESHOLD = -3  # mallopt(3)
BACKLOG = 4096  # connections that wait to be accepted
AT_ONCE = 32  # accepted in a row before existing connections get their turn
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Built(NamedTuple):
    """A server before it serves. scrape: what answers on the port of metrics."""

    app: Application
    health: Health
    scrape: Scrape


def server_config(settings: Settings, built: Built) -> uvicorn.Config:
    inner: Any = built.app
    if settings.traces:
        inner = TracedRequests(inner)
    if settings.trusted_proxies:
        inner = ProxyHeadersMiddleware(inner, list(settings.trusted_proxies))
    trusted = inner.trusted_hosts if settings.trusted_proxies else ()
    guard = Guard(
        Patience(
            head_s=settings.client_head_s,
            still_s=settings.client_still_s,
            bytes_per_s=settings.client_bytes_per_s,
            connections=settings.connection_limit,
            folder=settings.data,
            proxies=trusted,
        )
    )
    observed = Observed(inner, trusted)
    return uvicorn.Config(
        observed,
        loop="uvloop",
        http=cast(Any, partial(HttpProtocol, guard=guard, admission=Admission(observed, built.app.router))),
        ws=cast(Any, partial(WebSocketProtocol, guard=guard)),
        ws_max_size=16 * 1024,
        ws_per_message_deflate=False,  # it would compress the same event again for every reader
        ws_ping_interval=30,
        ws_ping_timeout=30,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # done above, inside Observed, which needs the peer's own address
        timeout_graceful_shutdown=10,
        timeout_keep_alive=65,
        backlog=BACKLOG,
    )


class Server(uvicorn.Server):
    """metrics: the listening socket for metrics; None: no metrics."""

    def __init__(self, config: uvicorn.Config, built: Built, drain_s: float, metrics: socket.socket | None) -> None:
        super().__init__(config)
        self._health, self._drain_s, self._metrics, self._scrape = built.health, drain_s, metrics, built.scrape
        self._protocol: Any = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._metrics:
            config = uvicorn.Config(self._scrape, log_config=None, access_log=False, lifespan="off")
            state, guard = ServerState(), Guard()
            await asyncio.get_running_loop().create_server(
                lambda: HttpProtocol(config, state, {}, guard=guard), sock=self._metrics, backlog=16
            )
        self._protocol = self.config.http_protocol_class

        def protocol(*args: Any, **kwargs: Any) -> Any:
            """libuv accepts one connection a turn of the loop: 20 ms under load. Accept the others along with it."""
            for door in sockets or ():
                self._let_in_who_waits(door, AT_ONCE)
            return self._protocol(*args, **kwargs)

        self.config.http_protocol_class = protocol  # pyright: ignore[reportAttributeAccessIssue]
        await super().startup(sockets)
        _collect_less()

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._health.leave()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve while load balancers switch over; then stop listening; then close idle and endless connections."""
        self._health.leave()
        if self._drain_s:
            # Applies to answers under way too: uvicorn keeps using this list.
            self.server_state.default_headers.append((b"connection", b"close"))
            await self._until(lambda: self.force_exit, self._drain_s)
        doors = [(server, one.dup()) for server in self.servers for one in server.sockets]
        for server, door in doors:
            server.close()
            with door:  # closing the socket would reset connections that wait in its backlog
                door.setblocking(False)
                self._let_in_who_waits(door, BACKLOG)
        await self._until(lambda: self.force_exit or not any(map(_is_fresh, self._connections)), FIRST_REQUEST_S)
        live.end_all()
        await super().shutdown(sockets)

    @property
    def _connections(self) -> list[Any]:
        return list(self.server_state.connections)

    def _let_in_who_waits(self, door: socket.socket, most: int) -> None:
        with suppress(OSError):  # none waits; or no file can be opened, which libuv handles
            for _ in range(most):
                connection, _ = door.accept()
                asyncio.get_running_loop().create_task(self._serve_one(connection))

    async def _serve_one(self, connection: socket.socket) -> None:
        made = lambda: self._protocol(self.config, self.server_state, self.lifespan.state)  # noqa: E731
        with suppress(OSError):  # gone already
            await asyncio.get_running_loop().connect_accepted_socket(made, connection)

    async def _until(self, done: Callable[[], bool], within_s: float) -> None:
        give_up_at = asyncio.get_running_loop().time() + within_s
        while not done() and asyncio.get_running_loop().time() < give_up_at:  # noqa: ASYNC110 (nothing signals it)
            await asyncio.sleep(0.01)


def _collect_less() -> None:
    """Exempt everything loaded so far from garbage collection, and collect less often.

    Measured on SQLite: saves 35 µs of 470 for a post with all that follows.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def _is_fresh(connection: Any) -> bool:
    """Whether it has sent no request yet."""
    return getattr(connection, "cycle", "of a WebSocket") is None


def return_memory() -> None:
    """Make glibc return free blocks of 256 KiB and more to the system at once.

    Not smaller ones: SQLite allocates and frees 100 kB for each list of ids, and a home timeline would cost half more.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 256 * 1024)


def allow_connections() -> None:
    """Raise the limit of open files: each open stream is one, and many systems start with 1,024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def listen(settings: Settings) -> socket.socket:
    """The listening socket for requests. Raises SettingsError."""
    listening = _socket(settings.host)
    if settings.role != "all":  # several processes may share the port: the next one starts before the last one stops
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
            "stop what uses it, or choose another with --port"
        ) from error
    return listening


def listen_for_metrics(settings: Settings) -> socket.socket | None:
    """A socket on the first free one of METRICS_PORTS. None: the settings want no metrics. Raises SettingsError."""
    if not settings.metrics_port:
        return None
    if settings.metrics_host not in _LOOPBACK and not settings.metrics_token:
        raise SettingsError(
            f"metrics_host {settings.metrics_host} can be reached from elsewhere: set metrics_token to a secret that "
            "Prometheus sends as a bearer token, or metrics_host to 127.0.0.1"
        )
    reason = ""
    for port in range(settings.metrics_port, settings.metrics_port + METRICS_PORTS):
        listening = _socket(settings.metrics_host)
        try:
            listening.bind((settings.metrics_host, port))
            listening.listen()
            return listening
        except (OSError, OverflowError) as error:
            reason = str(error)
            listening.close()
    raise SettingsError(
        f"cannot listen for metrics on {settings.metrics_host}, {METRICS_PORTS} ports from "
        f"{settings.metrics_port} on: {reason}; choose another metrics_port"
    )


def _socket(host: str) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return listening
