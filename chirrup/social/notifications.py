"""Notifications: who gets one for what. Rows are in store/notifications.py; the callers in workers/subscribers.py.

Several that are told as one: notification_groups.py.
"""

from collections.abc import Collection, Sequence

from .. import events
from ..access import visibility
from ..access.fill import Filled, fill
from ..errors import NotFound
from ..events import Signal
from ..ids import ID_MAX
from ..ports import Tx
from ..store import (
    accounts,
    blocks_and_mutes,
    follows,
    markers,
    polls,
    posts,
    quotes,
    reactions,
    reports,
    rooms,
    strikes,
)
from ..store import notification_policies as policy_rows
from ..store import notification_requests as requests
from ..store import notifications as rows
from ..types import ON_COLLECTIONS, Notification, NotificationKind, Post, Span, Treatment
from . import collections, mails, push_subscriptions, staff
from . import notification_groups as groups
from . import notification_policies as policies
from .tellable import NEEDED, Tellable, addressed_by

Signals = list[tuple[str, Signal]]


def page(
    tx: Tx, account_id: int, span: Span, kinds: Collection[str], from_id: int = 0, *, include_held: bool = False
) -> Filled[Notification]:
    """account_id's notifications of these kinds that it may (still) be told, newest first: Tellable.

    from_id: only what this account caused. include_held: with those that account_id's policy holds back.
    """

    def candidates(part: Span) -> list[Notification]:
        told = rows.page(tx, account_id, part, kinds, from_id)
        if not include_held:
            return told
        told += rows.page(tx, account_id, part, kinds, from_id, held=True)
        return sorted(told, key=lambda one: one.id, reverse=not part.oldest)[: part.limit]

    return fill(
        span,
        candidates,
        lambda told: _fit(tx, account_id, told),
        key=lambda one: one.id,
    )


def _fit(tx: Tx, account_id: int, told: Sequence[Notification]) -> list[Notification]:
    tellable = Tellable(tx, account_id, {one.from_id for one in told}, told)
    return [one for one in told if tellable.names(one.from_id, one) and tellable.shows(one)]


def count_unread(tx: Tx, account_id: int, kinds: Collection[str], from_id: int = 0, *, most: int) -> int:
    """How many of page() are newer than the account's marker; at most `most`."""
    marker = markers.of(tx, account_id, ["notifications"]).get("notifications")
    span = Span(before=ID_MAX, after=marker.last_read_id if marker else 0, limit=most)
    return len(page(tx, account_id, span, kinds, from_id).items)


def newest(tx: Tx, account_id: int, kinds: Collection[str]) -> int:
    """The id of account_id's newest notification of these kinds, even if page() hides it; 0: none."""
    found = rows.page(tx, account_id, Span(before=ID_MAX, limit=1), kinds)
    return found[0].id if found else 0


def get(tx: Tx, account_id: int, id: int) -> Notification:
    """Raises NotFound: absent, another account's, or for a post that is hidden now."""
    told = rows.by_id(tx, account_id, id)
    if told is None or not _fit(tx, account_id, [told]):
        raise NotFound("notification", id)
    return told


def dismiss(tx: Tx, account_id: int, id: int) -> None:
    """Raises NotFound: absent or another's."""
    if not groups.remove(tx, account_id, lambda: rows.delete(tx, account_id, id)):
        raise NotFound("notification", id)


def clear(tx: Tx, account_id: int) -> None:
    """All of them, also those that account_id's policy holds back."""
    rows.clear(tx, account_id)
    requests.clear(tx, account_id)


def _tell(
    tx: Tx, account_id: int, kind: NotificationKind, from_id: int, post: Post | None = None, about_id: int = 0
) -> Signals:
    """Write a notification unless the recipient does not want it: from itself or blocked or muted accounts, for posts
    that address such accounts or are in a muted thread. about_id: of what it is about, if that is no post."""
    if account_id == from_id:
        return []
    about_id = post.id if post else about_id
    about = {from_id} | (addressed_by(post, account_id) if post else set())
    standing, silenced = tx.together(
        lambda: policy_rows.standing(tx, account_id, about, post.root_id if post else 0),
        lambda: accounts.is_silenced(tx, from_id),
    )
    if standing.thread_muted or from_id in standing.blocked_by or about & (standing.blocking | standing.silent):
        return []
    treatment = policies.treatment(tx, standing.policy, account_id, kind, from_id, post, silenced=silenced)
    if treatment == Treatment.FILTER:
        policies.hold(tx, account_id, kind, from_id, about_id)
    if treatment != Treatment.ACCEPT:
        return []
    told = groups.write(tx, account_id, kind, from_id, about_id)
    if told:
        mails.notified(tx, told, post, standing.mail_mode)
    return _signals(tx, told, push=standing.has_push)


