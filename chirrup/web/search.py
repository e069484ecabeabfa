"""Search in people, hashtags and, for those who are logged in, posts."""

from contextlib import suppress

import msgspec

from ..access.visibility import Seen
from ..errors import NotFound
from ..ids import ID_MAX
from ..ports import Tx
from ..social import accounts, text
from ..store import tags as tag_rows
from ..timelines.rebuild import fill
from ..types import Post, Span
from .call import Call, Page
from .views import PersonView, PostView

PEOPLE = 10
POSTS = 20
CHARS_MAX = 200


class Found(msgspec.Struct, frozen=True):
    people: list[PersonView] = []
    tags: list[str] = []
    posts: list[PostView] = []


async def search(call: Call) -> Page:
    words = call.query.text("q").strip()[:CHARS_MAX]
    found = await call.read(_search, call, words) if words else Found()
    return Page("search.html", {"q": words, **msgspec.structs.asdict(found)})


def _search(tx: Tx, call: Call, words: str) -> Found:
    return Found(people=_people(tx, call, words), tags=_tags(tx, words), posts=_posts(tx, call, words))


def _people(tx: Tx, call: Call, words: str) -> list[PersonView]:
    """Whoever has just this handle first, then those whose names begin like the words."""
    if words.startswith("#"):
        return []
    ids = tx.search.find_accounts(tx, words, limit=PEOPLE)
    with suppress(NotFound):
        ids = [accounts.by_acct(tx, words, call.settings.domain).id, *ids]
    return call.views.people(tx, call.viewer_id, list(dict.fromkeys(ids)))


def _tags(tx: Tx, words: str) -> list[str]:
    """The hashtag of just this name, if anybody has used it in public."""
    key = text.hashtag_key(words.removeprefix("#"))
    used = tag_rows.posts_with(tx, key, Span(before=ID_MAX, limit=1))
    return [key] if used else []


def _posts(tx: Tx, call: Call, words: str) -> list[PostView]:
    if not call.viewer_id or words.startswith(("#", "@")):
        return []

    def candidates(span: Span) -> list[int]:
        return tx.search.find_posts(tx, words, author_id=0, before=span.before, limit=span.limit)

    def keep(seen: Seen, post: Post) -> bool:
        to_be_found = seen.accounts[post.author_id].indexable or post.author_id == seen.viewer_id
        return bool(to_be_found) and not seen.ties.hides(post.author_id)

    ids, _ = fill(tx, call.viewer_id, Span(before=ID_MAX, limit=POSTS), candidates, keep)
    return call.views.shown(tx, call.viewer_id, ids)
