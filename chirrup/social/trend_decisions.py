"""What staff decide about trends: allowed, refused, or forgotten again. Each organisation decides for itself.

What is refused is never shown as a trend. What is allowed counts where a setting asks for it (trends_approval).
"""

import msgspec

from ..access import visibility
from ..errors import NotFound
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import cards as card_rows
from ..store import tags as tag_rows
from ..store import trends as rows
from ..types import Struct, Tag, TrendKind, Trends, Visibility
from ..types.trends import subject
from . import audit, tags

ACTIONS = {True: "allow trend", False: "refuse trend", None: "forget trend"}  # in the log


class Review(Struct, frozen=True):
    """How it stands with a trend."""

    allowed: bool | None  # what staff decided; None: nothing
    shown: bool
    waits: bool  # for a decision, before which it is not shown


def review(found: Trends, kind: TrendKind, key: str | int, *, approval: bool) -> Review:
    """approval: trends are shown only when staff have allowed them."""
    allowed = found.decisions.get(subject(kind, key))
    return Review(allowed, shown=not approval if allowed is None else allowed, waits=approval and allowed is None)


def decide(tx: Tx, actor_id: int, org_id: int, kind: TrendKind, id: int, allowed: bool | None) -> None:
    """Seen in the next answer. allowed None: forget what was decided. Harmless when repeated.

    id: of a tag, a post or the card of a link. Raises NotFound: there is none, or it could not be a trend.
    """
    found = rows.get(tx, org_id, in_turn=True)
    about, name = _named(tx, actor_id, org_id, kind, id, found)
    if allowed is None:
        changed = rows.forget(tx, org_id, about)
    else:
        changed = rows.decide(tx, org_id, about, id, allowed=allowed)
    if not changed:
        return
    others = {key: one for key, one in found.decisions.items() if key != about}
    decisions = others if allowed is None else others | {about: allowed}
    rows.put(tx, org_id, msgspec.structs.replace(found, decisions=decisions))
    audit.note(tx, org_id, actor_id, ACTIONS[allowed], kind, id, name)


def _named(tx: Tx, actor_id: int, org_id: int, kind: TrendKind, id: int, found: Trends) -> tuple[str, str]:
    """(what a decision is about, its name in the log). Raises NotFound."""
    if kind == TrendKind.TAG:
        found_tag = tag(tx, org_id, id)
        return subject(kind, found_tag.tag), found_tag.name
    if kind == TrendKind.POST:
        post = visibility.see(tx, actor_id, [id]).posts.get(id)
        if post and post.visibility == Visibility.PUBLIC and not post.boost_of_id:
            return subject(kind, id), account_rows.by_ids(tx, [post.author_id])[post.author_id].username
    elif id and found.links:  # of all others, staff do not even learn that somebody linked them
        for link in card_rows.links(tx, [one.link for one in found.links]).values():
            if link.card_id == id:
                return subject(kind, link.link), link.url
    raise NotFound(kind, id)


def tag(tx: Tx, org_id: int, id: int) -> Tag:
    """Raises NotFound: the organisation has none with this id."""
    found = tag_rows.by_id(tx, id)
    if found is None or found.tag != tags.key_of(org_id, found.name):
        raise NotFound("tag", id)
    return found
