"""Quotes: who may quote a post, which posts do, and taking a quote back. Rows are in store/quotes.py.

What a viewer is shown of what a post quotes says access/visibility.py, each time that the post is shown.
"""

from ..access import fill, visibility
from ..access.fill import Filled
from ..errors import NotAllowed, NotFound
from ..events import PostChanged
from ..ports import Tx
from ..store import posts as post_rows
from ..store import quotes as rows
from ..types import Post, Span
from .composing import policy


def add(tx: Tx, post: Post) -> None:
    """post, which quotes another, is being published."""
    rows.insert(tx, post.quote_of_id, post.id, post.author_id)
    if post.visibility in visibility.OPEN:
        post_rows.add_counts(tx, post.quote_of_id, quotes=1)


def remove(tx: Tx, post: Post) -> None:
    """post is being deleted."""
    rows.remove_all(tx, post.id)
    if post.quote_of_id:
        _end(tx, post)


def _end(tx: Tx, post: Post) -> None:
    if rows.remove(tx, post.quote_of_id, post.id) and post.visibility in visibility.OPEN:
        post_rows.add_counts(tx, post.quote_of_id, quotes=-1)


def page(tx: Tx, viewer_id: int, id: int, span: Span) -> Filled[int]:
    """Posts that quote this one and that the viewer may and wants to see. Raises NotFound: absent or hidden."""
    if visibility.see_one(tx, viewer_id, id) is None:
        raise NotFound("post", id)
    return fill.posts(
        tx,
        viewer_id,
        span,
        lambda part: [quote_id for quote_id, _ in rows.page(tx, id, part)],
        lambda seen, post: not seen.minds(post),
    )


def revoke(tx: Tx, author: int, id: int, quote_id: int) -> None:
    """What author said in post id is not shown in post quote_id any more, for good. Harmless when repeated.

    Raises NotFound: absent, hidden from author, or no such quote; NotAllowed: another's.
    """
    quoted = visibility.see_one(tx, author, id)
    quote = visibility.see_one(tx, author, quote_id)
    if quoted is None or quote is None or quote.quote_of_id != id:
        raise NotFound("post", quote_id)
    if quoted.author_id != author:
        raise NotAllowed()
    if quote.quote_revoked_ms:
        return
    _end(tx, quote)
    post_rows.revoke_quote(tx, quote.id)
    tx.emit(PostChanged(quote.author_id, quote.id))


def change_policy(tx: Tx, author: int, id: int, wanted: str) -> None:
    """Who may quote an own post from now on; quotes that there are stay. Raises NotFound, Invalid."""
    post = post_rows.by_id(tx, id)
    if post is None or post.author_id != author or post.boost_of_id:
        raise NotFound("post", id)
    chosen = policy(wanted, post.visibility)
    if chosen != post.quote_policy:
        post_rows.set_quote_policy(tx, id, chosen)
        tx.emit(PostChanged(author, id))
