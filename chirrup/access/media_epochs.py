"""Addresses of files end when somebody may no longer see the files: docs/decisions/0071-addresses-of-media.md.

A lost follower turns an account's epoch in store/accounts.add_counts, with no query of its own.
"""

from ..ports import Tx
from ..store import accounts, follows, orgs
from ..types import Account


def end_for(tx: Tx, account: Account) -> None:
    """Its owner sees nothing here any more: end all addresses that they may have kept."""
    if not account.org_id:
        orgs.put_own(tx)
    orgs.turn_media_epoch(tx, account.org_id)
    accounts.turn_media_epochs(tx, [one.other_id for one in follows.followees(tx, account.id)])
