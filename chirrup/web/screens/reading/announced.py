"""Announcements above the home of those who have not dismissed them."""

import msgspec
from markupsafe import Markup

from ....ports import Tx
from ....social import announcements
from ...views import Views

SHOWN_MAX = 3  # at once; the next one when one is dismissed


class AnnouncementView(msgspec.Struct, frozen=True):
    id: int
    html: Markup
    starts_ms: int  # 0: it says nothing of that
    ends_ms: int
    all_day: bool  # both are days


def unread(tx: Tx, views: Views, viewer_id: int) -> list[AnnouncementView]:
    """The newest first. No query where there are none, but for a look now and then."""
    every = views.known.announcements.of(tx, views.site.org_id)
    found = [one for one in reversed(every) if one.is_shown(tx.now_ms)]
    whole = announcements.whole(tx, viewer_id, found, views.site)
    views.look(tx, (one.text for one in found))
    shown = [
        AnnouncementView(
            id=one.announcement.id,
            html=views.html(one.announcement.text, one.named),
            starts_ms=one.announcement.starts_ms,
            ends_ms=one.announcement.ends_ms,
            all_day=bool(one.announcement.all_day),
        )
        for one in whole
        if not one.read
    ]
    return shown[:SHOWN_MAX]