def _signals(tx: Tx, told: Notification | None, *, push: bool) -> Signals:
    """For a new notification. push: an app may want it pushed."""
    if told is None:
        return []
    if push:
        push_subscriptions.enqueue(tx, told)
    return [(f"user:{told.account_id}", Signal("notification", told.id, told.from_id))]


def remind(tx: Tx, account_id: int, post: Post) -> Signals:
    """Tell of the post anew: what it asks for is not done yet."""
    _take_back(tx, account_id, NotificationKind.POST, post.author_id, post.id)
    if account_id == post.author_id:
        return _signals(tx, rows.insert(tx, account_id, NotificationKind.POST, account_id, post.id), push=True)
    return _tell(tx, account_id, NotificationKind.POST, post.author_id, post)


def _take_back(tx: Tx, account_id: int, kind: NotificationKind, from_id: int, post_id: int = 0) -> None:
    groups.remove(tx, account_id, lambda: rows.take_back(tx, account_id, kind, from_id, post_id), kind)


# One function for each event: it writes notifications and returns the signals to send after the commit. An event may
# come twice, or (from a dead worker) after later ones of the same account, so each function looks at the present state.


def on_published(tx: Tx, post: Post) -> Signals:
    if post.boost_of_id:
        original = posts.by_id(tx, post.boost_of_id)
        return _tell(tx, original.author_id, NotificationKind.BOOST, post.author_id, original) if original else []
    told = _mentions(tx, post)
    quoted = posts.by_id(tx, post.quote_of_id) if post.quote_of_id and not post.quote_revoked_ms else None
    if quoted and visibility.see_one(tx, quoted.author_id, post.id):
        told += _tell(tx, quoted.author_id, NotificationKind.QUOTE, post.author_id, post)
    watchers = {one for source in {post.author_id, *post.sources} for one in follows.notified_followers(tx, source)}
    for watcher in watchers - {mention.account_id for mention in post.mentioned}:
        if visibility.see_one(tx, watcher, post.id):
            told += _tell(tx, watcher, NotificationKind.POST, post.author_id, post)
    return told


def _mentions(tx: Tx, post: Post) -> Signals:
    return [
        signal
        for mention in post.mentioned
        if mention.account_id != post.audience_id
        for signal in _tell(tx, mention.account_id, NotificationKind.MENTION, post.author_id, post)
    ]


def on_edited(tx: Tx, post: Post) -> Signals:
    """Notifies the accounts mentioned now and the boosters of an edit."""
    told = _mentions(tx, post)
    for _, booster in reactions.page_of_accounts(tx, "boosts", post.id, Span(before=ID_MAX, limit=1000)):
        _take_back(tx, booster, NotificationKind.EDIT, post.author_id, post.id)
        told += _tell(tx, booster, NotificationKind.EDIT, post.author_id, post)
    quoting = posts.by_ids(tx, [id for id, _ in quotes.page(tx, post.id, Span(before=2**63 - 1, limit=1000))])
    for quote in quoting.values():
        _take_back(tx, quote.author_id, NotificationKind.QUOTED_EDIT, post.author_id, quote.id)
        if visibility.see_one(tx, quote.author_id, post.id):
            told += _tell(tx, quote.author_id, NotificationKind.QUOTED_EDIT, post.author_id, quote)
    return told


def on_followed(tx: Tx, event: events.Followed) -> Signals:
    answering = _answering(tx, event.target_id)
    for id in answering:
        _take_back(tx, id, NotificationKind.FOLLOW_REQUEST, event.of)
    if answering != [event.target_id] or not follows.get(tx, event.of, event.target_id):
        return []
    return _tell(tx, event.target_id, NotificationKind.FOLLOW, event.of)


def _answering(tx: Tx, account_id: int) -> list[int]:
    """Who answers requests to follow the account: itself; a room's managers."""
    return [*rooms.roles(tx, account_id)] or [account_id]


def on_follow_requested(tx: Tx, event: events.FollowRequested) -> Signals:
    if event.target_id not in follows.requested_among(tx, event.of, [event.target_id]):
        return []
    return [
        signal
        for id in _answering(tx, event.target_id)
        for signal in _tell(tx, id, NotificationKind.FOLLOW_REQUEST, event.of)
    ]


def on_follow_answered(tx: Tx, event: events.FollowAnswered) -> Signals:
    if event.of not in follows.requested_among(tx, event.follower_id, [event.of]):
        for id in _answering(tx, event.of):
            _take_back(tx, id, NotificationKind.FOLLOW_REQUEST, event.follower_id)
    return []


