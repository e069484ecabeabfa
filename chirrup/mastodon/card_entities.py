"""Mastodon's entities of linked pages."""

from ..http.entity import Entity
from .account_entities import Account


class PreviewCardAuthor(Entity, kw_only=True):
    name: str
    url: str
    account: Account | None


class PreviewCard(Entity, kw_only=True):
    url: str
    title: str
    description: str
    language: str | None
    type: str
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    html: str
    width: int
    height: int
    image: str | None
    image_description: str
    embed_url: str
    blurhash: str | None
    published_at: str | None
    authors: list[PreviewCardAuthor]
    missing_attribution: bool | None


class TagHistory(Entity, kw_only=True):
    """Uses of a hashtag or a link on one day."""

    day: str
    uses: str
    accounts: str


class TrendingLink(PreviewCard, kw_only=True):
    history: list[TagHistory]
