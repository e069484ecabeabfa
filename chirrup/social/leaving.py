"""An account goes: all it said and had is deleted, in steps, by a job; its name stays, so that nobody else gets it.

Its owner may have it go, and staff, if it is suspended: both at once. A suspended account goes
accounts.DELETED_AFTER_MS later, unless it is brought back before. Why so: docs/decisions/0055-leaving-for-good.md.
"""

from collections.abc import Callable

from ..access import emails, logins
from ..events import AccountChanged, PicturesReplaced, Unfavourited
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import archives, blocks_and_mutes, chosen_tags, follows, imports, jobs, lists
from ..store import leaving as rows
from ..store import media as media_rows
from ..store import posts as post_rows
from ..store import reactions as reaction_rows
from ..types import Account, Span
from . import accounts, announcements, posts
from . import follows as social_follows
from . import lists as social_lists

STEP = 50  # rows of one kind that one transaction deletes
LATE_MS = 3600 * 1000  # then it is looked through once more: what others did before may have been told it later


def is_gone(tx: Tx, account_id: int) -> bool:
    """What it had is deleted, or will be in a moment: there is no way back."""
    user = account_rows.user(tx, account_id)
    return user is None or bool(user.gone_ms)


def delete_now(tx: Tx, account: Account) -> None:
    """Begin at once. Who asks has checked that it may be."""
    if rows.mark_gone(tx, account.id):
        jobs.enqueue(tx, accounts.DELETION, of=account.id, key="now", payload=(account.id, 0))


def leave(tx: Tx, account_id: int) -> None:
    """Its owner deletes it: from now on nobody sees it or logs in to it, and there is no way back.

    Only after a proof that it is the owner.
    """
    user = accounts.user(tx, account_id)
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
    rows.mark_gone(tx, account_id)
    return True


def step(tx: Tx, account_id: int) -> bool:
    """Delete some of it; whether there is more. May be repeated at any time."""
    return any(part(tx, account_id) for part in PARTS)


def _posts(tx: Tx, account_id: int) -> int:
    ids = post_rows.ids_by_author(tx, account_id, Span(before=ID_MAX, limit=STEP))
    for post in post_rows.by_ids(tx, ids).values():
        posts.remove(tx, post)
    return len(ids)


def _followees(tx: Tx, account_id: int) -> int:
    found = follows.following(tx, account_id, Span(before=ID_MAX, limit=STEP))
    for _, followee in found:
        social_follows.unfollow(tx, account_id, followee)
    return len(found)


def _followers(tx: Tx, account_id: int) -> int:
    found = follows.followers(tx, account_id, Span(before=ID_MAX, limit=STEP))
    for _, follower in found:
        social_follows.unfollow(tx, follower, account_id)
    return len(found)


def _requests(tx: Tx, account_id: int) -> int:
    found = follows.requests(tx, account_id, Span(before=ID_MAX, limit=STEP))
    for _, follower in found:
        social_follows.reject(tx, account_id, follower)
    return len(found)


def _asked(tx: Tx, account_id: int) -> int:
    found = rows.asked(tx, account_id, STEP)
    for followee in found:
        social_follows.unfollow(tx, account_id, followee)
    return len(found)


def _favourites(tx: Tx, account_id: int) -> int:
    found = reaction_rows.page_of_posts(tx, "favourites", account_id, Span(before=ID_MAX, limit=STEP))
    for _, post_id in found:
        if reaction_rows.remove(tx, "favourites", account_id, post_id):
            post_rows.add_counts(tx, post_id, favourites=-1)
            tx.emit(Unfavourited(account_id, post_id))
    return len(found)


def _blocks(tx: Tx, account_id: int) -> int:
    blocked = blocks_and_mutes.blocks_page(tx, account_id, Span(before=ID_MAX, limit=STEP))
    muted = blocks_and_mutes.mutes_page(tx, account_id, Span(before=ID_MAX, limit=STEP))
    for _, other in blocked:
        blocks_and_mutes.unblock(tx, account_id, other)
    for _, other in muted:
        blocks_and_mutes.unmute(tx, account_id, other)
    return len(blocked) + len(muted)


def _averse(tx: Tx, account_id: int) -> int:
    """Those who block or mute it."""
    blockers, muters = rows.averse(tx, account_id, STEP)
    for other in blockers:
        blocks_and_mutes.unblock(tx, other, account_id)
    for other in muters:
        blocks_and_mutes.unmute(tx, other, account_id)
    return len(blockers) + len(muters)


def _lists(tx: Tx, account_id: int) -> int:
    owned = lists.owned(tx, account_id)
    for one in owned[:STEP]:
        social_lists.delete(tx, account_id, one.id)
    return len(owned)


def _tags(tx: Tx, account_id: int) -> int:
    found = chosen_tags.followed(tx, account_id, Span(before=ID_MAX, limit=STEP))
    for _, tag in found:
        chosen_tags.unfollow(tx, account_id, tag)
    return len(found)


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


def _announcements(tx: Tx, account_id: int) -> int:
    """Its reactions to announcements, and which it has read."""
    return announcements.forget(tx, account_id)


def _itself(tx: Tx, account_id: int) -> int:
    """The last part: 1 while there was something to do."""
    account, user = account_rows.by_id(tx, account_id), account_rows.user(tx, account_id)
    if account is None or user is None:
        return 0
    rows.forget(tx, account_id)
    if not (user.email or user.password_hash):
        return 0
    jobs.enqueue(tx, accounts.DELETION, of=account_id, key="late", payload=(account_id, 0), due_ms=tx.now_ms + LATE_MS)
    rows.forget_elsewhere(tx, account_id)
    if pictures := accounts.pictures_of(account):
        tx.emit(PicturesReplaced(account_id, sorted(pictures)))
    rows.blank(tx, account_id)
    emails.release(tx, user.email, account_id, account.org_id)
    rows.empty(tx, account_id)
    logins.end_all_access(tx, account_id)
    tx.emit(AccountChanged(account_id))
    return 1


PARTS: tuple[Callable[[Tx, int], int], ...] = (
    _posts,
    _followees,
    _followers,
    _requests,
    _asked,
    _favourites,
    _blocks,
    _averse,
    _lists,
    _tags,
    _uploads,
    _files,
    _announcements,
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
