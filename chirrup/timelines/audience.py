"""THE CORE, first half: who wants a post in their home or list.

One rule from two sides: one reader with many posts (a rebuild, a page), one post with many readers (a step of a
fan-out). tests/timelines/test_audience.py holds the two sides equal. Who may see a post: access/visibility.py.
"""

from collections.abc import Collection

from ..access.visibility import Seen
from ..ports import Tx
from ..store import blocks_and_mutes, follows, lists, posts
from ..store.follows import Follow
from ..types import Post, PostList, Visibility

Told = list[tuple[str, Collection[int]]]  # kind of timeline, owners; "public" and "hashtag:…" have none


def load(tx: Tx, post_id: int, *, deleted: bool = False) -> tuple[Post, Post | None] | None:
    """The post and what it boosts. None when either is gone meanwhile. deleted: it is gone, and that is to be told."""
    post = posts.tombstone(tx, post_id) if deleted else posts.by_id(tx, post_id)
    original = posts.by_id(tx, post.boost_of_id) if post and post.boost_of_id else None
    return (post, original) if post and (original or deleted or not post.boost_of_id) else None


def followees(tx: Tx, viewer_id: int) -> dict[int, Follow]:
    """Whose posts viewer_id wants at home, with the follow of each: all it follows but members of exclusive lists."""
    exclusive = lists.members_of_exclusive(tx, viewer_id)
    return {one.other_id: one for one in follows.followees(tx, viewer_id) if one.other_id not in exclusive}


def at_home(seen: Seen, post: Post, follow: Follow | None, *, has_tag: bool) -> bool:
    """Does seen's viewer want the post at home? follow: of followees(), by its author. has_tag: one that it follows."""
    if post.author_id == seen.viewer_id:
        return True
    wanted = has_tag or (follow and _takes(follow.show_boosts, follow.languages, post))
    return bool(wanted) and not seen.minds(post) and post.answers in seen.relations.following | {0, seen.viewer_id}


def in_list(seen: Seen, post: Post, chosen: PostList, members: set[int]) -> bool:
    """Does the list, read by its owner, show this post of a member's? Answers to its owner are those to a member."""
    to_owner = {0, seen.viewer_id}
    shown = {"list": members | to_owner, "followed": seen.relations.following | to_owner}.get(chosen.replies, {0})
    return not seen.minds(post) and post.answers in shown


def followers(tx: Tx, post: Post, original: Post | None, after: int, limit: int) -> tuple[Told, list[int]]:
    """(whose homes and which lists want the post, the follows looked at): a step of followers, first the author."""
    author = post.author_id
    own = set[int]() if after else {author}
    step, listed = tx.together(
        lambda: follows.followers_step(tx, author, after=after, limit=limit), lambda: lists.is_on_any(tx, author)
    )
    readers = {row[1] for row in step}  # who has the author on a list is among them, or the author: social/lists.py
    reached, owner_of = tx.together(
        lambda: own | willing(tx, post, original, readers),
        lambda: lists.held_by(tx, author, own | readers) if listed else {},
    )
    both = follow_both(tx, post, reached)
    chosen = [one for one in lists.by_ids(tx, owner_of).values() if one.owner_id in reached]
    refuse = {  # most follow without conditions: of those nothing is asked
        follower
        for _, follower, show_boosts, languages in step
        if (languages or not show_boosts) and not _takes(show_boosts, languages, post)
    }
    homes = both - refuse - {one.owner_id for one in chosen if one.exclusive} | own
    return [("home", homes), ("list", _on_lists(tx, post, chosen, both))], [row[0] for row in step]


def willing(tx: Tx, post: Post, original: Post | None, readers: set[int]) -> set[int]:
    """Those of readers who do not mind the post. A direct post is for those it mentions only."""
    if post.visibility == Visibility.DIRECT:
        readers = readers & {mention.account_id for mention in post.mentioned}
    return readers - blocks_and_mutes.averse_to(tx, post, original, readers)


def follow_both(tx: Tx, post: Post, readers: set[int]) -> set[int]:
    """Those of readers who follow, or are, whom the post answers; all when it answers nobody."""
    if not post.answers or not readers:
        return readers
    return readers & (follows.followers_among(tx, post.answers, readers) | {post.answers})


def _takes(show_boosts: int, languages: str, post: Post) -> bool:
    """Does somebody who follows its author like this want the post?"""
    return bool(show_boosts or not post.boost_of_id) and (not languages or post.language in languages.split())


def _on_lists(tx: Tx, post: Post, chosen: Collection[PostList], both: set[int]) -> list[int]:
    """Those of chosen that show the post. both: as follow_both() has it."""
    if not post.answers or not chosen:
        return [one.id for one in chosen]
    beside = lists.with_member(tx, post.answers, [one.id for one in chosen])
    beside |= {one.id for one in chosen if one.owner_id == post.answers}
    shown = {"list": beside, "followed": {one.id for one in chosen if one.owner_id in both}}
    return [one.id for one in chosen if one.id in shown.get(one.replies, ())]
