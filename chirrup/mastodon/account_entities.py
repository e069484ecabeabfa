"""Mastodon's entities of accounts."""

import msgspec

from ..http.entity import Entity, Id
from .collection_entities import FeatureApproval


class CustomEmoji(Entity, kw_only=True):
    shortcode: str
    url: str
    static_url: str
    visible_in_picker: bool
    category: str | None


class AccountField(Entity, kw_only=True):
    name: str
    value: str
    verified_at: str | None = None


class RoleEntity(Entity, kw_only=True):
    id: str  # -99: the role of all users
    name: str
    permissions: str
    color: str = ""
    highlighted: bool = False
    collection_limit: int


class AccountRole(Entity, kw_only=True):
    """A role as everybody sees it on a profile."""

    id: Id
    name: str
    color: str = ""


class Account(Entity, kw_only=True):
    id: Id
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    discoverable: bool | None
    indexable: bool
    group: bool
    created_at: str
    note: str
    url: str
    uri: str
    avatar: str
    avatar_static: str
    avatar_description: str
    header: str
    header_static: str
    header_description: str
    followers_count: int
    following_count: int
    statuses_count: int
    last_status_at: str | None
    hide_collections: bool | None
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    noindex: bool
    emojis: list[CustomEmoji]
    roles: list[AccountRole]
    fields: list[AccountField]
    feature_approval: FeatureApproval
    suspended: bool | msgspec.UnsetType = msgspec.UNSET
    limited: bool | msgspec.UnsetType = msgspec.UNSET  # silenced
    moved: "Account | msgspec.UnsetType | None" = msgspec.UNSET  # whom it leads to; None: it is suspended itself


class Source(Entity, kw_only=True):
    attribution_domains: list[str]
    note: str
    fields: list[AccountField]
    privacy: str
    sensitive: bool
    language: str | None
    quote_policy: str
    follow_requests_count: int
    hide_collections: bool | None
    discoverable: bool | None
    indexable: bool


class CredentialAccount(Account, kw_only=True):
    source: Source
    role: RoleEntity


class MutedAccount(Account, kw_only=True):
    mute_expires_at: str | None
