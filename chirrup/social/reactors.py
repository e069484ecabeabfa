"""Reactors of a post that the viewer may know, and an account's favourites and bookmarks."""

from collections.abc import Sequence

from ..access import fill
from ..access.fill import Filled
from ..access.visibility import see
from ..ports import Tx
from ..store import reactions
from ..types import Span
from . import posts

Found = Filled[tuple[int, int]]  # (id for paging, account id or post id)


def favourited_by(tx: Tx, viewer_id: int, id: int, span: Span) -> Found:
    """Newest first; for a boost, the reactors of the boosted post. Raises NotFound."""
    original = posts.original(tx, viewer_id, id).id
    return fill.accounts(tx, viewer_id, span, lambda part: reactions.page_of_accounts(tx, "favourites", original, part))


def boosted_by(tx: Tx, viewer_id: int, id: int, span: Span) -> Found:
    """As favourited_by(); a boost for followers is shown only to viewers who may see it. Raises NotFound."""
    original = posts.original(tx, viewer_id, id).id

    def kept(some: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        seen = see(tx, viewer_id, [boost for boost, _ in some])
        return [one for one in some if one[0] in seen.posts and one[1] not in seen.relations.blocking]

    def candidates(part: Span) -> list[tuple[int, int]]:
        return reactions.page_of_accounts(tx, "boosts", original, part)

    return fill.fill(span, candidates, kept, key=lambda one: one[0])


def marked(tx: Tx, account_id: int, mark: str, span: Span) -> Found:
    """(mark id, post id) of posts that account_id marked and may still see, newest mark first.

    mark: "favourites", "bookmarks".
    """

    def kept(some: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        seen = see(tx, account_id, [post for _, post in some]).posts
        return [one for one in some if one[1] in seen]

    return fill.fill(
        span, lambda part: reactions.page_of_posts(tx, mark, account_id, part), kept, key=lambda one: one[0]
    )
