"""Annual reports, in the bucket of whom they are about, and the steps in which a year is counted."""

import msgspec

from ..ids import bucket_of
from ..ports import Tx
from ..types import AnnualReport

_COLUMNS = ", ".join(AnnualReport.__struct_fields__)


def insert(tx: Tx, account_id: int, year: int) -> bool:
    """One that is being counted. False: there is one already."""
    return 1 == tx.changed(
        """INSERT INTO annual_reports (bucket, account_id, year, data, asked_ms, read_ms)
           VALUES (:bucket, :account, :year, '', :now, 0) ON CONFLICT (bucket, account_id, year) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        year=year,
        now=tx.now_ms,
    )


def of_account(tx: Tx, account_id: int) -> list[AnnualReport]:
    """All of account_id's, the first year first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM annual_reports WHERE bucket = :bucket AND account_id = :account ORDER BY year",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [AnnualReport(*row) for row in rows]


def set_data(tx: Tx, account_id: int, year: int, data: str) -> None:
    """It has been counted."""
    tx.run(
        "UPDATE annual_reports SET data = :data WHERE bucket = :bucket AND account_id = :account AND year = :year",
        bucket=bucket_of(account_id),
        account=account_id,
        year=year,
        data=data,
    )


def mark_read(tx: Tx, account_id: int, year: int) -> None:
    tx.run(
        """UPDATE annual_reports SET read_ms = :now
           WHERE bucket = :bucket AND account_id = :account AND year = :year AND read_ms = 0""",
        now=tx.now_ms,
        bucket=bucket_of(account_id),
        account=account_id,
        year=year,
    )


class Said(msgspec.Struct, frozen=True):
    """What is counted of a post or boost."""

    id: int
    boost_of_id: int
    answers: int  # the account that it replies to; 0: none, or itself
    poll_id: int
    visibility: str
    tags: str  # JSON list, as written
    boosts: int


def said(tx: Tx, account_id: int, *, after: int, before: int, limit: int) -> list[Said]:
    """Posts and boosts of account_id with after < id < before, the oldest first."""
    rows = tx.all(
        """SELECT p.id, p.boost_of_id,
             CASE WHEN p.reply_to_author_id = p.author_id THEN 0 ELSE p.reply_to_author_id END,
             p.poll_id, p.visibility, p.tags, COALESCE(c.boosts, 0)
           FROM posts p LEFT JOIN post_counts c ON c.bucket = p.bucket AND c.post_id = p.id
           WHERE p.bucket = :bucket AND p.author_id = :account AND p.deleted_ms = 0 AND p.id > :after AND p.id < :before
           ORDER BY p.id LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        after=after,
        before=before,
        limit=limit,
    )
    return [Said(*row) for row in rows]


def followers(tx: Tx, account_id: int, *, after: int, before: int, limit: int) -> list[int]:
    """The ids of follows of account_id with after < id < before, rising: they tell when each began."""
    rows = tx.all(
        """SELECT id FROM followers WHERE bucket = :bucket AND account_id = :account AND id > :after AND id < :before
           ORDER BY id LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        after=after,
        before=before,
        limit=limit,
    )
    return [id for (id,) in rows]
