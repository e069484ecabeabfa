"""Which posts an account has brought in from elsewhere, so that none comes twice."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx


def among(tx: Tx, account_id: int, sources: Collection[str]) -> dict[str, int]:
    """source -> the post that was made of it, also if that was deleted since."""
    rows = tx.all(
        f"""SELECT source, post_id FROM imported_posts
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("source", "sources")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        sources=sources,
    )
    return dict(rows)


def insert(tx: Tx, account_id: int, source: str, post_id: int) -> None:
    tx.run(
        """INSERT INTO imported_posts (bucket, account_id, source, post_id) VALUES (:bucket, :account, :source, :post)
           ON CONFLICT (bucket, account_id, source) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        source=source,
        post=post_id,
    )
