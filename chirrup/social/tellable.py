"""Which notifications the recipient may see and wants now."""

from collections.abc import Collection

from ..access import roles, visibility
from ..access.roles import Permission
from ..ports import Tx
from ..store import accounts, blocks_and_mutes
from ..types import ON_COLLECTIONS, Notification, NotificationKind, Post
from . import collections

NEEDED = {  # what one must be allowed as staff, to be told of it
    NotificationKind.SIGN_UP: Permission.MANAGE_USERS,
    NotificationKind.REPORT: Permission.MANAGE_REPORTS,
}
OFFICIAL = (*NEEDED, NotificationKind.WARNING)  # for staff, and from them


class Tellable:
    """Of these accounts, and about the same as some notifications, what account_id may be told. One look-up for all.

    Without accounts that are suspended, blocked (in either direction) or muted with
    notifications, and without posts that address an account which account_id blocks or mutes so, or that it may not see
    (any more). What is official is always told: what is for staff, while account_id is of those whom it concerns.
    """

    def __init__(self, tx: Tx, account_id: int, causers: Collection[int], about: Collection[Notification]) -> None:
        self._shown = set(visibility.accounts_shown(tx, account_id, causers))
        seen = visibility.see(tx, account_id, {one.about_post_id for one in about if one.about_post_id})
        addressed = {id: addressed_by(post, account_id) for id, post in seen.posts.items()}
        mutes = blocks_and_mutes.mutes_of(tx, account_id, set(causers).union(*addressed.values()))
        self._silent = {id for id, (notifications, _) in mutes.items() if notifications}
        unwanted = self._silent | seen.relations.blocking
        self._posts = {id for id, others in addressed.items() if unwanted.isdisjoint(others)} | {0}

        collected = {one.post_id for one in about if one.kind in ON_COLLECTIONS}
        self._collections = collections.seen(tx, account_id, collected).keys() if collected else set[int]()
        self._role, self._roles, self._there = "", roles.FOUR, set[int]()
        if any(one.kind in NEEDED for one in about):
            user = accounts.user(tx, account_id)
            self._role = user.role if user else ""
            self._roles = roles.find(tx, user.org_id) if user else roles.FOUR
            self._there = set(accounts.by_ids(tx, causers))  # those who signed up may have been turned away

    def names(self, from_id: int, about: Notification) -> bool:
        """Whether it may be told what this account did, in a notification like this."""
        if about.kind in NEEDED:
            return from_id in self._there
        return about.kind in OFFICIAL or (from_id in self._shown and from_id not in self._silent)

    def shows(self, about: Notification) -> bool:
        """Whether it may be told of what this is about."""
        if about.kind in NEEDED:
            return self._roles.may(self._role, NEEDED[NotificationKind(about.kind)])
        if about.kind in ON_COLLECTIONS:
            return about.post_id in self._collections
        return about.about_post_id in self._posts


def addressed_by(post: Post, account_id: int) -> set[int]:
    """The accounts addressed by post. A viewer who blocks or mutes one is not notified; own posts do not count."""
    return set() if post.author_id == account_id else post.addressed
