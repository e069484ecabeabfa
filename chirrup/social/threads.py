"""Threads: what is above and below a post, as far as a viewer may see it. Rows are in store/threads.py.

A thread takes any number of replies. What one answer shows of it is capped: the newest, and of one author not more
than a share while others have to be left out. Hidden replies take nobody's place.
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
    """How much of a thread one answer shows. Mastodon's are 4,096 for those who are logged in: 13 MB of JSON."""

    above: int
    below: int
    depth: int  # of replies to replies


FULL = Caps(above=100, below=200, depth=10_000)
STRANGERS = Caps(above=40, below=60, depth=20)  # Mastodon's, for whom is not logged in
PAGE = 60  # replies on a page
SHARE = 4  # an author gets this part of what is shown while others have to be left out


class Thread(msgspec.Struct, frozen=True):
    """Around one post: ids that the viewer may see."""

    above: list[int]  # the root first
    below: list[int]  # each right below what it answers, the oldest first
    before: int = 0  # where a page goes on to older replies; 0: these were the last


def context(tx: Tx, viewer_id: int, id: int) -> Thread:
    """As the API shows it. Raises NotFound."""
    caps = FULL if viewer_id else STRANGERS
    found = _Found(tx, viewer_id, posts.original(tx, viewer_id, id))
    near = [id for id in found.below if found.depth(id) <= caps.depth]
    chosen = _fairly(near, found.authors, caps.below)
    return _shown(tx, viewer_id, found, found.above[: caps.above], chosen)


def page(tx: Tx, viewer_id: int, id: int, before: int = ID_MAX) -> Thread:
    """As pages show it: PAGE replies chosen fairly; on the next pages the others, the newest first. Raises NotFound."""
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
    """The newest post of the thread that viewer_id may see, 0 when there is none."""
    some = [post_id for post_id, _, _ in rows.shown(tx, root_id, viewer_id, (), rows.PER_AUTHOR, limit=200)]
    return max(visibility.see(tx, viewer_id, [root_id, *some]).posts, default=0)


class _Found:
    """The replies around a post that the viewer may see, by what their rows and authors say; and what hangs where."""

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
        self.above = self._chain(post.id)  # the nearest first; hidden ones, too
        self.below = [id for id, _, _ in replies if id > post.id and self.depth(id)]  # the newest first

    def depth(self, id: int) -> int:
        """How far below the post; 0: not below it."""
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
    """Those whose posts the viewer sees none of: the oracle would say so of each."""
    states, known = accounts.states(tx, authors), blocks_and_mutes.of(tx, viewer_id, authors, followees=())
    return {id for id in authors if id not in states or states[id].suspended_ms or id in known.blocked_by}


def _fairly(ids: list[int], authors: Mapping[int, int], most: int) -> list[int]:
    """The newest of ids, which are newest first; of one author not more than a share where there are too many."""
    if len(ids) <= most:
        return ids
    count, first, rest = Counter[int](), list[int](), list[int]()
    for id in ids:
        (first if count[authors[id]] < most // SHARE else rest).append(id)
        count[authors[id]] += 1
    return [*first[:most], *rest[: most - len(first[:most])]]


def _shown(tx: Tx, viewer_id: int, found: _Found, above: list[int], below: list[int]) -> Thread:
    seen = visibility.see(tx, viewer_id, [*above, *below]).posts
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
    wanted = seen.keys() & set(below)
    return Thread([id for id in reversed(above) if id in seen], [id for id in order if id in wanted])
