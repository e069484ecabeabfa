"""Mastodon's entities (https://docs.joinmastodon.org/entities/), field by field.

Ids are strings, dates ISO 8601 with three digits and Z. The OpenAPI document is made from these types.
"""

from typing import Any

import msgspec

from ..http.entity import Entity as Entity
from ..http.entity import Id as Id
from .account_entities import Account as Account
from .account_entities import AccountField as AccountField
from .account_entities import AccountRole as AccountRole
from .account_entities import CredentialAccount as CredentialAccount
from .account_entities import CustomEmoji as CustomEmoji
from .account_entities import MutedAccount as MutedAccount
from .account_entities import RoleEntity as RoleEntity
from .account_entities import Source as Source
from .card_entities import PreviewCard as PreviewCard
from .card_entities import TagHistory as TagHistory
from .collection_entities import Collection, NotificationFallback, ShallowTag
from .filter_entities import FilterResult


class Relationship(Entity, kw_only=True):
    id: Id
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: list[str] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: str | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


class Preferences(Entity, kw_only=True):
    default_visibility: str = msgspec.field(name="posting:default:visibility")
    default_sensitive: bool = msgspec.field(name="posting:default:sensitive")
    default_language: str | None = msgspec.field(name="posting:default:language")
    default_quote_policy: str = msgspec.field(name="posting:default:quote_policy")
    expand_media: str = msgspec.field(name="reading:expand:media")
    expand_spoilers: bool = msgspec.field(name="reading:expand:spoilers")


class Suggestion(Entity, kw_only=True):
    source: str
    sources: list[str]
    account: Account


class FamiliarFollowers(Entity, kw_only=True):
    id: Id
    accounts: list[Account]


class StatusMention(Entity, kw_only=True):
    id: Id
    username: str
    url: str
    acct: str


class StatusApplication(Entity, kw_only=True):
    name: str
    website: str | None


class MediaAttachment(Entity, kw_only=True):
    id: Id
    type: str
    url: str | None
    preview_url: str | None
    remote_url: str | None
    preview_remote_url: str | None
    text_url: str | None
    meta: Any
    description: str | None
    blurhash: str | None


class PollOption(Entity, kw_only=True):
    title: str
    votes_count: int | None


class Poll(Entity, kw_only=True):
    id: Id
    expires_at: str | None
    expired: bool
    multiple: bool
    votes_count: int
    voters_count: int | None
    voted: bool | msgspec.UnsetType = msgspec.UNSET
    own_votes: list[int] | msgspec.UnsetType = msgspec.UNSET
    options: list[PollOption]
    emojis: list[CustomEmoji]


class Quote(Entity, kw_only=True):
    """What a post quotes. Within what is quoted itself only its id is told: Mastodon's ShallowQuote."""

    state: str
    quoted_status: "Status | msgspec.UnsetType | None" = msgspec.UNSET
    quoted_status_id: Id | msgspec.UnsetType | None = msgspec.UNSET


class QuoteApproval(Entity, kw_only=True):
    automatic: list[str]
    manual: list[str]
    current_user: str


class StatusFixed(Entity, kw_only=True):
    """The part of a status that is the same for all viewers until the post changes: encoded once and cached."""

    id: Id
    created_at: str
    edited_at: str | None
    spoiler_text: str
    visibility: str
    language: str | None
    uri: str
    url: str | None
    content: str | msgspec.UnsetType  # of a quote it is in the other part: it names what not everybody may see
    media_attachments: list[MediaAttachment]
    mentions: list[StatusMention]
    tags: list[ShallowTag]
    emojis: list[CustomEmoji]
    application: StatusApplication | None
    card: msgspec.UnsetType | None  # null if there is none; else the field is in StatusLive
    tagged_collections: list[Collection] | msgspec.UnsetType  # of a post that links to some it depends on the viewer
    in_reply_to_id: msgspec.UnsetType | None  # null if it is no reply; else the field is in StatusLive
    in_reply_to_account_id: msgspec.UnsetType | None


class StatusMarks(Entity, kw_only=True):
    """What the viewer did to the post; without a login nothing is there."""

    favourited: bool | msgspec.UnsetType
    reblogged: bool | msgspec.UnsetType
    bookmarked: bool | msgspec.UnsetType
    muted: bool | msgspec.UnsetType
    pinned: bool | msgspec.UnsetType


