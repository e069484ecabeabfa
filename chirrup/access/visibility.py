"""The one oracle that says who may see what. Every route, stream, count, search and mail asks here.

The rule, for one post:
- nobody sees a deleted post, nor one by a suspended account;
- the author sees everything of its own;
- an account that the author blocks sees nothing of the author's;
- public and unlisted posts are seen by everybody else, also without logging in;
- a followers-only post by followers and by those it mentions; a direct post by those it mentions;
- a boost by whoever may see both the boost and what it boosts.
Organisations and groups will be two more lines here.
"""

from collections.abc import Collection, Mapping

import msgspec

from ..ports import Tx
from ..store import accounts, follows, posts, ties
from ..store.ties import Ties
from ..types import Account, AccountState, Post, Visibility

OPEN = frozenset((Visibility.PUBLIC, Visibility.UNLISTED))  # for everybody whom the author does not block


class Seen(msgspec.Struct, frozen=True):
    """What a viewer gets to see, with all that is needed to show it."""

    viewer_id: int
    posts: dict[int, Post]  # those asked for that the viewer may see, and the originals of boosts among them
    accounts: dict[int, AccountState]  # their authors
    ties: Ties  # of the viewer to the authors and those they address; follows only where they decide something


def see(tx: Tx, viewer_id: int, ids: Collection[int]) -> Seen:
    """The posts among ids that viewer_id (0: not logged in) may see. Four queries, whatever len(ids)."""
    return judge(tx, viewer_id, find(tx, ids))


def find(tx: Tx, ids: Collection[int], known: Mapping[int, Post] | None = None) -> dict[int, Post]:
    """The posts among ids and what they boost, whoever may see them: for judge(). known: as posts.by_ids has it."""
    found = posts.by_ids(tx, ids, known)
    originals = {post.boost_of_id for post in found.values()} - found.keys() - {0}
    return found | posts.by_ids(tx, originals, known) if originals else found


def judge(tx: Tx, viewer_id: int, found: dict[int, Post]) -> Seen:
    """see() for posts already read; found holds the originals of boosts too."""
    author_ids = {post.author_id for post in found.values()}
    answered = {post.reply_to_author_id for post in found.values() if post.reply_to_author_id}
    named = {id for post in found.values() if post.mentions != "[]" for id in post.addressed}
    closed = {post.author_id for post in found.values() if post.visibility == Visibility.FOLLOWERS}
    authors, viewer = tx.together(
        lambda: accounts.states(tx, author_ids),
        lambda: ties.of(tx, viewer_id, author_ids | answered | named, followees=closed | answered),
    )
    return Seen(viewer_id, {id: p for id, p in found.items() if _shown(p, found, authors, viewer)}, authors, viewer)


def see_one(tx: Tx, viewer_id: int, id: int) -> Post | None:
    """The post, when it exists and viewer_id may see it."""
    return see(tx, viewer_id, [id]).posts.get(id)


def for_search_engines(post: Post, author: Account) -> bool:
    """Whether search engines may keep what everybody may see: its author wants to be found, and did not say it low."""
    wanted = author.discoverable and author.indexable and not author.suspended_ms
    return bool(wanted) and post.visibility == Visibility.PUBLIC


def _shown(post: Post, found: dict[int, Post], authors: dict[int, AccountState], viewer: Ties) -> bool:
    if not _allowed(post, authors, viewer):
        return False
    if not post.boost_of_id:
        return True
    original = found.get(post.boost_of_id)
    return original is not None and _allowed(original, authors, viewer)


def _allowed(post: Post, authors: dict[int, AccountState], viewer: Ties) -> bool:
    author = authors.get(post.author_id)
    if author is None or author.suspended_ms:
        return False
    if post.author_id == viewer.viewer_id:
        return True
    if post.author_id in viewer.blocked_by:
        return False
    if post.visibility in OPEN:
        return True
    if not viewer.viewer_id:
        return False
    if post.visibility == Visibility.FOLLOWERS and post.author_id in viewer.following:
        return True
    return any(mention.account_id == viewer.viewer_id for mention in post.mentioned)


def viewers_among(
    tx: Tx, post: Post, found: dict[int, Post], authors: dict[int, AccountState], ids: Collection[int]
) -> set[int]:
    """Those of ids (0: somebody not logged in) who may see post: the rule above for one post and many viewers.

    found, authors: hold what post boosts and who wrote both, as in judge(). tests/stream/test_oracle.py holds the two
    sides equal.
    """
    allowed = _allowed_among(tx, post, authors, set(ids))
    if not post.boost_of_id:
        return allowed
    original = found.get(post.boost_of_id)
    return _allowed_among(tx, original, authors, allowed) if original else set()


def _allowed_among(tx: Tx, post: Post, authors: dict[int, AccountState], ids: set[int]) -> set[int]:
    author = authors.get(post.author_id)
    if author is None or author.suspended_ms:
        return set()
    others = ids - {author.id}
    allowed = others - ties.blocked_among(tx, author.id, others)
    if post.visibility not in OPEN:
        told = {mention.account_id for mention in post.mentioned}
        if post.visibility == Visibility.FOLLOWERS:
            told |= follows.followers_among(tx, author.id, allowed)
        allowed &= told
    return allowed | (ids & {author.id})


def may_see_account(tx: Tx, viewer_id: int, account: Account) -> bool:
    """May viewer_id list what belongs to account: posts, followers? Its name and profile are public."""
    return not account.suspended_ms and (
        viewer_id == account.id or account.id not in ties.of(tx, viewer_id, [account.id]).blocked_by
    )


def accounts_shown(tx: Tx, viewer_id: int, ids: Collection[int]) -> list[int]:
    """Those of ids that may stand in a list the viewer reads, in their order: not suspended, no block between."""
    found = accounts.by_ids(tx, ids)
    known = ties.of(tx, viewer_id, ids)
    return [
        id
        for id in ids
        if id in found and not found[id].suspended_ms and id not in known.blocking and id not in known.blocked_by
    ]
