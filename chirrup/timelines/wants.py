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

    def minded(self, seen: Seen) -> bool:
        return any(seen.ties.hides(author) for author in self.authors)


def load(tx: Tx, post_id: int, *, deleted: bool = False) -> Spread | None:
    """None when the post, or what it boosts, is gone meanwhile. deleted: it is gone, and that is to be told."""
    post = posts.tombstone(tx, post_id) if deleted else posts.by_id(tx, post_id)
    original = posts.by_id(tx, post.boost_of_id) if post and post.boost_of_id else None
    return Spread(post, original) if post and (original or deleted or not post.boost_of_id) else None


def at_home(seen: Seen, post: Post) -> bool:
    """Does seen's viewer, who follows the author or a tag of it, want the post at home?"""
    spread = Spread(post, seen.posts.get(post.boost_of_id))
    if post.author_id == seen.viewer_id:
        return True
    return not spread.minded(seen) and (spread.answers in seen.ties.following | {0, seen.viewer_id})


def in_list(seen: Seen, post: Post, chosen: PostList, members: Collection[int]) -> bool:
    """Does the list, read by its owner, show this post of a member's?"""
    spread = Spread(post, seen.posts.get(post.boost_of_id))
    answered = {"list": members, "followed": seen.ties.following | {seen.viewer_id}}.get(chosen.replies, ())
    return not spread.minded(seen) and (not spread.answers or spread.answers in answered)


def homes(tx: Tx, spread: Spread, step: Collection[tuple[int, int, int, int, str]]) -> set[int]:
    """Those in a step of the author's followers (follows.followers_step) who want the post at home."""
    boost, language = spread.post.boost_of_id, spread.post.language
    wanted = {
        follower
        for _, follower, show_boosts, _, languages in step
        if (show_boosts or not boost) and (not languages or language in languages.split())
    }
    wanted = willing(tx, spread, wanted)
    owner_of = lists.held_by(tx, spread.post.author_id, wanted)
    return wanted - {owner_of[id] for id, one in lists.by_ids(tx, owner_of).items() if one.exclusive}


def willing(tx: Tx, spread: Spread, readers: set[int]) -> set[int]:
    """Those of readers (followers of the author, or of a tag) who want the post at home."""
    readers = _reached(tx, spread, readers)
    if spread.answers and readers:
        readers &= follows.followers_among(tx, spread.answers, readers) | {spread.answers}
    return readers


def on_lists(tx: Tx, spread: Spread, list_ids: Collection[int]) -> set[int]:
    """Those of the lists the author is on that show the post."""
    chosen = lists.by_ids(tx, list_ids)
    readers = _reached(tx, spread, {one.owner_id for one in chosen.values()})
    readers &= follows.followers_among(tx, spread.post.author_id, readers)
    told = follows.followers_among(tx, spread.answers, readers) | {spread.answers}
    beside = lists.with_member(tx, spread.answers, list_ids)

    def shows(one: PostList) -> bool:
        return {"list": one.id in beside, "followed": one.owner_id in told}.get(one.replies, False)

    return {one.id for one in chosen.values() if one.owner_id in readers and (not spread.answers or shows(one))}


def _reached(tx: Tx, spread: Spread, readers: set[int]) -> set[int]:
    if spread.post.visibility == Visibility.DIRECT:
        readers = readers & {mention.account_id for mention in spread.post.mentioned}
    return readers - ties.averse_to(tx, spread.authors, readers)
