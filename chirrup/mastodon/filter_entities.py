"""Mastodon's entities of filters, and what posts tell of them."""

from ..http.entity import Entity, Id


class Filter(Entity, kw_only=True):
    """As posts have it."""

    id: Id
    title: str
    context: list[str]
    expires_at: str | None
    filter_action: str


class FilterResult(Entity, kw_only=True):
    filter: Filter
    keyword_matches: list[str] | None
    status_matches: list[Id] | None


class FilterKeyword(Entity, kw_only=True):
    id: Id
    keyword: str
    whole_word: bool


class FilterStatus(Entity, kw_only=True):
    id: Id
    status_id: Id


class WholeFilter(Filter, kw_only=True):
    keywords: list[FilterKeyword]
    statuses: list[FilterStatus]


class FilterV1(Entity, kw_only=True):
    id: Id  # of a keyword
    phrase: str
    context: list[str]
    whole_word: bool
    expires_at: str | None
    irreversible: bool
