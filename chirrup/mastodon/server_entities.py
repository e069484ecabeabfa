"""Entities about the server itself and its apps; the others are in entities.py.

https://docs.joinmastodon.org/entities/Instance/
"""

from typing import Any

import msgspec

from .card_entities import TrendingLink
from .entities import Account, Entity, Id, RoleEntity, Status, Tag


class RuleTranslation(Entity, kw_only=True):
    text: str
    hint: str


class Rule(RuleTranslation, kw_only=True):
    id: Id
    translations: dict[str, RuleTranslation]


class AccountLimits(Entity, kw_only=True):
    max_display_name_length: int
    max_note_length: int
    max_avatar_description_length: int
    max_header_description_length: int
    max_featured_tags: int
    max_pinned_statuses: int
    max_profile_fields: int
    profile_field_name_limit: int
    profile_field_value_limit: int


class StatusLimits(Entity, kw_only=True):
    max_characters: int
    max_media_attachments: int
    characters_reserved_per_url: int


class MediaLimits(Entity, kw_only=True):
    description_limit: int
    supported_mime_types: list[str]
    image_size_limit: int
    image_matrix_limit: int
    video_size_limit: int
    video_frame_rate_limit: int
    video_matrix_limit: int


class PollLimits(Entity, kw_only=True):
    max_options: int
    max_characters_per_option: int
    min_expiration: int
    max_expiration: int


class Limits(Entity, kw_only=True):
    accounts: AccountLimits
    statuses: StatusLimits
    media_attachments: MediaLimits
    polls: PollLimits


class Urls(Entity, kw_only=True):
    streaming: str
    status: str | None
    about: str
    privacy_policy: str | None
    terms_of_service: str | None


class Translation(Entity, kw_only=True):
    enabled: bool


class FeedAccess(Entity, kw_only=True):
    local: str
    remote: str


class TimelinesAccess(Entity, kw_only=True):
    live_feeds: FeedAccess
    hashtag_feeds: FeedAccess
    trending_link_feeds: FeedAccess


class Vapid(Entity, kw_only=True):
    public_key: str


class Configuration(Limits, kw_only=True):
    urls: Urls
    vapid: Vapid
    translation: Translation
    timelines_access: TimelinesAccess
    limited_federation: bool


class UsersUsage(Entity, kw_only=True):
    active_month: int


class InstanceUsage(Entity, kw_only=True):
    users: UsersUsage


class Thumbnail(Entity, kw_only=True):
    url: str
    description: str


class Registrations(Entity, kw_only=True):
    enabled: bool
    approval_required: bool
    reason_required: bool
    message: str | None
    min_age: int | None
    url: str | None


class Contact(Entity, kw_only=True):
    email: str
    account: Account | None


class Instance(Entity, kw_only=True):
    domain: str
    title: str
    version: str
    source_url: str
    description: str
    wrapstodon: str | None
    usage: InstanceUsage
    thumbnail: Thumbnail
    icon: list[Any]
    languages: list[str]
    configuration: Configuration
    registrations: Registrations
    api_versions: dict[str, int]
    contact: Contact
    rules: list[Rule]


class V1Urls(Entity, kw_only=True):
    streaming_api: str


class V1Stats(Entity, kw_only=True):
    user_count: int
    status_count: int
    domain_count: int


class V1Instance(Entity, kw_only=True):
    uri: str
    title: str
    short_description: str
    description: str
    email: str
    version: str
    urls: V1Urls
    stats: V1Stats
    thumbnail: str | None
    languages: list[str]
    registrations: bool
    approval_required: bool
    invites_enabled: bool
    configuration: Limits
    contact_account: Account | None
    rules: list[Rule]


class ExtendedDescription(Entity, kw_only=True):
    content: str
    updated_at: str | None


class WeekActivity(Entity, kw_only=True):
    week: str
    statuses: str
    logins: str
    registrations: str


class PrivacyPolicy(Entity, kw_only=True):
    content: str
    updated_at: str


class TermsOfService(Entity, kw_only=True):
    effective_date: str
    effective: bool
    content: str
    succeeded_by: str | None


class Health(Entity, kw_only=True):
    status: str


class AdminIp(Entity, kw_only=True):
    ip: str
    used_at: str


class AdminAccount(Entity, kw_only=True):
    id: Id
    username: str
    domain: str | None
    created_at: str
    email: str
    ip: str | None
    ips: list[AdminIp]
    locale: str | None
    invite_request: str | None
    role: RoleEntity
    confirmed: bool
    approved: bool
    disabled: bool
    sensitized: bool
    silenced: bool
    suspended: bool
    account: Account
    created_by_application_id: Id | msgspec.UnsetType = msgspec.UNSET


class AdminReport(Entity, kw_only=True):
    id: Id
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    updated_at: str
    account: AdminAccount | None  # null: it was deleted
    target_account: AdminAccount | None
    assigned_account: AdminAccount | None
    action_taken_by_account: AdminAccount | None
    statuses: list[Status]
    rules: list[Rule]


class AdminTag(Tag, kw_only=True):
    trendable: bool
    usable: bool
    requires_review: bool


class AdminStatus(Status, kw_only=True):
    """As staff see it among the trends."""

    requires_review: bool


class AdminTrendingLink(TrendingLink, kw_only=True):
    id: Id
    requires_review: bool


class Link(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A link of JRD (RFC 7033) and of the NodeInfo index."""

    rel: str
    href: str
    type: str = ""


class Links(Entity, kw_only=True):
    links: list[Link]


class NodeSoftware(Entity, kw_only=True):
    name: str
    version: str


class NodeServices(Entity, kw_only=True):
    inbound: list[str]
    outbound: list[str]


class NodeUsers(Entity, kw_only=True, rename="camel"):
    total: int
    active_month: int
    active_halfyear: int


class NodeUsage(Entity, kw_only=True, rename="camel"):
    users: NodeUsers
    local_posts: int


class NodeMetadata(Entity, kw_only=True, rename="camel"):
    node_name: str
    node_description: str


class NodeInfo(Entity, kw_only=True, rename="camel"):
    """http://nodeinfo.diaspora.software/ns/schema/2.0"""

    version: str
    software: NodeSoftware
    protocols: list[str]
    services: NodeServices
    usage: NodeUsage
    open_registrations: bool
    metadata: NodeMetadata


# apps and tokens


class Application(Entity, kw_only=True):
    id: Id
    name: str
    website: str | None
    scopes: list[str]
    redirect_uri: str
    redirect_uris: list[str]
    vapid_key: str


class CredentialApplication(Application, kw_only=True):
    client_id: str
    client_secret: str
    client_secret_expires_at: int


class Token(Entity, kw_only=True):
    access_token: str
    token_type: str
    scope: str
    created_at: int


class UserInfo(Entity, kw_only=True):
    iss: str
    sub: str
    name: str
    preferred_username: str
    profile: str
    picture: str
