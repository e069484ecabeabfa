"""Counts rows and corrects the counters that are kept of them.

A count takes a list of ids; ids without rows are absent. To correct a counter, lock it first, then count in a later
statement. Operations change rows and their counter in one transaction. So while the counter is locked, a change is
either committed, and counted, or has not touched the counter yet, and will be added to the value written here.
"""

from collections.abc import Collection

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx
from ..types import Span


def ids(tx: Tx, table: str, span: Span) -> list[int]:
    """A page of all accounts, posts (deleted ones, too) or polls."""
    rows = tx.all(
        f"""SELECT id FROM {table} WHERE id < :before AND id > :after
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [id for (id,) in rows]


# accounts


def followers(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    rows = tx.all(
        f"""SELECT a.id, COUNT(*) FROM accounts a JOIN followers f ON f.bucket = a.bucket AND f.account_id = a.id
            WHERE {tx.sql.ids_in("a.id", "ids")} GROUP BY a.bucket, a.id""",
        ids=ids,
    )
    return dict(rows)


def followees(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    rows = tx.all(
        f"""SELECT a.id, COUNT(*) FROM accounts a JOIN following f ON f.bucket = a.bucket AND f.account_id = a.id
            WHERE {tx.sql.ids_in("a.id", "ids")} GROUP BY a.bucket, a.id""",
        ids=ids,
    )
    return dict(rows)


def posts(tx: Tx, ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """account -> (counted posts, time of the last one in ms)."""
    rows = tx.all(
        f"""SELECT author_id, COUNT(*), MAX(id) >> 16 FROM posts
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("author_id", "ids")}
              AND deleted_ms = 0 AND visibility IN ('public', 'unlisted')
            GROUP BY bucket, author_id""",
        buckets={bucket_of(id) for id in ids},
        ids=ids,
    )
    return {id: (count, last_ms) for id, count, last_ms in rows}


def set_account(tx: Tx, id: int, *, followers: int, followees: int, posts: int, last_post_ms: int) -> None:
    tx.run(
        """UPDATE account_counts SET followers = :followers, followees = :followees, posts = :posts,
             last_post_ms = :last_post_ms WHERE bucket = :bucket AND account_id = :id""",
        bucket=bucket_of(id),
        id=id,
        followers=followers,
        followees=followees,
        posts=posts,
        last_post_ms=last_post_ms,
    )


# posts


def roots(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    """post -> first post of its thread, for those of ids that still exist."""
    found = tx.by_ids(f"SELECT id, root_id, deleted_ms FROM posts WHERE {tx.sql.ids_in('id', 'ids')}", _root, ids)
    return {id: root for id, root in found.items() if root}


def _root(_: int, root_id: int, deleted_ms: int) -> int:
    return 0 if deleted_ms else root_id


def audiences(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    """post -> visibility, for those of ids that still exist."""
    found = tx.by_ids(
        f"SELECT id, visibility, deleted_ms FROM posts WHERE {tx.sql.ids_in('id', 'ids')}", _audience, ids
    )
    return {id: visibility for id, visibility in found.items() if visibility}


def _audience(_: int, visibility: str, deleted_ms: int) -> str:
    return "" if deleted_ms else visibility


def replies(tx: Tx, roots: Collection[int], ids: Collection[int]) -> list[tuple[int, int]]:
    """(post, reply) of those of ids in the threads of roots, deleted replies too."""
    return tx.all(
        f"""SELECT t.parent_id, t.post_id FROM posts r JOIN thread_posts t ON t.bucket = r.bucket AND t.root_id = r.id
            WHERE {tx.sql.ids_in("r.id", "roots")} AND {tx.sql.is_in("t.parent_id", "ids")}""",
        roots=roots,
        ids=ids,
    )


def boosts(tx: Tx, ids: Collection[int]) -> list[tuple[int, int, int]]:
    """(post, boost, reactor), from the marks."""
    return tx.all(
        f"""SELECT p.id, m.id, m.account_id FROM posts p JOIN boosted_by m ON m.bucket = p.bucket AND m.post_id = p.id
            WHERE {tx.sql.ids_in("p.id", "ids")}""",
        ids=ids,
    )


def favourites(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    rows = tx.all(
        f"""SELECT p.id, COUNT(*) FROM posts p JOIN favourited_by m ON m.bucket = p.bucket AND m.post_id = p.id
            WHERE {tx.sql.ids_in("p.id", "ids")} GROUP BY p.bucket, p.id""",
        ids=ids,
    )
    return dict(rows)


def quotes(tx: Tx, ids: Collection[int]) -> list[tuple[int, int]]:
    """(post, quoting post), without those taken back."""
    return tx.all(
        f"""SELECT p.id, q.quote_id FROM posts p JOIN quotes q ON q.bucket = p.bucket AND q.post_id = p.id
            WHERE {tx.sql.ids_in("p.id", "ids")}""",
        ids=ids,
    )


def set_post(tx: Tx, id: int, *, replies: int, boosts: int, favourites: int, quotes: int) -> None:
    tx.run(
        """UPDATE post_counts SET replies = :replies, boosts = :boosts, favourites = :favourites, quotes = :quotes
           WHERE bucket = :bucket AND post_id = :id""",
        bucket=bucket_of(id),
        id=id,
        replies=replies,
        boosts=boosts,
        favourites=favourites,
        quotes=quotes,
    )


def pins_left(tx: Tx, ids: Collection[int]) -> list[tuple[int, int]]:
    """(post, account that pinned it) for those of ids that are deleted."""
    return tx.all(
        f"""SELECT p.id, m.account_id FROM posts p
              JOIN pins m ON m.bucket = p.bucket AND m.account_id = p.author_id AND m.post_id = p.id
            WHERE {tx.sql.ids_in("p.id", "ids")} AND p.deleted_ms > 0""",
        ids=ids,
    )


# polls


def hold_poll(tx: Tx, id: int) -> None:
    """Locks the poll: nobody else can vote until this transaction ends."""
    tx.run("UPDATE polls SET voters = voters WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def voters(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    rows = tx.all(
        f"""SELECT p.id, COUNT(DISTINCT v.account_id) FROM polls p
              JOIN poll_votes v ON v.bucket = p.bucket AND v.poll_id = p.id
            WHERE {tx.sql.ids_in("p.id", "ids")} GROUP BY p.bucket, p.id""",
        ids=ids,
    )
    return dict(rows)


def votes(tx: Tx, ids: Collection[int]) -> dict[tuple[int, int], int]:
    """(poll, position of the option) -> votes."""
    rows = tx.all(
        f"""SELECT p.id, v.position, COUNT(*) FROM polls p
              JOIN poll_votes v ON v.bucket = p.bucket AND v.poll_id = p.id
            WHERE {tx.sql.ids_in("p.id", "ids")} GROUP BY p.bucket, p.id, v.position""",
        ids=ids,
    )
    return {(id, position): count for id, position, count in rows}


def set_voters(tx: Tx, id: int, voters: int) -> None:
    tx.run(
        "UPDATE polls SET voters = :voters WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(id),
        id=id,
        voters=voters,
    )


def set_votes(tx: Tx, id: int, position: int, votes: int) -> None:
    tx.run(
        """UPDATE poll_options SET votes = :votes
           WHERE bucket = :bucket AND poll_id = :id AND position = :position""",
        bucket=bucket_of(id),
        id=id,
        position=position,
        votes=votes,
    )


# hashtags


def featured(tx: Tx, ids: Collection[int]) -> list[tuple[int, str, int]]:
    """(account, tag it features, the stored counter of posts with it)."""
    return tx.all(
        f"""SELECT a.id, f.tag, f.posts FROM accounts a
              JOIN featured_tags f ON f.bucket = a.bucket AND f.account_id = a.id
            WHERE {tx.sql.ids_in("a.id", "ids")}""",
        ids=ids,
    )


def tagged(tx: Tx, tags: Collection[str], authors: Collection[int]) -> list[tuple[str, int]]:
    """(tag, post) of public posts with one of tags by authors, and by other accounts of the same buckets."""
    return tx.all(
        f"""SELECT t.tag, t.post_id FROM tags g JOIN tag_posts t ON t.bucket = g.bucket AND t.tag = g.tag
            WHERE {tx.sql.is_in("g.bucket", "buckets")} AND {tx.sql.is_in("g.tag", "tags")}
              AND {tx.sql.is_in("(t.post_id & 4095)", "near")}""",
        buckets={bucket_of_text(tag) for tag in tags},
        tags=tags,
        near={bucket_of(id) for id in authors},
    )


def hold_featured(tx: Tx, account_id: int) -> None:
    """Locks the tags that account_id features until this transaction ends."""
    tx.run(
        "UPDATE featured_tags SET posts = posts WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )


def set_featured(tx: Tx, account_id: int, tag: str, posts: int) -> None:
    tx.run(
        "UPDATE featured_tags SET posts = :posts WHERE bucket = :bucket AND account_id = :account AND tag = :tag",
        bucket=bucket_of(account_id),
        account=account_id,
        tag=tag,
        posts=posts,
    )


def tags_of(tx: Tx, buckets: Collection[int]) -> list[str]:
    """All tags of these buckets."""
    rows = tx.all(f"SELECT tag FROM tags WHERE {tx.sql.is_in('bucket', 'buckets')}", buckets=buckets)
    return [tag for (tag,) in rows]


def hold_days(tx: Tx, tag: str) -> None:
    """Locks the use counters of tag until this transaction ends."""
    tx.run(
        "UPDATE tag_days SET accounts = accounts WHERE bucket = :bucket AND tag = :tag",
        bucket=bucket_of_text(tag),
        tag=tag,
    )


def users(tx: Tx, tags: Collection[str]) -> dict[tuple[str, int], int]:
    """(tag, day) -> how many accounts used it."""
    rows = tx.all(
        f"""SELECT d.tag, d.day, COUNT(*) FROM tag_days d
              JOIN tag_day_accounts a ON a.bucket = d.bucket AND a.tag = d.tag AND a.day = d.day
            WHERE {tx.sql.is_in("d.bucket", "buckets")} AND {tx.sql.is_in("d.tag", "tags")}
            GROUP BY d.bucket, d.tag, d.day""",
        buckets={bucket_of_text(tag) for tag in tags},
        tags=tags,
    )
    return {(tag, day): count for tag, day, count in rows}


def set_users(tx: Tx, tag: str, day: int, accounts: int) -> None:
    tx.run(
        "UPDATE tag_days SET accounts = :accounts WHERE bucket = :bucket AND tag = :tag AND day = :day",
        bucket=bucket_of_text(tag),
        tag=tag,
        day=day,
        accounts=accounts,
    )
