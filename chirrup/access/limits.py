"""How often what guards access may be tried. Enforced where requests come in, through the Limits socket.

`by` says what the count is kept for: "ip" (IPv6: its /64), "account" (who is being logged in to, acted as, or, when
nobody has that name, the name tried), "address" (the e-mail address a mail would go to).
"""

import ipaddress
import time
from collections.abc import Sequence

import msgspec

from ..errors import TooMany
from ..ports import Limits


class Limit(msgspec.Struct, frozen=True):
    name: str
    by: str
    amount: int
    per_s: int


LOGIN = (Limit("login_account", "account", 10, 300), Limit("login_ip", "ip", 25, 300))
PASSWORD_CHANGE = (Limit("password_account", "account", 10, 300), Limit("password_ip", "ip", 25, 300))
RESET = (
    Limit("reset_address", "address", 5, 1800),
    Limit("reset_account", "account", 5, 1800),
    Limit("reset_ip", "ip", 25, 1800),
)
CONFIRMATION = (
    Limit("confirmation_address", "address", 5, 1800),
    Limit("confirmation_account", "account", 5, 1800),
    Limit("confirmation_ip", "ip", 25, 1800),
)
FOLLOW_LINK = (Limit("link_ip", "ip", 25, 300),)  # each try of a reset form costs a hash
SIGN_UP = (Limit("sign_up_ip", "ip", 5, 1800),)
REGISTER_APP = (Limit("app_ip", "ip", 30, 600),)
TOKEN = (Limit("token_ip", "ip", 100, 300),)
MEDIA = (Limit("media_account", "account", 30, 1800),)  # ../shared/threats.md H1
ALL = (*LOGIN, *PASSWORD_CHANGE, *RESET, *CONFIRMATION, *FOLLOW_LINK, *SIGN_UP, *REGISTER_APP, *TOKEN, *MEDIA)


async def check(limits: Limits, rules: Sequence[Limit], *, ip: str, account: str = "", address: str = "") -> None:
    """Count one try against each of rules. Raises TooMany, with when to come back."""
    keys = {"ip": network_of(ip), "account": account, "address": address}
    for rule in rules:
        allowance = await limits.hit(rule.name, keys[rule.by], amount=rule.amount, per_s=rule.per_s)
        if not allowance.allowed:
            wait_s = max(1, allowance.resets_at_s - int(time.time()))
            raise TooMany(f"Too many tries: come back in {wait_s} seconds", wait_s)


def network_of(ip: str) -> str:
    """IPv6 users have a whole /64 to themselves."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else ip
