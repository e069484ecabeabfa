"""Conversations: threads of direct posts as each participant sees them. Rows are in store/conversations.py."""

from collections.abc import Sequence

import msgspec

from .. import events
from ..access import visibility
from ..access.fill import Filled, fill
from ..errors import NotFound
from ..events import Signal
from ..ports import Tx
from ..store import conversations as rows
from ..store import posts
from ..types import Conversation, Post, Span, Visibility
from . import threads


def page(tx: Tx, account_id: int, span: Span) -> Filled[Conversation]:
    """account_id's conversations whose last post it may see, latest first. Paged by the ids of the last posts."""

    def kept(some: Sequence[Conversation]) -> list[Conversation]:
        seen = visibility.see(tx, account_id, [one.last_post_id for one in some]).posts
        return [one for one in some if one.last_post_id in seen]

    return fill(span, lambda part: rows.page(tx, account_id, part), kept, key=lambda one: one.last_post_id)


def get(tx: Tx, account_id: int, id: int) -> Conversation:
    """Raises NotFound: absent or another's."""
    found = rows.by_ids(tx, account_id, [id]).get(id)
    if found is None:
        raise NotFound("conversation", id)
    return found


def mark_read(tx: Tx, account_id: int, id: int) -> None:
    """Raises NotFound."""
    get(tx, account_id, id)
    rows.mark_read(tx, id)


def remove(tx: Tx, account_id: int, id: int) -> None:
    """Remove it from account_id's list. The posts stay, and a new one makes it appear again. Raises NotFound."""
    get(tx, account_id, id)
    rows.delete(tx, id)


def on_published(tx: Tx, post: Post) -> list[tuple[str, Signal]]:
    """A direct post goes into the conversation of its author and of everybody it mentions."""
    if post.visibility != Visibility.DIRECT:
        return []
    people = [post.author_id, *(m.account_id for m in post.mentioned if m.account_id != post.author_id)]
    signals: list[tuple[str, Signal]] = []
    for account_id in people:
        if visibility.see_one(tx, account_id, post.id):
            others = msgspec.json.encode([id for id in people if id != account_id]).decode()
            unread = account_id != post.author_id
            found = rows.add_post(tx, account_id, post.root_id, post.id, unread=unread, participants=others)
            signals.append((f"direct:{account_id}", Signal("conversation", found.id, post.author_id)))
    return signals


def on_deleted(tx: Tx, event: events.PostDeleted) -> list[tuple[str, Signal]]:
    """Where it was the last post, the post before becomes the last. Conversations without posts are deleted."""
    gone = posts.tombstone(tx, event.post_id)
    if gone is None or gone.visibility != Visibility.DIRECT:
        return []
    for account_id in {gone.author_id, *(m.account_id for m in gone.mentioned)}:
        found = rows.by_thread(tx, account_id, gone.root_id)
        if found and found.last_post_id == gone.id:
            rows.set_last(tx, found, threads.newest(tx, account_id, gone.root_id))
    return []
