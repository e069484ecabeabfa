"""Holds, whom they are about, and the deleted posts that are kept for them."""

from collections.abc import Collection
from typing import NamedTuple

from ..ids import bucket_of
from ..ports import Tx
from ..types import Hold, Span

_NAMES = Hold.__struct_fields__
_COLUMNS = ", ".join(_NAMES)
_VALUES = ", ".join(f":{name}" for name in _NAMES)


class OnHold(NamedTuple):
    """A row of `held`: a hold, beside whom it is about."""

    subject_id: int  # an account, a room, or an organisation
    hold_id: int
    from_ms: int
    until_ms: int


def insert(tx: Tx, hold: Hold) -> None:
    tx.run(
        f"INSERT INTO holds (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(hold.org_id),
        **{name: getattr(hold, name) for name in _NAMES},
    )


def insert_subject(tx: Tx, hold: Hold) -> None:
    tx.run(
        """INSERT INTO held (bucket, subject_id, hold_id, from_ms, until_ms)
           VALUES (:bucket, :subject, :hold, :from_ms, :until_ms)""",
        bucket=bucket_of(hold.subject_id),
        subject=hold.subject_id,
        hold=hold.id,
        from_ms=hold.from_ms,
        until_ms=hold.until_ms,
    )


def of_org(tx: Tx, org_id: int) -> list[Hold]:
    """All of the organisation's, the oldest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM holds WHERE bucket = :bucket AND org_id = :org ORDER BY id",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [Hold(*row) for row in rows]


def delete(tx: Tx, hold: Hold) -> bool:
    """False when it has ended already."""
    return 1 == tx.changed(
        "DELETE FROM holds WHERE bucket = :bucket AND org_id = :org AND id = :id",
        bucket=bucket_of(hold.org_id),
        org=hold.org_id,
        id=hold.id,
    )


def delete_subject(tx: Tx, hold: Hold) -> None:
    tx.run(
        "DELETE FROM held WHERE bucket = :bucket AND subject_id = :subject AND hold_id = :hold",
        bucket=bucket_of(hold.subject_id),
        subject=hold.subject_id,
        hold=hold.id,
    )


def of_subjects(tx: Tx, ids: Collection[int]) -> list[OnHold]:
    """The holds about any of these accounts, rooms and organisations."""
    rows = tx.all(
        f"SELECT subject_id, hold_id, from_ms, until_ms FROM held WHERE {tx.sql.ids_in('subject_id', 'ids')}", ids=ids
    )
    return [OnHold(*row) for row in rows]


# deleted posts that are kept


def keep_post(tx: Tx, account_id: int, post_id: int) -> None:
    tx.run(
        """INSERT INTO held_posts (bucket, account_id, post_id) VALUES (:bucket, :account, :post)
           ON CONFLICT (account_id, bucket, post_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        post=post_id,
    )


def let_post_go(tx: Tx, account_id: int, post_id: int) -> None:
    tx.run(
        "DELETE FROM held_posts WHERE bucket = :bucket AND account_id = :account AND post_id = :post",
        bucket=bucket_of(account_id),
        account=account_id,
        post=post_id,
    )


def posts_of(tx: Tx, authors: Collection[int], span: Span) -> list[int]:
    """Deleted posts of authors that are kept, the oldest in span first."""
    rows = tx.all(
        f"""SELECT post_id FROM held_posts WHERE {tx.sql.ids_in("account_id", "authors")}
              AND post_id > :after AND post_id < :before ORDER BY post_id LIMIT :limit""",
        authors=authors,
        after=span.after,
        before=span.before,
        limit=span.limit,
    )
    return [id for (id,) in rows]


def kept_among(tx: Tx, post_ids: Collection[int], authors: Collection[int]) -> set[int]:
    """Those of the deleted posts of authors that are kept."""
    rows = tx.all(
        f"""SELECT post_id FROM held_posts
            WHERE {tx.sql.ids_in("account_id", "authors")} AND {tx.sql.is_in("post_id", "posts")}""",
        authors=authors,
        posts=post_ids,
    )
    return {id for (id,) in rows}
