"""The content of posts, whether they are deleted or not: for holds, retention and compliance, and for nobody else."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Post, PostVersion
from .posts import COLUMNS, EMPTY


def tombstones(tx: Tx, ids: Collection[int]) -> dict[int, Post]:
    """Posts among ids, deleted or not."""
    return tx.by_ids(f"SELECT {COLUMNS} FROM posts WHERE {tx.sql.ids_in('id', 'ids')}", Post, ids)


def hide(tx: Tx, id: int) -> bool:
    """delete() that keeps the content, for a hold. False if there is no such post."""
    return 1 == tx.changed(
        "UPDATE posts SET deleted_ms = :now WHERE bucket = :bucket AND id = :id AND deleted_ms = 0",
        now=tx.now_ms,
        bucket=bucket_of(id),
        id=id,
    )


def empty(tx: Tx, id: int) -> None:
    """The content of a deleted post that was kept goes, as with delete()."""
    tx.run(
        f"UPDATE posts SET {EMPTY} WHERE bucket = :bucket AND id = :id AND deleted_ms > 0",
        bucket=bucket_of(id),
        id=id,
    )


def without_media(tx: Tx, id: int) -> None:
    """It shows no media from now on; renderings made before are stale."""
    tx.run(
        "UPDATE posts SET media_ids = '[]', changed_ms = changed_ms + 1 WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(id),
        id=id,
    )


def versions_of(tx: Tx, author_id: int, post_ids: Collection[int]) -> list[PostVersion]:
    """All earlier versions of these posts of the author's, oldest first."""
    rows = tx.all(
        f"""SELECT post_id, at_ms, text, summary, sensitive, media_ids, poll_options, descriptions FROM post_versions
            WHERE bucket = :bucket AND {tx.sql.is_in("post_id", "posts")} ORDER BY post_id, at_ms""",
        bucket=bucket_of(author_id),
        posts=post_ids,
    )
    return [PostVersion(*row) for row in rows]
