"""Shows a post to many viewers at once, for open streams: read once, and grouped by what looks different to them.

Visibility is checked for every viewer: access/visibility.py.
"""

from collections.abc import Collection, Set

import msgspec

from ..access import visibility
from ..access.visibility import Found, Seen
from ..ports import Tx
from ..store import accounts, blocks_and_mutes, follows, posts, reactions
from ..store.blocks_and_mutes import Relations
from ..types import AccountState, Post, QuotePolicy
from . import collection_links


class Read(msgspec.Struct, frozen=True):
    """Posts by id, before any check of who may see them."""

    posts: dict[int, Post]  # with the posts they boost, what both reply to and quote, and what that does
    deleted: dict[int, Post]
    authors: dict[int, AccountState]


class ShownToMany(msgspec.Struct, frozen=True):
    post: Post
    original: Post  # the boosted post, or the post itself
    alike: list[tuple[set[int], Seen]]  # (viewers to whom it looks the same, what one of them sees)


def read(tx: Tx, ids: Collection[int], deleted: Collection[int]) -> Read:
    """As few queries as visibility.find() makes, one for each that was deleted, and one for the authors."""
    found, parents, quoted = visibility.find(tx, ids)
    gone = {id: post for id in deleted if (post := posts.tombstone(tx, id))}
    every = found | parents | quoted
    said = [*every.values(), *gone.values()]
    authors = accounts.states(tx, {post.author_id for post in said} | {post.audience_id for post in said} - {0})
    return Read(every, gone, authors)


def show(
    tx: Tx,
    read: Read,
    id: int,
    viewers: Collection[int],
    strangers: Collection[int],
    org_id: int = 0,
    guests: Set[int] = frozenset(),
    *,
    is_new: bool,
) -> ShownToMany | None:
    """The post for those of viewers (0: not logged in) who may see it. None: it is deleted, or nobody may.

    What a silenced account says goes to its followers alone.

    strangers: those of viewers who may block or mute its author or an account it addresses.
    org_id: of all viewers. guests: those of viewers who are. is_new: it has just been published.
    """
    post = read.posts.get(id)
    if post is None:
        return None
    allowed = visibility.viewers_among(tx, post, read.posts, read.authors, viewers, org_id, guests)
    if allowed and read.authors[post.author_id].silenced_ms:
        allowed = (follows.followers_among(tx, post.author_id, allowed) | {post.author_id}) & allowed
    original = read.posts[post.boost_of_id] if allowed and post.boost_of_id else post
    allowed -= blocks_and_mutes.averse_to(tx, post, original, allowed.intersection(strangers))
    if not allowed:
        return None
    return ShownToMany(post, original, _alike(tx, read, post, original, allowed, guests, is_new=is_new))


def _alike(
    tx: Tx, read: Read, post: Post, original: Post, viewers: set[int], guests: Set[int], *, is_new: bool
) -> list[tuple[set[int], Seen]]:
    quoted = None if original.quote_revoked_ms else read.posts.get(original.quote_of_id)
    said = [original, quoted] if quoted else [original]
    # A new post has no favourites or boosts yet, so deeds() is needed only for boosts, replies and what is quoted.
    marked = [one for one in said if one is quoted or not is_new or post.boost_of_id or post.reply_to_id]
    did = [reactions.deeds(tx, one, viewers) for one in marked]
    beside = _Beside(tx, read, original, quoted, viewers, post.org_id, guests)
    linked = {id for one in said for id in collection_links.linked_in(one.text)}
    apart_by_links = collection_links.told_apart(tx, linked, viewers) if linked else set[int]()
    alone = ({0, post.author_id, *(one.author_id for one in said)} | beside.averse | apart_by_links) & viewers
    apart = alone.union(*did) & viewers
    alike: dict[object, set[int]] = {}
    for viewer_id in apart:
        facts = tuple(deeds.get(viewer_id) for deeds in did), tuple(viewer_id in one for one in beside.facts)
        alike.setdefault(viewer_id if viewer_id in alone else facts, set()).add(viewer_id)
    groups = [viewers - apart]
    for some in beside.facts:
        groups = [part for group in groups for part in (group & some, group - some)]
    shown = {one.id: one for one in (post, original)}
    return [(group, beside.seen(shown, next(iter(group)))) for group in (*alike.values(), *groups) if group]


class _Beside:
    """What is shown with a post and not to all of viewers: what it replies to, what it quotes, what that is beside."""

    def __init__(
        self,
        tx: Tx,
        read: Read,
        original: Post,
        quoted: Post | None,
        viewers: set[int],
        org_id: int,
        guests: Set[int],
    ) -> None:
        self._tx, self._read = tx, read
        said = [original, quoted] if quoted else [original]
        self._parents = {one.id: one for each in said if (one := read.posts.get(each.reply_to_id))}
        nested = read.posts.get(quoted.quote_of_id) if quoted else None
        self._quoted = {one.id: one for one in (quoted, nested) if one}
        self._sees = {
            one.id: visibility.viewers_among(tx, one, {}, read.authors, viewers, org_id, guests)
            for one in (self._parents | self._quoted).values()
        }
        self._follows = {
            one.author_id: follows.followers_among(tx, one.author_id, viewers)
            for one in said
            if one.quote_policy == QuotePolicy.FOLLOWERS
        }
        self.facts = [*self._sees.values(), *self._follows.values()]  # viewers to whom it looks different
        # Those who mind what is quoted: few, so they are judged one by one.
        self.averse = set[int]().union(
            *(blocks_and_mutes.averse_to(tx, one, None, viewers) for one in self._quoted.values())
        )

    def seen(self, shown: dict[int, Post], viewer_id: int) -> Seen:
        """What the viewer sees, who may see those shown."""
        if viewer_id in self.averse:
            return visibility.judge(self._tx, viewer_id, Found(shown, self._parents, self._quoted))
        parents = frozenset(id for id in self._parents if viewer_id in self._sees[id])
        quoted = {id: one for id, one in self._quoted.items() if viewer_id in self._sees[id]}
        return Seen(
            viewer_id,
            shown,
            {one.author_id: self._read.authors[one.author_id] for one in (*shown.values(), *quoted.values())},
            Relations(viewer_id, frozenset(id for id, some in self._follows.items() if viewer_id in some)),
            parents,
            quoted,
            frozenset(self._quoted.keys() - quoted.keys()),
            states=self._read.authors,
        )


def told_of_deletion(
    tx: Tx,
    read: Read,
    id: int,
    viewers: Collection[int],
    strangers: Collection[int],
    org_id: int = 0,
    guests: Set[int] = frozenset(),
) -> set[int]:
    """Those of viewers who could see the deleted post. The post a boost boosted does not matter: it may be gone too."""
    gone = read.deleted.get(id)
    if gone is None:
        return set()
    alone = msgspec.structs.replace(gone, boost_of_id=0)
    could_see = visibility.viewers_among(tx, alone, {}, read.authors, viewers, org_id, guests)
    return could_see - blocks_and_mutes.averse_to(tx, gone, None, could_see.intersection(strangers))
