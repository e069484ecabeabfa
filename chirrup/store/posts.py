"""Posts, their counters, earlier versions, threads, and the idempotency keys they were sent with."""

from collections.abc import Collection, Mapping
from functools import cache

from ..ids import bucket_of
from ..ports import Phrases, Tx
from ..types import POST_COLUMNS, Post, PostCounts, PostVersion, Span

COLUMNS = ", ".join(POST_COLUMNS)
_VALUES = ", ".join(f":{name}" for name in POST_COLUMNS)
EMPTY = "text = '', summary = '', media_ids = '[]', poll_id = 0, link = '', card_id = 0"


def by_ids(tx: Tx, ids: Collection[int], known: Mapping[int, Post] | None = None) -> dict[int, Post]:
    """The posts among ids that still exist. One query, whatever len(ids). Does not check who may see them.

    known: posts read before. Then the first query reads only the versions of all, and a second one, if needed, the
    posts that are new or have changed: text is most of what PostgreSQL sends.

    The statements find deleted posts too. With `deleted_ms = 0` in them, PostgreSQL on a young table prefers a partial
    index of posts that are not deleted, and reads all of it.
    """
    same: dict[int, Post] = {}
    if known and any(id in known for id in ids):
        versions = tx.by_ids(_versions(tx.sql), _second, ids)
        same = {id: post for id, at in versions.items() if (post := known.get(id)) and post.changed_ms == at}
        ids = [id for id, at in versions.items() if at and id not in same] if len(same) < len(versions) else []
    if not ids:
        return same
    found = tx.by_ids(f"SELECT {COLUMNS} FROM posts WHERE {tx.sql.ids_in('id', 'ids')}", Post, ids)
    return same | {id: post for id, post in found.items() if not post.deleted_ms}


@cache
def _versions(sql: Phrases) -> str:
    """(post, a number that rises with each change; 0: deleted)"""
    return f"SELECT id, CASE deleted_ms WHEN 0 THEN changed_ms ELSE 0 END FROM posts WHERE {sql.ids_in('id', 'ids')}"