class Status(StatusFixed, kw_only=True):
    """A post or a boost, as render_posts.py puts it together; tests decode every answer as this."""

    in_reply_to_id: Id | None  # pyright: ignore[reportIncompatibleVariableOverride]
    in_reply_to_account_id: Id | None  # pyright: ignore[reportIncompatibleVariableOverride]
    card: PreviewCard | None  # pyright: ignore[reportIncompatibleVariableOverride]
    sensitive: bool
    content: str  # pyright: ignore[reportIncompatibleVariableOverride]
    tagged_collections: list[Collection]  # pyright: ignore[reportIncompatibleVariableOverride]
    account: Account
    replies_count: int
    reblogs_count: int
    favourites_count: int
    favourited: bool | msgspec.UnsetType = msgspec.UNSET
    reblogged: bool | msgspec.UnsetType = msgspec.UNSET
    bookmarked: bool | msgspec.UnsetType = msgspec.UNSET
    muted: bool | msgspec.UnsetType = msgspec.UNSET
    pinned: bool | msgspec.UnsetType = msgspec.UNSET
    filtered: list[FilterResult] | msgspec.UnsetType = msgspec.UNSET
    poll: Poll | None
    quotes_count: int
    quote: Quote | None
    quote_approval: QuoteApproval
    reblog: "Status | None"


class DeletedStatus(Status, kw_only=True):
    text: str


class StatusSource(Entity, kw_only=True):
    id: Id
    text: str
    spoiler_text: str


class StatusEditPollOption(Entity, kw_only=True):
    title: str


class StatusEditPoll(Entity, kw_only=True):
    options: list[StatusEditPollOption]


class StatusEdit(Entity, kw_only=True):
    content: str
    spoiler_text: str
    sensitive: bool
    created_at: str
    account: Account
    poll: StatusEditPoll | msgspec.UnsetType = msgspec.UNSET
    media_attachments: list[MediaAttachment]
    emojis: list[CustomEmoji]
    quote: Quote | msgspec.UnsetType | None = msgspec.UNSET


class Context(Entity, kw_only=True):
    ancestors: list[Status]
    descendants: list[Status]


class Report(Entity, kw_only=True):
    id: Id
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    status_ids: list[str]
    collection_ids: list[str]
    rule_ids: list[str] | None
    target_account: Account


class Appeal(Entity, kw_only=True):
    text: str
    state: str


class AccountWarning(Entity, kw_only=True):
    id: Id
    action: str
    text: str
    status_ids: list[str]
    target_account: Account
    appeal: Appeal | None
    created_at: str


class Notification(Entity, kw_only=True):
    id: Id
    type: str
    created_at: str
    group_key: str
    account: Account
    status: Status | msgspec.UnsetType = msgspec.UNSET
    report: Report | msgspec.UnsetType = msgspec.UNSET
    moderation_warning: AccountWarning | msgspec.UnsetType = msgspec.UNSET
    collection: Collection | msgspec.UnsetType = msgspec.UNSET
    fallback: NotificationFallback | msgspec.UnsetType = msgspec.UNSET


class Count(Entity, kw_only=True):
    count: int


class Marker(Entity, kw_only=True):
    last_read_id: Id
    version: int
    updated_at: str


class Conversation(Entity, kw_only=True):
    id: Id
    unread: bool
    accounts: list[Account]
    last_status: Status | None


class ListEntity(Entity, kw_only=True):
    id: Id
    title: str
    replies_policy: str
    exclusive: bool


class Tag(Entity, kw_only=True):
    id: Id
    name: str
    url: str
    history: list[TagHistory]
    following: bool | msgspec.UnsetType = msgspec.UNSET
    featuring: bool | msgspec.UnsetType = msgspec.UNSET


class FeaturedTag(Entity, kw_only=True):
    id: Id
    name: str
    url: str
    statuses_count: str
    last_status_at: str | None


class Search(Entity, kw_only=True):
    accounts: list[Account]
    statuses: list[Status]
    hashtags: list[Tag]


class Empty(Entity, kw_only=True):
    """{}"""
