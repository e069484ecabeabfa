"""Threads: the posts above and below a post that a viewer may see. Rows are in store/threads.py.

A thread takes any number of replies. One answer shows the newest, up to a cap. If that leaves out replies, each author
gets a limited share. What is hidden does not count, nor what they say whom the viewer blocks or mutes.
"""

from collections import Counter
from collections.abc import Collection, Mapping

import msgspec

from ..access import visibility
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts, blocks_and_mutes
from ..store import threads as rows
from ..types import Post
from . import posts


class Caps(msgspec.Struct, frozen=True):
    """How much of a thread one answer shows. Mastodon's caps are 4,096 with a login, which is 13 MB of JSON."""

    above: int
    below: int
    depth: int  # of replies to replies


FULL = Caps(above=100, below=200, depth=10_000)
STRANGERS = Caps(above=40, below=60, depth=20)  # Mastodon's, without a login
PAGE = 60  # replies on a page
SHARE = 4  # if replies are left out, an author gets at most 1/SHARE of those shown


class Thread(msgspec.Struct, frozen=True):
    """The posts around one post: ids that the viewer may see."""

    above: list[int]  # root first
    below: list[int]  # each after its parent, siblings oldest first
    before: int = 0  # get the next page, of older replies, with this; 0: there is none


def context(tx: Tx, viewer_id: int, id: int) -> Thread:
    """The thread for the API. Raises NotFound."""
    caps = FULL if viewer_id else STRANGERS
    found = _Found(tx, viewer_id, posts.original(tx, viewer_id, id))
    near = [id for id in found.below if found.depth(id) <= caps.depth]
    chosen = _fairly(near, found.authors, caps.below)
    return _shown(tx, viewer_id, found, found.above[: caps.above], chosen)


def page(tx: Tx, viewer_id: int, id: int, before: int = ID_MAX) -> Thread:
    """The thread for pages: first PAGE replies, with limited shares, then pages of the others, newest first.

    Raises NotFound.
    """
    found = _Found(tx, viewer_id, posts.original(tx, viewer_id, id))
    first = _fairly(found.below, found.authors, PAGE)
    others = sorted(set(found.below).difference(first), reverse=True)
    if before == ID_MAX:
        shown, left = first, others
    else:
        older = [id for id in others if id < before]
        shown, left = older[:PAGE], older[PAGE:]
    thread = _shown(tx, viewer_id, found, found.above[: FULL.above], shown)
    return msgspec.structs.replace(thread, before=left[0] + 1 if left else 0)


def newest(tx: Tx, viewer_id: int, root_id: int) -> int:
    """The newest post of the thread that viewer_id may see; 0: none."""
    some = [post_id for post_id, _, _ in rows.shown(tx, root_id, viewer_id, (), rows.PER_AUTHOR, limit=200)]
    return max(visibility.see(tx, viewer_id, [root_id, *some]).posts, default=0)


def above(tx: Tx, viewer_id: int, post: Post, most: int) -> list[int]:
    """What post answers, what that answers, and so on, as far as the viewer may see it: the first of the thread, and
    the last ones; at most `most`. Root first."""
    if not post.reply_to_id:
        return []
    parents, chain, id = rows.upwards(tx, post.root_id, [post.id]), list[int](), post.id
    while id := parents.get(id, 0):
        chain.append(id)
    chain.reverse()
    chain = chain[:1] + chain[1:][-most + 1 :]
    seen = visibility.see(tx, viewer_id, chain)
    return [id for id in chain if id in seen.posts]


class _Found:
    """The replies around a post that the viewer may see by their rows and authors, and the shape of the tree."""

    def __init__(self, tx: Tx, viewer_id: int, post: Post) -> None:
        self.post = post
        asked = rows.followers_only(tx, post.root_id) if viewer_id else []
        followees = blocks_and_mutes.of(tx, viewer_id, asked).following if asked else frozenset[int]()
        replies = rows.shown(tx, post.root_id, viewer_id, followees)
        hidden = _hidden(tx, viewer_id, {author for _, _, author in replies} - {0})
        replies = [one for one in replies if one[2] not in hidden]
        self.authors = {id: author for id, _, author in replies}
        self.parents = {id: parent for id, parent, _ in replies}
        missing = {parent for _, parent, _ in replies} - self.parents.keys() - {post.root_id}
        if post.reply_to_id:
            missing |= {post.id} - self.parents.keys()
        if missing:
            self.parents |= rows.upwards(tx, post.root_id, missing)
        self._depths: dict[int, int | None] = {post.id: 0}
        self.above = self._chain(post.id)  # nearest first, with hidden ones
        self.below = [id for id, _, _ in replies if id > post.id and self.depth(id)]  # newest first

    def depth(self, id: int) -> int:
        """How many levels below the post; 0: not below it."""
        way: list[int] = []
        while id not in self._depths and id in self.parents:
            way.append(id)
            id = self.parents[id]
        depth = self._depths.get(id)
        for one in reversed(way):
            depth = self._depths[one] = None if depth is None else depth + 1
        return depth or 0

    def _chain(self, id: int) -> list[int]:
        chain: list[int] = []
        while above := self.parents.get(id, 0):
            chain.append(above)
            id = above
        return chain


def _hidden(tx: Tx, viewer_id: int, authors: Collection[int]) -> set[int]:
    """Those of authors of whom the viewer may see nothing in a thread, or wants nothing: whom it blocks or mutes."""
    states = accounts.states(tx, authors)
    silenced = {id for id, one in states.items() if one.silenced_ms} - {viewer_id}
    known = blocks_and_mutes.of(tx, viewer_id, authors, followees=silenced)
    quiet = silenced - known.following
    return {id for id in authors if id not in states or states[id].suspended_ms or known.hides(id) or id in quiet}


def _fairly(ids: list[int], authors: Mapping[int, int], most: int) -> list[int]:
    """At most `most` of ids, which are newest first. If there are more, those beyond an author's share come last."""
    if len(ids) <= most:
        return ids
    count, first, rest = Counter[int](), list[int](), list[int]()
    for id in ids:
        (first if count[authors[id]] < most // SHARE else rest).append(id)
        count[authors[id]] += 1
    return [*first[:most], *rest[: most - len(first[:most])]]


def _shown(tx: Tx, viewer_id: int, found: _Found, above: list[int], below: list[int]) -> Thread:
    seen = visibility.see(tx, viewer_id, [*above, *below])
    children: dict[int, set[int]] = {}
    for id in below:
        while id != found.post.id and id not in children.setdefault(found.parents[id], set()):
            children[found.parents[id]].add(id)
            id = found.parents[id]
    order: list[int] = []
    left = sorted(children.get(found.post.id, ()), reverse=True)
    while left:
        order.append(left.pop())
        left += sorted(children.get(order[-1], ()), reverse=True)
    authors = {id: post.author_id for id, post in seen.posts.items()}
    wanted = {id for id, author in authors.items() if not seen.relations.hides(author) and author not in seen.quiet}
    return Thread([id for id in reversed(above) if id in wanted], [id for id in order if id in wanted & set(below)])
