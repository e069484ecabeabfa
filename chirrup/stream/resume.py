"""What a reader who was away has missed: the database has it, a page at a time, in the order of ids.

docs/decisions/0027-taking-streams-up.md
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
CHANGES_MAX = 500  # posts of which edits and deletions are told
DELETED_MAX = 1000  # posts tried, beside those that belong into the stream

Found = dict[int, tuple[str, int]]  # by place: kind, id


class Page(msgspec.Struct, frozen=True):
    """What belongs into a stream between two places, in their order. up_to: an id; ID_MAX: there is nothing beyond."""

    found: Found
    up_to: int
    cut: bool = False  # so much is hidden behind it that nobody looked on: there may be more


def page(tx: Tx, stream: Stream, after: int) -> Page:
    """The next PAGE of what the stream should have carried beyond the id after."""
    span, viewer_id = Span(before=ID_MAX, after=after, limit=PAGE, oldest=True), stream.viewer_id
    found, edges = Found(), [ID_MAX]  # edges: of pages beyond which there may be more
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
        if name in ("user", "list"):
            read = rebuild.home if name == "user" else rebuild.of_list
            ids, over = read(tx, viewer_id if name == "user" else int(stream.argument), span)
            return Filled(ids, max(ids, default=0), more=not over)
        if name.startswith("hashtag"):
            return pull.hashtag(tx, viewer_id, stream.argument, span)
        return pull.public(tx, viewer_id, span, only_media=stream.only_media) if stream.channel else Filled([])
    except NotFound:  # the list has been deleted
        return Filled([])


def deleted(tx: Tx, stream: Stream, after: int, before: int) -> list[int]:
    """The places of posts between two ids that were deleted: they may have been in the stream, or not."""
    if "update" not in stream.kinds:
        return []
    return [place_of(id) for id in posts.deleted_between(tx, after, before, DELETED_MAX)]


def changes(tx: Tx, stream: Stream, sent: list[int]) -> list[tuple[str, int]]:
    """(kind, id) of edits and deletions, of posts at the last places sent: who shows older ones reads them again."""
    if "delete" not in stream.kinds or not sent:
        return []
    ids = [place >> 1 for place in sent[-CHANGES_MAX:] if not place & 1]
    left_ms = sent[-1] >> 17
    found = posts.by_ids(tx, ids)
    edited = [("status.update", id) for id in ids if id in found and found[id].edited_ms > left_ms]
    return [*(("delete", id) for id in ids if id not in found), *edited]
