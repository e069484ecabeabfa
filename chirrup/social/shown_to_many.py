"""Shows a post to many viewers at once, for open streams: read once, and grouped by what looks different to them.

Visibility is checked for every viewer: access/visibility.py.
"""

from collections.abc import Collection

import msgspec

from ..access import visibility
from ..access.visibility import Seen
from ..ports import Tx
from ..store import accounts, blocks_and_mutes, posts, reactions
from ..store.blocks_and_mutes import Relations
from ..types import AccountState, Post


class Read(msgspec.Struct, frozen=True):
    """Posts by id, before any check of who may see them."""

    posts: dict[int, Post]  # with the posts they boost, and the parents of both
    deleted: dict[int, Post]
    authors: dict[int, AccountState]


class ShownToMany(msgspec.Struct, frozen=True):
    post: Post
    original: Post  # the boosted post, or the post itself
    alike: list[tuple[set[int], Seen]]  # (viewers to whom it looks the same, what one of them sees)


def read(tx: Tx, ids: Collection[int], deleted: Collection[int]) -> Read:
    """Three queries, whatever len(ids), one for each that was deleted, and one for the authors."""
    found = posts.by_ids(tx, ids)
    found |= posts.by_ids(tx, {post.boost_of_id for post in found.values()} - {0})
    found |= posts.by_ids(tx, {post.reply_to_id for post in found.values()} - found.keys() - {0})
    gone = {id: post for id in deleted if (post := posts.tombstone(tx, id))}
    authors = accounts.states(tx, {post.author_id for post in (*found.values(), *gone.values())})
    return Read(found, gone, authors)


def show(
    tx: Tx,
    read: Read,
    id: int,
    viewers: Collection[int],
    strangers: Collection[int],
    org_id: int = 0,
    *,
    is_new: bool,
) -> ShownToMany | None:
    """The post for those of viewers (0: not logged in) who may see it. None: it is deleted, or nobody may.

    strangers: those of viewers who may block or mute its author or an account it addresses.
    org_id: of all viewers. is_new: it has just been published.
    """
    post = read.posts.get(id)
    if post is None:
        return None
    allowed = visibility.viewers_among(tx, post, read.posts, read.authors, viewers, org_id)
    original = read.posts[post.boost_of_id] if allowed and post.boost_of_id else post
    allowed -= blocks_and_mutes.averse_to(tx, post, original, allowed.intersection(strangers))
    if not allowed:
        return None
    return ShownToMany(post, original, _alike(tx, read, post, original, allowed, is_new=is_new))


def _alike(
    tx: Tx, read: Read, post: Post, original: Post, viewers: set[int], *, is_new: bool
) -> list[tuple[set[int], Seen]]:
    # A new post has no favourites or boosts yet, so deeds() is needed only for boosts and replies.
    did = reactions.deeds(tx, original, viewers) if not is_new or post.boost_of_id or post.reply_to_id else {}
    parent = read.posts.get(original.reply_to_id)
    see_parent = (
        visibility.viewers_among(tx, parent, {}, read.authors, viewers, post.org_id) if parent else frozenset[int]()
    )
    alike: dict[object, set[int]] = {}
    apart = ({0, post.author_id, original.author_id} | did.keys()) & viewers
    for viewer_id in apart:
        is_author = viewer_id in (0, post.author_id, original.author_id)
        key = (viewer_id if is_author else did[viewer_id], viewer_id in see_parent)
        alike.setdefault(key, set()).add(viewer_id)
    alike[True], alike[False] = (viewers - apart) & see_parent, (viewers - apart) - see_parent
    shown = {one.id: one for one in (post, original)}
    authors = {one.author_id: read.authors[one.author_id] for one in shown.values()}

    def seen(group: set[int]) -> Seen:
        viewer_id = next(iter(group))
        parents = frozenset([parent.id]) if parent and viewer_id in see_parent else frozenset[int]()
        return Seen(viewer_id, shown, authors, Relations(viewer_id), parents)

    return [(group, seen(group)) for group in alike.values() if group]


def told_of_deletion(
    tx: Tx, read: Read, id: int, viewers: Collection[int], strangers: Collection[int], org_id: int = 0
) -> set[int]:
    """Those of viewers who could see the deleted post. The post a boost boosted does not matter: it may be gone too."""
    gone = read.deleted.get(id)
    if gone is None:
        return set()
    alone = msgspec.structs.replace(gone, boost_of_id=0)
    could_see = visibility.viewers_among(tx, alone, {}, read.authors, viewers, org_id)
    return could_see - blocks_and_mutes.averse_to(tx, gone, None, could_see.intersection(strangers))
