"""The domains of other servers that an account blocks. Rows are in store/blocked_domains.py.

They are kept and told. Accounts of other servers cannot be here yet, so there is nothing else to do with them.
"""

from collections.abc import Collection

import msgspec

from ..errors import Invalid
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import blocked_domains as rows
from ..store import follows
from ..types import Span
from . import domains, text

COUNTED_MAX = 2000  # followers and followees that a preview looks at, the newest


class Lost(msgspec.Struct, frozen=True):
    """Followees and followers at a domain, which a block is about."""

    followees: int
    followers: int


def block(tx: Tx, account_id: int, domain: str, own: str) -> None:
    """Harmless when repeated. own: the domain of the account's site. Raises Invalid: none, or the account's own."""
    key = domains.key_of(domain)
    if text.host_key(own).split(":")[0] == key.split(":")[0]:
        raise Invalid("domain", "own", "is the one you are on: block or mute single accounts here")
    rows.insert(tx, account_id, key)


def unblock(tx: Tx, account_id: int, domain: str) -> None:
    """Harmless when it is not blocked. Raises Invalid: not a domain."""
    rows.delete(tx, account_id, domains.key_of(domain))


def blocked(tx: Tx, account_id: int, span: Span) -> list[tuple[int, str]]:
    """(id for paging, domain), the latest first."""
    return rows.page(tx, account_id, span)


def preview(tx: Tx, account_id: int, domain: str) -> Lost:
    """How many of the newest COUNTED_MAX followees and followers are at the domain. Raises Invalid: not a domain."""
    key, span = domains.key_of(domain), Span(ID_MAX, limit=COUNTED_MAX)
    followees = {id for _, id in follows.following(tx, account_id, span)}
    followers = {id for _, id in follows.followers(tx, account_id, span)}
    there = {id for id, one in account_rows.by_ids(tx, followees | followers).items() if one.host == key}
    return Lost(len(there & followees), len(there & followers))


def accounts_among(tx: Tx, viewer_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids that are at a domain which the viewer blocks. Two queries, whatever len(ids)."""
    hosts = {id: one.host for id, one in account_rows.by_ids(tx, ids).items() if one.host}
    blocked = rows.among(tx, viewer_id, set(hosts.values())) if hosts else set[str]()
    return {id for id, host in hosts.items() if host in blocked}
