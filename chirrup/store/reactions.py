"""Marks: favourites, boosts, bookmarks and pins of posts. And muted threads."""

from collections.abc import Collection
from functools import cache

from ..ids import bucket_of
from ..ports import Phrases, Tx
from ..types import Post, PostFlags, Span

# mark -> the table with the post's end, if marks are read from there too
MARKS = {"favourites": "favourited_by", "boosts": "boosted_by", "bookmarks": "", "pins": ""}


def add(tx: Tx, mark: str, account_id: int, post_id: int, id: int = 0) -> bool:
    """Set a mark (a key of MARKS), at both ends. id: of the boost; 0: draw one. False when it was set already."""
    id = id or tx.new_id(bucket_of(account_id))
    new = 1 == tx.changed(
        f"""INSERT INTO {mark} (bucket, account_id, post_id, id) VALUES (:bucket, :account, :post, :id)
            ON CONFLICT (bucket, account_id, post_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        post=post_id,
        id=id,
    )
    if new and MARKS[mark]:
        tx.run(
            f"""INSERT INTO {MARKS[mark]} (bucket, post_id, account_id, id) VALUES (:bucket, :post, :account, :id)
                ON CONFLICT (bucket, post_id, account_id) DO NOTHING""",
            bucket=bucket_of(post_id),
            post=post_id,
            account=account_id,
            id=id,
        )
    return new


def remove(tx: Tx, mark: str, account_id: int, post_id: int) -> int:
    """Delete a mark. Returns its id (for a boost, the boost's id), 0 when there was none."""
    rows = tx.all(
        f"DELETE FROM {mark} WHERE bucket = :bucket AND account_id = :account AND post_id = :post RETURNING id",
        bucket=bucket_of(account_id),
        account=account_id,
        post=post_id,
    )
    if rows and MARKS[mark]:
        tx.run(
            f"DELETE FROM {MARKS[mark]} WHERE bucket = :bucket AND post_id = :post AND account_id = :account",
            bucket=bucket_of(post_id),
            post=post_id,
            account=account_id,
        )
    return rows[0][0] if rows else 0


def find(tx: Tx, mark: str, account_id: int, post_id: int) -> int:
    """The id of the mark, 0 when there is none."""
    row = tx.one(
        f"SELECT id FROM {mark} WHERE bucket = :bucket AND account_id = :account AND post_id = :post",
        bucket=bucket_of(account_id),
        account=account_id,
        post=post_id,
    )
    return row[0] if row else 0


def page_of_posts(tx: Tx, mark: str, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(mark id, post id) of account_id's marks, newest mark first."""
    rows = tx.all(
        f"""SELECT id, post_id FROM {mark} WHERE bucket = :bucket AND account_id = :account
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows


def page_of_accounts(tx: Tx, mark: str, post_id: int, span: Span) -> list[tuple[int, int]]:
    """(mark id, account id) of post_id's reactors, newest mark first. Only for marks with both ends in MARKS."""
    rows = tx.all(
        f"""SELECT id, account_id FROM {MARKS[mark]} WHERE bucket = :bucket AND post_id = :post
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(post_id),
        post=post_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows


def flags(tx: Tx, viewer_id: int, posts: Collection[Post]) -> dict[int, PostFlags]:
    """post -> viewer_id's marks, absent where there are none. One query in the viewer's bucket."""
    if not viewer_id or not posts:
        return {}
    rows = tx.all(
        _flags(tx.sql),
        bucket=bucket_of(viewer_id),
        viewer=viewer_id,
        ids=[post.id for post in posts],
        roots=[post.root_id for post in posts],
    )
    if not rows:
        return {}
    found: tuple[set[int], ...] = (set(), set(), set(), set(), set())
    for kind, id in rows:
        found[kind].add(id)
    favourited, boosted, bookmarked, pinned, muted = found
    return {
        post.id: PostFlags(
            favourited=post.id in favourited,
            boosted=post.id in boosted,
            bookmarked=post.id in bookmarked,
            pinned=post.id in pinned,
            muted=post.root_id in muted,
        )
        for post in posts
    }


@cache
def _flags(sql: Phrases) -> str:
    return f"""SELECT 0, post_id FROM {sql.seldom("favourites")}
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("post_id", "ids")}
        UNION ALL SELECT 1, post_id FROM {sql.seldom("boosts")}
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("post_id", "ids")}
        UNION ALL SELECT 2, post_id FROM {sql.seldom("bookmarks")}
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("post_id", "ids")}
        UNION ALL SELECT 3, post_id FROM {sql.seldom("pins")}
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("post_id", "ids")}
        UNION ALL SELECT 4, root_id FROM {sql.seldom("thread_mutes")}
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("root_id", "roots")}"""


def favouriters_among(tx: Tx, post_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids whose favourite the post is."""
    rows = tx.all(
        f"""SELECT account_id FROM favourited_by
            WHERE bucket = :bucket AND post_id = :post AND {tx.sql.is_in("account_id", "ids")}""",
        bucket=bucket_of(post_id),
        post=post_id,
        ids=ids,
    )
    return {id for (id,) in rows}


