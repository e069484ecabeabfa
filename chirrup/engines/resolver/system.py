"""Host names by what the system asks: its files, its DNS. TXT records by a DNS server: the system's, or a named one."""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from ...errors import SettingsError, Unavailable

THREADS = 8  # a name whose servers do not answer holds one for up to half a minute; nobody else's work waits for it


LONGEST_S = 5.0  # for TXT records


class SystemResolver:
    """dns: the address of a DNS server for TXT records, "192.0.2.53" or "192.0.2.53:5353"; "": those of the system."""

    def __init__(self, dns: str = "") -> None:
        self._dns = _address_of(dns) if dns else None
        self._threads: ThreadPoolExecutor | None = None

    async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        self._threads = self._threads or ThreadPoolExecutor(THREADS, "resolver")
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

    async def texts(self, name: str) -> list[str]:
        import dns.asyncresolver  # loaded only if used
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            asking = dns.asyncresolver.Resolver(configure=self._dns is None)
            if self._dns:
                asking.nameservers, asking.port = [self._dns[0]], self._dns[1]
            whole = dns.name.from_text(f"{name}.")
            answer = await asking.resolve(whole, "TXT", lifetime=LONGEST_S, raise_on_no_answer=False)
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.EmptyLabel, dns.name.NameTooLong):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Unavailable("DNS does not answer now; try again in a few minutes") from error
        return [b"".join(one.strings).decode("utf-8", "replace") for one in answer]

    def close(self) -> None:
        if self._threads:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _address_of(dns: str) -> tuple[str, int]:
    """(IP address, port), of "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:5353".

    Raises SettingsError.
    """
    try:
        found = urlsplit(f"//{dns if dns.count(':') < 2 or dns.startswith('[') else f'[{dns}]'}")
        return str(ipaddress.ip_address(found.hostname or "")), found.port or 53
    except ValueError as error:
        raise SettingsError(
            f"dns must be the address of a DNS server, like 192.0.2.53 or 192.0.2.53:5353; is {dns[:60]!r}"
        ) from error


def _look_up(host: str, port: int) -> list[tuple[str, int]]:
    try:
        # With a dot at the end it is the whole name: no domain of the system's own is tried after it.
        found = socket.getaddrinfo(f"{host}.", port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys((str(address[0]), int(address[1])) for *_, address in found))
