"""How often what guards access may be tried. Enforced where requests come in, through the Limits socket.

`by` says what the count is kept for: "ip" (IPv6: its /64), "account" (who acts, or the name tried in a login, as the
one who tried it wrote it: name and address are counted apart, so that no count tells whose address one has), "pair"
(both together), "address" (the e-mail address a mail would go to).
"""

import ipaddress
import time
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from ..errors import Quota, TooMany
from ..ports import Limits


class Limit(msgspec.Struct, frozen=True):
    name: str
    by: str
    amount: int
    per_s: int
    strict: bool = False  # nobody gets through while the count is out of reach
    loose: bool = False  # some may get through beyond it, where there are several processes: see ports.Limits


# Only what was wrong stays counted: edges give back what was right. An office behind one address logs in at nine.
LOGIN = (
    Limit("login_pair", "pair", 10, 300, strict=True),
    Limit("login_account", "account", 25, 300, strict=True),
    Limit("login_most", "ip", 100, 300, strict=True),  # passwords looked at: each costs a hash
)
LOGIN_KNOWN = (Limit("login_browser", "account", 10, 300, strict=True),)  # instead, from a browser known to the account
LOGIN_WRONG = (Limit("login_ip", "ip", 25, 300, strict=True),)  # refuses those who are wrong, not who is right
PASSWORD_CHANGE = (
    Limit("password_account", "account", 10, 300, strict=True),
    Limit("password_ip", "ip", 25, 300, strict=True),
)
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
SIGN_UP = (Limit("sign_up_ip", "ip", 5, 1800),)  # of those that made an account
REGISTER_APP = (Limit("app_ip", "ip", 30, 600),)
TOKEN = (Limit("token_ip", "ip", 100, 300),)
MEDIA = (Limit("media_account", "account", 30, 1800),)  # this and the next: Mastodon's figures
DELETE = (Limit("delete_account", "account", 30, 1800),)
WINDOW_S = 300  # for requests of any kind; how many: Settings.requests_per_5_min


async def check(limits: Limits, rules: Sequence[Limit], *, ip: str, account: str = "", address: str = "") -> None:
    """Count one try against each of rules. Raises TooMany, with when to come back: the rules after are not counted."""
    keys = _keys(ip, account, address)
    for rule in rules:
        await _hit(limits, rule, keys[rule.by])


async def give_back(limits: Limits, rules: Sequence[Limit], *, ip: str, account: str = "", address: str = "") -> None:
    """Take back one try that check() has counted: it was not one of those that are limited."""
    keys = _keys(ip, account, address)
    for rule in rules:
        await limits.hit(rule.name, keys[rule.by], amount=rule.amount, per_s=rule.per_s, cost=-1, strict=rule.strict)


def _keys(ip: str, account: str, address: str) -> dict[str, str]:
    network = network_of(ip)
    return {"ip": network, "account": account, "address": address, "pair": f"{account} from {network}"}


async def check_request(limits: Limits, amount: int, *, ip: str, account_id: int = 0) -> Quota:
    """Count one request of an account; of an address, when nobody in particular asks. Raises TooMany."""
    if account_id:
        return await _hit(limits, _requests("account", amount), str(account_id))
    return await _hit(limits, _requests("ip", amount), network_of(ip))


@lru_cache(10)
def _requests(by: str, amount: int) -> Limit:
    return Limit(f"requests_{by}", by, amount, WINDOW_S, loose=True)


async def _hit(limits: Limits, rule: Limit, key: str) -> Quota:
    found = await limits.hit(rule.name, key, amount=rule.amount, per_s=rule.per_s, strict=rule.strict, loose=rule.loose)
    quota = Quota(rule.amount, found.remaining, found.resets_at_s)
    if not found.allowed:
        wait_s = max(1, found.resets_at_s - int(time.time()))
        raise TooMany(f"Too many tries: come back in {wait_s} seconds", wait_s, quota)
    return quota


@lru_cache(1000)
def network_of(ip: str) -> str:
    """IPv6 users have a whole /64 to themselves."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else ip
