"""THE CORE, first half: who gets a post in their home timeline or on a list.

One rule, written for both sides: one viewer with many posts (a rebuild, a page), and one post with many viewers (a step
of a fan-out). tests/timelines/test_audience.py compares both. Who may see a post: access/visibility.py.
"""

from collections.abc import Collection, Mapping

from ..access.visibility import Seen
from ..ports import Tx
from ..store import blocks_and_mutes, follows, lists, posts
from ..store.follows import Follow
from ..types import Post, PostList, Visibility

Targets = list[tuple[str, Collection[int]]]  # kind of timeline, owners; "public" and "hashtag:…" have none
Read = tuple[Targets, list[int]]  # (who gets it, ids of the follows or followers read for that)


def load(tx: Tx, post_id: int, *, deleted: bool = False) -> tuple[Post, Post | None] | None:
    """The post and the post it boosts. None when either was deleted meanwhile. deleted: load a deleted post, too."""
    post = posts.tombstone(tx, post_id) if deleted else posts.by_id(tx, post_id)
    original = posts.by_id(tx, post.boost_of_id) if post and post.boost_of_id else None
    return (post, original) if post and (original or deleted or not post.boost_of_id) else None


def at_home(seen: Seen, post: Post, followed: Mapping[int, Follow], *, has_tag: bool) -> bool:
    """Whether the viewer gets the post at home. followed: those whose posts are there. has_tag: a followed one."""
    if post.author_id == seen.viewer_id:
        return True
    standing = [follow for source in post.sources if (follow := followed.get(source))]
    wanted = has_tag or any(_takes(one.show_boosts, one.languages, post, one.other_id) for one in standing)
    return bool(wanted) and not seen.minds(post) and post.answers in seen.relations.following | {0, seen.viewer_id}


def in_list(seen: Seen, post: Post, chosen: PostList, members: set[int]) -> bool:
    """Whether the list shows this post by a member to its owner. Replies to the owner count as replies to a member."""
    to_owner = {0, seen.viewer_id}
    shown = {"list": members | to_owner, "followed": seen.relations.following | to_owner}.get(chosen.replies, {0})
    return not seen.minds(post) and post.answers in shown and not members.isdisjoint(post.sources)


def followers(tx: Tx, post: Post, original: Post | None, source: int, after: int, limit: int) -> Read:
    """Homes and lists that get the post: one step of the followers of one of post.sources; the first has the author."""
    own = set[int]() if after else {post.author_id}
    step, listed = tx.together(
        lambda: follows.followers_step(tx, source, after=after, limit=limit), lambda: lists.is_on_any(tx, source)
    )
    readers = {row[1] for row in step}  # owners of lists with source are among them, or the author: social/lists.py
    reached, owner_of = tx.together(
        lambda: wanting(tx, post, original, readers), lambda: lists.held_by(tx, source, own | readers) if listed else {}
    )
    reached |= own
    both = follow_both(tx, post, reached)
    chosen = [one for one in lists.by_ids(tx, owner_of).values() if one.owner_id in reached]
    refuse = {one.owner_id for one in chosen if one.exclusive} | {  # most follow without conditions: not checked
        follower
        for _, follower, show_boosts, languages in step
        if (languages or not show_boosts) and not _takes(show_boosts, languages, post, source)
    }
    homes = both if not refuse and own <= both else both - refuse | own  # to copy a step is a tenth of its cost
    return [("home", homes), ("list", _on_lists(tx, post, chosen, both))], [row[0] for row in step]


def wanting(tx: Tx, post: Post, original: Post | None, readers: set[int]) -> set[int]:
    """Those of readers who want the post in timelines (Relations.minds). A direct post: only those it mentions."""
    if post.visibility == Visibility.DIRECT:
        readers = readers & {mention.account_id for mention in post.mentioned}
    averse = blocks_and_mutes.averse_to(tx, post, original, readers)
    return readers - averse if averse else readers


def follow_both(tx: Tx, post: Post, readers: set[int]) -> set[int]:
    """Those of readers who follow, or are, the author the post replies to; all if it is no reply."""
    if not post.answers or not readers:
        return readers
    return readers & (follows.followers_among(tx, post.answers, readers) | {post.answers})


def _takes(show_boosts: int, languages: str, post: Post, source: int) -> bool:
    """Whether a follower of source with these options wants the post. What others say in a room is as its boosts."""
    own = source == post.author_id and not post.boost_of_id
    return bool(show_boosts or own) and (not languages or post.language in languages.split())


def _on_lists(tx: Tx, post: Post, chosen: Collection[PostList], both: set[int]) -> list[int]:
    """Those of chosen that show the post. both: the result of follow_both()."""
    if not post.answers or not chosen:
        return [one.id for one in chosen]
    beside = lists.with_member(tx, post.answers, [one.id for one in chosen])
    beside |= {one.id for one in chosen if one.owner_id == post.answers}
    shown = {"list": beside, "followed": {one.id for one in chosen if one.owner_id in both}}
    return [one.id for one in chosen if one.id in shown.get(one.replies, ())]
