"""Search for people, hashtags and, with a login, posts."""

import msgspec

from ....ids import ID_MAX
from ....ports import Tx
from ....social import search as finding
from ....types import Span
from ...call import Call, Go, Page
from ...problems import Problem
from ...views import PersonView, PostView

SHOWN_MAX = 20  # of each kind


class Found(msgspec.Struct, frozen=True):
    people: list[PersonView] = []
    tags: list[str] = []
    posts: list[PostView] = []


async def search(call: Call) -> Page | Go:
    """The address of a post or profile here redirects to it; all other words are searched for."""
    words = call.query.text("q").strip()[: finding.CHARS_MAX]
    if words and (path := await call.read(_named, call, words)):
        return Go(path)
    found = await call.read(_search, call, words) if words else Found()
    return _page(words, found)


async def again(call: Call, problem: Problem) -> Page:
    return _page(call.query.text("q"), Found(), problem)


def _page(words: str, found: Found, problem: Problem | None = None) -> Page:
    values = {"q": words, "problem": problem.message if problem else "", **msgspec.structs.asdict(found)}
    return Page("reading/search.html", values, status=problem.status if problem else 200)


def _named(tx: Tx, call: Call, words: str) -> str:
    """The path of the post or profile whose full address was pasted, or ""."""
    base = call.site.base_url
    return words.removeprefix(base) if any(finding.named_by(tx, call.viewer_id, words, base, call.site.org_id)) else ""


def _search(tx: Tx, call: Call, words: str) -> Found:
    views, viewer_id = call.views, call.viewer_id
    site = call.site
    people = finding.find_accounts(tx, viewer_id, words, site.domain, limit=SHOWN_MAX, org_id=site.org_id)
    tags = [] if call.viewer.is_guest else finding.find_tags(tx, words, limit=SHOWN_MAX, org_id=site.org_id)
    posts = _posts(tx, call, words) if viewer_id else []
    return Found(
        people=views.people(tx, viewer_id, people),
        tags=[one.name for one in tags],
        posts=views.shown(tx, viewer_id, posts, context="public"),  # Mastodon's pages do so
    )


def _posts(tx: Tx, call: Call, asked: str) -> list[int]:
    query = finding.parse(tx, call.viewer_id, asked, call.site.domain, call.site.org_id)
    return finding.find_posts(tx, call.viewer_id, query, Span(before=ID_MAX, limit=SHOWN_MAX), call.site.org_id).items
