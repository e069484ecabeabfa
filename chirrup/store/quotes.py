"""Which posts quote a post, as it is asked from the quoted one. Those that its author has taken back are not in it."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Span


def insert(tx: Tx, post_id: int, quote_id: int, account_id: int) -> None:
    tx.run(
        """INSERT INTO quotes (bucket, post_id, quote_id, account_id) VALUES (:bucket, :post, :quote, :account)
           ON CONFLICT (bucket, post_id, quote_id) DO NOTHING""",
        bucket=bucket_of(post_id),
        post=post_id,
        quote=quote_id,
        account=account_id,
    )


def remove(tx: Tx, post_id: int, quote_id: int) -> bool:
    """False when there is none."""
    return 1 == tx.changed(
        "DELETE FROM quotes WHERE bucket = :bucket AND post_id = :post AND quote_id = :quote",
        bucket=bucket_of(post_id),
        post=post_id,
        quote=quote_id,
    )


def remove_all(tx: Tx, post_id: int) -> None:
    """The post is gone."""
    tx.run("DELETE FROM quotes WHERE bucket = :bucket AND post_id = :post", bucket=bucket_of(post_id), post=post_id)


def page(tx: Tx, post_id: int, span: Span) -> list[tuple[int, int]]:
    """(quoting post, who wrote it) in span, newest first; when span.oldest, oldest first."""
    return tx.all(
        f"""SELECT quote_id, account_id FROM quotes WHERE bucket = :bucket AND post_id = :post
              AND quote_id < :before AND quote_id > :after
            ORDER BY quote_id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(post_id),
        post=post_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
