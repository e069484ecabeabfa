"""Trends: hashtags, posts and links that an organisation talks about more than usual.

A sweep counts them from what is there (workers/timers.py), so that posts and reactions cost nothing more. Rows are in
store/trends.py. Who is shown what is decided when it is read. docs/decisions/0048-trends.md.
"""

from collections.abc import Collection, Sequence
from typing import TypeVar

import msgspec

from ..access import fill, visibility
from ..access.fill import Filled
from ..errors import NotFound
from ..ids import ID_MAX, first_at
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import cards as card_rows
from ..store import posts
from ..store import tags as tag_rows
from ..store import trends as rows
from ..times import DAY_MS
from ..types import Account, LinkTrend, Post, PostCounts, Span, Struct, TagUse, TrendKind, Trends
from ..types.trends import subject
from . import cards, links, tags
from .cards import ShownCard
from .known import Known

K = TypeVar("K", int, str)

POSTS_LOOKED_AT = 4000  # the newest public posts
KEPT = 100  # of each kind
PEOPLE_MIN = 2  # what one account does alone is no trend
POST_HALF_LIFE_MS = 8 * 3600 * 1000
WEEK_MS = 7 * DAY_MS


def listed(tx: Tx, org_id: int, approval: bool | None) -> Trends:
    """What may be shown: nothing that staff have refused. approval: only what they have allowed; None: for staff, all
    that was counted."""
    found = rows.get(tx, org_id)
    if approval is None or not (approval or found.decisions):
        return found

    def may(kind: TrendKind, key: str | int) -> bool:
        return found.decisions.get(subject(kind, key), not approval)

    return Trends(
        [one for one in found.tags if may(TrendKind.TAG, one)],
        [one for one in found.posts if may(TrendKind.POST, one)],
        [one for one in found.links if may(TrendKind.LINK, one.link)],
        found.decisions,
    )


def shown_tags(
    tx: Tx, viewer_id: int, org_id: int, *, offset: int, limit: int, approval: bool | None = False
) -> list[tags.Shown]:
    """The strongest first. approval: listed()."""
    keys = listed(tx, org_id, approval).tags[offset : offset + limit]
    known = tag_rows.find(tx, keys)
    return tags.shown(tx, viewer_id, [known[key] for key in keys if key in known])


def shown_posts(
    tx: Tx, viewer_id: int, org_id: int, *, offset: int, limit: int, approval: bool | None = False
) -> list[int]:
    """The strongest first, without those that the viewer may not see or does not want, and whose author wants no more
    to be found. approval: listed()."""
    return _wanted(tx, viewer_id, listed(tx, org_id, approval).posts)[offset : offset + limit]


class ShownLink(Struct, frozen=True):
    """A page that is linked by many."""

    card: ShownCard
    history: list[TagUse]  # of HISTORY_DAYS, newest first


def shown_links(
    tx: Tx, org_id: int, known: Known, *, offset: int, limit: int, approval: bool | None = False
) -> list[ShownLink]:
    """The strongest first. The same for all viewers: it tells of pages, and not of who links them.

    approval: listed().
    """
    trending = listed(tx, org_id, approval).links
    there = card_rows.links(tx, [one.link for one in trending]) if trending else {}
    shown = [one for one in trending if one.link in there and there[one.link].card_id][offset : offset + limit]
    found = cards.find(tx, {there[one.link].card_id for one in shown}, known) if shown else {}
    today = tx.now_ms // DAY_MS
    return [ShownLink(card, _history(one, today)) for one in shown if (card := found.get(there[one.link].card_id))]


def _history(trend: LinkTrend, today: int) -> list[TagUse]:
    by_day = {day: TagUse(day, uses, accounts) for day, uses, accounts in trend.days}
    return [by_day.get(day, TagUse(day, 0, 0)) for day in range(today, today - tags.HISTORY_DAYS, -1)]


def posts_with_link(
    tx: Tx, viewer_id: int, url: str, span: Span, org_id: int, *, approval: bool = False
) -> Filled[int]:
    """Public posts that link the page, by accounts that want to be found. Raises NotFound: it is not shown as a trend
    now."""
    link = links.key_of(org_id, links.normal(url))
    if all(one.link != link for one in listed(tx, org_id, approval).links):
        raise NotFound("link", url[:100])
    return fill.fill(
        span, lambda part: posts.ids_with_link(tx, link, part), lambda ids: _wanted(tx, viewer_id, ids), key=int
    )


def _wanted(tx: Tx, viewer_id: int, ids: Sequence[int]) -> list[int]:
    """Those of ids that the viewer may see and wants to, and whose author wants to be found."""
    seen = visibility.see(tx, viewer_id, ids)
    authors = account_rows.by_ids(tx, {post.author_id for post in seen.posts.values()})
    return [
        id
        for id in ids
        if (post := seen.posts.get(id)) and _may(post, authors[post.author_id]) and not seen.minds(post)
    ]


def count(tx: Tx, org_id: int) -> Trends:
    """Trends of now, from the newest posts of a week and from what was a trend before. Eight queries."""
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
    today = tx.now_ms // DAY_MS
    uses = tag_rows.uses(tx, candidates, since_day=today - tags.HISTORY_DAYS + 1)
    counts = posts.counts(tx, said.keys())
    found = Trends(
        _strongest({key: tag_strength(used, today) for key, used in uses.items()}),
        _strongest({id: post_strength(one, tx.now_ms - said[id].created_ms) for id, one in counts.items()}),
        _links(tx, said.values(), before.links if len(newest) == POSTS_LOOKED_AT else (), today),
    )
    return _decided(tx, org_id, found)


def keep(tx: Tx, org_id: int, found: Trends) -> None:
    """Store what was counted. What staff decide meanwhile is in it: both wait for each other."""
    rows.get(tx, org_id, in_turn=True)
    rows.put(tx, org_id, _decided(tx, org_id, found))


def _decided(tx: Tx, org_id: int, found: Trends) -> Trends:
    """With what staff have decided about it. It is stored with the trends, so that readers need not look it up."""
    return msgspec.structs.replace(found, decisions=rows.decisions(tx, org_id, found.subjects))


def _links(tx: Tx, said: Collection[Post], before: Collection[LinkTrend], today: int) -> list[LinkTrend]:
    """Those with a card. before: where posts were not looked at that are older than these."""
    authors: dict[str, dict[int, list[int]]] = {}
    for post in said:
        if post.link:
            authors.setdefault(post.link, {}).setdefault(post.created_ms // DAY_MS, []).append(post.author_id)
    uses = {
        link: {day: (len(some), len(set(some))) for day, some in days.items()}
        for link, days in authors.items()
        if len(set().union(*days.values())) >= PEOPLE_MIN
    }
    for one in before:
        for day, *counted in one.days:
            if today - day < tags.HISTORY_DAYS:
                days = uses.setdefault(one.link, {})
                days[day] = max(days.get(day, (0, 0)), (counted[0], counted[1]))
    there = card_rows.links(tx, uses) if uses else {}
    found = {
        link: LinkTrend(link, [(day, *days[day]) for day in sorted(days, reverse=True)])
        for link, days in uses.items()
        if link in there and there[link].card_id
    }
    strengths = {link: tag_strength(_history(one, today), today) for link, one in found.items()}
    return [found[link] for link in _strongest(strengths)]


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
