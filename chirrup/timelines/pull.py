"""Timelines read straight from the database: public, hashtag, account. Nothing is stored for them."""

from collections.abc import Callable

from ..access import fill as filling
from ..access import visibility
from ..access.fill import Filled
from ..access.visibility import Seen, may_see_account
from ..errors import NotFound
from ..ids import ID_MAX, text_key
from ..ports import Tx
from ..social import accounts
from ..social.text import hashtag_key
from ..store import blocks_and_mutes, posts, reactions, rooms, tags
from ..types import AccountKind, Post, Span


def public(
    tx: Tx,
    viewer_id: int,
    span: Span,
    *,
    only_media: bool = False,
    org_id: int = 0,
    keep: Callable[[Post], bool] | None = None,
) -> Filled[int]:
    """Public posts of the organisation, without boosts, replies to others, and posts that the viewer does not want.

    keep: which of them; None: all.
    """

    def candidates(part: Span) -> list[int]:
        return posts.ids_public(tx, part, org_id, hidden=hidden, only_media=only_media)

    def wanted(seen: Seen, post: Post) -> bool:
        return not seen.minds(post) and (keep is None or keep(post))

    hidden = blocks_and_mutes.hidden(tx, viewer_id)
    return filling.posts(tx, viewer_id, span, candidates, wanted)


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
    org_id: int = 0,
) -> Filled[int]:
    """Public posts of the organisation with the tag or one of any_of, with all of all_of and with none of none_of."""
    wanted = {hashtag_key(one) for one in (tag, *any_of)}
    needed, refused = {hashtag_key(one) for one in all_of}, {hashtag_key(one) for one in none_of}

    def candidates(part: Span) -> list[int]:
        ids = {id for one in wanted for id in tags.posts_with(tx, text_key(org_id, one), part)}
        return sorted(ids, reverse=not part.oldest)[: part.limit]

    def keep(seen: Seen, post: Post) -> bool:
        has = {hashtag_key(one) for one in post.tag_names}
        if not needed <= has or refused & has or (only_media and not post.media):
            return False
        return not seen.minds(post)

    return filling.posts(tx, viewer_id, span, candidates, keep)


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
    """The account's posts and boosts that the viewer may see. Raises NotFound."""
    owner = accounts.get(tx, viewer_id, account_id)
    if not may_see_account(tx, viewer_id, owner):
        return Filled([])
    key = hashtag_key(tag)
    if owner.kind == AccountKind.ROOM:
        return _room(tx, viewer_id, account_id, span, key, only_media=only_media, exclude_replies=exclude_replies)
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


def _room(
    tx: Tx, viewer_id: int, room_id: int, span: Span, key: str, *, only_media: bool, exclude_replies: bool
) -> Filled[int]:
    """What is said in a room is what its account shows."""

    def keep(seen: Seen, post: Post) -> bool:
        if (only_media and not post.media) or (exclude_replies and post.answers):
            return False
        return not seen.minds(post) and (not key or key in {hashtag_key(one) for one in post.tag_names})

    return filling.posts(tx, viewer_id, span, lambda part: rooms.posts_in(tx, [room_id], part), keep)


def room(tx: Tx, viewer_id: int, room_id: int, span: Span) -> Filled[int]:
    """What is said in a room, for who is in it. Raises NotFound: nobody else has it as a list."""
    if room_id not in rooms.of_member(tx, viewer_id):
        raise NotFound("list", room_id)
    return account(tx, viewer_id, room_id, span)


def pinned(tx: Tx, viewer_id: int, account_id: int) -> list[int]:
    """The account's pinned posts that the viewer may see, last pinned first. Raises NotFound."""
    accounts.get(tx, viewer_id, account_id)
    pins = [post_id for _, post_id in reactions.page_of_posts(tx, "pins", account_id, Span(before=ID_MAX, limit=100))]
    seen = visibility.see(tx, viewer_id, pins).posts
    return [id for id in pins if id in seen]