def boosts_among(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    """id -> the post it boosts, 0 if it is no boost; deleted ones too."""
    return tx.by_ids(f"SELECT id, boost_of_id FROM posts WHERE {tx.sql.ids_in('id', 'ids')}", _second, ids)


def _second(_: int, value: int) -> int:
    return value


def authors(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    """id -> author; deleted posts too."""
    return tx.by_ids(f"SELECT id, author_id FROM posts WHERE {tx.sql.ids_in('id', 'ids')}", _second, ids)


def by_id(tx: Tx, id: int) -> Post | None:
    post = tombstone(tx, id)
    return None if post is None or post.deleted_ms else post


def tombstone(tx: Tx, id: int) -> Post | None:
    """The post, deleted or not. A deletion is announced to the audience that this has."""
    row = tx.one(f"SELECT {COLUMNS} FROM posts WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Post(*row) if row else None


def insert(tx: Tx, post: Post) -> None:
    """If another process has drawn the same id, the operation is run again and draws another."""
    tx.run(
        f"INSERT INTO posts (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(post.id),
        **{name: getattr(post, name) for name in POST_COLUMNS},
    )


def update(tx: Tx, post: Post) -> bool:
    """Write the columns an edit may change. False: it is deleted."""
    return 1 == tx.changed(
        """UPDATE posts SET text = :text, summary = :summary, sensitive = :sensitive, language = :language,
             mentions = :mentions, tags = :tags, media_ids = :media_ids, poll_id = :poll_id,
             changed_ms = :changed_ms, edited_ms = :edited_ms, quote_policy = :quote_policy,
             link = :link, card_id = :card_id
           WHERE bucket = :bucket AND id = :id AND deleted_ms = 0""",
        bucket=bucket_of(post.id),
        id=post.id,
        text=post.text,
        summary=post.summary,
        sensitive=post.sensitive,
        language=post.language,
        mentions=post.mentions,
        tags=post.tags,
        media_ids=post.media_ids,
        poll_id=post.poll_id,
        changed_ms=post.changed_ms,
        edited_ms=post.edited_ms,
        quote_policy=post.quote_policy,
        link=post.link,
        card_id=post.card_id,
    )


def mark_sensitive(tx: Tx, id: int) -> bool:
    """False: it is so already, or is deleted."""
    return 1 == tx.changed(
        """UPDATE posts SET sensitive = 1, changed_ms = changed_ms + 1
           WHERE bucket = :bucket AND id = :id AND sensitive = 0 AND deleted_ms = 0""",
        bucket=bucket_of(id),
        id=id,
    )


def set_card(tx: Tx, id: int, link: str, card_id: int) -> bool:
    """Show the card with the post, whose cached renderings are stale then. False: it has another link, or one card."""
    return 1 == tx.changed(
        """UPDATE posts SET card_id = :card, changed_ms = changed_ms + 1
           WHERE bucket = :bucket AND id = :id AND link = :link AND card_id = 0 AND deleted_ms = 0""",
        card=card_id,
        bucket=bucket_of(id),
        id=id,
        link=link,
    )


def ids_with_link(tx: Tx, link: str, span: Span, *, without_card: bool = False) -> list[int]:
    """Posts with this link, newest first, whoever they are for; if span.oldest, oldest first."""
    rows = tx.all(
        f"""SELECT id FROM posts WHERE link = :link AND link <> '' AND deleted_ms = 0
              AND id < :before AND id > :after {"AND card_id = 0" if without_card else ""}
            ORDER BY id {_order(span)} LIMIT :limit""",
        link=link,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [id for (id,) in rows]


def set_quote_policy(tx: Tx, id: int, policy: str) -> None:
    """Who may quote it; renderings made before are stale, as with the next two."""
    tx.run(
        """UPDATE posts SET quote_policy = :policy, changed_ms = changed_ms + 1
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(id),
        id=id,
        policy=policy,
    )


def revoke_quote(tx: Tx, id: int) -> None:
    """The author of what the post quotes takes that back."""
    tx.run(
        """UPDATE posts SET quote_revoked_ms = :now, changed_ms = changed_ms + 1
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(id),
        id=id,
        now=tx.now_ms,
    )


def touch(tx: Tx, id: int) -> None:
    """Give the post a new version without changing it: something it shows has changed, so cached copies are stale."""
    tx.run(
        "UPDATE posts SET changed_ms = changed_ms + 1 WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id
    )


def delete(tx: Tx, id: int) -> bool:
    """Replace the post by a tombstone without content, which keeps threads complete. False if there is no such post."""
    return 1 == tx.changed(
        f"UPDATE posts SET deleted_ms = :now, {EMPTY} WHERE bucket = :bucket AND id = :id AND deleted_ms = 0",
        now=tx.now_ms,
        bucket=bucket_of(id),
        id=id,
    )


def counts(tx: Tx, ids: Collection[int]) -> dict[int, PostCounts]:
    """post -> counters; posts without any reaction are absent."""
    return tx.by_ids(_counts(tx.sql), PostCounts, ids)


@cache
def _counts(sql: Phrases) -> str:
    return f"SELECT post_id, replies, boosts, favourites, quotes FROM post_counts WHERE {sql.ids_in('post_id', 'ids')}"


def add_counts(
    tx: Tx, post_id: int, *, replies: int = 0, boosts: int = 0, favourites: int = 0, quotes: int = 0
) -> None:
    tx.run(
        """INSERT INTO post_counts (bucket, post_id, replies, boosts, favourites, quotes)
           VALUES (:bucket, :post, :replies, :boosts, :favourites, :quotes)
           ON CONFLICT (post_id, bucket) DO UPDATE SET
             replies = post_counts.replies + excluded.replies,
             boosts = post_counts.boosts + excluded.boosts,
             favourites = post_counts.favourites + excluded.favourites,
             quotes = post_counts.quotes + excluded.quotes""",
        bucket=bucket_of(post_id),
        post=post_id,
        replies=replies,
        boosts=boosts,
        favourites=favourites,
        quotes=quotes,
    )


# Pages of post ids in span, newest first; if span.oldest, oldest first.


OF_AUTHOR = {  # conditions for a list of one author's posts
    "media": "media_ids <> '[]'",
    "no replies": "reply_to_author_id IN (0, author_id)",
    "no boosts": "boost_of_id = 0",
    "tags": "tags <> '[]'",
    "not direct": "visibility <> 'direct'",
    "open": "(visibility <> 'direct' AND (visibility <> 'private' OR audience_id > 0 OR mentions LIKE :mentioned))",
}


def mentioning(account_id: int) -> str:
    """A LIKE pattern for the mentions of a post that mentions account_id."""
    return f"%[{account_id},%"


def ids_by_author(
    tx: Tx, author_id: int, span: Span, conditions: Collection[str] = (), *, viewer_id: int = 0
) -> list[int]:
    """conditions: keys of OF_AUTHOR. "open": only posts that viewer_id, who does not follow the author, may see."""
    where = " AND ".join(OF_AUTHOR[name] for name in conditions)
    rows = tx.all(
        f"""SELECT id FROM posts WHERE bucket = :bucket AND author_id = :author AND deleted_ms = 0
              AND id < :before AND id > :after AND {where or "1 = 1"} ORDER BY id {_order(span)} LIMIT :limit""",
        bucket=bucket_of(author_id),
        author=author_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
        mentioned=mentioning(viewer_id),
    )
    return [id for (id,) in rows]


def newest_of_all(tx: Tx) -> int:
    """The id of the newest post, 0 when there is none."""
    row = tx.one("SELECT id FROM posts ORDER BY id DESC LIMIT 1")
    return row[0] if row else 0


def ids_public(tx: Tx, span: Span, org_id: int, *, hidden: Collection[int] = (), only_media: bool = False) -> list[int]:
    """Public posts of an organisation, without boosts, replies to others, and posts of suspended or hidden authors."""
    rows = tx.all(
        f"""SELECT p.id FROM posts p JOIN accounts a ON a.bucket = p.bucket AND a.id = p.author_id
            WHERE p.org_id = :org AND p.deleted_ms = 0 AND p.visibility = 'public' AND p.boost_of_id = 0
              AND p.reply_to_author_id IN (0, p.author_id) AND p.id < :before AND p.id > :after
              AND a.suspended_ms = 0 AND NOT {tx.sql.is_in("p.author_id", "hidden")}
              {"AND p.media_ids <> '[]'" if only_media else ""}
            ORDER BY p.id {_order(span)} LIMIT :limit""",
        before=span.before,
        after=span.after,
        limit=span.limit,
        org=org_id,
        hidden=hidden,
    )
    return [id for (id,) in rows]


def deleted_between(tx: Tx, after: int, before: int, limit: int) -> list[int]:
    """Ids of all deleted posts and boosts in a time, oldest first. It reads all posts of that time: ask for seconds."""
    rows = tx.all(
        """SELECT id FROM posts WHERE id > :after AND id < :before AND deleted_ms > 0 ORDER BY id LIMIT :limit""",
        after=after,
        before=before,
        limit=limit,
    )
    return [id for (id,) in rows]


def newest_by_authors(tx: Tx, authors: Collection[int], span: Span) -> list[int]:
    """The newest posts and boosts of any of authors, newest first. Home timelines are rebuilt from them."""
    rows = tx.all(tx.sql.newest_posts, authors=list(authors), before=span.before, after=span.after, limit=span.limit)
    return [id for (id,) in rows]


def oldest_by_authors(tx: Tx, authors: Collection[int], span: Span) -> list[int]:
    """As newest_by_authors(), but the oldest in span, oldest first: the page right after span.after."""
    rows = tx.all(tx.sql.oldest_posts, authors=list(authors), before=span.before, after=span.after, limit=span.limit)
    return [id for (id,) in rows]


def _order(span: Span) -> str:
    return "ASC" if span.oldest else "DESC"


# earlier versions


def insert_version(tx: Tx, version: PostVersion) -> None:
    tx.run(
        """INSERT INTO post_versions
             (bucket, post_id, at_ms, text, summary, sensitive, media_ids, poll_options, descriptions)
           VALUES (:bucket, :post_id, :at_ms, :text, :summary, :sensitive, :media_ids, :poll_options, :descriptions)
           ON CONFLICT (bucket, post_id, at_ms) DO NOTHING""",
        bucket=bucket_of(version.post_id),
        **{name: getattr(version, name) for name in PostVersion.__struct_fields__},
    )


def delete_versions(tx: Tx, post_id: int) -> None:
    """All that its history keeps."""
    tx.run(
        "DELETE FROM post_versions WHERE bucket = :bucket AND post_id = :post", bucket=bucket_of(post_id), post=post_id
    )


def trim_versions(tx: Tx, post_id: int, kept: int) -> None:
    """Keep the first version and the newest `kept`."""
    tx.run(
        """DELETE FROM post_versions WHERE bucket = :bucket AND post_id = :post
             AND at_ms > (SELECT MIN(at_ms) FROM post_versions WHERE bucket = :bucket AND post_id = :post)
             AND at_ms < (SELECT MIN(at_ms) FROM (
               SELECT at_ms FROM post_versions WHERE bucket = :bucket AND post_id = :post
               ORDER BY at_ms DESC LIMIT :kept) AS newest)""",
        bucket=bucket_of(post_id),
        post=post_id,
        kept=kept,
    )


def versions(tx: Tx, post_id: int, limit: int) -> list[PostVersion]:
    """The newest earlier versions, oldest first, without the current one."""
    rows = tx.all(
        """SELECT post_id, at_ms, text, summary, sensitive, media_ids, poll_options, descriptions FROM post_versions
           WHERE bucket = :bucket AND post_id = :post ORDER BY at_ms DESC LIMIT :limit""",
        bucket=bucket_of(post_id),
        post=post_id,
        limit=limit,
    )
    return [PostVersion(*row) for row in reversed(rows)]


# idempotency keys


def by_key(tx: Tx, account_id: int, key: str) -> tuple[int, str] | None:
    """(post id, digest of the request) that this key was used for."""
    row = tx.one(
        "SELECT post_id, digest FROM idempotency WHERE bucket = :bucket AND account_id = :account AND key = :key",
        bucket=bucket_of(account_id),
        account=account_id,
        key=key,
    )
    return (row[0], row[1]) if row else None


def insert_key(tx: Tx, account_id: int, key: str, post_id: int, digest: str) -> None:
    tx.run(
        """INSERT INTO idempotency (bucket, account_id, key, post_id, digest, created_ms)
           VALUES (:bucket, :account, :key, :post, :digest, :now)""",
        bucket=bucket_of(account_id),
        account=account_id,
        key=key,
        post=post_id,
        digest=digest,
        now=tx.now_ms,
    )


def forget_keys(tx: Tx, older_than_ms: int) -> int:
    return tx.changed("DELETE FROM idempotency WHERE created_ms < :at", at=older_than_ms)
