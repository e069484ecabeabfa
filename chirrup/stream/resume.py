"""Reads what a reader missed from the database, page by page, in the order of ids.

Why: docs/decisions/0027-taking-streams-up.md.
"""

import msgspec

from ..access.fill import Filled
from ..errors import NotFound
from ..ids import ID_MAX
from ..ports import Tx
from ..social import conversations, notifications
from ..store import posts
from ..timelines import pull, rebuild
from ..timelines.position import place_of
from ..types import NotificationKind, Span
from .streams import Stream

PAGE = 200  # posts, and as many notifications
CHANGES_MAX = 500  # recent posts whose edits and deletions are sent
DELETED_MAX = 1000  # deleted posts that are tried besides those that belong into the stream

Found = dict[int, tuple[str, int]]  # place -> (kind, id)


class Page(msgspec.Struct, frozen=True):
    """What belongs into a stream between two places, in order. up_to: an id; ID_MAX when nothing follows."""

    found: Found
    up_to: int
    cut: bool = False  # the search stopped at too many hidden posts: there may be more


def page(tx: Tx, stream: Stream, after: int) -> Page:
    """The next PAGE of what belongs into the stream beyond the id `after`."""
    span, viewer_id = Span(before=ID_MAX, after=after, limit=PAGE, oldest=True), stream.viewer_id
    found, edges = Found(), [ID_MAX]  # edges: where pages end that may have more
    if "update" in stream.kinds:
        said = _posts(tx, stream, span)
        found |= {place_of(id): ("update", id) for id in said.items}
        edges += [said.newest] if said.more else []
    if "notification" in stream.kinds:
        told = notifications.page(tx, viewer_id, span, set(NotificationKind))
        found |= {place_of(one.id, notification=True): ("notification", one.id) for one in told.items}
        edges += [told.newest] if told.more else []
    if "conversation" in stream.kinds:
        talks = conversations.page(tx, viewer_id, span)
        found |= {place_of(one.last_post_id): ("conversation", one.id) for one in talks.items}
        edges += [talks.newest] if talks.more else []
    up_to = min(edges)
    shown = {place: found[place] for place in sorted(found) if place >> 1 <= up_to}
    return Page(shown, up_to, cut=up_to <= after)


def _posts(tx: Tx, stream: Stream, span: Span) -> Filled[int]:
    name, viewer_id = stream.name, stream.viewer_id
    try:
        if stream.is_room:
            return pull.room(tx, viewer_id, int(stream.argument), span)
        if name in ("user", "list"):
            read = rebuild.home if name == "user" else rebuild.of_list
            ids, over = read(tx, viewer_id if name == "user" else int(stream.argument), span)
            return Filled(ids, max(ids, default=0), more=not over)
        if sought := stream.sought:
            return pull.public(tx, viewer_id, span, org_id=stream.org_id, keep=lambda post: bool(sought.find(post)))
        if name.startswith("hashtag"):
            return pull.hashtag(tx, viewer_id, stream.argument, span, org_id=stream.org_id)
        return (
            pull.public(tx, viewer_id, span, only_media=stream.only_media, org_id=stream.org_id)
            if stream.channel
            else Filled([])
        )
    except NotFound:  # the list was deleted
        return Filled([])


def deleted(tx: Tx, stream: Stream, after: int, before: int) -> list[int]:
    """Places of posts between two ids that were deleted. Each may or may not have been in the stream."""
    if "update" not in stream.kinds:
        return []
    return [place_of(id) for id in posts.deleted_between(tx, after, before, DELETED_MAX)]


def changes(tx: Tx, stream: Stream, sent: list[int]) -> list[tuple[str, int]]:
    """(kind, id) of edits and deletions of the posts last sent. A client must read older posts again itself."""
    if "delete" not in stream.kinds or not sent:
        return []
    ids = [place >> 1 for place in sent[-CHANGES_MAX:] if not place & 1]
    left_ms = sent[-1] >> 17
    found = posts.by_ids(tx, ids)
    edited = [("status.update", id) for id in ids if id in found and found[id].edited_ms > left_ms]
    return [*(("delete", id) for id in ids if id not in found), *edited]
