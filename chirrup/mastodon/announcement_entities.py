"""Announcements as Mastodon's entities (https://docs.joinmastodon.org/entities/Announcement/)."""

import msgspec

from ..http.entity import Entity, Id
from .collection_entities import ShallowTag
from .entities import CustomEmoji, Status, StatusMention


class Reaction(Entity, kw_only=True):
    """url, static_url: of an emoji of the organisation's. me: of whoever asks; nobody does on a stream."""

    name: str
    count: int
    me: bool | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET
    static_url: str | msgspec.UnsetType = msgspec.UNSET


class Announcement(Entity, kw_only=True):
    id: Id
    content: str
    starts_at: str | None
    ends_at: str | None
    all_day: bool
    published_at: str
    updated_at: str
    read: bool | msgspec.UnsetType = msgspec.UNSET
    mentions: list[StatusMention]
    statuses: list[Status]
    tags: list[ShallowTag]
    emojis: list[CustomEmoji]
    reactions: list[Reaction]


class ReactionCount(Entity, kw_only=True):
    """What a stream tells of a reaction: the event `announcement.reaction`."""

    name: str
    count: int
    announcement_id: Id
    url: str | msgspec.UnsetType = msgspec.UNSET
    static_url: str | msgspec.UnsetType = msgspec.UNSET
