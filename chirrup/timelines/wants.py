"""THE CORE, first half: who wants a post in their home or list.

One rule from two sides: one reader with many posts (a rebuild, a page), one post with many readers (a fan-out step).
tests/timelines/test_wants.py holds the two sides equal.
"""

from collections.abc import Collection

import msgspec

from ..access.visibility import Seen
from ..ports import Tx
from ..store import follows, lists, posts, ties
from ..types import Post, PostList, Visibility


class Spread(msgspec.Struct, frozen=True):
    """A post on its way, with what decides where it goes."""

    post: Post
    original: Post | None  # what a boost boosts

    @property
    def authors(self) -> set[int]:
        """Whoever minds one of these accounts does not want the post."""
        ids = {self.post.author_id, self.post.reply_to_author_id, self.original.author_id if self.original else 0}
        return ids - {0}

    @property
    def answers(self) -> int:
        """The other account this replies to, 0 when it replies to nobody or to its own author."""
        parent = self.post.reply_to_author_id
        return parent if parent != self.post.author_id else 0


def load(tx: Tx, post_id: int, *, deleted: bool = False) -> Spread | None:
    """None when the post, or what it boosts, is gone meanwhile."""
    post = posts.tombstone(tx, post_id) if deleted else posts.by_id(tx, post_id)
    original = posts.by_id(tx, post.boost_of_id) if post and post.boost_of_id else None
    return None if post is None or (post.boost_of_id and not original and not deleted) else Spread(post, original)


def at_home(seen: Seen, post: Post) -> bool:
    """Does seen's viewer, who follows the author or a tag of it, want the post at home?"""
    if post.author_id == seen.viewer_id:
        return True
    spread = Spread(post, seen.posts.get(post.boost_of_id))
    if any(seen.ties.hides(author) for author in spread.authors):
        return False
    return spread.answers in (0, seen.viewer_id) or spread.answers in seen.ties.following


def in_list(seen: Seen, post: Post, chosen: PostList, members: Collection[int]) -> bool:
    """Does the list, read by its owner, show this post of a member's?"""
    spread = Spread(post, seen.posts.get(post.boost_of_id))
    if any(seen.ties.hides(author) for author in spread.authors):
        return False
    return not spread.answers or {
        "none": False,
        "list": spread.answers in members,
        "followed": spread.answers in seen.ties.following or spread.answers == seen.viewer_id,
    }.get(chosen.replies, False)


def homes(tx: Tx, spread: Spread, step: Collection[tuple[int, int, int, str]]) -> set[int]:
    """Those in a step of the author's followers (follows.followers_step) who want the post at home."""
    wanted = {
        follower
        for follower, show_boosts, _, languages in step
        if (show_boosts or not spread.original) and (not languages or spread.post.language in languages.split())
    }
    wanted = willing(tx, spread, wanted)
    owner_of = lists.held_by(tx, spread.post.author_id, wanted)
    return wanted - {owner_of[id] for id, one in lists.by_ids(tx, owner_of).items() if one.exclusive}


def on_lists(tx: Tx, spread: Spread, list_ids: Collection[int]) -> set[int]:
    """Those of the lists the author is on that show the post."""
    chosen = lists.by_ids(tx, list_ids)
    owners = {one.owner_id for one in chosen.values()}
    kept = owners - ties.averse_to(tx, spread.authors, owners)
    kept = _audience(spread, kept & follows.followers_among(tx, spread.post.author_id, kept))
    if spread.answers:
        told = follows.followers_among(tx, spread.answers, kept) | {spread.answers}
        beside = lists.with_member(tx, spread.answers, chosen.keys())
        for id, one in list(chosen.items()):
            if not ((one.replies == "list" and id in beside) or (one.replies == "followed" and one.owner_id in told)):
                del chosen[id]
    return {id for id, one in chosen.items() if one.owner_id in kept}


def willing(tx: Tx, spread: Spread, readers: set[int]) -> set[int]:
    """Those of readers (followers of the author, or of a tag) who want the post at home."""
    readers = _audience(spread, readers)
    readers = readers - ties.averse_to(tx, spread.authors, readers)
    if spread.answers and readers:
        readers &= follows.followers_among(tx, spread.answers, readers) | {spread.answers}
    return readers


def _audience(spread: Spread, readers: set[int]) -> set[int]:
    if spread.post.visibility == Visibility.DIRECT:
        return readers & {mention.account_id for mention in spread.post.mentioned}
    return readers
