"""Notifications, called alerts on the pages, and the number of unread ones."""

import msgspec

from ....ids import ID_MAX, ms_of
from ....orgs import room_requests
from ....ports import Tx
from ....social import mail_prefs, markers, notifications
from ....types import ON_COLLECTIONS, Notification, Span
from ....types import NotificationKind as Kind
from ...call import Call, Page
from ...views import PersonView, PostView
from .home import next_page, span

UNREAD_MAX = 99  # more are shown as 99+
MARKER = "notifications"  # shared with apps, so what was read in one is read in all

# The sentence on the page, and the icon beside it.
WORDS = {
    Kind.MENTION: ("mentioned you", "reply"),
    Kind.BOOST: ("boosted your post", "boost"),
    Kind.FAVOURITE: ("favourited your post", "star"),
    Kind.FOLLOW: ("follows you", "person"),
    Kind.FOLLOW_REQUEST: ("asks to follow you", "person"),
    Kind.POLL: ("ran a poll that has ended", "poll"),
    Kind.POST: ("posted", "write"),
    Kind.EDIT: ("edited a post you boosted", "write"),
    Kind.QUOTE: ("quoted your post", "reply"),
    Kind.COLLECTED: ("added you to a collection", "person"),
    Kind.COLLECTION_EDIT: ("changed a collection that you are in", "write"),
    Kind.QUOTED_EDIT: ("edited a post you quoted", "write"),
    Kind.SIGN_UP: ("signed up", "person"),
    Kind.REPORT: ("reported somebody", "shield"),
    Kind.WARNING: ("Something was decided about your account", "shield"),
}


class Told(msgspec.Struct, frozen=True):
    id: int
    kind: str
    words: str
    drawing: str
    created_ms: int
    who: PersonView
    post: PostView | None
    path: str  # of a page about it that is not a post's; "": there is none


async def show(call: Call) -> Page:
    asked = span(call.query)
    told, before, newest = await call.read(_page, call, asked)
    waiting = await call.read(room_requests.count, call.account_id, most=UNREAD_MAX)
    prefs = await call.read(mail_prefs.of, call.account_id)
    if call.unread and asked.before == ID_MAX:
        await call.write(markers.save, call.account_id, {MARKER: newest})
        call.unread = 0
    values = {
        "notifications": told,
        "before": before,
        "asking": waiting,
        "no_mail": bool(prefs.off_ms),
        "earlier": asked.before != ID_MAX,
    }
    return Page("reading/notifications.html", values)


def _page(tx: Tx, call: Call, asked: Span) -> tuple[list[Told], int, int]:
    """(the alerts, `before` of the next page, the newest id of all notifications)."""
    page = notifications.page(tx, call.account_id, asked, set(WORDS))
    found = page.items
    people = {one.id: one for one in call.views.people(tx, 0, {one.from_id for one in found})}
    ids = {one.about_post_id for one in found} - {0}
    posts = {post.key: post for post in call.views.shown(tx, call.account_id, ids, context="notifications")}
    told = [
        Told(
            id=one.id,
            kind=one.kind,
            words=WORDS[Kind(one.kind)][0],
            drawing=WORDS[Kind(one.kind)][1],
            created_ms=ms_of(one.id),
            who=people[one.from_id],
            post=posts.get(one.about_post_id),
            path=_path(one),
        )
        for one in found
        if one.from_id in people and (not one.about_post_id or one.about_post_id in posts)
    ]
    return told, next_page(page, asked), notifications.newest(tx, call.account_id, set(WORDS))


def _path(one: Notification) -> str:
    about = {Kind.SIGN_UP: f"/admin/accounts/{one.from_id}", Kind.REPORT: f"/admin/reports/{one.post_id}"}
    about[Kind.WARNING] = f"/disputes/strikes/{one.post_id}"
    about |= dict.fromkeys(ON_COLLECTIONS, f"/collections/{one.post_id}")
    return about.get(Kind(one.kind), "")


def count_unread(tx: Tx, account_id: int) -> int:
    """How many came since the marker, UNREAD_MAX + 1 at most."""
    return notifications.count_unread(tx, account_id, WORDS.keys(), most=UNREAD_MAX + 1)
