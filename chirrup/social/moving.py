"""Whoever goes on with another account here takes the followers along; the old account leads to the new one.

The new account names the old one as an alias first, so nobody sends followers to an account that does not want them.
Why so: docs/decisions/0060-moving.md.
"""

import msgspec

from ..access import emails
from ..errors import ChirrupError, Invalid, NotFound, too_many
from ..events import AccessEnded, AccountChanged
from ..ids import bucket_of
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import blocks_and_mutes, jobs
from ..store import follows as follow_rows
from ..store import moving as rows
from ..types import Account, Move
from . import accounts, follows

FOLLOWERS = "move followers"  # a kind of job; the payload is (account, target)
PAUSE_MS = 30 * 24 * 3600 * 1000  # between two moves of one account: Mastodon's figure
ALIASES_MAX = 20
STEP = 50  # followers in one transaction


class Moving(msgspec.Struct, frozen=True):
    """What an account has of it."""

    target: Account | None  # whom it leads to; None: nobody
    aliases: list[Account]
    newest: Move | None
    next_ms: int  # when it may move; 0: now


def of_account(tx: Tx, account_id: int) -> Moving:
    account, newest = accounts.get(tx, account_id, account_id), rows.newest(tx, account_id)
    aliases = rows.aliases(tx, account_id)
    found = account_rows.by_ids(tx, {*aliases, account.moved_to_id} - {0})
    next_ms = _next_ms(tx, newest)
    return Moving(found.get(account.moved_to_id), [found[id] for id in aliases if id in found], newest, next_ms)


def _next_ms(tx: Tx, newest: Move | None) -> int:
    next_ms = newest.began_ms + PAUSE_MS if newest else 0
    return next_ms if next_ms > tx.now_ms else 0


def add_alias(tx: Tx, account_id: int, handle: str, domain: str) -> None:
    """The account with this handle may move to account_id. domain: of the site. Raises Invalid."""
    target = _named(tx, account_id, handle, domain, "alias")
    known = rows.aliases(tx, account_id)
    if target.id not in known and len(known) >= ALIASES_MAX:
        raise too_many("alias", ALIASES_MAX, len(known) + 1)
    rows.add_alias(tx, account_id, target.id)


def remove_alias(tx: Tx, account_id: int, target_id: int) -> None:
    """Harmless when it is none."""
    rows.remove_alias(tx, account_id, target_id)


def move(tx: Tx, account_id: int, handle: str, domain: str) -> None:
    """From now on the account leads to the one with this handle, and its followers follow that one, soon.

    Only after a proof that it is the owner. Raises Invalid.
    """
    account = accounts.get(tx, account_id, account_id)
    target = _named(tx, account_id, handle, domain, "moved_to")
    if account_id not in rows.aliases(tx, target.id):
        raise Invalid("moved_to", "no_alias", "must name this account as an alias in its own settings first")
    if target.moved_to_id:
        raise Invalid("moved_to", "moved", "has moved to another account itself")
    if _next_ms(tx, rows.newest(tx, account_id)):
        raise Invalid("moved_to", "too_soon", "This account has moved already: it may do so once in 30 days.")
    if not _redirect(tx, account, target.id, before=0):
        raise Invalid("moved_to", "moved", "This account leads to another already: end that first.")
    followers = account_rows.states(tx, [account_id])[account_id].followers
    made = Move(account_id, tx.new_id(bucket_of(account_id)), target.id, followers, 0, 0, 0)
    rows.insert(tx, made)
    jobs.enqueue(tx, FOLLOWERS, of=account_id, key=str(made.id), payload=(account_id, target.id))
    emails.access_changed(tx, account_id, emails.MOVED)
    tx.emit(AccessEnded(account_id, []))  # its tokens may be kept for the way back; its streams end now


def come_back(tx: Tx, account_id: int) -> None:
    """It leads to no other account any more. Followers who have moved stay where they are."""
    account = accounts.get(tx, account_id, account_id)
    if account.moved_to_id:
        _redirect(tx, account, 0, before=account.moved_to_id)


def _redirect(tx: Tx, account: Account, target_id: int, *, before: int) -> bool:
    changed_ms = max(tx.now_ms, account.changed_ms + 1)
    tx.emit(AccountChanged(account.id))
    return rows.redirect(tx, account.id, target_id, before=before, changed_ms=changed_ms)


def _named(tx: Tx, account_id: int, handle: str, domain: str, field: str) -> Account:
    """Another account of the same organisation."""
    account = accounts.get(tx, account_id, account_id)
    try:
        found = accounts.by_acct(tx, handle.strip(), domain, account.org_id)
    except NotFound:
        raise Invalid(field, "unknown", "must be the name of an account here, as @name") from None
    if found.id == account_id:
        raise Invalid(field, "self", "must be another account than this one")
    if found.suspended_ms:
        raise Invalid(field, "suspended", "is suspended")
    return found


# the job


def follow_on(tx: Tx, account_id: int, target_id: int) -> bool:
    """Move some more followers; whether there are more. Ends when the account leads elsewhere meanwhile."""
    going, account = rows.newest(tx, account_id), account_rows.by_id(tx, account_id)
    if going is None or going.ended_ms or going.target_id != target_id:
        return False
    stands = account and account.moved_to_id == target_id and accounts.existing(tx, account_id, [target_id])
    found = follow_rows.followers_step(tx, account_id, after=going.after_id, limit=STEP) if stands else []
    for _, follower, _, _ in found:
        follows.follow_instead(tx, follower, account_id, target_id)
    ended = len(found) < STEP
    rows.go_on(tx, going, done=len(found), after_id=found[-1][0] if found else going.after_id, ended=ended)
    return not ended


def keep_averse(tx: Tx, account_id: int, target_id: int, after: int) -> int:
    """Some who block or mute the account do the same to target_id, unless they follow that.

    after: the last of those before. Returns the last of these; 0: there are no more.
    """
    found = rows.averse(tx, account_id, after=after, limit=STEP)
    for other in found:
        if other == target_id:
            continue
        known = blocks_and_mutes.of(tx, other, [account_id, target_id])
        if target_id in known.following:
            continue
        try:
            if account_id in known.blocking and target_id not in known.blocking:
                follows.block(tx, other, target_id)
            if account_id in known.muting and target_id not in known.muting:
                notifications, expires_ms = blocks_and_mutes.mutes_of(tx, other, [account_id])[account_id]
                for_s = -((tx.now_ms - expires_ms) // 1000) if expires_ms else 0
                follows.mute(tx, other, target_id, notifications=notifications, for_s=for_s)
        except ChirrupError:  # the target has gone meanwhile
            return 0
    return found[-1] if len(found) == STEP else 0
