"""The one HTTP client for addresses that people name: webhooks, link cards, feeds, push, providers of identities.

A host is resolved once for each connection; the connection goes to the addresses that were checked, and to no other.
That is done again for each redirect. docs/decisions/0030-outgoing-http.md.
"""

import asyncio
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from types import ModuleType
from typing import Any
from urllib.parse import urljoin
from weakref import WeakValueDictionary

from ... import __version__
from ...errors import Refused, Unreachable
from ...ports import Fetched, Resolver
from .public import is_public
from .target import Target, is_named, target_of

BYTES_MAX = 1024 * 1024
WITHIN_S = 10.0
REDIRECTS = 3
AT_ONCE = 4  # connections to one address; who comes then waits, and their time runs
_REDIRECTS = frozenset((301, 302, 303, 307, 308))

MayReach = Callable[[str, int], bool]  # (ip, port)


def public_only(ip: str, port: int) -> bool:
    return is_public(ip)


class GuardedHttp:
    """url: of this server, for whoever wonders who asks. may_reach: which addresses are connected to.

    tls: whose certificates are believed; None: those that the system trusts.
    named: hosts, or host:port, of the operator's own: they may have any address.
    """

    def __init__(
        self,
        resolver: Resolver,
        url: str,
        *,
        may_reach: MayReach = public_only,
        tls: ssl.SSLContext | None = None,
        named: Collection[str] = (),
    ) -> None:
        self._resolver, self._may_reach, self._tls = resolver, may_reach, tls
        self._named = frozenset(one.lower() for one in named)
        self._own = {
            "User-Agent": f"Chirrup/{__version__} (+{url})",
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
        }
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        redirects: int = REDIRECTS,
        bytes_max: int = BYTES_MAX,
        within_s: float = WITHIN_S,
        named: Collection[str] = (),
        share: str = "",
    ) -> Fetched:
        client = self._with(named) if named else self
        try:
            async with asyncio.timeout(within_s):
                return await client._follow(url, method, dict(headers or {}), body, redirects, bytes_max, share)
        except TimeoutError as error:
            raise Unreachable(f"it was not there within {within_s:g} s") from error
        except OSError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    def _with(self, named: Collection[str]) -> "GuardedHttp":
        """The same, which reaches these hosts, too."""
        other = copy(self)
        other._named = self._named | {one.lower() for one in named}
        return other

    async def _follow(
        self, url: str, method: str, headers: dict[str, str], body: bytes, redirects: int, bytes_max: int, share: str
    ) -> Fetched:
        target = first = target_of(url, self._named)
        while True:
            given = headers if target.origin == first.origin else {}  # they were meant for the first one
            answer = await self._ask(
                target,
                share,
                method=method,
                headers=self._own | given,
                body=body,
                bytes_max=bytes_max,
                tls=self._tls,
            )
            to = answer.headers.get("location", "")
            if not redirects or not to or answer.status not in _REDIRECTS or method not in ("GET", "HEAD"):
                return answer
            redirects -= 1
            target = target_of(urljoin(target.url, to.encode("latin-1").decode("utf-8", "replace")), self._named)

    async def _ask(self, target: Target, share: str, **wanted: Any) -> Fetched:
        addresses = await self._checked(target)
        place = self._places.setdefault(f"{addresses[0][0]} {share}", asyncio.Semaphore(AT_ONCE))
        connection: Any = await asyncio.to_thread(_connection)
        async with place:
            return await connection.ask(target, addresses, **wanted)

    async def _checked(self, target: Target) -> Sequence[tuple[str, int]]:
        """All addresses of the host. Raises Unreachable (it has none), Refused."""
        ip, port = target.ip, target.port
        addresses = [(ip, port)] if ip else await self._resolver.addresses(target.host, port)
        if not addresses:
            raise Unreachable(f"there is no host {target.host}")
        is_named_here = is_named(target.host, target.port, self._named)
        for ip, port in addresses:
            if not is_named_here and not self._may_reach(ip, port):
                raise Refused(f"{target.host} leads to {ip}, which is not public")
        return addresses

    def close(self) -> None:
        self._resolver.close()


def _connection() -> ModuleType:
    """Loaded when it is first used: 0.1 s and 5 MB, for what many servers never do."""
    from . import connection

    return connection
