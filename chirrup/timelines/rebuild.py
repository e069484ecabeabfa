"""Home and list timelines from the database, for a cold cache, a restart or a deep page.

Candidates come from one query over all authors. audience.py keeps those that the viewer wants, visibility.py those that
it may see.
"""

from collections.abc import Callable, Iterable

from ..access import fill as filling
from ..access.visibility import Seen
from ..errors import NotFound
from ..ports import Tx
from ..store import follows, lists, posts, rooms, tags
from ..store.follows import Follow
from ..types import Post, Span
from . import audience


def fill(
    tx: Tx, viewer_id: int, span: Span, candidates: Callable[[Span], list[int]], keep: Callable[[Seen, Post], bool]
) -> tuple[list[int], bool]:
    """(ids, whether there are no more): up to span.limit of candidates that the viewer may see and `keep` accepts."""
    found = filling.posts(tx, viewer_id, span, candidates, keep)
    return found.items, not found.more


def home(tx: Tx, viewer_id: int, span: Span) -> tuple[list[int], bool]:
    """(ids, whether nothing older exists) of viewer_id's home timeline, newest first."""
    followees, entered = _followees(tx, viewer_id)
    authors = followees.keys() | {viewer_id}
    followed_tags = tags.followed_by(tx, viewer_id)
    tagged = set[int]()

    def candidates(span: Span) -> list[int]:
        found = {id for tag in followed_tags for id in tags.posts_with(tx, tag, span)}
        tagged.update(found)
        return _first(span, found, _by_authors(tx, authors, span), _in_rooms(tx, entered, span))

    def keep(seen: Seen, post: Post) -> bool:
        return audience.at_home(seen, post, followees, has_tag=post.id in tagged)

    return fill(tx, viewer_id, span, candidates, keep)


def _followees(tx: Tx, viewer_id: int) -> tuple[dict[int, Follow], set[int]]:
    """(followee -> follow, the rooms among them), for all followees whose posts are in viewer_id's home: not members of
    exclusive lists."""
    exclusive, entered = lists.exclusive_and_rooms(tx, viewer_id)
    found = {one.other_id: one for one in follows.followees(tx, viewer_id) if one.other_id not in exclusive}
    return found, entered & found.keys() if entered else entered


def of_list(tx: Tx, list_id: int, span: Span) -> tuple[list[int], bool]:
    """(ids, whether nothing older exists) of a list, as its owner sees it. Raises NotFound."""
    chosen = lists.by_ids(tx, [list_id]).get(list_id)
    if chosen is None:
        raise NotFound("list", list_id)
    members, owner_id = lists.members(tx, list_id), chosen.owner_id
    entered = rooms.of_member(tx, owner_id) & members

    def candidates(span: Span) -> list[int]:
        return _first(span, _by_authors(tx, members, span), _in_rooms(tx, entered, span))

    def keep(seen: Seen, post: Post) -> bool:
        return audience.in_list(seen, post, chosen, members)

    return fill(tx, owner_id, span, candidates, keep)


def _by_authors(tx: Tx, authors: set[int], span: Span) -> list[int]:
    return posts.oldest_by_authors(tx, authors, span) if span.oldest else posts.newest_by_authors(tx, authors, span)


def _in_rooms(tx: Tx, entered: set[int], span: Span) -> list[int]:
    return rooms.posts_in(tx, entered, span) if entered else []


def _first(span: Span, *found: Iterable[int]) -> list[int]:
    """The first span.limit of all found, each once."""
    return sorted(set[int]().union(*found), reverse=not span.oldest)[: span.limit]
