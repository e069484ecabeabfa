"""The domains of other servers that an account blocks. Rows are in store/blocked_domains.py.

They are kept and told. Accounts of other servers cannot be here yet, so there is nothing else to do with them.
"""

import re
from collections.abc import Collection

import msgspec

from ..errors import Invalid, too_long
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import blocked_domains as rows
from ..store import follows
from ..types import Span
from . import text

DOMAIN_CHARS_MAX = 253  # of a name in DNS (RFC 1035, 2.3.4), as it is written
COUNTED_MAX = 2000  # followers and followees that a preview looks at, the newest

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::\d{{1,5}})?")  # with a port: servers may be at one


class Lost(msgspec.Struct, frozen=True):
    """Followees and followers at a domain, which a block is about."""

    followees: int
    followers: int


def block(tx: Tx, account_id: int, domain: str, own: str) -> None:
    """Harmless when repeated. own: the domain of the account's site. Raises Invalid: none, or the account's own."""
    key = _key(domain)
    if text.host_key(own).split(":")[0] == key.split(":")[0]:
        raise Invalid("domain", "own", "is the one you are on: block or mute single accounts here")
    rows.insert(tx, account_id, key)


def unblock(tx: Tx, account_id: int, domain: str) -> None:
    """Harmless when it is not blocked. Raises Invalid: not a domain."""
    rows.delete(tx, account_id, _key(domain))


def blocked(tx: Tx, account_id: int, span: Span) -> list[tuple[int, str]]:
    """(id for paging, domain), the latest first."""
    return rows.page(tx, account_id, span)


def preview(tx: Tx, account_id: int, domain: str) -> Lost:
    """How many of the newest COUNTED_MAX followees and followers are at the domain. Raises Invalid: not a domain."""
    key, span = _key(domain), Span(ID_MAX, limit=COUNTED_MAX)
    followees = {id for _, id in follows.following(tx, account_id, span)}
    followers = {id for _, id in follows.followers(tx, account_id, span)}
    there = {id for id, one in account_rows.by_ids(tx, followees | followers).items() if one.host == key}
    return Lost(len(there & followees), len(there & followers))


def accounts_among(tx: Tx, viewer_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids that are at a domain which the viewer blocks. Two queries, whatever len(ids)."""
    hosts = {id: one.host for id, one in account_rows.by_ids(tx, ids).items() if one.host}
    domains = rows.among(tx, viewer_id, set(hosts.values())) if hosts else set[str]()
    return {id for id, host in hosts.items() if host in domains}


def _key(domain: str) -> str:
    """Its normal form. Raises Invalid."""
    domain = domain.strip()
    if not domain:
        raise Invalid("domain", "blank", "can't be blank")
    if len(domain) > DOMAIN_CHARS_MAX:
        raise too_long("domain", DOMAIN_CHARS_MAX, len(domain))
    key = text.host_key(domain).removesuffix(".")
    if not _DOMAIN.fullmatch(key):
        raise Invalid("domain", "invalid", 'must be a domain like "town.example", got {got!r}', got=domain[:40])
    return key