def on_unfollowed(tx: Tx, event: events.Unfollowed) -> Signals:
    if not follows.get(tx, event.of, event.target_id):
        _take_back(tx, event.target_id, NotificationKind.FOLLOW, event.of)
    if event.target_id not in follows.requested_among(tx, event.of, [event.target_id]):
        for id in _answering(tx, event.target_id):
            _take_back(tx, id, NotificationKind.FOLLOW_REQUEST, event.of)
    return []


def on_blocked(tx: Tx, event: events.Blocked) -> Signals:
    if event.target_id in blocks_and_mutes.of(tx, event.of, [event.target_id]).blocking:
        groups.remove(tx, event.of, lambda: rows.forget_account(tx, event.of, event.target_id))
    return []


def on_favourited(tx: Tx, event: events.Favourited) -> Signals:
    post = posts.by_id(tx, event.post_id)
    if post is None or not reactions.find(tx, "favourites", event.of, post.id):
        return []
    return _tell(tx, post.author_id, NotificationKind.FAVOURITE, event.of, post)


def on_unfavourited(tx: Tx, event: events.Unfavourited) -> Signals:
    return _undone(tx, event, "favourites", NotificationKind.FAVOURITE)


def on_unboosted(tx: Tx, event: events.Unboosted) -> Signals:
    return _undone(tx, event, "boosts", NotificationKind.BOOST)


def _undone(tx: Tx, event: events.Unfavourited | events.Unboosted, mark: str, kind: NotificationKind) -> Signals:
    post = posts.by_id(tx, event.post_id)
    if post and not reactions.find(tx, mark, event.of, post.id):
        _take_back(tx, post.author_id, kind, event.of, post.id)
    return []


def on_poll_ended(tx: Tx, event: events.PollEnded) -> Signals:
    """The author and everybody who voted."""
    post = posts.by_id(tx, event.post_id)
    if post is None or not post.poll_id:
        return []
    told = rows.insert(tx, post.author_id, NotificationKind.POLL, post.author_id, post.id)
    if told:
        mails.notified(tx, told, post)
    signals = _signals(tx, told, push=True)
    for voter in polls.voters(tx, post.poll_id):
        signals += _tell(tx, voter, NotificationKind.POLL, post.author_id, post)
    return signals


def on_collected(tx: Tx, event: events.Collected) -> Signals:
    if not collections.is_in(tx, event.collection_id, event.target_id):
        return []
    return _tell(tx, event.target_id, NotificationKind.COLLECTED, event.of, about_id=event.collection_id)


def on_uncollected(tx: Tx, event: events.Uncollected) -> Signals:
    if not collections.is_in(tx, event.collection_id, event.target_id):
        for kind in ON_COLLECTIONS:
            _take_back(tx, event.target_id, kind, event.of, event.collection_id)
    return []


def on_collection_changed(tx: Tx, event: events.CollectionChanged) -> Signals:
    """All who are in it: a few."""
    told: Signals = []
    for id in collections.members(tx, event.collection_id):
        _take_back(tx, id, NotificationKind.COLLECTION_EDIT, event.of, event.collection_id)
        told += _tell(tx, id, NotificationKind.COLLECTION_EDIT, event.of, about_id=event.collection_id)
    return told


def on_signed_up(tx: Tx, event: events.SignedUp) -> Signals:
    """Staff who look after users hear of it."""
    account = accounts.by_id(tx, event.of)
    if account is None:
        return []
    told: Signals = []
    for id in staff.who_may(tx, account.org_id, NEEDED[NotificationKind.SIGN_UP]):
        told += _signals(tx, groups.write(tx, id, NotificationKind.SIGN_UP, event.of), push=True)
    return told


def on_reported(tx: Tx, event: events.Reported) -> Signals:
    """Staff who handle reports hear of it; who reports knows."""
    report = reports.by_ids(tx, [event.report_id]).get(event.report_id)
    if report is None:
        return []
    told: Signals = []
    for id in staff.who_may(tx, report.org_id, NEEDED[NotificationKind.REPORT]):
        if id != event.of:
            told += _signals(tx, rows.insert(tx, id, NotificationKind.REPORT, event.of, report.id), push=True)
    return told


def on_warned(tx: Tx, event: events.Warned) -> Signals:
    """It comes from nobody: in Mastodon's API the account that is told stands there."""
    if event.strike_id not in strikes.by_ids(tx, [event.strike_id]):
        return []
    return _signals(tx, rows.insert(tx, event.of, NotificationKind.WARNING, event.of, event.strike_id), push=False)
