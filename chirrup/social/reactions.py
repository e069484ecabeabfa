"""Favourite, boost, bookmark, pin, mute a thread, and take each back. Rows are in store/reactions.py.

An account may take back its mark of a post that it can no longer see, so the mark is looked up first. Without a mark, a
hidden post is NotFound, as everywhere.
"""

from ..errors import Invalid, NotAllowed, NotFound
from ..events import Favourited, Unfavourited
from ..ids import ID_MAX, bucket_of
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import posts as post_rows
from ..store import reactions as rows
from ..types import Post, PostFlags, Span, Visibility
from . import posts
from .accounts import parse_visibility

PINS_MAX = 5  # Mastodon's default


def favourite(tx: Tx, account_id: int, id: int) -> Post:
    """Returns the post (for a boost, the boosted post). Harmless when repeated. Raises NotFound."""
    post = posts.original(tx, account_id, id)
    if rows.add(tx, "favourites", account_id, post.id):
        post_rows.add_counts(tx, post.id, favourites=1)
        tx.emit(Favourited(account_id, post.id))
    return post


def unfavourite(tx: Tx, account_id: int, id: int) -> Post:
    post = _markable(tx, account_id, id)
    if rows.remove(tx, "favourites", account_id, post.id):
        post_rows.add_counts(tx, post.id, favourites=-1)
        tx.emit(Unfavourited(account_id, post.id))
        return post
    return posts.get(tx, account_id, post.id)


def bookmark(tx: Tx, account_id: int, id: int) -> Post:
    post = posts.original(tx, account_id, id)
    rows.add(tx, "bookmarks", account_id, post.id)
    return post


def unbookmark(tx: Tx, account_id: int, id: int) -> Post:
    post = _markable(tx, account_id, id)
    return post if rows.remove(tx, "bookmarks", account_id, post.id) else posts.get(tx, account_id, post.id)


def boost(tx: Tx, account_id: int, id: int, *, visibility: str = "") -> Post:
    """The boost: a post of account_id's. If it exists already, returns that.

    visibility: public, unlisted or private (for followers). Raises NotFound; Invalid: a direct post, one for the
    members of a room, or another account's for followers; NotAllowed: a guest.
    """
    original = posts.original(tx, account_id, id)
    if original.visibility == Visibility.DIRECT or (
        original.visibility == Visibility.FOLLOWERS and (original.author_id != account_id or original.audience_id)
    ):
        raise Invalid("post", "not_public", "is not for everybody: others can boost only public and unlisted posts")
    booster = account_rows.author(tx, account_id)
    if booster and booster.is_guest:
        raise NotAllowed("guests write in the rooms that they are in, and boost nothing out of them")
    earlier = rows.find(tx, "boosts", account_id, original.id)
    if earlier and (post := post_rows.by_id(tx, earlier)):
        return post
    audience = parse_visibility(visibility) if visibility else Visibility.PUBLIC
    if audience == Visibility.DIRECT:
        raise Invalid("visibility", "unknown", "of a boost must be public, unlisted or private")
    new_id = tx.new_id(bucket_of(account_id), after=original.id)
    boosted = Post(
        id=new_id,
        author_id=account_id,
        boost_of_id=original.id,
        reply_to_id=0,
        reply_to_author_id=0,
        root_id=new_id,
        visibility=max(audience, Visibility(original.visibility), key=list(Visibility).index),
        text="",
        summary="",
        sensitive=0,
        language="",
        app_id=0,
        mentions="[]",
        tags="[]",
        media_ids="[]",
        poll_id=0,
        changed_ms=tx.now_ms,
        edited_ms=0,
        deleted_ms=0,
        org_id=original.org_id,
    )
    posts.insert(tx, boosted)
    rows.add(tx, "boosts", account_id, original.id, boosted.id)
    if boosted.visibility in posts.COUNTED:
        post_rows.add_counts(tx, original.id, boosts=1)
    return boosted


def unboost(tx: Tx, account_id: int, id: int) -> Post:
    """Delete the boost and return the original post."""
    post = _markable(tx, account_id, id)
    if boosted := post_rows.by_id(tx, rows.find(tx, "boosts", account_id, post.id)):
        posts.remove(tx, boosted)
        return post
    return posts.get(tx, account_id, post.id)


def boosts_left(tx: Tx, post_id: int, limit: int) -> list[tuple[int, int]]:
    """(boost, booster) of a deleted post."""
    return rows.page_of_accounts(tx, "boosts", post_id, Span(before=ID_MAX, limit=limit))


def end_boost(tx: Tx, post_id: int, boost_id: int, booster: int) -> None:
    """Delete a boost of a deleted post. Harmless when repeated."""
    if boosted := post_rows.by_id(tx, boost_id):
        posts.remove(tx, boosted)
    rows.remove(tx, "boosts", booster, post_id)


def pin(tx: Tx, account_id: int, id: int) -> Post:
    """Show an own post first on the profile. Raises NotFound; Invalid: another account's, direct, or too many."""
    post = posts.get(tx, account_id, id)
    if post.author_id != account_id:
        raise Invalid("post", "not_own", "Someone else's post cannot be pinned")
    if post.boost_of_id:
        raise Invalid("post", "boost", "A boost cannot be pinned")
    if post.visibility == Visibility.DIRECT:
        raise Invalid("post", "direct", "A direct post cannot be pinned")
    if rows.count_pins(tx, account_id) >= PINS_MAX and not rows.find(tx, "pins", account_id, id):
        raise Invalid("post", "too_many", "You have already pinned the maximum number of posts")
    rows.add(tx, "pins", account_id, id)
    return post


def unpin(tx: Tx, account_id: int, id: int) -> Post:
    post = _markable(tx, account_id, id)
    return post if rows.remove(tx, "pins", account_id, post.id) else posts.get(tx, account_id, post.id)


def mute_thread(tx: Tx, account_id: int, id: int) -> Post:
    """No notifications from this thread any more."""
    post = posts.original(tx, account_id, id)
    rows.mute_thread(tx, account_id, post.root_id)
    return post


def unmute_thread(tx: Tx, account_id: int, id: int) -> Post:
    post = _markable(tx, account_id, id)
    return post if rows.unmute_thread(tx, account_id, post.root_id) else posts.get(tx, account_id, post.id)


def marks(tx: Tx, account_id: int, post: Post) -> PostFlags:
    """The account's marks of post, whether or not it may see the post."""
    return rows.flags(tx, account_id, [post]).get(post.id) or PostFlags()


def _markable(tx: Tx, account_id: int, id: int) -> Post:
    """The post that a mark by account_id on id is for, hidden or not. Raises NotFound: absent, or a hidden boost.

    Callers must reveal nothing of it to an account without a mark.
    """
    post = post_rows.by_id(tx, id)
    if post and post.boost_of_id:
        shown = post if post.author_id == account_id else posts.get(tx, account_id, id)
        post = post_rows.by_id(tx, shown.boost_of_id)
    if post is None:
        raise NotFound("post", id)
    return post
