"""Which notifications the recipient may see and wants now."""

from collections.abc import Collection

from ..access import visibility
from ..ports import Tx
from ..store import blocks_and_mutes
from ..types import Post


class Tellable:
    """Of these accounts, and about these posts (0: about none), what account_id may be told. One look-up for all.

    Without accounts that are suspended, blocked (in either direction) or muted with notifications, and without posts
    that address an account which account_id blocks or mutes so, or that it may not see (any more).
    """

    def __init__(self, tx: Tx, account_id: int, causers: Collection[int], post_ids: Collection[int]) -> None:
        self._shown = set(visibility.accounts_shown(tx, account_id, causers))
        seen = visibility.see(tx, account_id, {id for id in post_ids if id})
        addressed = {id: addressed_by(post, account_id) for id, post in seen.posts.items()}
        mutes = blocks_and_mutes.mutes_of(tx, account_id, set(causers).union(*addressed.values()))
        self._silent = {id for id, (notifications, _) in mutes.items() if notifications}
        unwanted = self._silent | seen.relations.blocking
        self._posts = {id for id, others in addressed.items() if unwanted.isdisjoint(others)} | {0}

    def names(self, from_id: int) -> bool:
        """Whether it may see what this account did."""
        return from_id in self._shown and from_id not in self._silent

    def shows(self, post_id: int) -> bool:
        return post_id in self._posts


def addressed_by(post: Post, account_id: int) -> set[int]:
    """The accounts addressed by post. A viewer who blocks or mutes one is not notified; own posts do not count."""
    return set() if post.author_id == account_id else post.addressed
