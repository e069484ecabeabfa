"""What an address that somebody has typed leads to: which server, and what is asked for there.

Only one spelling of each host passes. So no check is passed by one spelling and the connection made by another.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from urllib.parse import quote, urlsplit

import idna
import msgspec

from ...errors import Refused

URL_CHARS_MAX = 4096
PORTS = {"http": 80, "https": 443}
HOST_CHARS_MAX = 253  # RFC 1035, 2.3.4
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")  # a name that ends in one is an IPv4 address to some libraries
_SAFE = "%/:?#[]@!$&'()*+,;=~-._"  # RFC 3986: all else is written as %XX


class Target(msgspec.Struct, frozen=True):
    scheme: str
    host: str  # as it is looked up and named to the server: ASCII, lower case, no dot at the end
    port: int
    path: str  # with the query
    ip: str = ""  # where host is an address, not a name

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def is_named(host: str, port: int, named: Collection[str], usual: Collection[int] = (80, 443)) -> bool:
    """Whether the operator has named this host; with its port, where that is not a usual one."""
    return (host in named and port in usual) or f"{host}:{port}" in named


def target_of(url: str, named: Collection[str] = ()) -> Target:
    """named: by is_named(): of these hosts any port, and this machine too. Raises Refused: it is not fetched."""
    if len(url) > URL_CHARS_MAX:
        raise _refused(f"it has {len(url)} characters, may have {URL_CHARS_MAX}")
    if "\\" in url or any(c.isspace() or not c.isprintable() for c in url):
        raise _refused("it has a backslash, a space or a control character")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise _refused(str(error)) from error
    if parts.scheme not in PORTS:
        raise _refused(f"it must begin with http:// or https://, begins with {parts.scheme[:20]!r}")
    if "@" in parts.netloc:
        raise _refused("it has a user name or password in it")
    named_here = is_named(host.lower(), port or PORTS[parts.scheme], named)
    if port not in (None, *PORTS.values()) and not named_here:
        raise _refused(f"it names port {port}; only 80 and 443 are connected to")
    name, ip = _host(host, may_be_local=named_here)
    path = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    return Target(parts.scheme, name, port or PORTS[parts.scheme], path, ip)


def _host(host: str, *, may_be_local: bool) -> tuple[str, str]:
    """(name, "") or (address, address)."""
    if ":" in host:
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError as error:
            raise _refused(str(error)) from error
        return str(address), str(address)
    name = unicodedata.normalize("NFC", host).lower().removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, strict=True).decode()
        except idna.IDNAError as error:
            raise _refused(f"its host is no name: {error}") from error
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return (ip := str(ipaddress.IPv4Address(name))), ip
        except ValueError as error:
            raise _refused(f"its host is neither a name nor an address: {error}") from error
    if labels[-1] == "localhost" and not may_be_local:  # RFC 6761, 6.3: no name server is to be asked
        raise _refused(f"{name} is this machine")
    if len(name) > HOST_CHARS_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refused("its host is no name")
    return name, ""


def _refused(why: str) -> Refused:
    return Refused(f"this address is not fetched: {why}")
