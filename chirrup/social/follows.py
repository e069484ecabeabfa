"""Follow, ask to follow, block, mute. Rows are in store/follows.py and store/blocks_and_mutes.py."""

from typing import TypedDict

from ..errors import NotAllowed, NotFound, too_many
from ..events import Blocked, FollowAnswered, FollowChanged, Followed, FollowRequested, Muted, Unfollowed
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import blocks_and_mutes, endorsements, jobs
from ..store import follows as rows
from ..types import AccountKind, Span
from . import accounts, in_rooms, lists

MUTE_S_MAX = 10 * 366 * 24 * 3600
MUTE_ENDS = "mute ends"  # a kind of job; the payload is (muter, target)
LANGUAGES_MAX = 100


class _Options(TypedDict):
    """The options of a follow."""

    show_boosts: bool
    notify: bool
    languages: str


def follow(
    tx: Tx,
    follower: int,
    followee: int,
    *,
    show_boosts: bool | None = None,
    notify: bool | None = None,
    languages: tuple[str, ...] | None = None,
) -> None:
    """Follow, or ask a locked account; if the follow exists already, change its options (None: no change).

    languages: of the posts wanted; () for all. Raises NotFound (absent, suspended, blocks the follower),
    Forbidden (oneself; an account that has moved), Invalid (languages).
    """
    if follower == followee:
        raise NotAllowed("an account cannot follow itself")
    languages = _languages(languages)
    target = accounts.followable(tx, follower, followee)
    standing = rows.get(tx, follower, followee)
    if target.moved_to_id and not standing:
        raise NotAllowed("this account has moved to another: follow that one")
    options: _Options = {
        "show_boosts": show_boosts if show_boosts is not None else bool(standing.show_boosts) if standing else True,
        "notify": notify if notify is not None else bool(standing.notify) if standing else False,
        "languages": " ".join(languages) if languages is not None else standing.languages if standing else "",
    }
    if standing:
        _change(tx, standing, **options)
    elif target.locked:
        if rows.insert_request(tx, follower, followee, **options):
            tx.emit(FollowRequested(follower, followee))
    else:
        if target.kind == AccountKind.ROOM:
            in_rooms.enter(tx, follower, target.id)
        _connect(tx, follower, followee, **options)
    if blocks_and_mutes.unblock(tx, follower, followee):
        tx.emit(Blocked(follower, followee))


