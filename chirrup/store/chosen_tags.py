"""Hashtags that accounts follow, and those they feature on their profiles. tag: the normal form in its organisation."""

from collections.abc import Collection

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx
from ..types import FeaturedTag, Span

_FEATURED = ", ".join(FeaturedTag.__struct_fields__)


def follow(tx: Tx, account_id: int, tag: str, name: str) -> bool:
    """Writes both ends. False when it was followed already."""
    bucket = bucket_of(account_id)
    new = 1 == tx.changed(
        """INSERT INTO followed_tags (bucket, account_id, tag, name, id) VALUES (:bucket, :account, :tag, :name, :id)
           ON CONFLICT (bucket, account_id, tag) DO NOTHING""",
        bucket=bucket,
        account=account_id,
        tag=tag,
        name=name,
        id=tx.new_id(bucket),
    )
    if new:
        tx.run(
            """INSERT INTO tag_followers (bucket, tag, account_id) VALUES (:bucket, :tag, :account)
               ON CONFLICT (bucket, tag, account_id) DO NOTHING""",
            bucket=bucket_of_text(tag),
            tag=tag,
            account=account_id,
        )
    return new


def unfollow(tx: Tx, account_id: int, tag: str) -> bool:
    """Deletes both ends. False when it was not followed."""
    gone = 1 == tx.changed(
        "DELETE FROM followed_tags WHERE bucket = :bucket AND account_id = :account AND tag = :tag",
        bucket=bucket_of(account_id),
        account=account_id,
        tag=tag,
    )
    if gone:
        tx.run(
            "DELETE FROM tag_followers WHERE bucket = :bucket AND tag = :tag AND account_id = :account",
            bucket=bucket_of_text(tag),
            tag=tag,
            account=account_id,
        )
    return gone


def followed(tx: Tx, account_id: int, span: Span) -> list[tuple[int, str]]:
    """(follow id, tag), newest follow first. span is over follow ids."""
    rows = tx.all(
        f"""SELECT id, tag FROM followed_tags WHERE bucket = :bucket AND account_id = :account
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows


def chosen_among(tx: Tx, account_id: int, keys: Collection[str]) -> tuple[set[str], set[str]]:
    """(those of keys that account_id follows, those it features)."""
    rows = tx.all(
        f"""SELECT 0, tag FROM followed_tags
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("tag", "keys")}
            UNION ALL SELECT 1, tag FROM featured_tags
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("tag", "keys")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        keys=keys,
    )
    found: tuple[set[str], set[str]] = (set(), set())
    for kind, tag in rows:
        found[kind].add(tag)
    return found


def feature(tx: Tx, featured: FeaturedTag) -> bool:
    """False when it was featured already."""
    return 1 == tx.changed(
        f"""INSERT INTO featured_tags (bucket, {_FEATURED})
            VALUES (:bucket, :id, :account, :tag, :name, :posts, :last_post)
            ON CONFLICT (bucket, account_id, tag) DO NOTHING""",
        bucket=bucket_of(featured.account_id),
        id=featured.id,
        account=featured.account_id,
        tag=featured.tag,
        name=featured.name,
        posts=featured.posts,
        last_post=featured.last_post_ms,
    )


def unfeature(tx: Tx, account_id: int, tag: str) -> bool:
    """False when it was not featured."""
    return 1 == tx.changed(
        "DELETE FROM featured_tags WHERE bucket = :bucket AND account_id = :account AND tag = :tag",
        bucket=bucket_of(account_id),
        account=account_id,
        tag=tag,
    )


def featured(tx: Tx, account_id: int) -> list[FeaturedTag]:
    """The tags that account_id features, the first featured first."""
    rows = tx.all(
        f"SELECT {_FEATURED} FROM featured_tags WHERE bucket = :bucket AND account_id = :account ORDER BY id",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [FeaturedTag(*row) for row in rows]


def count_posts(tx: Tx, account_id: int, tag: str, posts: int, *, last_post_ms: int = 0) -> None:
    """Add to the count of a tag, if account_id features it; last_post_ms moves forward only."""
    tx.run(
        """UPDATE featured_tags SET posts = posts + :posts,
             last_post_ms = CASE WHEN last_post_ms < :last THEN :last ELSE last_post_ms END
           WHERE bucket = :bucket AND account_id = :account AND tag = :tag""",
        posts=posts,
        last=last_post_ms,
        bucket=bucket_of(account_id),
        account=account_id,
        tag=tag,
    )
