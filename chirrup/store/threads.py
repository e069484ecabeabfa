"""Replies, in the bucket of the thread's first post, with the columns that say who may see them.

`audience`: "" for public and unlisted posts; ",12,34," for a direct one to these accounts; "+,12," for followers and
those it mentions; "=12" for the members of this room; GONE when it is deleted. `author_id` is 0 in rows older than
these columns: they count as public here, and the oracle decides.
"""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Post, Visibility

GONE = "-"
PER_AUTHOR = 1000  # the newest replies of one account in a thread that are read
LOOKED_MAX = 20_000  # the newest replies of a thread that are read


def insert(tx: Tx, post: Post) -> None:
    tx.run(
        """INSERT INTO thread_posts (bucket, root_id, post_id, parent_id, author_id, audience)
           VALUES (:bucket, :root, :post, :parent, :author, :audience)
           ON CONFLICT (bucket, root_id, post_id) DO NOTHING""",
        bucket=bucket_of(post.root_id),
        root=post.root_id,
        post=post.id,
        parent=post.reply_to_id,
        author=post.author_id,
        audience=_audience(post),
    )


def update(tx: Tx, post: Post, *, gone: bool = False) -> None:
    """Write the audience again: the post's mentions have changed, or it was deleted (gone)."""
    tx.run(
        """UPDATE thread_posts SET author_id = :author, audience = :audience
           WHERE bucket = :bucket AND root_id = :root AND post_id = :post""",
        bucket=bucket_of(post.root_id),
        root=post.root_id,
        post=post.id,
        author=post.author_id,
        audience=GONE if gone else _audience(post),
    )


def _audience(post: Post) -> str:
    if post.visibility in (Visibility.PUBLIC, Visibility.UNLISTED):
        return ""
    if post.audience_id and post.visibility == Visibility.FOLLOWERS:
        return f"={post.audience_id}"
    mentioned = "".join(f"{mention.account_id}," for mention in post.mentioned)
    return f"{'+' if post.visibility == Visibility.FOLLOWERS else ''},{mentioned}"


_FOR_FOLLOWERS = "audience LIKE '+%' OR audience LIKE '=%'"
_WHOSE = "CASE WHEN audience LIKE '=%' THEN CAST(SUBSTR(audience, 2) AS BIGINT) ELSE author_id END"


def followers_only(tx: Tx, root_id: int) -> list[int]:
    """Whose followers some replies are for: authors, and rooms."""
    rows = tx.all(
        f"""SELECT DISTINCT {_WHOSE} FROM thread_posts
            WHERE bucket = :bucket AND root_id = :root AND ({_FOR_FOLLOWERS}) LIMIT :limit""",
        bucket=bucket_of(root_id),
        root=root_id,
        limit=LOOKED_MAX,
    )
    return [id for (id,) in rows]


def shown(
    tx: Tx,
    root_id: int,
    viewer_id: int,
    followees: Collection[int],
    per_author: int = PER_AUTHOR,
    limit: int = LOOKED_MAX,
) -> list[tuple[int, int, int]]:
    """(post id, parent id, author id) of replies below root whose audience includes the viewer, newest first.

    followees: the authors and rooms that the viewer follows. At most the newest per_author of each author.
    """
    rows = tx.all(
        f"""SELECT post_id, parent_id, author_id FROM (
              SELECT post_id, parent_id, author_id, ROW_NUMBER() OVER (
                PARTITION BY CASE WHEN author_id = 0 THEN post_id ELSE author_id END ORDER BY post_id DESC) AS nth
              FROM thread_posts WHERE bucket = :bucket AND root_id = :root AND audience <> '{GONE}'
                AND (audience = '' OR author_id = :viewer OR audience LIKE :mentioned
                     OR (({_FOR_FOLLOWERS}) AND {tx.sql.is_in(_WHOSE, "followees")}))) AS meant
            WHERE nth <= :per_author ORDER BY post_id DESC LIMIT :limit""",
        bucket=bucket_of(root_id),
        root=root_id,
        viewer=viewer_id or -1,
        mentioned=f"%,{viewer_id},%",
        followees=followees,
        per_author=per_author,
        limit=limit,
    )
    return rows


def upwards(tx: Tx, root_id: int, ids: Collection[int]) -> dict[int, int]:
    """post -> parent, for ids and all posts above them, deleted ones too."""
    rows = tx.all(
        f"""WITH RECURSIVE up (post_id, parent_id) AS (
              SELECT post_id, parent_id FROM thread_posts
                WHERE bucket = :bucket AND root_id = :root AND {tx.sql.is_in("post_id", "ids")}
              UNION SELECT t.post_id, t.parent_id FROM up
                JOIN thread_posts t ON t.bucket = :bucket AND t.root_id = :root AND t.post_id = up.parent_id)
            SELECT post_id, parent_id FROM up LIMIT :limit""",
        bucket=bucket_of(root_id),
        root=root_id,
        ids=ids,
        limit=LOOKED_MAX,
    )
    return dict(rows)
