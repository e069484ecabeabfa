"""One HTTP request over one connection, to addresses that were checked before. Loaded by the first request.

httpcore2 follows no redirect, keeps no cookie, reads no proxy from the environment and unpacks nothing.
"""

import ssl
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

import httpcore2

from ...errors import Unreachable
from ...ports import Fetched
from .target import Target

CONNECT_S = 3.0  # for each of the addresses
ADDRESSES_MAX = 4  # that are tried
READ_BYTES = 8192  # a body in chunks of one byte costs 15 µs a chunk: others have their turn after each read
EXTRA_BYTES = 128 * 1024  # what may come beside the body: headers, lengths of chunks
FAILURES = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, httpcore2.UnsupportedProtocol)


class Checked(httpcore2.AsyncNetworkBackend):
    """Connects to one of addresses, whatever the host is called."""

    def __init__(self, addresses: Sequence[tuple[str, int]], bytes_max: int) -> None:
        self._addresses, self._bytes_max = addresses[:ADDRESSES_MAX], bytes_max
        self._inner: httpcore2.AsyncNetworkBackend = cast(Any, httpcore2.AnyIOBackend())

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        *others, last = self._addresses
        for ip, its_port in others:
            try:
                return Counted(await self._inner.connect_tcp(ip, its_port, CONNECT_S), self._bytes_max)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return Counted(await self._inner.connect_tcp(*last, CONNECT_S), self._bytes_max)


class Counted(httpcore2.AsyncNetworkStream):
    """A connection on which so many bytes may come."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream, bytes_left: int) -> None:
        self._inner, self._bytes_left = inner, bytes_left

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (as httpcore2 calls it)
        data = await self._inner.read(min(max_bytes, READ_BYTES), timeout)
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            raise Unreachable("it sends more than is read")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        return Counted(await self._inner.start_tls(ssl_context, server_hostname, CONNECT_S), self._bytes_left)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


@cache
def trusted() -> ssl.SSLContext:
    """By the certificates that the system trusts."""
    return ssl.create_default_context()


async def ask(
    target: Target,
    addresses: Sequence[tuple[str, int]],
    *,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    bytes_max: int,
    tls: ssl.SSLContext | None,
) -> Fetched:
    """Raises Unreachable."""
    request = httpcore2.Request(
        method,
        httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
        headers={"Host": target.authority, "Connection": "close", **headers, **_length(method, body)},
        content=body,
    )
    connection = httpcore2.AsyncHTTPConnection(
        request.url.origin,
        ssl_context=tls or trusted() if target.scheme == "https" else None,
        network_backend=Checked(addresses, bytes_max + EXTRA_BYTES),
    )
    try:
        response = await connection.handle_async_request(request)
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reversed(response.headers)}
        unpacking = Unpacking(named.get("content-encoding", ""), bytes_max)
        async for chunk in response.aiter_stream():
            if not unpacking.take(chunk):
                break
        return Fetched(target.url, response.status, named, bytes(unpacking.body), unpacking.is_whole)
    except FAILURES as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    except zlib.error as error:
        raise Unreachable(f"its body cannot be unpacked: {error}") from error
    finally:
        await connection.aclose()


def _length(method: str, body: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(body))} if body or method not in ("GET", "HEAD") else {}


class Unpacking:
    """The first bytes_max bytes of a body that comes in pieces, perhaps packed."""

    def __init__(self, encoding: str, bytes_max: int) -> None:
        self.body = bytearray()
        self.is_whole = True
        self._bytes_max = bytes_max
        if encoding.strip().lower() not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Unreachable(f"its body is packed as {encoding[:40]!r}, which was not asked for")
        self._packed = zlib.decompressobj(wbits=47) if encoding.strip().lower() not in ("", "identity") else None

    def take(self, data: bytes) -> bool:
        """False when no more is wanted."""
        room = self._bytes_max - len(self.body) + 1
        self.body += self._packed.decompress(data, room) if self._packed else data[:room]
        if len(self.body) > self._bytes_max:
            del self.body[self._bytes_max :]
            self.is_whole = False
        return self.is_whole
