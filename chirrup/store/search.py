"""Search conditions on posts other than words, and the posts in an account's library.

The index of words is in engines/search. Statements here take lists of ids that were found there or by date.
"""

from collections.abc import Collection, Mapping
from typing import Any

from ..ids import bucket_of
from ..ports import Tx
from ..types import Span
from .posts import mentioning

PUBLIC = "(p.visibility = 'public' AND (a.indexable = 1 OR p.author_id = :viewer))"

# condition -> SQL for a post p by an account a
CONDITIONS = {
    "media": "p.media_ids <> '[]'",
    "poll": "p.poll_id > 0",
    "link": "(LOWER(p.text) LIKE '%http://%' OR LOWER(p.text) LIKE '%https://%')",
    "reply": "p.reply_to_id > 0",
    "sensitive": "p.sensitive = 1",
    "public": PUBLIC,
}


def newest(tx: Tx, span: Span, org_id: int) -> list[int]:
    """Ids of all of the organisation's posts and boosts, newest first."""
    rows = tx.all(
        "SELECT id FROM posts WHERE org_id = :org AND id < :before AND id > :after ORDER BY id DESC LIMIT :limit",
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [id for (id,) in rows]


def touched(tx: Tx, account_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids that account_id favourited, boosted, bookmarked or replied to. In its own bucket."""
    rows = tx.all(
        f"""SELECT post_id FROM favourites
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("post_id", "ids")}
            UNION ALL SELECT post_id FROM boosts
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("post_id", "ids")}
            UNION ALL SELECT post_id FROM bookmarks
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("post_id", "ids")}
            UNION ALL SELECT reply_to_id FROM posts
              WHERE bucket = :bucket AND author_id = :account AND {tx.sql.is_in("reply_to_id", "ids")}
                AND reply_to_id > 0 AND deleted_ms = 0""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )
    return {id for (id,) in rows}


def fitting(
    tx: Tx,
    viewer_id: int,
    ids: Collection[int],
    touched: Collection[int],
    rooms: Collection[int],
    conditions: Mapping[str, bool],
) -> list[tuple[int, int, str]]:
    """(id, author, language) of those of ids that viewer_id may find and for which all conditions hold.

    The viewer may find: public posts of authors who allow it, its own posts, what is said in rooms, those it is in, and
    its library: posts that are touched(), mention it, or have its vote. Deleted posts are left to the oracle, as in
    posts.by_ids().
    conditions: keys of CONDITIONS or "library" -> whether it must hold or must not.
    """
    library = f"""(p.author_id = :viewer OR {tx.sql.is_in("p.id", "touched")} OR p.mentions LIKE :mentioned
                   OR EXISTS (SELECT 1 FROM poll_votes v
                              WHERE v.bucket = p.bucket AND v.poll_id = p.poll_id AND v.account_id = :viewer))"""
    asked = {"library": library, **CONDITIONS}
    where = " AND ".join(f"{asked[name]}" if holds else f"NOT {asked[name]}" for name, holds in conditions.items())
    values: dict[str, Any] = {"viewer": viewer_id, "mentioned": mentioning(viewer_id), "ids": ids, "touched": touched}
    values |= {"rooms": rooms}
    rows = tx.all(
        f"""SELECT p.id, p.author_id, p.language FROM posts p
              JOIN accounts a ON a.bucket = p.bucket AND a.id = p.author_id
            WHERE {tx.sql.ids_in("p.id", "ids")} AND p.boost_of_id = 0 AND a.suspended_ms = 0
              AND ({PUBLIC} OR {library} OR {tx.sql.is_in("p.audience_id", "rooms")}) AND {where or "1 = 1"}""",
        **values,
    )
    return rows


def kinds(tx: Tx, ids: Collection[int]) -> dict[int, set[str]]:
    """post -> kinds of its media; posts without media are absent."""
    rows = tx.all(
        f"SELECT post_id, kind FROM media WHERE {tx.sql.ids_in('post_id', 'ids')} AND post_id > 0",
        ids=ids,
    )
    found: dict[int, set[str]] = {}
    for post_id, kind in rows:
        found.setdefault(post_id, set()).add(kind)
    return found
