"""Accounts around an account: followers, followees, endorsements, blocks, mutes; notes, and all that is between two.

Items of a page are (id for paging, account id).
"""

from collections.abc import Callable, Collection, Sequence

from ..access import fill, visibility
from ..access.fill import Filled
from ..errors import Invalid, too_long
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import blocks_and_mutes, endorsements, follows
from ..types import Relationship, Span
from . import accounts, blocked_domains, text

NOTE_CHARS_MAX = 2000  # of a private note about an account; Mastodon's limit
FAMILIAR_OF_MAX = 10  # accounts asked about at once; each costs a query
FAMILIAR_AMONG_MAX = 2000  # of the viewer's followees, the newest
FAMILIAR_SHOWN_MAX = 40

Found = Filled[tuple[int, int]]
Rows = Callable[[Tx, int, Span], list[tuple[int, int]]]


def followers(tx: Tx, viewer_id: int, account_id: int, span: Span) -> Found:
    """The account's followers, latest first. Raises NotFound."""
    return _network(tx, viewer_id, account_id, span, follows.followers)


def following(tx: Tx, viewer_id: int, account_id: int, span: Span) -> Found:
    """The account's followees, latest first. Raises NotFound."""
    return _network(tx, viewer_id, account_id, span, follows.following)


def endorsed(tx: Tx, viewer_id: int, account_id: int, span: Span) -> Found:
    """Accounts that the account features on its profile, latest first. Raises NotFound."""
    account = accounts.get(tx, viewer_id, account_id)
    if not visibility.may_see_account(tx, viewer_id, account):
        return Filled([])
    return fill.accounts(tx, viewer_id, span, lambda part: endorsements.page(tx, account_id, part))


def _network(tx: Tx, viewer_id: int, account_id: int, span: Span, rows: Rows) -> Found:
    account = accounts.get(tx, viewer_id, account_id)
    hidden = account.hide_network and viewer_id != account_id
    if hidden or not visibility.may_see_account(tx, viewer_id, account):
        return Filled([])
    return fill.accounts(tx, viewer_id, span, lambda part: rows(tx, account_id, part))


def requests(tx: Tx, account_id: int, span: Span) -> Found:
    """Accounts that wait for an answer to their follow request."""
    return fill.accounts(tx, account_id, span, lambda part: follows.requests(tx, account_id, part))


def blocked(tx: Tx, account_id: int, span: Span) -> Found:
    return _standing(tx, account_id, span, blocks_and_mutes.blocks_page)


def muted(tx: Tx, account_id: int, span: Span) -> Found:
    return _standing(tx, account_id, span, blocks_and_mutes.mutes_page)


def mutes_until(tx: Tx, account_id: int, ids: Collection[int]) -> dict[int, int]:
    """id -> when the account's mute of it ends, in ms; 0: it has no end."""
    return {id: until_ms for id, (_, until_ms) in blocks_and_mutes.mutes_of(tx, account_id, ids).items()}


def _standing(tx: Tx, account_id: int, span: Span, rows: Rows) -> Found:
    """Without suspended accounts, but with those that the oracle hides, so that a block can be undone."""

    def kept(some: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        there = set(accounts.existing(tx, account_id, [id for _, id in some]))
        return [one for one in some if one[1] in there]

    return fill.fill(span, lambda part: rows(tx, account_id, part), kept, key=lambda one: one[0])


def familiar(tx: Tx, viewer_id: int, ids: Collection[int]) -> dict[int, list[int]]:
    """id -> at most FAMILIAR_SHOWN_MAX of the viewer's followees that follow it, for the first FAMILIAR_OF_MAX of ids.

    Without accounts that hide their network. One query for each id: in one query for all, two lists on one index would
    cost their product.
    """
    asked = account_rows.by_ids(tx, list(ids)[:FAMILIAR_OF_MAX])
    newest = follows.following(tx, viewer_id, Span(ID_MAX, limit=FAMILIAR_AMONG_MAX))
    followees = visibility.accounts_shown(tx, viewer_id, [id for _, id in newest])
    open_ones = {id for id, one in account_rows.by_ids(tx, followees).items() if not one.hide_network}
    seen = visibility.may_see_accounts(tx, viewer_id, asked.values())
    return {
        id: sorted(follows.followers_among(tx, id, open_ones - {id}))[:FAMILIAR_SHOWN_MAX] for id in asked if id in seen
    }


def endorse(tx: Tx, account_id: int, target_id: int) -> None:
    """Feature target on the profile. Raises NotFound; Invalid: account_id does not follow it."""
    accounts.followable(tx, account_id, target_id)
    if not follows.get(tx, account_id, target_id):
        raise Invalid("account", "not_followed", "You must be already following the person you want to endorse")
    endorsements.insert(tx, account_id, target_id)


def unendorse(tx: Tx, account_id: int, target_id: int) -> None:
    """Harmless when it is not featured. Raises NotFound."""
    accounts.get(tx, account_id, target_id)
    endorsements.delete(tx, account_id, target_id)


def set_note(tx: Tx, account_id: int, target_id: int, note: str) -> None:
    """Set account_id's private note about target; "" deletes it. Raises NotFound, Invalid (comment)."""
    accounts.get(tx, account_id, target_id)
    note = text.clean(note, "comment")
    if len(note) > NOTE_CHARS_MAX:
        raise too_long("comment", NOTE_CHARS_MAX, len(note))
    account_rows.set_note(tx, account_id, target_id, note)


def relationships(tx: Tx, viewer_id: int, ids: Collection[int]) -> list[Relationship]:
    """The relationships of viewer_id to ids, in their order.

    Seven queries, whatever len(ids), and two more if the viewer blocks domains.
    """
    known = blocks_and_mutes.of(tx, viewer_id, ids)
    followed_by = follows.followers_among(tx, viewer_id, ids)
    asked = follows.requested_among(tx, viewer_id, ids)
    askers = follows.requesters_among(tx, viewer_id, ids)
    mutes = blocks_and_mutes.mutes_of(tx, viewer_id, ids)
    details = follows.among(tx, viewer_id, ids)
    remarks = account_rows.remarks(tx, viewer_id, ids)
    elsewhere = blocked_domains.accounts_among(tx, viewer_id, ids) if remarks.blocks_domains else set[int]()
    return [
        Relationship(
            id=id,
            following=id in known.following,
            show_boosts=bool(id in details and details[id].show_boosts),
            notify=bool(id in details and details[id].notify),
            languages=tuple(details[id].languages.split()) if id in details else (),
            followed_by=id in followed_by,
            blocking=id in known.blocking,
            blocked_by=id in known.blocked_by,
            muting=id in mutes,
            muting_notifications=mutes.get(id, (False, 0))[0],
            mute_expires_ms=mutes.get(id, (False, 0))[1],
            requested=id in asked,
            requested_by=id in askers,
            domain_blocking=id in elsewhere,
            endorsed=id in remarks.endorsed,
            note=remarks.notes.get(id, ""),
        )
        for id in ids
    ]
