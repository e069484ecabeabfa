"""Whose tries are counted together."""

import pytest

from chirrup.access.limits import network_of


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_ipv6_is_counted_by_its_network(ip: str, network: str):
    assert network_of(ip) == network
