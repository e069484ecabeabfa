"""Who favourited or boosted a post, as far as the viewer may know: (accounts, the ids that pages of them go by)."""

from ..access.visibility import accounts_shown
from ..ports import Tx
from ..social import posts
from ..store import posts as rows
from ..store import reactions
from ..types import Span
from .rebuild import fill

Found = tuple[list[int], list[int]]


def favourited_by(tx: Tx, viewer_id: int, id: int, span: Span) -> Found:
    """Newest first, for a boost of what it boosts. Raises NotFound."""
    found = reactions.page_of_accounts(tx, "favourites", _original(tx, viewer_id, id), span)
    return accounts_shown(tx, viewer_id, [account for _, account in found]), [key for key, _ in found]


def boosted_by(tx: Tx, viewer_id: int, id: int, span: Span) -> Found:
    """The same; a boost for followers only is known to those who see it. Raises NotFound."""
    original = _original(tx, viewer_id, id)

    def candidates(part: Span) -> list[int]:
        ids = [id for id, _ in reactions.page_of_accounts(tx, "boosts", original, part)]
        return ids[::-1] if part.oldest else ids

    ids = fill(tx, viewer_id, span, candidates, lambda seen, boost: boost.author_id not in seen.ties.blocking)[0]
    boosts = rows.by_ids(tx, ids)
    return [boosts[id].author_id for id in ids], ids


def _original(tx: Tx, viewer_id: int, id: int) -> int:
    post = posts.get(tx, viewer_id, id)
    return post.boost_of_id or post.id
