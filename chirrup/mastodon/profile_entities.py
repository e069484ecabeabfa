"""Entities of what only its owner sees of an account; the others are in entities.py."""

from .entities import AccountField, Entity, FeaturedTag, Id


class ProfileEntity(Entity, kw_only=True):
    """The user's own profile as it is edited: texts as they were typed, null where there is no picture."""

    id: Id
    display_name: str
    note: str
    fields: list[AccountField]
    avatar: str | None
    avatar_static: str | None
    avatar_description: str
    header: str | None
    header_static: str | None
    header_description: str
    locked: bool
    bot: bool
    hide_collections: bool | None
    discoverable: bool | None
    indexable: bool
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: list[str]
    featured_tags: list[FeaturedTag]


class DomainBlockPreview(Entity, kw_only=True):
    following_count: int
    followers_count: int
