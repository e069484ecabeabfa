"""Hashtags: which posts have them, how much they are used, who follows them. tag: the normal form."""

from collections.abc import Collection

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx
from ..types import Span


def posts_with(tx: Tx, tag: str, span: Span) -> list[int]:
    """Public posts with the tag, newest first (oldest first when span.oldest)."""
    rows = tx.all(
        f"""SELECT post_id FROM tag_posts WHERE bucket = :bucket AND tag = :tag
              AND post_id < :before AND post_id > :after
            ORDER BY post_id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of_text(tag),
        tag=tag,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [id for (id,) in rows]


def followers_step(tx: Tx, tag: str, *, after: int, limit: int) -> list[int]:
    """Accounts that follow the tag, ids rising, above `after`: one step of a fan-out."""
    rows = tx.all(
        """SELECT account_id FROM tag_followers WHERE bucket = :bucket AND tag = :tag AND account_id > :after
           ORDER BY account_id LIMIT :limit""",
        bucket=bucket_of_text(tag),
        tag=tag,
        after=after,
        limit=limit,
    )
    return [id for (id,) in rows]


def followed_by(tx: Tx, account_id: int) -> list[str]:
    """The tags account_id follows."""
    rows = tx.all(
        "SELECT tag FROM followed_tags WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [tag for (tag,) in rows]


def add_post(tx: Tx, names: Collection[str], keys: Collection[str], post_id: int) -> None:
    """names: as written, beside their normal forms in keys."""
    for name, tag in zip(names, keys, strict=True):
        bucket = bucket_of_text(tag)
        tx.run(
            """INSERT INTO tags (bucket, tag, name, id) VALUES (:bucket, :tag, :name, :id)
               ON CONFLICT (bucket, tag) DO NOTHING""",
            bucket=bucket,
            tag=tag,
            name=name,
            id=tx.new_id(bucket),
        )
        tx.run(
            """INSERT INTO tag_posts (bucket, tag, post_id) VALUES (:bucket, :tag, :post)
               ON CONFLICT (bucket, tag, post_id) DO NOTHING""",
            bucket=bucket,
            tag=tag,
            post=post_id,
        )


def remove_post(tx: Tx, keys: Collection[str], post_id: int) -> None:
    for tag in keys:
        tx.run(
            "DELETE FROM tag_posts WHERE bucket = :bucket AND tag = :tag AND post_id = :post",
            bucket=bucket_of_text(tag),
            tag=tag,
            post=post_id,
        )
