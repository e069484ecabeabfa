"""Filters, and what they match, as Mastodon's entities."""

from ..social.matching import Match
from ..times import iso_or_none
from ..types import Filter
from . import filter_entities


def filter_entity(one: Filter) -> filter_entities.Filter:
    """Without what is in it, as posts have it."""
    return filter_entities.Filter(
        id=str(one.id),
        title=one.title,
        context=one.places,
        expires_at=iso_or_none(one.expires_ms),
        filter_action=one.action,
    )


def filter_result(match: Match) -> filter_entities.FilterResult:
    return filter_entities.FilterResult(
        filter=filter_entity(match.filter),
        keyword_matches=match.keywords or None,
        status_matches=[str(id) for id in match.post_ids] or None,
    )
