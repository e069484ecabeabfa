"""Entities of groups, policies, requests and push messages of notifications; the others are in entities.py."""

import msgspec

from .collection_entities import Collection, NotificationFallback
from .entities import Account, AccountWarning, Entity, Id, Report, Status


class NotificationGroup(Entity, kw_only=True):
    group_key: str
    notifications_count: int
    type: str
    most_recent_notification_id: Id
    page_min_id: Id | msgspec.UnsetType = msgspec.UNSET  # these three on pages only
    page_max_id: Id | msgspec.UnsetType = msgspec.UNSET
    latest_page_notification_at: str | msgspec.UnsetType = msgspec.UNSET
    sample_account_ids: list[Id]
    status_id: Id | msgspec.UnsetType = msgspec.UNSET
    report: Report | msgspec.UnsetType = msgspec.UNSET
    moderation_warning: AccountWarning | msgspec.UnsetType = msgspec.UNSET
    collection: Collection | msgspec.UnsetType = msgspec.UNSET
    fallback: NotificationFallback | msgspec.UnsetType = msgspec.UNSET


class PartialAccountWithAvatar(Entity, kw_only=True):
    id: Id
    acct: str
    locked: bool
    bot: bool
    url: str
    avatar: str
    avatar_static: str
    avatar_description: str


class GroupedNotificationsResults(Entity, kw_only=True):
    accounts: list[Account]
    partial_accounts: list[PartialAccountWithAvatar] | msgspec.UnsetType = msgspec.UNSET
    statuses: list[Status]
    notification_groups: list[NotificationGroup]


class PolicySummary(Entity, kw_only=True):
    pending_requests_count: int
    pending_notifications_count: int


class NotificationPolicy(Entity, kw_only=True):
    for_not_following: str
    for_not_followers: str
    for_new_accounts: str
    for_private_mentions: str
    for_limited_accounts: str
    for_bots: str
    summary: PolicySummary


class V1NotificationPolicy(Entity, kw_only=True):
    filter_not_following: bool
    filter_not_followers: bool
    filter_new_accounts: bool
    filter_private_mentions: bool
    summary: PolicySummary


class NotificationRequest(Entity, kw_only=True):
    id: Id
    created_at: str
    updated_at: str
    notifications_count: str
    account: Account
    last_status: Status | msgspec.UnsetType = msgspec.UNSET


class Merged(Entity, kw_only=True):
    merged: bool


class WebPushAlerts(Entity, kw_only=True):
    mention: bool
    status: bool
    reblog: bool
    follow: bool
    follow_request: bool
    favourite: bool
    poll: bool
    update: bool
    quote: bool
    quoted_update: bool
    sign_up: bool = msgspec.field(name="admin.sign_up")
    report: bool = msgspec.field(name="admin.report")


class WebPushSubscription(Entity, kw_only=True):
    id: Id
    endpoint: str
    standard: bool
    server_key: str
    alerts: WebPushAlerts
    policy: str
