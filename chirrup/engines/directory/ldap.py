"""An LDAP directory (RFC 4511), with ldap3 in threads of its own: whoever waits for it holds up nobody else.

Everything goes over TLS, with the certificate checked. What somebody typed is escaped before it is in a filter.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ldap3 import NONE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import parse_dn

from ...errors import Refused, Unreachable
from ...ports import Resolver
from ...ports.directory import Finding
from ...types.directory import Ldap, Person
from ..outgoing.public import is_public
from ..outgoing.target import is_named

PORTS = {"ldap": 389, "ldaps": 636}
USUAL = (389, 636, 3268, 3269)  # the last two are Active Directory's for all domains of a forest
CONNECT_S, ANSWER_S = 3, 5
LOGIN_S, READ_S = 10.0, 300.0  # for all of a login; for all people
PAGE = 500
PAGED = "1.2.840.113556.1.4.319"  # RFC 2696
THREADS = 8
NO_SUCH_OBJECT, BUSY, UNAVAILABLE = 32, 51, 52  # RFC 4511, appendix A
GROUPS = "(|(member={dn})(uniqueMember={dn}))"
TEXT_CHARS_MAX = 255

T = TypeVar("T")
_threads: list[ThreadPoolExecutor] = []


class _Checked(Tls):
    """TLS as Python does it, with the certificate checked for this name; ldap3 would connect without."""

    def __init__(self, host: str, ca: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._host, self._context = host, ssl.create_default_context(cadata=ca or None)

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._host)


class LdapDirectory:
    """named: hosts of the operator's own, which need not be public. ca: PEM."""

    def __init__(self, settings: Ldap, password: str, ca: str, resolver: Resolver, named: Collection[str]) -> None:
        self.settings, self._password, self._ca, self._resolver = settings, password, ca, resolver
        self._named = frozenset(named)
        parts = urlsplit(settings.url)
        self._scheme, self._host = parts.scheme, (parts.hostname or "").lower()
        self._port = parts.port or PORTS.get(parts.scheme, 0)
        self.issuer = f"ldap://{self._host}/{settings.base.lower()}"

    async def log_in(self, name: str, password: str) -> Person | None:
        if not password or not name.isprintable():  # an empty one binds without a name: RFC 4513, 5.1.2
            return None
        return await self.in_thread(lambda ip: self._log_in(ip, name, password), LOGIN_S)

    async def everybody(self) -> list[Person]:
        return await self.in_thread(self.read, READ_S)

    async def check(self) -> list[Finding]:
        from . import ldap_check

        return await ldap_check.check(self)

    def _log_in(self, ip: str, name: str, password: str) -> Person | None:
        wanted = f"(&{self.settings.filter}({self.settings.login}={escape_filter_chars(name)}))"
        with self._bound(ip) as connection:
            found = self._people(connection, wanted)
            if len(found) != 1:  # with two of the same name nobody knows whose the password is
                return None
            dn = found[0]["dn"]
            person = self._person(found[0], self._groups(connection, escape_filter_chars(dn)))
        return person if self._fits(ip, dn, password) else None

    def _fits(self, ip: str, dn: str, password: str) -> bool:
        connection = self._connection(ip, dn, password)
        try:
            self._secure(connection)
            if not connection.bind() and connection.result["result"] in (BUSY, UNAVAILABLE):
                raise Unreachable(f"{self._host}: {connection.result['description']}")
            return bool(connection.bound)
        finally:
            _close(connection)

    def read(self, ip: str) -> list[Person]:
        """Everybody, in a thread."""
        with self._bound(ip) as connection:
            found, groups = self._people(connection, self.settings.filter), self._groups(connection, "*")
            return [self._person(entry, groups) for entry in found]

    def _people(self, connection: Connection, wanted: str) -> list[dict[str, Any]]:
        known = [self.settings.login, self.settings.key, "displayName", "cn", "mail", "memberOf"]
        return self._search(connection, self.settings.base, wanted, known)

    def _search(self, connection: Connection, base: str, wanted: str, attributes: list[str]) -> list[dict[str, Any]]:
        """All entries, page by page. Raises Unreachable: the answer is not whole; Refused."""
        found: list[dict[str, Any]] = []
        cookie: bytes | None = None
        while True:
            connection.search(base, wanted, SUBTREE, attributes=attributes, paged_size=PAGE, paged_cookie=cookie)
            self._check_whole(connection, base)
            found += [one for one in connection.response or [] if one["type"] == "searchResEntry"]
            control = connection.result["controls"].get(PAGED)
            cookie = control["value"]["cookie"] if control else None
            if not cookie:
                return found

    def _check_whole(self, connection: Connection, base: str) -> None:
        result = connection.result
        if result["result"] == NO_SUCH_OBJECT:
            raise Refused(f"there is no {base} in it, or {self.settings.bind_dn} may not see it")
        if result["result"]:
            raise Unreachable(f"its answer is not whole: {result['description']} {result['message']}".strip())

    def _groups(self, connection: Connection, dn: str) -> dict[str, set[str]] | None:
        """DN of a person -> names of their groups; None: people name their groups themselves. dn: whose; "*": all."""
        if not self.settings.groups_base:
            return None
        of: dict[str, set[str]] = {}
        found = self._search(connection, self.settings.groups_base, GROUPS.format(dn=dn), ["member", "uniqueMember"])
        for group in found:
            for member in _values(group, "member") + _values(group, "uniqueMember"):
                of.setdefault(_normal(member), set()).update(_names(group["dn"]))
        return of

    def _person(self, entry: dict[str, Any], groups: dict[str, set[str]] | None) -> Person:
        """Raises Refused: the entry lacks what it is known by."""
        key = next(iter(_values(entry, self.settings.key)), "")
        if not key or len(key) > TEXT_CHARS_MAX or not key.isprintable():
            raise Refused(f"{entry['dn']} has no {self.settings.key}, or {self.settings.bind_dn} may not read it")
        if groups is None:
            of = {name for dn in _values(entry, "memberOf") for name in _names(dn)}
        else:
            of = groups.get(_normal(entry["dn"]), set())
        first = lambda name: next(iter(_values(entry, name)), "").strip()[:TEXT_CHARS_MAX]  # noqa: E731
        return Person(
            issuer=self.issuer,
            subject=key,
            username=first(self.settings.login),
            name=first("displayName") or first("cn"),
            email=first("mail"),
            email_verified=self.settings.trust_mail,
            groups=tuple(sorted(of)),
        )

    @contextmanager
    def _bound(self, ip: str) -> Any:
        """A connection of whoever looks people up. Raises Refused, Unreachable."""
        connection = self._connection(ip, self.settings.bind_dn, self._password)
        try:
            self._secure(connection)
            if not connection.bind():
                said = connection.result["description"]
                raise Refused(f"it does not let {self.settings.bind_dn or 'us'} in: {said}")
            yield connection
        finally:
            _close(connection)

    def _secure(self, connection: Connection) -> None:
        connection.open()
        if self._scheme == "ldap":
            connection.start_tls(read_server_info=False)

    def _connection(self, ip: str, dn: str, password: str) -> Connection:
        server = Server(
            ip,
            self._port,
            use_ssl=self._scheme == "ldaps",
            tls=_Checked(self._host, self._ca),
            get_info=NONE,
            connect_timeout=CONNECT_S,
        )
        return Connection(
            server, dn, password, receive_timeout=ANSWER_S, auto_referrals=False, check_names=False, read_only=True
        )

    async def in_thread(self, work: Callable[[str], T], within_s: float) -> T:
        """work(its address). Raises Unreachable, Refused."""
        ip = await self._address()
        if not _threads:
            _threads.append(ThreadPoolExecutor(THREADS, "ldap"))
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.get_running_loop().run_in_executor(_threads[0], work, ip)
        except TimeoutError as error:
            raise Unreachable(f"{self._host} was not there within {within_s:g} s") from error
        except (LDAPException, OSError) as error:
            raise Unreachable(f"{self._host}: {error}"[:500]) from error

    async def _address(self) -> str:
        """The first of its addresses. Raises Refused, Unreachable."""
        if self._scheme not in PORTS:
            raise Refused(f"its address must begin with ldaps:// or ldap://, is {self.settings.url[:60]!r}")
        named = is_named(self._host, self._port, self._named, USUAL)
        if self._port not in USUAL and not named:
            raise Refused(f"it names port {self._port}; only {', '.join(map(str, USUAL))} are connected to")
        addresses = [self._host] if _is_ip(self._host) else await self._look_up()
        for ip in addresses:
            if not named and not is_public(ip):
                raise Refused(f"{self._host} leads to {ip}, which is not public")
        return addresses[0]

    async def _look_up(self) -> list[str]:
        found = await self._resolver.addresses(self._host, self._port)
        if not found:
            raise Unreachable(f"there is no host {self._host}")
        return [ip for ip, _ in found]


def _close(connection: Connection) -> None:
    with suppress(LDAPException, OSError):  # it never was open, or has ended
        connection.unbind()


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _values(entry: dict[str, Any], name: str) -> list[str]:
    """Of an attribute, as texts; bytes, which Active Directory has as keys, in hexadecimal."""
    for one, raw in entry["raw_attributes"].items():
        if one.lower() == name.lower():
            return [_text(value) for value in raw]
    return []


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()


def _normal(dn: str) -> str:
    """DNs are the same in other letters and with spaces after commas."""
    try:
        return ",".join(f"{name}={value}".lower() for name, value, _ in parse_dn(dn, escape=True))
    except LDAPException:
        return dn.lower()


def _names(dn: str) -> set[str]:
    """What a mapping may call a group: its own name, or its whole DN."""
    try:
        return {dn, parse_dn(dn)[0][1]}
    except LDAPException:
        return {dn}
