"""Finds accounts, hashtags and posts. The index of words is in engines/search."""

import re
from collections.abc import Sequence
from contextlib import suppress

from .. import events
from ..access import visibility
from ..access.fill import Filled, fill
from ..errors import NotFound
from ..events import Signal
from ..ids import ID_MAX, text_key
from ..ports import Tx
from ..store import accounts, follows, posts
from ..store import rooms as room_rows
from ..store import search as rows
from ..store import tags as tag_rows
from ..types import Account, Span, Tag
from . import tags
from .accounts import by_acct
from .search_query import CHARS_MAX, Query, parse
from .text import hashtag_key, is_ours

__all__ = ["CHARS_MAX", "Query", "parse"]

DEEPEST = 1000  # how many results a viewer can page through
POSTS_LOOKED_MAX = 50_000  # newest posts with the words that are checked for the other conditions
POSTS_STEP_MAX = 5_000
TRIED_MAX = 5000  # accounts with a matching name that are checked for being visible, or followed


def find_accounts(
    tx: Tx,
    viewer_id: int,
    asked: str,
    domain: str,
    *,
    limit: int,
    offset: int = 0,
    followed: bool = False,
    org_id: int = 0,
) -> list[int]:
    """The account with exactly this handle first, then those with words in their names that begin like these.

    Without suspended accounts, but with those that viewer_id blocks; silenced ones only by their exact handle and for
    their followers. followed: only accounts that viewer_id follows.
    """
    if asked.startswith("#"):
        return []
    name, _, host = asked.removeprefix("@").partition("@")
    if not is_ours(host, domain):
        return []
    found: list[int] = []
    with suppress(NotFound):
        named = by_acct(tx, name, domain, org_id, viewer_id=viewer_id)
        found += _listed(tx, viewer_id, [named.id], followed=followed, silenced=True)
    looked, step = 0, offset + limit
    while len(found) < offset + limit and looked < TRIED_MAX:
        some = tx.search.find_accounts(tx, name, limit=step, offset=looked, org_id=org_id)
        found += _listed(tx, viewer_id, [id for id in some if id not in found], followed=followed)
        if len(some) < step:
            break
        looked, step = looked + step, 4 * step
    return found[offset : offset + limit]


def _listed(tx: Tx, viewer_id: int, ids: list[int], *, followed: bool, silenced: bool = False) -> list[int]:
    """silenced: also those who are, and whom the viewer does not follow."""
    among = follows.among(tx, viewer_id, ids) if followed else ids
    there = visibility.of_one_organisation(tx, viewer_id, among)
    quiet = {id for id, one in there.items() if one.silenced_ms} - {viewer_id} if not (silenced or followed) else set()
    if quiet and viewer_id:
        quiet -= follows.among(tx, viewer_id, quiet).keys()
    return [id for id in ids if id in there and not there[id].suspended_ms and id not in quiet]


def find_tags(tx: Tx, asked: str, *, limit: int, offset: int = 0, org_id: int = 0) -> list[Tag]:
    """Hashtags that begin like asked (with or without #), in the order of their names."""
    start = hashtag_key(asked.removeprefix("#"))
    if not start or not tags.name_of(f"{start}x"):
        return []
    return tag_rows.beginning(tx, text_key(org_id, start), limit=limit, offset=offset)


def find_posts(tx: Tx, viewer_id: int, query: Query, span: Span, org_id: int = 0) -> Filled[int]:
    """Posts that match query and that the viewer may find and see, newest first; span.oldest is ignored.

    The viewer finds public posts of authors who allow it, its own posts, what is said in the rooms that it is in, and
    posts that mention it or that it favourited, boosted, bookmarked, replied to or voted in; none of accounts that it
    mutes.
    """
    if query.empty or not viewer_id:
        return Filled([])
    span = Span(min(span.before, query.before), max(span.after, query.after), span.limit)
    rooms = room_rows.of_member(tx, viewer_id)
    author = next(iter(query.authors)) if query.authors is not None and len(query.authors) == 1 else 0

    def candidates(part: Span) -> list[int]:
        if query.authors == frozenset():
            return []
        if query.worded:
            ids = tx.search.find_posts(
                tx,
                query.words,
                phrases=query.phrases,
                author_id=author,
                before=part.before,
                limit=part.limit,
                org_id=org_id,
            )
            return [id for id in ids if id > part.after]
        return posts.ids_by_author(tx, author, part) if author else rows.newest(tx, part, org_id)

    def keep(ids: Sequence[int]) -> list[int]:
        touched = rows.touched(tx, viewer_id, ids)
        fit = rows.fitting(tx, viewer_id, ids, touched, rooms, query.conditions)
        found = {id for id, by, language in fit if query.wants(id, by, language)}
        if found and query.kinds:
            kinds = rows.kinds(tx, found)
            found = {id for id in found if query.wants_media(kinds.get(id, ()))}
        if found and query.without:
            found -= tx.search.posts_with_any(tx, query.without, found, org_id=org_id)
        seen = visibility.see(tx, viewer_id, found)
        return [
            id
            for id, post in seen.posts.items()
            if id in found and not seen.relations.hides(post.author_id) and post.author_id not in seen.quiet
        ]

    return fill(span, candidates, keep, key=int, step_max=POSTS_STEP_MAX, looked_max=POSTS_LOOKED_MAX)


_ADDRESS = re.compile(r"/@([A-Za-z0-9_]{1,30})(?:/([0-9]{1,19}))?/?")


def named_by(tx: Tx, viewer_id: int, address: str, base_url: str, org_id: int = 0) -> tuple[int, int]:
    """(account id, post id) for the address of an account or post on this server; the other is 0. (0, 0): neither.

    The address of a post that viewer_id may not see counts as neither.
    """
    match = _ADDRESS.fullmatch(address.removeprefix(base_url)) if address.startswith(base_url) else None
    if not match:
        return 0, 0
    with suppress(NotFound):
        account = by_acct(tx, match[1], "", org_id, viewer_id=viewer_id)
        if not match[2]:
            return account.id, 0
        post = visibility.see_one(tx, viewer_id, min(int(match[2]), ID_MAX))
        return (0, post.id) if post and post.author_id == account.id else (0, 0)
    return 0, 0


# the index


def on_account_changed(tx: Tx, event: events.AccountChanged) -> list[tuple[str, Signal]]:
    account = accounts.by_id(tx, event.of)
    if account is None or not index(tx, account):
        tx.search.remove_account(tx, event.of)
    return []


def index(tx: Tx, account: Account) -> bool:
    """Index its names. False: it is not to be found."""
    if account.suspended_ms or account.pending or account.moved_to_id:
        return False
    tx.search.index_account(tx, account.id, account.username, account.display_name, org_id=account.org_id)
    return True
