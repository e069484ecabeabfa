"""The start page and timelines: home, everybody, a hashtag, bookmarks."""

from typing import Any

from ....access.fill import Filled
from ....ids import ID_MAX
from ....orgs import privacy
from ....ports import Tx
from ....social import documents, reactors
from ....social.text import hashtag_key
from ....timelines import pull, read
from ....times import today
from ....types import Span, Stranger
from ...call import Call, Go, Page
from ...forms import Fields
from ...views import PostView
from ..posts import typed
from . import announced

POSTS = 20  # on a page
GREETING_POSTS = 5  # on the start page
LISTED_MAX = 200  # on a page down to the reader's place; the lowest ones


def span(query: Fields, *, limit: int = POSTS) -> Span:
    """The posts for `?before=<id>`; with `&to=<id>` all down to that id, where the reader was (0: to the end).

    Raises NotFound: not an id.
    """
    before = query.id("before", ID_MAX)
    if not query.text("to"):
        return Span(before, limit=limit)
    return Span(before, after=max(query.id("to") - 1, 0), limit=LISTED_MAX, oldest=True)


def next_before(keys: list[int], asked: Span) -> int:
    """`before` of the next page; 0 when this was the last."""
    if asked.oldest:
        return asked.after and asked.after + 1
    return keys[-1] if len(keys) >= asked.limit else 0


def next_page(found: Filled[Any], asked: Span) -> int:
    """`before` of the next page; 0 when this was the last."""
    if asked.oldest:
        return next_before([], asked)
    return found.oldest if found.more else 0


async def start(call: Call) -> Page | Go:
    """Search engines read it too, so it shows only those of the newest posts that they may keep."""
    if call.viewer_id:
        return Go("/home")
    stranger, org_id = Stranger(call.site.org_id), call.site.org_id
    ids = (await call.read(pull.public, stranger, Span(before=ID_MAX, limit=POSTS), org_id=org_id)).items
    newest = await call.read(call.views.shown, stranger, ids)
    posts = [post for post in newest if post.indexed][:GREETING_POSTS]
    return Page("reading/welcome.html", {"posts": posts, "more": bool(ids)}, indexed=True)


async def about(call: Call) -> Page:
    site = call.site
    told = {
        "more": documents.about(site),
        "privacy": await call.read(privacy.policy, site),
        "terms": documents.terms(site, today()),
    }
    return Page("reading/about.html", told, indexed=True)


async def home(call: Call) -> Page:
    asked = span(call.query)
    posts, ids = await read.show_home(call.engines, call.account_id, asked, call.views.at_home)
    live = asked.before == ID_MAX and not (asked.oldest and len(ids) >= asked.limit)
    draft, news = await call.read(_above, call, live=live)
    values = {
        "posts": posts,
        "before": next_before(ids, asked),
        "live": live,
        "newest": ids[0] if ids else 0,
        "draft": draft,
        "announcements": news,
    }
    return Page("reading/home.html", values)


def _above(tx: Tx, call: Call, *, live: bool) -> tuple[typed.Typed, list[announced.AnnouncementView]]:
    """(the form for a post, the announcements, which only the newest page shows)."""
    return typed.empty(tx, call.account_id), announced.unread(tx, call.views, call.account_id) if live else []


async def public(call: Call) -> Page:
    asked = span(call.query)
    if call.viewer.is_guest:
        return await _timeline(call, Filled([]), asked, "Everyone", "", "Guests read what is said in their rooms.")
    found = await call.read(pull.public, call.viewer_id, asked, org_id=call.site.org_id)
    return await _timeline(call, found, asked, "Everyone", "What everybody here says in public.", "Nobody has spoken.")


async def tag(call: Call, name: str) -> Page:
    asked = span(call.query)
    found = await call.read(pull.hashtag, call.viewer_id, hashtag_key(name), asked, org_id=call.site.org_id)
    nothing = "Nobody has used this hashtag in public."
    return await _timeline(call, found, asked, f"#{name}", "", nothing, feed=f"/tags/{name}")


async def _timeline(
    call: Call, found: Filled[int], asked: Span, title: str, about: str, nothing: str, **more: str
) -> Page:
    posts = await call.read(call.views.shown, call.viewer_id, found.items, context="public")
    values = {"title": title, "about": about, "nothing": nothing, "posts": posts, "before": next_page(found, asked)}
    return Page("reading/timeline.html", values | more)


async def bookmarks(call: Call) -> Page:
    asked = span(call.query)

    def operation(tx: Tx) -> tuple[list[PostView], int]:
        found = reactors.marked(tx, call.account_id, "bookmarks", asked)
        return call.views.shown(tx, call.account_id, [post for _, post in found.items]), next_page(found, asked)

    posts, before = await call.read(operation)
    values = {
        "title": "Bookmarks",
        "about": "Only you see these.",
        "nothing": "You have not bookmarked anything.",
        "posts": posts,
        "before": before,
    }
    return Page("reading/timeline.html", values)
