"""A rule is tried on what its writer has seen: which of the last posts it would act on, and why."""

import msgspec

from ...access import fill, visibility
from ...ids import ID_MAX
from ...ports import Tx
from ...store import follows, posts, rooms
from ...types import Account, ActionRule, Post, RuleState, Span
from . import tree
from .checking import check
from .ready import Ready, facts
from .tree import Rule

POSTS = 200


class Tried(msgspec.Struct, frozen=True):
    post: Post
    author: Account | None
    applies: bool
    why: list[tuple[str, bool]]  # each test as a sentence, and whether it holds


def try_out(tx: Tx, viewer_id: int, org_id: int, rule: Rule) -> list[Tried]:
    """On the last POSTS posts that the viewer may see, newest first. Nothing is done. Raises Invalid (text)."""
    names = msgspec.json.encode(check(tx, viewer_id, org_id, rule)).decode()
    ready = Ready(ActionRule(0, org_id, viewer_id, "", tree.encode(rule).decode(), names, RuleState.OFF, 0, 0, 0))
    entered = rooms.of_member(tx, viewer_id)
    authors = {one.other_id for one in follows.followees(tx, viewer_id)} | {viewer_id}

    def candidates(span: Span) -> list[int]:
        found = {*posts.ids_public(tx, span, org_id), *posts.newest_by_authors(tx, authors, span)}
        found.update(rooms.posts_in(tx, entered, span) if entered else ())
        return sorted(found, reverse=True)[: span.limit]

    page = fill.posts(tx, viewer_id, Span(ID_MAX, limit=POSTS), candidates, lambda _, post: not post.boost_of_id)
    seen = visibility.see(tx, viewer_id, page.items).posts
    found = facts(tx, [seen[id] for id in page.items if id in seen])
    return [Tried(one.post, one.author, ready.applies(one), ready.why(one)) for one in found]
