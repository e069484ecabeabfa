"""What an account has missed, in a few lines: for digests by mail (mail/digests.py).

All of it is asked of the oracle now: nothing that was deleted, hidden or blocked since stands in a digest.
"""

from collections import Counter, defaultdict
from collections.abc import Collection

import msgspec

from ..access import visibility
from ..ids import ID_MAX, first_at
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import rooms as room_rows
from ..types import Account, AccountKind, Notification, NotificationKind, Post, Span
from . import notifications

ANSWERS, THREADS, PEOPLE = 5, 3, 5  # at most: a digest is one screen
LOOKED_AT = 200  # posts of one's rooms, notifications
_SAID = (NotificationKind.MENTION, NotificationKind.QUOTE)
_COUNTED = (NotificationKind.FAVOURITE, NotificationKind.BOOST, NotificationKind.FOLLOW)


class Discussed(msgspec.Struct, frozen=True):
    """A thread in a room: its first post, and how many were said in it since."""

    post: Post
    room: Account
    posts: int


class Digest(msgspec.Struct, frozen=True):
    """answers: posts that answer, mention or quote the account, the newest first. counts: favourites and so on."""

    answers: list[int]
    counts: dict[str, int]
    discussed: list[Discussed]
    people: list[Account]


def find(tx: Tx, account_id: int, since_ms: int, *, org_id: int, closed: bool) -> Digest:
    """What has happened since. closed: all accounts here know of each other, so who is new is news."""
    span = Span(before=ID_MAX, after=first_at(since_ms), limit=LOOKED_AT)
    told = notifications.page(tx, account_id, span, (*_SAID, *_COUNTED)).items
    answers = list(dict.fromkeys(one.about_post_id for one in told if one.kind in _SAID and one.about_post_id))
    return Digest(
        answers[:ANSWERS],
        _counts(told),
        _discussed(tx, account_id, span),
        _new_people(tx, account_id, told, since_ms, org_id, closed=closed),
    )


def _counts(told: Collection[Notification]) -> dict[str, int]:
    found = Counter(one.kind for one in told)
    return {str(kind): found[kind] for kind in _COUNTED}


def _discussed(tx: Tx, account_id: int, span: Span) -> list[Discussed]:
    """The threads of its rooms in which most was said; none of one post alone, nor of those that it does not want."""
    entered = room_rows.of_member(tx, account_id)
    seen = visibility.see(tx, account_id, room_rows.posts_in(tx, entered, span)) if entered else None
    if seen is None:
        return []
    said: dict[int, list[Post]] = defaultdict(list)
    for post in seen.posts.values():
        if post.audience_id in entered and not seen.minds(post):
            said[post.root_id].append(post)
    most = sorted((root for root, posts in said.items() if len(posts) > 1), key=lambda root: (-len(said[root]), root))
    roots = visibility.see(tx, account_id, most[: 2 * THREADS])
    rooms = visibility.of_one_organisation(tx, account_id, {one.audience_id for one in roots.posts.values()} - {0})
    return [
        Discussed(post, rooms[post.audience_id], len(said[root]))
        for root in most
        if (post := roots.posts.get(root)) and post.audience_id in rooms and not roots.minds(post)
    ][:THREADS]


def _new_people(
    tx: Tx, account_id: int, told: Collection[Notification], since_ms: int, org_id: int, *, closed: bool
) -> list[Account]:
    """Who follows it now; where people know of each other, who came, too."""
    ids = [one.from_id for one in told if one.kind == NotificationKind.FOLLOW]
    if closed:
        newest = account_rows.page(tx, before=ID_MAX, limit=4 * PEOPLE, org_id=org_id)
        ids += [one.id for one in newest if one.id >= first_at(since_ms) and one.kind == AccountKind.PERSON]
    wanted = list(dict.fromkeys(id for id in ids if id != account_id))
    there = visibility.of_one_organisation(tx, account_id, wanted)
    shown = set(visibility.accounts_shown(tx, account_id, wanted))
    return [there[id] for id in wanted if id in there and id in shown][:PEOPLE]
