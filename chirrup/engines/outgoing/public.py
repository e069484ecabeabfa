"""Which addresses are public: those that a stranger may make this server connect to.

What IANA's registries of special addresses list is not, whatever the Python version knows of it, and neither is what
carries another address inside: https://www.iana.org/assignments/iana-ipv4-special-registry and …ipv6-special-registry.
"""

import ipaddress

_CLOSED_4 = [
    ipaddress.IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # of providers, behind their NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: clouds answer there with their secrets
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
_OPEN_6 = ipaddress.IPv6Network(
    "2000::/3"
)  # all that is given out; loopback, local, mapped and NAT64 are outside of it
_CLOSED_6 = [
    ipaddress.IPv6Network(one)
    for one in (
        "2001::/23",  # protocols, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
]


def is_public(ip: str) -> bool:
    """ip: an address as numbers. What is no address is not public."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    return not address.scope_id and address in _OPEN_6 and not any(address in network for network in _CLOSED_6)
