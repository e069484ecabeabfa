"""An account goes: all it said and had is deleted, in steps, by a job; its name stays, so that nobody else gets it.

Its owner may have it go, and staff, if it is suspended: both at once. A suspended account goes
accounts.DELETED_AFTER_MS later, unless it is brought back before. Why so: docs/decisions/0055-leaving-for-good.md.
"""

from collections.abc import Callable
from typing import Any

from ..access import emails, logins
from ..events import AccountChanged, PicturesReplaced, Unfavourited
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import archives, blocks_and_mutes, chosen_tags, follows, identities, imports, jobs, lists, rooms, scim
from ..store import leaving as rows
from ..store import media as media_rows
from ..store import posts as post_rows
from ..store import reactions as reaction_rows
from ..types import Account, Span
from . import accounts, announcements, collections, holds, posts, staff
from . import follows as social_follows
from . import lists as social_lists

STEP = 50  # rows of one kind that one transaction deletes
HELD_MS = 24 * 3600 * 1000  # until we look again whether a hold has ended
LATE_MS = 3600 * 1000  # then it is looked through once more: what others did before may have been told it later


def is_gone(tx: Tx, account_id: int) -> bool:
    """What it had is deleted, or will be in a moment: there is no way back."""
    user = account_rows.user(tx, account_id)
    return user is None or bool(user.gone_ms)


def delete_now(tx: Tx, account: Account) -> None:
    """Begin at once. Who asks has checked that it may be."""
    if rows.mark_gone(tx, account.id):
        jobs.enqueue(tx, accounts.DELETION, of=account.id, key=f"{account.id} now", payload=(account.id, 0))


def leave(tx: Tx, account_id: int) -> None:
    """Its owner deletes it: from now on nobody sees it or logs in to it, and there is no way back.

    Only after a proof that it is the owner. Raises NotAllowed: it is the organisation's last owner.
    """
    user = accounts.user(tx, account_id)
    staff.keep_an_owner(tx, user)
    account = accounts.suspend(tx, account_id)
    logins.end_all_access(tx, account_id)
    delete_now(tx, account)
    if user.confirmed_ms:
        emails.left(tx, account_id, user.email)


def begin(tx: Tx, account_id: int, suspended_ms: int) -> bool:
    """Whether what it had is to be deleted now. suspended_ms: the suspension that it follows from; 0: any."""
    account = account_rows.by_id(tx, account_id)
    if account is None or (suspended_ms and account.suspended_ms != suspended_ms):
        return False  # it was brought back meanwhile
    if holds.is_account_held(tx, account):
        due_ms = tx.now_ms + HELD_MS
        payload = (account_id, suspended_ms)
        jobs.enqueue(
            tx, accounts.DELETION, of=account_id, key=f"{account_id} held {due_ms}", payload=payload, due_ms=due_ms
        )
        return False
    rows.mark_gone(tx, account_id)
    return True


def step(tx: Tx, account_id: int) -> bool:
    """Delete some of it; whether there is more. May be repeated at any time."""
    return any(part(tx, account_id) for part in PARTS)


Part = Callable[[Tx, int], int]  # deletes STEP of the account's rows of one kind at most; how many there were


def _each(find: Callable[[Tx, int], list[Any]], end: Callable[[Tx, int, Any], object]) -> Part:
    """Ends one by one what find finds."""

    def part(tx: Tx, account_id: int) -> int:
        found = find(tx, account_id)
        for one in found:
            end(tx, account_id, one)
        return len(found)

    return part


def _newest(page: Callable[[Tx, int, Span], list[tuple[int, Any]]]) -> Callable[[Tx, int], list[Any]]:
    return lambda tx, account_id: [one for _, one in page(tx, account_id, Span(before=ID_MAX, limit=STEP))]


def _some(find: Callable[[Tx, int, int], list[Any]]) -> Callable[[Tx, int], list[Any]]:
    return lambda tx, account_id: find(tx, account_id, STEP)


def _of_others(end: Callable[[Tx, int, int], object]) -> Callable[[Tx, int, int], object]:
    """What another account has begun with this one."""
    return lambda tx, account_id, other: end(tx, other, account_id)


def _posts(tx: Tx, account_id: int) -> int:
    ids = post_rows.ids_by_author(tx, account_id, Span(before=ID_MAX, limit=STEP))
    for post in post_rows.by_ids(tx, ids).values():
        posts.remove(tx, post)
    return len(ids)


def _room_posts(tx: Tx, account_id: int) -> int:
    """Of a room: what was said in it."""
    ids = rooms.posts_in(tx, [account_id], Span(before=ID_MAX, limit=STEP))
    found = post_rows.by_ids(tx, ids)
    for id in ids:
        if id in found:
            posts.remove(tx, found[id])
        else:
            rooms.remove_post(tx, account_id, id)
    return len(ids)


