"""Hashtags: their posts, their uses and their followers.

tag: the normal form in its organisation (ids.text_key).
"""

from collections.abc import Collection

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx
from ..types import Span, Tag, TagUse


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
    """Accounts that follow the tag, ids above `after`, rising: one step of a fan-out."""
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


def add(tx: Tx, tag: str, name: str) -> None:
    """Store the tag, unless it exists already. name: as written."""
    bucket = bucket_of_text(tag)
    tx.run(
        """INSERT INTO tags (bucket, tag, name, id) VALUES (:bucket, :tag, :name, :id)
           ON CONFLICT (bucket, tag) DO NOTHING""",
        bucket=bucket,
        tag=tag,
        name=name,
        id=tx.new_id(bucket),
    )


def find(tx: Tx, keys: Collection[str]) -> dict[str, Tag]:
    """key -> tag, for those of keys that exist."""
    rows = tx.all(
        f"""SELECT tag, name, id FROM tags
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("tag", "keys")}""",
        buckets={bucket_of_text(tag) for tag in keys},
        keys=keys,
    )
    return {row[0]: Tag(*row) for row in rows}


def by_id(tx: Tx, id: int) -> Tag | None:
    """Reads all tags of its bucket: for what staff do now and then."""
    row = tx.one("SELECT tag, name, id FROM tags WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Tag(*row) if row else None


def beginning(tx: Tx, start: str, *, limit: int, offset: int = 0) -> list[Tag]:
    """Tags whose normal form begins with start, in the order of their names."""
    rows = tx.all(
        f"""SELECT tag, name, id FROM tags WHERE {tx.sql.begins("tag", "start")}
            ORDER BY tag {tx.sql.bytewise} LIMIT :limit OFFSET :offset""",
        start=start,
        limit=limit,
        offset=offset,
    )
    return [Tag(*row) for row in rows]


def add_post(tx: Tx, tag: str, post_id: int) -> bool:
    """False when it was added already."""
    return 1 == tx.changed(
        """INSERT INTO tag_posts (bucket, tag, post_id, counted) VALUES (:bucket, :tag, :post, 0)
           ON CONFLICT (bucket, tag, post_id) DO NOTHING""",
        bucket=bucket_of_text(tag),
        tag=tag,
        post=post_id,
    )


def mark_counted(tx: Tx, tag: str, post_id: int) -> bool:
    """False when its use was counted already, or the post no longer has the tag."""
    return 1 == tx.changed(
        """UPDATE tag_posts SET counted = 1
           WHERE bucket = :bucket AND tag = :tag AND post_id = :post AND counted = 0""",
        bucket=bucket_of_text(tag),
        tag=tag,
        post=post_id,
    )


def remove_post(tx: Tx, tag: str, post_id: int) -> bool:
    """False when it was not there."""
    return 1 == tx.changed(
        "DELETE FROM tag_posts WHERE bucket = :bucket AND tag = :tag AND post_id = :post",
        bucket=bucket_of_text(tag),
        tag=tag,
        post=post_id,
    )


def posts_near(tx: Tx, tag: str, account_id: int) -> list[int]:
    """Public posts with the tag by account_id, and by other accounts of its bucket; in no order."""
    rows = tx.all(
        """SELECT post_id FROM tag_posts WHERE bucket = :bucket AND tag = :tag AND (post_id & 4095) = :authors""",
        bucket=bucket_of_text(tag),
        tag=tag,
        authors=bucket_of(account_id),
    )
    return [id for (id,) in rows]


# how much they are used


def count_use(tx: Tx, tag: str, day: int, account_id: int) -> None:
    """One more use on day (days since 1970) by account_id."""
    bucket = bucket_of_text(tag)
    first = tx.changed(
        """INSERT INTO tag_day_accounts (bucket, tag, day, account_id) VALUES (:bucket, :tag, :day, :account)
           ON CONFLICT (bucket, tag, day, account_id) DO NOTHING""",
        bucket=bucket,
        tag=tag,
        day=day,
        account=account_id,
    )
    tx.run(
        """INSERT INTO tag_days (bucket, tag, day, uses, accounts) VALUES (:bucket, :tag, :day, 1, :first)
           ON CONFLICT (bucket, tag, day) DO UPDATE SET
             uses = tag_days.uses + 1, accounts = tag_days.accounts + excluded.accounts""",
        bucket=bucket,
        tag=tag,
        day=day,
        first=first,
    )


def uses(tx: Tx, keys: Collection[str], *, since_day: int) -> dict[str, list[TagUse]]:
    """tag -> uses by day, for the days from since_day on which it was used."""
    rows = tx.all(
        f"""SELECT tag, day, uses, accounts FROM tag_days
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("tag", "keys")} AND day >= :since""",
        buckets={bucket_of_text(tag) for tag in keys},
        keys=keys,
        since=since_day,
    )
    found: dict[str, list[TagUse]] = {}
    for tag, *use in rows:
        found.setdefault(tag, []).append(TagUse(*use))
    return found
