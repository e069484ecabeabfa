"""What is pushed to an app: enough to show one notification, and to know whose it is."""

import msgspec

from ..errors import NotFound
from ..ids import ms_of
from ..ports import Tx
from ..store import accounts, follows, posts
from ..store import push_subscriptions as rows
from ..types import Account, Notification, NotificationKind, Post, PushPolicy, PushSubscription
from . import notifications
from .media_addresses import profile_path

BODY_CHARS_MAX = 140
KEPT_MS = 2 * 86_400_000  # what could not be pushed by then is no news any more
WORDS = {
    NotificationKind.MENTION: "{name} mentioned you",
    NotificationKind.BOOST: "{name} boosted your post",
    NotificationKind.FAVOURITE: "{name} favourited your post",
    NotificationKind.FOLLOW: "{name} follows you now",
    NotificationKind.FOLLOW_REQUEST: "{name} asks to follow you",
    NotificationKind.POLL: "A poll by {name} has ended",
    NotificationKind.POST: "{name} just posted",
    NotificationKind.EDIT: "{name} edited a post",
    NotificationKind.COLLECTED: "{name} added you to a collection",
    NotificationKind.COLLECTION_EDIT: "{name} changed a collection that you are in",
    NotificationKind.SIGN_UP: "{name} signed up",
    NotificationKind.REPORT: "{name} reported an account",
    NotificationKind.WARNING: "Staff decided something about your account",
}


class Message(msgspec.Struct, frozen=True):
    """As Mastodon's apps expect it. access_token is put in when it is sent."""

    access_token: str
    preferred_locale: str
    notification_id: str
    notification_type: str
    icon: str
    title: str
    body: str


def find(
    tx: Tx, account_id: int, notification_id: int, subscription_id: int
) -> tuple[PushSubscription, Message] | None:
    """(to whom, what); access_token is still sealed. None: nothing is to be sent (any more).

    The app has ended its subscription, or its access has ended; or what is told of is gone, hidden or unwanted by now.
    """
    to = rows.by_id(tx, account_id, subscription_id)
    user = accounts.user(tx, account_id)
    if to is None or user is None or ms_of(notification_id) < tx.now_ms - KEPT_MS:
        return None
    try:
        told = notifications.get(tx, account_id, notification_id)
    except NotFound:
        return None
    if told.kind not in to.kinds or not _is_wanted(tx, to, told):
        return None
    sender = accounts.by_ids(tx, [told.from_id])[told.from_id]
    post = posts.by_id(tx, told.about_post_id) if told.about_post_id else None
    return to, Message(
        access_token=to.access_token,
        preferred_locale=user.locale,
        notification_id=str(told.id),
        notification_type=told.kind,
        icon=to.base_url + _picture(sender),
        title=WORDS[NotificationKind(told.kind)].format(name=sender.display_name or sender.username),
        body=_body(sender, post),
    )


def _is_wanted(tx: Tx, to: PushSubscription, told: Notification) -> bool:
    if to.policy == PushPolicy.FOLLOWED:
        return bool(follows.among(tx, told.account_id, [told.from_id]))
    if to.policy == PushPolicy.FOLLOWER:
        return bool(follows.followers_among(tx, told.account_id, [told.from_id]))
    return to.policy == PushPolicy.ALL


def _picture(account: Account) -> str:
    key = account.avatar_static or account.avatar
    return profile_path(account.id, key) if key else "/static/avatar.png"


def _body(sender: Account, post: Post | None) -> str:
    """A warning stands for what it warns of."""
    text = " ".join((post.summary or post.text if post else sender.note).split())
    return text if len(text) <= BODY_CHARS_MAX else f"{text[: BODY_CHARS_MAX - 1]}…"
