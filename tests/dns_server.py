"""A DNS server on loopback, dnsmasq, that knows the TXT records of a test and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import dns.message
import dns.query
import pytest
from servers import Server, find


class DnsServer(Server):
    """records: name -> value; with others it is to be started anew."""

    def __init__(self, port: int = 0) -> None:
        super().__init__("dnsmasq-base")
        self.port = port or self.port
        self.records: dict[str, str] = {}

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        alone = ["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file="]
        here = ["--listen-address=127.0.0.1", "--bind-interfaces", f"--port={self.port}", "--local=/example/"]
        records = [f"--txt-record={name},{value}" for name, value in self.records.items()]
        return [str(self.program), *alone, *here, *records]

    def is_ready(self) -> bool:
        try:
            asked = dns.message.make_query("ready.example.", "TXT")
            dns.query.udp(asked, "127.0.0.1", port=self.port, timeout=0.5)
        except (OSError, dns.exception.Timeout):
            return False
        return True

    def say(self, **records: str) -> None:
        """From now on it has these records."""
        self.kill()
        self.records = records
        self.start()


@contextmanager
def dns_at(address: str, records: dict[str, str]) -> Iterator[None]:
    """There is a DNS server at this address, with these records."""
    with dns_server(int(address.rpartition(":")[2])) as server:
        server.say(**records)
        yield


@contextmanager
def dns_server(port: int = 0) -> Iterator[DnsServer]:
    """port: 0: a free one. It is not started yet: say() does that."""
    if find("dnsmasq-base") is None:
        pytest.skip("needs dnsmasq: apt-get install dnsmasq-base")
    server = DnsServer(port)
    try:
        yield server
    finally:
        server.remove()
