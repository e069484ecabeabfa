"""Search in people, hashtags and, for those who are logged in, posts."""

import msgspec

from ..ids import ID_MAX
from ..ports import Tx
from ..social import search as finding
from ..timelines import pull
from ..types import Span
from .call import Call, Page
from .views import PersonView, PostView

PEOPLE = 10
TAGS = 5
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
    return Found(
        people=call.views.people(
            tx, call.viewer_id, finding.find_accounts(tx, call.viewer_id, words, call.settings.domain, limit=PEOPLE)
        ),
        tags=[tag.tag for tag in finding.find_tags(tx, words, limit=TAGS)],
        posts=_posts(tx, call, words),
    )


def _posts(tx: Tx, call: Call, words: str) -> list[PostView]:
    if not call.viewer_id or words.startswith(("#", "@")):
        return []
    ids = pull.search(tx, call.viewer_id, words, Span(before=ID_MAX, limit=POSTS))
    return call.views.shown(tx, call.viewer_id, ids)