def deeds(tx: Tx, post: Post, ids: Collection[int]) -> dict[int, frozenset[int]]:
    """account -> what it did with post, its poll and its thread. Equal values: the post looks the same to both.

    Absent: nothing. One query; a join, because an account's marks are in the account's own bucket.
    """
    rows = tx.all(
        f"""SELECT 0, account_id FROM favourited_by
              WHERE bucket = :bucket AND post_id = :post AND {tx.sql.is_in("account_id", "ids")}
            UNION ALL SELECT 1, account_id FROM boosted_by
              WHERE bucket = :bucket AND post_id = :post AND {tx.sql.is_in("account_id", "ids")}
            UNION ALL SELECT 2, m.account_id FROM accounts a
              JOIN bookmarks m ON m.bucket = a.bucket AND m.account_id = a.id AND m.post_id = :post
              WHERE {tx.sql.ids_in("a.id", "ids")}
            UNION ALL SELECT 3, m.account_id FROM accounts a
              JOIN thread_mutes m ON m.bucket = a.bucket AND m.account_id = a.id AND m.root_id = :root
              WHERE {tx.sql.ids_in("a.id", "ids")}
            UNION ALL SELECT 4 + position, account_id FROM poll_votes
              WHERE bucket = :poll_bucket AND poll_id = :poll AND {tx.sql.is_in("account_id", "ids")}""",
        bucket=bucket_of(post.id),
        post=post.id,
        root=post.root_id,
        poll_bucket=bucket_of(post.poll_id),
        poll=post.poll_id,
        ids=ids,
    )
    found: dict[int, set[int]] = {}
    for deed, account_id in rows:
        found.setdefault(account_id, set()).add(deed)
    return {account_id: frozenset(did) for account_id, did in found.items()}


def mute_thread(tx: Tx, account_id: int, root_id: int) -> None:
    tx.run(
        """INSERT INTO thread_mutes (bucket, account_id, root_id) VALUES (:bucket, :account, :root)
           ON CONFLICT (bucket, account_id, root_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        root=root_id,
    )


def unmute_thread(tx: Tx, account_id: int, root_id: int) -> bool:
    """False when it was not muted."""
    return 1 == tx.changed(
        "DELETE FROM thread_mutes WHERE bucket = :bucket AND account_id = :account AND root_id = :root",
        bucket=bucket_of(account_id),
        account=account_id,
        root=root_id,
    )


def thread_muters(tx: Tx, root_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids that muted the thread."""
    rows = tx.all(
        f"""SELECT account_id FROM thread_mutes
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("account_id", "ids")} AND root_id = :root""",
        buckets={bucket_of(id) for id in ids},
        ids=ids,
        root=root_id,
    )
    return {id for (id,) in rows}


def count_pins(tx: Tx, account_id: int) -> int:
    row = tx.one(
        "SELECT COUNT(*) FROM pins WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return row[0] if row else 0
