"""Lists of followed accounts (and the owner's own, if wanted) whose posts are read together.

Rows are in store/lists.py; timelines/read.py shows their posts.
"""

from collections.abc import Collection

import msgspec

from ..access import fill
from ..access.fill import Filled
from ..errors import Invalid, NotFound, not_among, too_long
from ..events import ListChanged
from ..ids import bucket_of
from ..ports import Tx
from ..store import follows
from ..store import lists as rows
from ..types import PostList, Span
from . import text

LISTS_MAX = 50
TITLE_CHARS_MAX = 256  # Mastodon's
MEMBERS_MAX = 5000
REPLIES = ("followed", "list", "none")


class ListChange(msgspec.Struct, frozen=True):
    """None: no change."""

    title: str | None = None
    replies: str | None = None  # one of REPLIES
    exclusive: bool | None = None


def owned(tx: Tx, owner_id: int) -> list[PostList]:
    """All lists of owner_id, oldest first."""
    return rows.owned(tx, owner_id)


def get(tx: Tx, owner_id: int, id: int) -> PostList:
    """Raises NotFound: absent, or another account's."""
    found = rows.by_ids(tx, [id]).get(id)
    if found is None or found.owner_id != owner_id:
        raise NotFound("list", id)
    return found


def create(tx: Tx, owner_id: int, wanted: ListChange) -> PostList:
    """Raises Invalid: title, replies, or owner_id has LISTS_MAX lists already."""
    if len(rows.owned(tx, owner_id)) >= LISTS_MAX:
        raise Invalid(
            "list", "too_many", "is one too many: you can have at most {most} lists; delete one first", most=LISTS_MAX
        )
    while True:
        id = tx.new_id(bucket_of(owner_id))
        made = PostList(id, owner_id, _title(wanted.title or ""), _replies(wanted.replies), int(bool(wanted.exclusive)))
        if rows.insert(tx, made):
            return made


def change(tx: Tx, owner_id: int, id: int, wanted: ListChange) -> PostList:
    """Raises NotFound; Invalid as create()."""
    before = get(tx, owner_id, id)
    after = msgspec.structs.replace(
        before,
        title=before.title if wanted.title is None else _title(wanted.title),
        replies=before.replies if wanted.replies is None else _replies(wanted.replies),
        exclusive=before.exclusive if wanted.exclusive is None else int(wanted.exclusive),
    )
    if after != before:
        rows.update(tx, after)
        if (after.replies, after.exclusive) != (before.replies, before.exclusive):
            tx.emit(ListChanged(owner_id, id))
    return after


def _title(raw: str) -> str:
    title = text.clean(raw, "title")
    if not title:
        raise Invalid("title", "blank", "can't be blank")
    if len(title) > TITLE_CHARS_MAX:
        raise too_long("title", TITLE_CHARS_MAX, len(title))
    return title


def _replies(policy: str | None) -> str:
    if policy not in (None, *REPLIES):
        raise not_among("replies_policy", REPLIES, policy)
    return policy or "list"


def delete(tx: Tx, owner_id: int, id: int) -> None:
    """Raises NotFound."""
    get(tx, owner_id, id)
    rows.delete(tx, id)
    tx.emit(ListChanged(owner_id, id))


# who is on them


def members(tx: Tx, owner_id: int, id: int, span: Span) -> Filled[tuple[int, int]]:
    """(membership id, account id), newest membership first, without suspended accounts. Raises NotFound."""
    list_id = get(tx, owner_id, id).id
    return fill.accounts(tx, owner_id, span, lambda part: rows.members_page(tx, list_id, part))


def holding(tx: Tx, owner_id: int, account_id: int) -> list[PostList]:
    """Those of owner_id's lists that account_id is on."""
    held = rows.held_by(tx, account_id, [owner_id])
    return [one for one in rows.owned(tx, owner_id) if one.id in held]


def add(tx: Tx, owner_id: int, id: int, account_ids: Collection[int]) -> None:
    """Add all of them, or none.

    Raises NotFound: the list, or an account that is neither followed nor owner_id; Invalid: one is on the list already,
    or the list is full.
    """
    chosen = get(tx, owner_id, id)
    wanted = list(dict.fromkeys(account_ids))
    if follows.among(tx, owner_id, wanted).keys() != set(wanted) - {owner_id}:
        raise NotFound("account")
    if len(rows.members(tx, id)) + len(wanted) > MEMBERS_MAX:
        raise Invalid("account_ids", "too_many", "are too many: a list has at most {most} accounts", most=MEMBERS_MAX)
    for account_id in wanted:
        if not rows.add_member(tx, chosen, account_id):
            raise Invalid("account", "taken", "is on this list already")
    if wanted:
        tx.emit(ListChanged(owner_id, id))


def remove(tx: Tx, owner_id: int, id: int, account_ids: Collection[int]) -> None:
    """Harmless for accounts that are not on it. Raises NotFound: the list."""
    get(tx, owner_id, id)
    if rows.remove_members(tx, id, account_ids):
        tx.emit(ListChanged(owner_id, id))


def put_instead(tx: Tx, owner_id: int, before: int, account_id: int) -> None:
    """account_id, which owner_id follows, comes onto all lists of owner_id that `before` is on."""
    for id in rows.held_by(tx, before, [owner_id]) if owner_id != account_id else ():
        if rows.add_member(tx, get(tx, owner_id, id), account_id):
            tx.emit(ListChanged(owner_id, id))


def forget(tx: Tx, owner_id: int, account_id: int) -> None:
    """Take account_id off all lists of owner_id, which no longer follows it."""
    for id in rows.held_by(tx, account_id, [owner_id]):
        remove(tx, owner_id, id, [account_id])
