"""An open room becomes a closed one: what was said in it is for its members from now on, step by step, in a job.

The room itself is closed at once, so nothing new is said to others. There is no way back: it would tell everybody what
was said to members only.
"""

import msgspec

from ..access.visibility import OPEN
from ..events import BoostedDeleted, PostChanged
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts, jobs, posts, reactions, rooms, threads
from ..types import Post, Span, Visibility
from . import tags

CLOSE = "close room"  # a kind of job; the payload is the room
STEP = 50  # posts in one transaction
AGAIN_MS = 60_000  # more than a transaction lives


def begin(tx: Tx, room_id: int) -> None:
    """Again a little later: somebody may be posting just now who has seen the room open."""
    for pause_ms in (0, AGAIN_MS):
        key = f"{tx.now_ms + pause_ms}"
        jobs.enqueue(tx, CLOSE, of=room_id, key=key, payload=room_id, due_ms=tx.now_ms + pause_ms)


def step(tx: Tx, room_id: int, before: int = ID_MAX) -> int:
    """Close the next posts below the id `before`. Where to go on; 0: all are done. May be repeated."""
    ids = rooms.posts_in(tx, [room_id], Span(before=before, limit=STEP))
    for post in posts.by_ids(tx, ids).values():
        if post.visibility in OPEN:
            _close(tx, post)
    return ids[-1] if len(ids) == STEP else 0


def _close(tx: Tx, post: Post) -> None:
    after = msgspec.structs.replace(post, visibility=Visibility.FOLLOWERS)
    rooms.close_post(tx, post.id)
    accounts.add_counts(tx, post.author_id, posts=-1)
    accounts.find_last_post(tx, post.author_id)
    if post.reply_to_id:
        threads.update(tx, after)
        posts.add_counts(tx, post.reply_to_id, replies=-1)
    if post.quote_of_id and not post.quote_revoked_ms:
        posts.add_counts(tx, post.quote_of_id, quotes=-1)
    if post.tags != "[]":
        tags.remove(tx, post)
    if reactions.page_of_accounts(tx, "boosts", post.id, Span(before=ID_MAX, limit=1)):
        tx.emit(BoostedDeleted(post.author_id, post.id))
    tx.emit(PostChanged(post.author_id, post.id))
