"""The directory, and suggestions of accounts to follow. Only accounts that are `discoverable`."""

from collections.abc import Collection

import msgspec

from ..access import visibility
from ..errors import not_among
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import blocks_and_mutes, follows
from ..store import discovery as rows
from ..types import AccountKind, Span

OFFSET_MAX = 5000  # of a page of the directory; accounts after that can be found by searching
SPOKEN_POSTS = 2000  # the authors of this many newest public posts count as active
ASKED_FOLLOWEES = 20  # the newest followees, whose followees are suggested
CANDIDATES = 1000
ORDERS = ("active", "new")


def directory(
    tx: Tx, viewer_id: int, *, order: str = "active", offset: int = 0, limit: int = 40, org_id: int = 0
) -> list[int]:
    """Account ids, newest accounts first; with order "active", the latest authors of public posts before them.

    Raises Invalid.
    """
    if order not in ORDERS:
        raise not_among("order", ORDERS, order)
    offset = max(0, min(offset, OFFSET_MAX))
    speakers = rows.latest_speakers(tx, org_id, SPOKEN_POSTS) if order == "active" else []
    hidden = blocks_and_mutes.hidden(tx, viewer_id)
    newest = rows.newest_accounts(tx, org_id, offset + limit + len(speakers), hidden)
    listed = _wanted(tx, viewer_id, list(dict.fromkeys([*speakers, *newest])))
    return listed[offset : offset + limit]


def _wanted(tx: Tx, viewer_id: int, ids: Collection[int]) -> list[int]:
    """The people among ids who are discoverable, not silenced and not moved, without blocks between and mutes."""
    found = account_rows.by_ids(tx, ids)
    muted = blocks_and_mutes.of(tx, viewer_id, ids).muting
    shown = visibility.accounts_shown(tx, viewer_id, ids)
    people = [id for id in shown if found[id].kind != AccountKind.ROOM and id not in muted]
    return [id for id in people if found[id].is_recommended]


class Suggestion(msgspec.Struct, frozen=True):
    account_id: int
    reasons: list[str]  # all that hold of "friends_of_friends" and "most_followed", the one that counts most first


def suggestions(tx: Tx, account_id: int, limit: int, org_id: int = 0) -> list[Suggestion]:
    """Accounts for account_id to follow: followees of its followees, then the most followed active accounts.

    Without accounts that it follows, has asked to follow, or refused. Followees that hide their network are left out.
    """
    friends = [id for _, id in follows.following(tx, account_id, Span(ID_MAX, limit=ASKED_FOLLOWEES))]
    friends = [id for id, one in account_rows.by_ids(tx, friends).items() if not one.hide_network]
    followees = {one.other_id for one in follows.followees(tx, account_id)}
    near = rows.followed_by(
        tx, friends, CANDIDATES, followees.union(blocks_and_mutes.hidden(tx, account_id), {account_id})
    )
    speakers = rows.latest_speakers(tx, org_id, SPOKEN_POSTS)
    found = account_rows.states(tx, speakers).values()
    strangers = [one for one in found if one.followers and one.id not in followees]
    liked = sorted(strangers, key=lambda one: (-one.followers, one.id))
    reasons: dict[int, list[str]] = {id: ["friends_of_friends"] for id in near}
    for one in liked[:CANDIDATES]:
        reasons.setdefault(one.id, []).append("most_followed")

    ids = list(reasons)
    known = (
        blocks_and_mutes.of(tx, account_id, ids).following | follows.requested_among(tx, account_id, ids) | {account_id}
    )
    known |= rows.refused_among(tx, account_id, ids)
    wanted = _wanted(tx, account_id, [id for id in ids if id not in known])
    return [Suggestion(id, reasons[id]) for id in wanted[:limit]]


def refuse_suggestion(tx: Tx, account_id: int, target_id: int) -> None:
    """Never suggest target_id again. Harmless when there is no such account."""
    if account_rows.by_id(tx, target_id):
        rows.refuse(tx, account_id, target_id)
