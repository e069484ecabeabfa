"""Which requests are counted together."""

import pytest

from chirrup.access import limits
from chirrup.access.limits import network_of
from chirrup.engines.limits.redis import RedisLimits
from chirrup.errors import TooMany


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


async def test_while_the_count_is_out_of_reach_nobody_logs_in_and_all_else_goes_on():
    away = RedisLimits("redis://127.0.0.1:1")  # where nothing listens

    for rules in (limits.LOGIN, limits.PASSWORD_CHANGE):
        with pytest.raises(TooMany):
            await limits.check(away, rules, ip="192.0.2.7", account="7")
    await limits.check(away, limits.MEDIA, ip="192.0.2.7", account="7")
    assert (await limits.check_request(away, 300, ip="192.0.2.7")).remaining == 299

    await away.close()
