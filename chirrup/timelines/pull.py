"""Timelines read straight from the database: public, hashtag, search, account. Nothing is stored for them."""

from collections.abc import Sequence

from ..access import fill as filling
from ..access import visibility
from ..access.fill import Filled, fill
from ..access.visibility import Seen, may_see_account
from ..errors import NotFound
from ..ids import ID_MAX
from ..ports import Tx
from ..social.search import Query
from ..social.text import hashtag_key
from ..store import accounts, blocks_and_mutes, posts, reactions, tags
from ..store import search as finding
from ..types import Post, Span

SEARCH_LOOKED_MAX = 50_000  # posts with the words, the newest, of which those are chosen that are wanted
SEARCH_STEP_MAX = 5_000


def public(tx: Tx, viewer_id: int, span: Span, *, only_media: bool = False) -> Filled[int]:
    """What anybody on this server says in public: no boosts, no replies to others, nothing the viewer minds."""

    def candidates(part: Span) -> list[int]:
        return posts.ids_public(tx, part, hidden=hidden, only_media=only_media)

    hidden = blocks_and_mutes.hidden(tx, viewer_id)
    return filling.posts(tx, viewer_id, span, candidates, lambda seen, post: not seen.relations.minds(post))


def hashtag(
    tx: Tx,
    viewer_id: int,
    tag: str,
    span: Span,
    *,
    any_of: tuple[str, ...] = (),
    all_of: tuple[str, ...] = (),
    none_of: tuple[str, ...] = (),
    only_media: bool = False,
) -> Filled[int]:
    """Public posts with the tag or one of any_of, with all of all_of and with none of none_of."""
    wanted = {hashtag_key(one) for one in (tag, *any_of)}
    needed, refused = {hashtag_key(one) for one in all_of}, {hashtag_key(one) for one in none_of}

    def candidates(part: Span) -> list[int]:
        ids = {id for one in wanted for id in tags.posts_with(tx, one, part)}
        return sorted(ids, reverse=not part.oldest)[: part.limit]

    def keep(seen: Seen, post: Post) -> bool:
        has = {hashtag_key(one) for one in post.tag_names}
        if not needed <= has or refused & has or (only_media and not post.media):
            return False
        return not seen.relations.minds(post)

    return filling.posts(tx, viewer_id, span, candidates, keep)


def search(tx: Tx, viewer_id: int, query: Query, span: Span) -> Filled[int]:
    """Posts that query asks for and the viewer may find and see; newest first, span.oldest is not looked at.

    Found are public posts by authors who want that, the viewer's own, and those it has to do with: that mention it,
    that it favourited, boosted, bookmarked, answered, voted in. Nobody whom it mutes.
    """
    if query.empty or not viewer_id:
        return Filled([])
    span = Span(min(span.before, query.before), max(span.after, query.after), span.limit)
    author = next(iter(query.authors)) if query.authors is not None and len(query.authors) == 1 else 0

    def candidates(part: Span) -> list[int]:
        if query.authors == frozenset():
            return []
        if query.worded:
            ids = tx.search.find_posts(
                tx, query.words, phrases=query.phrases, author_id=author, before=part.before, limit=part.limit
            )
            return [id for id in ids if id > part.after]
        return posts.ids_by_author(tx, author, part) if author else finding.newest(tx, part)

    def keep(ids: Sequence[int]) -> list[int]:
        touched = finding.touched(tx, viewer_id, ids)
        fit = finding.fitting(tx, viewer_id, ids, touched, query.conditions)
        found = {id for id, by, language in fit if query.wants(id, by, language)}
        if found and query.kinds:
            kinds = finding.kinds(tx, found)
            found = {id for id in found if query.wants_media(kinds.get(id, ()))}
        if found and query.without:
            found -= tx.search.posts_with_any(tx, query.without, found)
        seen = visibility.see(tx, viewer_id, found)
        return [id for id, post in seen.posts.items() if id in found and not seen.relations.hides(post.author_id)]

    return fill(span, candidates, keep, key=int, step_max=SEARCH_STEP_MAX, looked_max=SEARCH_LOOKED_MAX)


def account(
    tx: Tx,
    viewer_id: int,
    account_id: int,
    span: Span,
    *,
    only_media: bool = False,
    exclude_replies: bool = False,
    exclude_boosts: bool = False,
    tag: str = "",
) -> Filled[int]:
    """What the account said and boosted, as far as the viewer may see it. Raises NotFound."""
    owner = accounts.by_id(tx, account_id)
    if owner is None:
        raise NotFound("account", account_id)
    if not may_see_account(tx, viewer_id, owner):
        return Filled([])
    key = hashtag_key(tag)
    follows = account_id in blocks_and_mutes.of(tx, viewer_id, [account_id]).following
    conditions = {
        "media": only_media,
        "no replies": exclude_replies,
        "no boosts": exclude_boosts,
        "tags": bool(key),
        "open": viewer_id != account_id and not follows,
        "not direct": viewer_id != account_id and follows,
    }
    asked = [name for name, holds in conditions.items() if holds]

    def candidates(part: Span) -> list[int]:
        return posts.ids_by_author(tx, account_id, part, asked, viewer_id=viewer_id)

    def keep(_: Seen, post: Post) -> bool:
        return not key or key in {hashtag_key(one) for one in post.tag_names}

    return filling.posts(tx, viewer_id, span, candidates, keep)


def pinned(tx: Tx, viewer_id: int, account_id: int) -> list[int]:
    """The account's pinned posts that the viewer may see, the last pinned first."""
    owner = accounts.by_id(tx, account_id)
    if owner is None:
        raise NotFound("account", account_id)
    pins = [post_id for _, post_id in reactions.page_of_posts(tx, "pins", account_id, Span(before=ID_MAX, limit=100))]
    seen = visibility.see(tx, viewer_id, pins).posts
    return [id for id in pins if id in seen]