def _languages(codes: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if codes is None:
        return None
    if len(codes) > LANGUAGES_MAX:
        raise too_many("languages", LANGUAGES_MAX, len(codes))
    return tuple(dict.fromkeys(accounts.parse_language(code) for code in codes if code))


def _change(tx: Tx, standing: rows.Follow, *, show_boosts: bool, notify: bool, languages: str) -> None:
    selects = bool(standing.show_boosts), standing.languages
    if (*selects, bool(standing.notify)) != (show_boosts, languages, notify):
        follower, followee = standing.account_id, standing.other_id
        rows.change(tx, follower, followee, show_boosts=show_boosts, notify=notify, languages=languages)
        if selects != (show_boosts, languages):
            tx.emit(FollowChanged(follower, followee))


def _connect(tx: Tx, follower: int, followee: int, *, show_boosts: bool, notify: bool, languages: str) -> None:
    if rows.insert(tx, follower, followee, show_boosts=show_boosts, notify=notify, languages=languages):
        account_rows.add_counts(tx, follower, followees=1)
        account_rows.add_counts(tx, followee, followers=1)
        tx.emit(Followed(follower, followee))


def join(tx: Tx, follower: int, room_id: int) -> None:
    """Follow a room without asking: somebody who may let others in does so. Harmless when repeated. Raises Invalid."""
    in_rooms.enter(tx, follower, room_id)
    asked = rows.take_request(tx, follower, room_id)
    options: _Options = {"show_boosts": True, "notify": False, "languages": ""}
    if asked:
        options = {
            "show_boosts": bool(asked.show_boosts),
            "notify": bool(asked.notify),
            "languages": asked.languages,
        }
        tx.emit(FollowAnswered(room_id, follower))
    _connect(tx, follower, room_id, **options)


def follow_instead(tx: Tx, follower: int, before: int, target: int) -> None:
    """Whoever follows the account `before` follows target, with the same options and on the same lists.

    Nobody is told. A lock of target does not matter, as its owner has wanted these followers. Where one blocks the
    other, nothing changes.
    """
    standing = rows.get(tx, follower, before)
    known = blocks_and_mutes.of(tx, follower, [target])
    if standing is None or target in known.blocking | known.blocked_by:
        return
    if follower != target and target not in known.following:
        if rows.take_request(tx, follower, target):
            tx.emit(FollowAnswered(target, follower))
        options = {"show_boosts": bool(standing.show_boosts), "notify": bool(standing.notify)}
        if rows.insert(tx, follower, target, **options, languages=standing.languages):
            account_rows.add_counts(tx, follower, followees=1)
            account_rows.add_counts(tx, target, followers=1)
            tx.emit(FollowChanged(follower, target))
    lists.put_instead(tx, follower, before, target)
    _disconnect(tx, follower, before)


def unfollow(tx: Tx, follower: int, followee: int) -> None:
    """End a follow or a follow request. Harmless when there is none. Raises NotFound: no such account."""
    account = accounts.get(tx, follower, followee)
    if rows.take_request(tx, follower, followee):
        tx.emit(Unfollowed(follower, followee))
    _disconnect(tx, follower, followee, is_room=account.kind == AccountKind.ROOM)


def _disconnect(tx: Tx, follower: int, followee: int, *, is_room: bool = False) -> None:
    if rows.delete(tx, follower, followee):
        if is_room:
            in_rooms.leave(tx, follower, followee)
        account_rows.add_counts(tx, follower, followees=-1)
        account_rows.add_counts(tx, followee, followers=-1)
        endorsements.delete(tx, follower, followee)
        lists.forget(tx, follower, followee)
        tx.emit(Unfollowed(follower, followee))


def remove_follower(tx: Tx, account_id: int, follower: int) -> None:
    """End follower's follow of account_id. Raises NotFound: no such account."""
    accounts.get(tx, account_id, follower)
    unfollow(tx, follower, account_id)


def accept(tx: Tx, account_id: int, follower: int) -> None:
    """Raises NotFound: follower has not asked."""
    asked = rows.take_request(tx, follower, account_id)
    if asked is None:
        raise NotFound("follow request", follower)
    _connect(
        tx,
        follower,
        account_id,
        show_boosts=bool(asked.show_boosts),
        notify=bool(asked.notify),
        languages=asked.languages,
    )
    tx.emit(FollowAnswered(account_id, follower))


def waiting(tx: Tx, account_id: int, limit: int) -> list[int]:
    """Accounts that have asked account_id, which is no longer locked; none if it is locked again."""
    account = account_rows.by_id(tx, account_id)
    if account is None or account.locked:
        return []
    return [follower for _, follower in rows.requests(tx, account_id, Span(before=ID_MAX, limit=limit))]


def accept_waiting(tx: Tx, account_id: int, follower: int) -> None:
    """accept() for waiting(). Harmless when the request was answered meanwhile."""
    if follower in rows.requesters_among(tx, account_id, [follower]) and waiting(tx, account_id, 1):
        accept(tx, account_id, follower)


def reject(tx: Tx, account_id: int, follower: int) -> None:
    """Raises NotFound: follower has not asked."""
    if rows.take_request(tx, follower, account_id) is None:
        raise NotFound("follow request", follower)
    tx.emit(FollowAnswered(account_id, follower))


def block(tx: Tx, blocker: int, target: int) -> None:
    """Block target, and end both follows. Neither sees the other's posts from now on."""
    if blocker == target:
        raise NotAllowed("an account cannot block itself")
    account = accounts.get(tx, blocker, target)
    for one, other in ((blocker, target), (target, blocker)):
        rows.take_request(tx, one, other)
        _disconnect(tx, one, other, is_room=account.kind == AccountKind.ROOM)
    if blocks_and_mutes.block(tx, blocker, target):
        account_rows.turn_media_epochs(tx, [blocker])  # target may have been mentioned
        tx.emit(Blocked(blocker, target))


def unblock(tx: Tx, blocker: int, target: int) -> None:
    accounts.get(tx, blocker, target)
    if blocks_and_mutes.unblock(tx, blocker, target):
        tx.emit(Blocked(blocker, target))


def mute(tx: Tx, muter: int, target: int, *, notifications: bool = True, for_s: int = 0) -> None:
    """Keep target's posts out of muter's timelines. notifications: its notifications too. for_s 0: without an end."""
    if muter == target:
        raise NotAllowed("an account cannot mute itself")
    accounts.get(tx, muter, target)
    expires_ms = tx.now_ms + min(for_s, MUTE_S_MAX) * 1000 if for_s > 0 else 0
    stands = target in blocks_and_mutes.mutes_of(tx, muter, [target])
    blocks_and_mutes.mute(tx, muter, target, notifications=notifications, expires_ms=expires_ms)
    if expires_ms:
        jobs.enqueue(
            tx, MUTE_ENDS, of=muter, key=f"{target} at {expires_ms}", payload=(muter, target), due_ms=expires_ms
        )
    if not stands:
        tx.emit(Muted(muter, target))


def unmute(tx: Tx, muter: int, target: int) -> None:
    accounts.get(tx, muter, target)
    if blocks_and_mutes.unmute(tx, muter, target):
        tx.emit(Muted(muter, target))


def end_mutes(tx: Tx, over: list[tuple[int, int]]) -> None:
    """End the mutes (muter, target) that have expired, so home timelines show the posts made meanwhile."""
    for muter, target in over:
        if blocks_and_mutes.end_mute(tx, muter, target):
            tx.emit(Muted(muter, target))
