"""The networks from which an organisation may be used, where it has named some (`ip_ranges` of its settings)."""

import ipaddress
from functools import lru_cache

from ..errors import Forbidden
from .addresses import address_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Outside(Forbidden):
    """The client's address is in none of them."""

    code = "outside"

    def __init__(self) -> None:
        super().__init__("This site may only be used from certain networks, and your address is in none of them")


@lru_cache(1000)
def of(ranges: tuple[str, ...]) -> tuple[Network, ...]:
    """Raises ValueError: one is no network."""
    return tuple(ipaddress.ip_network(one, strict=False) for one in ranges)


def holds(ranges: tuple[str, ...], ip: str) -> bool:
    """Whether the address is in one of them, or there are none."""
    if not ranges:
        return True
    address = address_of(ip)
    return address is not None and any(address in network for network in of(ranges))
