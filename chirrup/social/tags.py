"""Hashtags: what carries them. Rows are in store/tags.py."""

from .. import events
from ..events import Signal
from ..ports import Tx
from ..store import posts
from ..store import tags as rows
from ..types import Post, Visibility
from .text import extract, hashtag_key


def on_published(tx: Tx, event: events.PostPublished) -> list[tuple[str, Signal]]:
    post = posts.by_id(tx, event.post_id)
    if post and post.visibility == Visibility.PUBLIC and post.tag_names:
        rows.add_post(tx, post.tag_names, _keys(post), post.id)
    return []


def on_edited(tx: Tx, event: events.PostEdited) -> list[tuple[str, Signal]]:
    """Tags that an edit took away are taken away, those it added are added."""
    post = posts.by_id(tx, event.post_id)
    if post:
        earlier = {tag for version in posts.versions(tx, post.id) for tag in keys_in(version.text)}
        rows.remove_post(tx, earlier - set(_keys(post)), post.id)
    return on_published(tx, events.PostPublished(event.of, event.post_id))


def on_deleted(tx: Tx, event: events.PostDeleted) -> list[tuple[str, Signal]]:
    post = posts.tombstone(tx, event.post_id)
    if post:
        rows.remove_post(tx, _keys(post), post.id)
    return []


def _keys(post: Post) -> list[str]:
    return [hashtag_key(name) for name in post.tag_names]


def keys_in(words: str) -> set[str]:
    return {hashtag_key(entity.value) for entity in extract(words).hashtags}