def _favourites(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    return reaction_rows.page_of_posts(tx, "favourites", account_id, span)


def _unfavourite(tx: Tx, account_id: int, post_id: int) -> None:
    if reaction_rows.remove(tx, "favourites", account_id, post_id):
        post_rows.add_counts(tx, post_id, favourites=-1)
        tx.emit(Unfavourited(account_id, post_id))


def _lists(tx: Tx, account_id: int) -> list[int]:
    return [one.id for one in lists.owned(tx, account_id)[:STEP]]


def _uploads(tx: Tx, account_id: int) -> int:
    found = rows.uploads(tx, account_id, STEP)
    for id, _, _ in found:
        media_rows.delete(tx, id)
    if found:
        tx.emit(PicturesReplaced(account_id, [key for _, *keys in found for key in keys if key]))
    return len(found)


def _files(tx: Tx, account_id: int) -> int:
    """What it has brought in, and its archive."""
    brought, archive = imports.of_account(tx, account_id, STEP), archives.newest(tx, account_id)
    for one in brought:
        imports.delete(tx, one.id)
    if archive:
        archives.delete(tx, archive.id)
    keys = [one.file_key for one in brought] + ([archive.key] if archive else [])
    if any(keys):
        tx.emit(PicturesReplaced(account_id, [key for key in keys if key]))
    return len(brought) + bool(archive)


def _itself(tx: Tx, account_id: int) -> int:
    """The last part: 1 while there was something to do."""
    account, user = account_rows.by_id(tx, account_id), account_rows.user(tx, account_id)
    if account and account.is_room:
        return _room_itself(tx, account)
    if account is None or user is None:
        return 0
    known = identities.of_account(tx, account_id)
    for one in known:
        identities.release(tx, identities.key_of(one.org_id, one.issuer, one.subject))
    rows.forget(tx, account_id)
    if not (user.email or user.password_hash or known):
        return 0
    jobs.enqueue(
        tx,
        accounts.DELETION,
        of=account_id,
        key=f"{account_id} late",
        payload=(account_id, 0),
        due_ms=tx.now_ms + LATE_MS,
    )
    rows.forget_elsewhere(tx, account_id)
    scim.delete_of_account(tx, account.org_id, account_id)
    if pictures := accounts.pictures_of(account):
        tx.emit(PicturesReplaced(account_id, sorted(pictures)))
    rows.blank(tx, account_id)
    emails.release(tx, user.email, account_id, account.org_id)
    rows.empty(tx, account_id)
    logins.end_all_access(tx, account_id)
    tx.emit(AccountChanged(account_id))
    return 1


def _room_itself(tx: Tx, room: Account) -> int:
    if not rooms.delete(tx, room.id, room.org_id):
        return 0
    rows.forget_elsewhere(tx, room.id)
    if pictures := accounts.pictures_of(room):
        tx.emit(PicturesReplaced(room.id, sorted(pictures)))
    rows.forget(tx, room.id)
    rows.blank(tx, room.id)
    tx.emit(AccountChanged(room.id))
    return 1


PARTS: tuple[Part, ...] = (
    _posts,
    _room_posts,
    _each(_newest(follows.following), social_follows.unfollow),
    _each(_newest(follows.followers), _of_others(social_follows.unfollow)),
    _each(_newest(follows.requests), social_follows.reject),
    _each(_newest(_favourites), _unfavourite),
    _each(_newest(blocks_and_mutes.blocks_page), blocks_and_mutes.unblock),
    _each(_newest(blocks_and_mutes.mutes_page), blocks_and_mutes.unmute),
    _each(_some(rows.blockers), _of_others(blocks_and_mutes.unblock)),
    _each(_some(rows.muters), _of_others(blocks_and_mutes.unmute)),
    _each(_lists, social_lists.delete),
    collections.forget,
    _each(_newest(chosen_tags.followed), chosen_tags.unfollow),
    _uploads,
    _files,
    announcements.forget,
    _each(_some(rows.asked), social_follows.unfollow),  # reads a whole table, so when all before is done
    _itself,
)


def forget_sign_up(tx: Tx, account: Account) -> None:
    """As if it had never signed up: nobody has let it in, so there is nothing of it elsewhere."""
    user = accounts.user(tx, account.id)
    logins.end_all_access(tx, account.id)
    rows.forget(tx, account.id)
    rows.release_name(tx, accounts.name_key(account.org_id, account.username), account.id)
    emails.release(tx, user.email, account.id, account.org_id)
    rows.delete_user(tx, account.id)
    rows.delete_account(tx, account.id)
    tx.emit(AccountChanged(account.id))
