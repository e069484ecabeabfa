"""How often logins, mails and other guarded actions may be tried. The edges count, through the Limits socket.

`by` says what is counted: "ip" (for IPv6 the /64), "account" (the acting account, or the name in a login exactly as it
was typed; name and address count separately, so no count reveals whose address it is), "pair" (both together),
"address" (the e-mail address that a mail would go to).
"""

import ipaddress
import time
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from ..errors import Quota, TooMany
from ..ports import Limits
from ..wording import Counted

TOO_MANY = Counted(
    "Too many tries: come back in {wait_s} second", "Too many tries: come back in {wait_s} seconds", by="wait_s"
)


class Limit(msgspec.Struct, frozen=True):
    name: str
    by: str
    amount: int
    per_s: int
    strict: bool = False  # while the count cannot be read, every try is refused
    loose: bool = False  # with several processes, a few more than the limit may pass: see ports.Limits


# Only wrong tries stay counted: the edges give right ones back. An office with one address may log in all at the same
# time.
LOGIN = (
    Limit("login_pair", "pair", 10, 300, strict=True),
    Limit("login_account", "account", 25, 300, strict=True),
    Limit("login_most", "ip", 100, 300, strict=True),  # checked passwords: each costs a hash
)
# replaces LOGIN for a browser that the account knows
LOGIN_KNOWN = (Limit("login_browser", "account", 10, 300, strict=True),)
LOGIN_WRONG = (Limit("login_ip", "ip", 25, 300, strict=True),)  # refuses only wrong passwords, never a right one
PROVIDER = (Limit("provider_ip", "ip", 100, 300),)  # who comes back from a provider, which is asked then
# Logout tokens of one provider; each costs the check of a signature. At the end of a day all its people log out.
PROVIDER_LOGOUT = (Limit("provider_logout_ip", "ip", 5000, 300),)
CODE = (  # after the right password; for a browser that the account knows counted by itself
    Limit("code_account", "account", 10, 300, strict=True),
    Limit("code_day", "account", 60, 86_400, strict=True),  # of a million codes three are right at any time
)
PASSWORD_CHANGE = (
    Limit("password_account", "account", 10, 300, strict=True),
    Limit("password_ip", "ip", 25, 300, strict=True),
)
RESET = (Limit("reset_address", "address", 5, 1800), Limit("reset_ip", "ip", 25, 1800))  # whose it is is not told
CONFIRMATION = (
    Limit("confirmation_address", "address", 5, 1800),
    Limit("confirmation_account", "account", 5, 1800),
    Limit("confirmation_ip", "ip", 25, 1800),
)
FOLLOW_LINK = (Limit("link_ip", "ip", 25, 300),)  # that is dead
SIGN_UP = (Limit("sign_up_address", "address", 5, 1800), Limit("sign_up_ip", "ip", 5, 1800))  # that made an account
REGISTER_APP = (Limit("app_ip", "ip", 30, 600),)
TOKEN = (Limit("token_ip", "ip", 100, 300),)
MEDIA = (Limit("media_account", "account", 30, 1800),)  # this and the next are Mastodon's figures
REPORT = (Limit("report_account", "account", 400, 24 * 3600),)
DELETE = (Limit("delete_account", "account", 30, 1800),)
IMPORT = (Limit("import_account", "account", 30, 24 * 3600),)  # files that are brought in
DOMAIN_CHECK = (Limit("domain_check_account", "account", 30, 3600),)  # DNS is asked each time
WINDOW_S = 300  # for requests of any kind; their number is Settings.requests_per_5_min


async def check(limits: Limits, rules: Sequence[Limit], *, ip: str, account: str = "", address: str = "") -> None:
    """Count one try in each of rules. Raises TooMany with the time to wait; later rules are then not counted."""
    keys = _keys(ip, account, address)
    for rule in rules:
        await _hit(limits, rule, keys[rule.by])


async def give_back(limits: Limits, rules: Sequence[Limit], *, ip: str, account: str = "", address: str = "") -> None:
    """Take back one try that check() counted, because it should not count."""
    keys = _keys(ip, account, address)
    for rule in rules:
        await limits.hit(rule.name, keys[rule.by], amount=rule.amount, per_s=rule.per_s, cost=-1, strict=rule.strict)


def _keys(ip: str, account: str, address: str) -> dict[str, str]:
    network = network_of(ip)
    return {"ip": network, "account": account, "address": address, "pair": f"{account} from {network}"}


async def check_request(limits: Limits, amount: int, *, ip: str, account_id: int = 0) -> Quota:
    """Count one request: for the account, or for the address without a login. Raises TooMany."""
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
        raise TooMany(TOO_MANY, wait_s, quota, wait_s=wait_s)
    return quota


@lru_cache(1000)
def network_of(ip: str) -> str:
    """The /64 of an IPv6 address, because one user has all of it; an IPv4 address as it is."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else ip
