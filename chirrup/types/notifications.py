"""Notifications, what an account does with them, and where they are pushed to."""

from enum import StrEnum

import msgspec

from ..ids import ms_of
from .lists import json_strings


class NotificationKind(StrEnum):
    MENTION = "mention"
    BOOST = "reblog"
    FAVOURITE = "favourite"
    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow_request"
    POLL = "poll"
    POST = "status"  # by a followee, if the viewer wants notifications of its posts
    SIGN_UP = "admin.sign_up"  # for staff
    REPORT = "admin.report"  # the same: post_id is the report's
    WARNING = "moderation_warning"  # post_id is the strike's
    EDIT = "update"  # of a post that the viewer boosted
    QUOTE = "quote"  # of a post of the viewer's
    COLLECTED = "added_to_collection"  # post_id is the collection's, as in the next one
    COLLECTION_EDIT = "collection_update"  # of one that the viewer is in
    QUOTED_EDIT = "quoted_update"  # of a post the viewer quoted; it shows the viewer's post


ON_COLLECTIONS = (NotificationKind.COLLECTED, NotificationKind.COLLECTION_EDIT)
NO_POST = (NotificationKind.REPORT, NotificationKind.WARNING, *ON_COLLECTIONS)  # what they are about is no post


class Notification(msgspec.Struct, frozen=True):
    """Columns of `notifications`, without those of groups."""

    id: int
    account_id: int
    kind: str
    from_id: int
    post_id: int  # what it is about: by its kind a post, or one of NO_POST; 0: nothing
    group_id: int = 0  # the id that the first of its group had; 0: it stands alone

    @property
    def about_post_id(self) -> int:
        """The post that it is about; 0: none."""
        return 0 if self.kind in NO_POST else self.post_id


class NotificationGroup(msgspec.Struct, frozen=True):
    """Notifications that are told as one, or one that stands alone: its newest, as its row tells of all of them."""

    newest: Notification
    members: int = 1
    sample: tuple[int, ...] = ()  # who caused the last of them, the newest first


class Treatment(StrEnum):
    """What happens to a notification: it is told, held until the recipient asks for it, or never made."""

    ACCEPT = "accept"
    FILTER = "filter"
    DROP = "drop"


class NotificationPolicy(msgspec.Struct, frozen=True):
    """What an account wants to be told, by who caused it. As it is here for whoever never changed it."""

    not_following: Treatment = Treatment.ACCEPT  # accounts that it does not follow
    not_followers: Treatment = Treatment.ACCEPT  # accounts that do not follow it
    new_accounts: Treatment = Treatment.ACCEPT
    private_mentions: Treatment = Treatment.ACCEPT  # direct posts of accounts that it neither follows nor wrote to
    limited_accounts: Treatment = Treatment.FILTER  # by a moderator
    bots: Treatment = Treatment.ACCEPT


class NotificationRequest(msgspec.Struct, frozen=True):
    """What is held of one account. Columns of `notification_requests`."""

    id: int
    account_id: int
    from_id: int
    notifications: int  # how many are held
    last_post_id: int  # 0: none of them is about a post
    changed_ms: int
    accepted: int  # 1: they are being merged

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)


class PushPolicy(StrEnum):
    """Whose notifications an app wants pushed."""

    ALL = "all"
    FOLLOWED = "followed"
    FOLLOWER = "follower"
    NONE = "none"


class PushSubscription(msgspec.Struct, frozen=True):
    """Where an app wants notifications pushed. Columns of `push_subscriptions`."""

    id: int
    account_id: int
    token_id: str
    endpoint: str
    key: str  # the app's public key, base64 without padding
    secret: str  # the app's, base64 without padding
    standard: int  # 1: by RFC 8291; 0: by its draft
    alerts: str  # JSON list of the kinds that it wants
    policy: str
    access_token: str  # sealed: only a worker that sends it opens it
    base_url: str  # of the site where the app is logged in

    @property
    def kinds(self) -> list[str]:
        return json_strings(self.alerts)
