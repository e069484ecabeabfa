"""IP addresses in the one spelling in which they are kept and compared."""

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(10_000)
def address_of(text: str) -> Address | None:
    """None: it is none, or not known. An IPv4 address that is written as one of IPv6 is what it is."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def known(text: str) -> str:
    """Its one spelling; "": it is none, or not known."""
    address = address_of(text)
    return str(address) if address else ""
