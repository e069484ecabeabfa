"""Timelines read straight from the database: public, hashtag, search, account. Nothing is stored for them."""

import msgspec

from ..access.visibility import Seen, may_see_account
from ..errors import NotFound
from ..ports import Tx
from ..social.text import hashtag_key
from ..store import accounts, posts, reactions, tags
from ..types import Post, Span, Visibility
from .rebuild import fill


def public(tx: Tx, viewer_id: int, span: Span, *, only_media: bool = False) -> list[int]:
    """What anybody on this server says in public: no boosts, no replies to others, nothing the viewer minds."""

    def keep(seen: Seen, post: Post) -> bool:
        to_others = post.reply_to_author_id not in (0, post.author_id)
        return not to_others and (not only_media or bool(post.media)) and not seen.ties.minds(post)

    return fill(tx, viewer_id, span, lambda part: posts.ids_public(tx, part), keep)[0]


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
) -> list[int]:
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
        return not seen.ties.minds(post)

    return fill(tx, viewer_id, span, candidates, keep)[0]


def search(tx: Tx, viewer_id: int, words: str, span: Span, *, author_id: int = 0) -> list[int]:
    """Posts with all of words that viewer_id may see, by authors who want to be found, and its own; newest first.

    author_id: only this one's. span.oldest is not looked at.
    """

    def candidates(part: Span) -> list[int]:
        found = tx.search.find_posts(tx, words, author_id=author_id, before=part.before, limit=part.limit)
        return [id for id in found if id > part.after]

    def keep(seen: Seen, post: Post) -> bool:
        to_be_found = seen.accounts[post.author_id].indexable or post.author_id == viewer_id
        return bool(to_be_found) and not seen.ties.hides(post.author_id)

    return fill(tx, viewer_id, msgspec.structs.replace(span, oldest=False), candidates, keep)[0]


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
) -> list[int]:
    """What the account said and boosted, as far as the viewer may see it. Raises NotFound."""
    owner = accounts.by_id(tx, account_id)
    if owner is None:
        raise NotFound("account", account_id)
    if not may_see_account(tx, viewer_id, owner):
        return []
    key = hashtag_key(tag)

    def keep(seen: Seen, post: Post) -> bool:
        if post.visibility == Visibility.DIRECT and viewer_id != account_id:
            return False
        if (only_media and not post.media) or (exclude_boosts and post.boost_of_id):
            return False
        if exclude_replies and post.reply_to_author_id not in (0, account_id):
            return False
        return not key or key in {hashtag_key(one) for one in post.tag_names}

    return fill(tx, viewer_id, span, lambda part: posts.ids_by_author(tx, account_id, part), keep)[0]


def pinned(tx: Tx, viewer_id: int, account_id: int) -> list[int]:
    """The account's pinned posts that the viewer may see, the last pinned first."""
    owner = accounts.by_id(tx, account_id)
    if owner is None:
        raise NotFound("account", account_id)
    span = Span(before=2**63 - 1, limit=100)
    pins = [post_id for _, post_id in reactions.page_of_posts(tx, "pins", account_id, span)]
    return fill(tx, viewer_id, span, lambda _: pins, lambda seen, post: True)[0]
