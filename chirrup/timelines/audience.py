"""THE CORE, first half: who wants a post in their home or list.

One rule from two sides: one reader with many posts (a rebuild, a page), one post with many readers (a fan-out step).
tests/timelines/test_audience.py holds the two sides equal.
"""

from collections.abc import Collection
from collections.abc import Set as AbstractSet

import msgspec

from ..access.visibility import Seen
from ..ports import Tx
from ..store import blocks_and_mutes, follows, lists, posts
from ..types import Post, PostList, Visibility


class Delivery(msgspec.Struct, frozen=True):
    """A post on its way, with what decides where it goes."""

    post: Post
    original: Post | None  # what a boost boosts

    @property
    def answers(self) -> int:
        """The other account this replies to, 0 when it replies to nobody or to its own author."""
        parent = self.post.reply_to_author_id
        return parent if parent != self.post.author_id else 0


def load(tx: Tx, post_id: int, *, deleted: bool = False) -> Delivery | None:
    """None when the post, or what it boosts, is gone meanwhile. deleted: it is gone, and that is to be told."""
    post = posts.tombstone(tx, post_id) if deleted else posts.by_id(tx, post_id)
    original = posts.by_id(tx, post.boost_of_id) if post and post.boost_of_id else None
    return Delivery(post, original) if post and (original or deleted or not post.boost_of_id) else None


def at_home(seen: Seen, post: Post) -> bool:
    """Does seen's viewer, who follows the author or a tag of it, want the post at home?"""
    if post.author_id == seen.viewer_id:
        return True
    delivery, followed = Delivery(post, seen.posts.get(post.boost_of_id)), seen.relations.following
    return not seen.relations.minds(post, delivery.original) and delivery.answers in followed | {0, seen.viewer_id}


def in_list(seen: Seen, post: Post, chosen: PostList, members: AbstractSet[int]) -> bool:
    """Does the list, read by its owner, show this post of a member's? Answers to its owner are those to a member."""
    delivery = Delivery(post, seen.posts.get(post.boost_of_id))
    to_owner = {0, seen.viewer_id}
    shown = {"list": members | to_owner, "followed": seen.relations.following | to_owner}.get(chosen.replies, {0})
    return not seen.relations.minds(post, delivery.original) and delivery.answers in shown


def readers(tx: Tx, delivery: Delivery, *, after: int, limit: int) -> tuple[set[int], list[int], list[int]]:
    """(whose homes, which lists want the post, the follows looked at): a step of followers, before all the author."""
    author, boost, language = delivery.post.author_id, delivery.post.boost_of_id, delivery.post.language
    step, listed = tx.together(
        lambda: follows.followers_step(tx, author, after=after, limit=limit), lambda: lists.is_on_any(tx, author)
    )
    picky = {
        follower
        for _, follower, show_boosts, languages in step
        if (boost and not show_boosts) or (languages and language not in languages.split())
    }
    own = set[int]() if after else {author}
    followers = {row[1] for row in step}  # who has the author on a list is among them, or the author: social/lists.py
    reached, owner_of = tx.together(
        lambda: _reached(tx, delivery, followers),
        lambda: lists.held_by(tx, author, followers | own) if listed else {},
    )
    reached |= own
    told = _told(tx, delivery, reached)
    chosen = [one for one in lists.by_ids(tx, owner_of).values() if one.owner_id in reached]
    homes = told - picky - {one.owner_id for one in chosen if one.exclusive}
    homes |= own
    return homes, _on_lists(tx, delivery, chosen, told), [row[0] for row in step]


def willing(tx: Tx, delivery: Delivery, readers: set[int]) -> set[int]:
    """Those of readers (followers of a tag) who want the post at home."""
    return _told(tx, delivery, _reached(tx, delivery, readers))


def _on_lists(tx: Tx, delivery: Delivery, chosen: Collection[PostList], told: set[int]) -> list[int]:
    """Those of chosen that show the post. told: who follows both sides of it."""
    if not delivery.answers or not chosen:
        return [one.id for one in chosen]
    beside = lists.with_member(tx, delivery.answers, [one.id for one in chosen])
    beside |= {one.id for one in chosen if one.owner_id == delivery.answers}
    shown = {"list": beside, "followed": {one.id for one in chosen if one.owner_id in told}}
    return [one.id for one in chosen if one.id in shown.get(one.replies, ())]


def _told(tx: Tx, delivery: Delivery, readers: set[int]) -> set[int]:
    """Those of readers who follow, or are, whom the post answers; all when it answers nobody."""
    if not delivery.answers or not readers:
        return readers
    return readers & (follows.followers_among(tx, delivery.answers, readers) | {delivery.answers})


def _reached(tx: Tx, delivery: Delivery, readers: set[int]) -> set[int]:
    if delivery.post.visibility == Visibility.DIRECT:
        readers = readers & {mention.account_id for mention in delivery.post.mentioned}
    return readers - blocks_and_mutes.averse_to(tx, delivery.post, delivery.original, readers)
