"""Entities of collections, beside the one with accounts (collections.py)."""

from ..http.entity import Entity, Id


class FeatureApproval(Entity, kw_only=True):
    """Who may put an account into collections."""

    automatic: list[str]
    manual: list[str]
    current_user: str


class ShallowTag(Entity, kw_only=True):
    name: str
    url: str


class CollectionItem(Entity, kw_only=True):
    id: Id
    account_id: Id
    state: str
    created_at: str


class Collection(Entity, kw_only=True):
    id: Id
    account_id: Id
    uri: str
    url: str
    name: str
    description: str  # HTML
    language: str | None
    local: bool
    sensitive: bool
    discoverable: bool
    tag: ShallowTag | None
    created_at: str
    updated_at: str
    item_count: int
    items: list[CollectionItem]


class NotificationFallback(Entity, kw_only=True):
    """A notification about a collection in words, for apps that do not know these. All three are HTML."""

    title: str
    summary: str | None
    details: str | None


class WrappedCollection(Entity, kw_only=True):
    collection: Collection


class WrappedCollectionItem(Entity, kw_only=True):
    collection_item: CollectionItem


class Collections(Entity, kw_only=True):
    collections: list[Collection]
