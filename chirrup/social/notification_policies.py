"""What an account wants to be told, by who caused it, and what is held back until it asks for it.

https://docs.joinmastodon.org/entities/NotificationPolicy/. Rows: store/notification_policies.py and
store/notification_requests.py.
"""

from collections.abc import Collection, Sequence

import msgspec

from ..access import visibility
from ..access.fill import Filled, fill
from ..errors import NotFound
from ..events import NotificationsMerged, Signal
from ..ids import ID_MAX, ms_of
from ..ports import Tx
from ..store import accounts, follows, jobs, posts
from ..store import notification_policies as policies
from ..store import notification_requests as requests
from ..store import notifications as rows
from ..types import (
    NotificationKind,
    NotificationPolicy,
    NotificationRequest,
    Post,
    Span,
    Treatment,
    Visibility,
)

NEW_MS = 30 * 86_400_000  # an account is new for so long
# What the recipient has asked for: news of posts it voted in or boosted, and of people it wants to hear of.
ASKED_FOR = frozenset((NotificationKind.POLL, NotificationKind.EDIT, NotificationKind.POST))
MERGE = "merge notifications"  # a kind of job; the payload is (recipient, who caused them)
AT_ONCE = 100  # held notifications that are merged before the answer; more are a job's
STEP = 500
PENDING_MAX = 100  # requests that are counted


def treatment(
    tx: Tx,
    policy: NotificationPolicy,
    account_id: int,
    kind: NotificationKind,
    from_id: int,
    post: Post | None,
    *,
    silenced: bool = False,
) -> Treatment:
    """What becomes of a notification for account_id. silenced: from_id is; a follower of theirs does not mind.

    What staff do, and whoever was accepted, always gets through. Nothing is looked up where the policy was never
    changed and from_id is not silenced.
    """
    if kind in ASKED_FOR or (policy == policies.DEFAULT and not silenced):
        return Treatment.ACCEPT
    follows_it, follows_back, permitted, senders, roles = tx.together(
        lambda: bool(follows.among(tx, account_id, [from_id])),
        lambda: bool(follows.followers_among(tx, account_id, [from_id])),
        lambda: policies.is_permitted(tx, account_id, from_id),
        lambda: accounts.by_ids(tx, [from_id]),
        lambda: accounts.roles(tx, [from_id]),
    )
    if permitted or roles.get(from_id):
        return Treatment.ACCEPT
    private = kind == NotificationKind.MENTION and post is not None and post.visibility == Visibility.DIRECT
    unasked = private and not follows_it and not _was_written_to(tx, account_id, from_id, post)
    sender = senders.get(from_id)
    applying = {
        treatment
        for treatment, applies in (
            (policy.not_following, not follows_it),
            (policy.not_followers, not follows_back),
            (policy.limited_accounts, silenced and not follows_it),
            (policy.new_accounts, ms_of(from_id) > tx.now_ms - NEW_MS),
            (policy.bots, sender and sender.bot),
            (policy.private_mentions, unasked),
        )
        if applies
    }
    return next((one for one in (Treatment.DROP, Treatment.FILTER) if one in applying), Treatment.ACCEPT)


def _was_written_to(tx: Tx, account_id: int, from_id: int, post: Post | None) -> bool:
    """Whether post answers a direct post of account_id's to from_id, or is in a thread that began with one."""
    if post is None or not post.reply_to_id:
        return False
    above = posts.by_ids(tx, {post.reply_to_id, post.root_id}).values()
    return any(
        one.author_id == account_id and one.visibility == Visibility.DIRECT and from_id in one.addressed
        for one in above
    )


def hold(tx: Tx, account_id: int, kind: NotificationKind, from_id: int, post_id: int) -> None:
    if held := rows.insert_held(tx, account_id, kind, from_id, post_id):
        requests.add(tx, account_id, from_id, held.about_post_id)


# the policy


class Change(msgspec.Struct, frozen=True):
    """None: leave as it is."""

    not_following: Treatment | None = None
    not_followers: Treatment | None = None
    new_accounts: Treatment | None = None
    private_mentions: Treatment | None = None
    limited_accounts: Treatment | None = None
    bots: Treatment | None = None


class Summary(msgspec.Struct, frozen=True):
    policy: NotificationPolicy
    requests: int  # PENDING_MAX at most
    notifications: int  # that those hold


def get(tx: Tx, account_id: int) -> Summary:
    waiting = page(tx, account_id, Span(before=ID_MAX, limit=PENDING_MAX)).items
    held = sum(one.notifications for one in waiting)
    return Summary(policies.policy(tx, account_id), len(waiting), held)


def change(tx: Tx, account_id: int, change: Change) -> Summary:
    """What is held already stays so. The next notification is treated as the policy says then."""
    wanted = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    if wanted:
        before = policies.policy(tx, account_id)
        policies.save(tx, account_id, msgspec.structs.replace(before, **wanted))
    return get(tx, account_id)


# requests


def page(tx: Tx, account_id: int, span: Span) -> Filled[NotificationRequest]:
    """Those that wait, newest first; none of accounts that are suspended, or where there is a block."""

    def keep(found: Sequence[NotificationRequest]) -> list[NotificationRequest]:
        shown = set(visibility.accounts_shown(tx, account_id, [one.from_id for one in found]))
        return [one for one in found if one.from_id in shown]

    return fill(span, lambda part: requests.page(tx, account_id, part), keep, key=lambda one: one.id)


def request(tx: Tx, account_id: int, id: int) -> NotificationRequest:
    """Raises NotFound: absent, another's, or its account is hidden now."""
    found = requests.by_ids(tx, account_id, [id])
    if not found or not visibility.accounts_shown(tx, account_id, [found[0].from_id]):
        raise NotFound("notification request", id)
    return found[0]


def accept(tx: Tx, account_id: int, ids: Collection[int]) -> None:
    """Have told what these requests hold, and from now on all that their accounts cause.

    Ids that are none of account_id's are ignored. What is much is merged by a job: merged() says when that is done.
    """
    found = requests.by_ids(tx, account_id, ids)
    policies.permit(tx, account_id, [one.from_id for one in found])
    requests.set_accepted(tx, account_id, [one.id for one in found])
    if sum(one.notifications for one in found) > AT_ONCE:
        for one in found:
            jobs.enqueue(tx, MERGE, of=account_id, key=str(one.id), payload=(account_id, one.from_id))
        return
    for one in found:
        merge(tx, account_id, one.from_id)


def merge(tx: Tx, account_id: int, from_id: int) -> bool:
    """Merge some of what an accepted request holds. Whether there is more."""
    if rows.merge(tx, account_id, from_id, STEP) == STEP:
        return True
    requests.delete(tx, account_id, [from_id])
    if not requests.any_accepted(tx, account_id):
        tx.emit(NotificationsMerged(account_id))
    return False


def on_merged(tx: Tx, event: NotificationsMerged) -> list[tuple[str, Signal]]:
    return [(f"user:{event.of}", Signal("notifications_merged", 0, event.of))]


def merged(tx: Tx, account_id: int) -> bool:
    """Whether all that was accepted is told."""
    return not requests.any_accepted(tx, account_id)


def dismiss(tx: Tx, account_id: int, ids: Collection[int]) -> None:
    """Forget these requests and what they hold. Their accounts may make another one."""
    from_ids = [one.from_id for one in requests.by_ids(tx, account_id, ids)]
    rows.delete_held(tx, account_id, from_ids)
    requests.delete(tx, account_id, from_ids)
