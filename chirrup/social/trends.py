"""Trends: hashtags and posts that an organisation talks about more than usual.

A sweep counts them from what is there (workers/timers.py), so that posts and reactions cost nothing more. Rows are in
store/trends.py. Who is shown what is decided when it is read. docs/decisions/0048-trends.md.
"""

from collections.abc import Collection
from typing import TypeVar

from ..access import visibility
from ..ids import ID_MAX, first_at
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import posts
from ..store import tags as tag_rows
from ..store import trends as rows
from ..types import Account, Post, PostCounts, Span, TagUse, Trends
from . import tags

K = TypeVar("K", int, str)

POSTS_LOOKED_AT = 4000  # the newest public posts
KEPT = 100  # of each kind
PEOPLE_MIN = 2  # what one account does alone is no trend
POST_HALF_LIFE_MS = 8 * 3600 * 1000
WEEK_MS = 7 * tags.DAY_MS


def shown_tags(tx: Tx, viewer_id: int, org_id: int, *, offset: int, limit: int) -> list[tags.Shown]:
    """The strongest first."""
    keys = rows.get(tx, org_id).tags[offset : offset + limit]
    known = tag_rows.find(tx, keys)
    return tags.shown(tx, viewer_id, [known[key] for key in keys if key in known])


def shown_posts(tx: Tx, viewer_id: int, org_id: int, *, offset: int, limit: int) -> list[int]:
    """The strongest first, without those that the viewer may not see or does not want, and whose author wants no more
    to be found."""
    ids = rows.get(tx, org_id).posts
    seen = visibility.see(tx, viewer_id, ids)
    authors = account_rows.by_ids(tx, {post.author_id for post in seen.posts.values()})
    wanted = [
        id
        for id in ids
        if (post := seen.posts.get(id)) and _may(post, authors[post.author_id]) and not seen.minds(post)
    ]
    return wanted[offset : offset + limit]


def count(tx: Tx, org_id: int) -> Trends:
    """Trends of now, from the newest posts of a week and from what was a trend before. Six queries."""
    before = rows.get(tx, org_id)
    span = Span(ID_MAX, after=first_at(tx.now_ms - WEEK_MS), limit=POSTS_LOOKED_AT)
    newest = posts.ids_public(tx, span, org_id)
    found = posts.by_ids(tx, {*newest, *before.posts})
    authors = account_rows.by_ids(tx, {post.author_id for post in found.values()})
    said = {id: post for id, post in found.items() if id > span.after and _may(post, authors[post.author_id])}
    users: dict[str, set[int]] = {}
    for post in said.values():
        for name in post.tag_names:
            users.setdefault(tags.key_of(org_id, name), set()).add(post.author_id)
    candidates = {key for key, accounts in users.items() if len(accounts) >= PEOPLE_MIN}
    if len(newest) == POSTS_LOOKED_AT:  # who used it may have done so before these
        candidates.update(before.tags)
    today = tx.now_ms // tags.DAY_MS
    uses = tag_rows.uses(tx, candidates, since_day=today - tags.HISTORY_DAYS + 1)
    counts = posts.counts(tx, said.keys())
    return Trends(
        _strongest({key: tag_strength(used, today) for key, used in uses.items()}),
        _strongest({id: post_strength(one, tx.now_ms - said[id].created_ms) for id, one in counts.items()}),
    )


def tag_strength(used: Collection[TagUse], today: int) -> float:
    """How many used it, a day ago half as much, against how many used it on a day of before. 0: no trend."""
    lately = sum(one.accounts for one in used if today - one.day <= 1)
    if lately < PEOPLE_MIN:
        return 0.0
    recent = sum(one.accounts * 0.5 ** (today - one.day) for one in used)
    usual = sum(one.accounts for one in used if today - one.day > 1) / (tags.HISTORY_DAYS - 2)
    return recent * recent / (recent + usual)


def post_strength(counts: PostCounts, age_ms: int) -> float:
    """What others did with it, half as much after each POST_HALF_LIFE_MS. 0: no trend."""
    if max(counts.favourites, counts.boosts) < PEOPLE_MIN:
        return 0.0
    points = counts.favourites + counts.replies + 2 * (counts.boosts + counts.quotes)
    return points * 0.5 ** (age_ms / POST_HALF_LIFE_MS)


def _strongest(strengths: dict[K, float]) -> list[K]:
    strong = [one for one, strength in strengths.items() if strength > 0]
    return sorted(strong, key=lambda one: (-strengths[one], one))[:KEPT]


def _may(post: Post, author: Account) -> bool:
    """Said to everybody, openly, by somebody who wants to be found, and whom nobody has silenced."""
    open_ = not (post.sensitive or post.summary or post.boost_of_id or author.silenced_ms or author.sensitized_ms)
    return open_ and visibility.for_search_engines(post, author)
