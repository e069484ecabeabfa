"""Accounts to suggest: new ones, authors of public posts, followees of followees."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx


def newest_accounts(tx: Tx, org_id: int, limit: int, hidden: Collection[int]) -> list[int]:
    """People of the organisation who want to be found, newest first, without hidden."""
    rows = tx.all(
        f"""SELECT id FROM accounts
            WHERE org_id = :org AND discoverable = 1 AND suspended_ms = 0 AND silenced_ms = 0 AND pending = 0
              AND moved_to_id = 0 AND kind <> 'room'
              AND NOT {tx.sql.is_in("id", "hidden")}
            ORDER BY id DESC LIMIT :limit""",
        org=org_id,
        limit=limit,
        hidden=hidden,
    )
    return [id for (id,) in rows]


def latest_speakers(tx: Tx, org_id: int, posts: int) -> list[int]:
    """Authors of the organisation's newest public posts that are no replies to others, each once, the latest first."""
    rows = tx.all(
        """SELECT author_id FROM posts
           WHERE org_id = :org AND deleted_ms = 0 AND visibility = 'public' AND boost_of_id = 0
             AND reply_to_author_id IN (0, author_id)
           ORDER BY id DESC LIMIT :posts""",
        org=org_id,
        posts=posts,
    )
    return list(dict.fromkeys(id for (id,) in rows))


def followed_by(tx: Tx, account_ids: Collection[int], limit: int, without: Collection[int]) -> list[int]:
    """Accounts that account_ids follow, those followed by most of them first, except `without`."""
    rows = tx.all(
        f"""SELECT target_id FROM following
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("account_id", "accounts")}
              AND NOT {tx.sql.is_in("target_id", "without")}
            GROUP BY target_id ORDER BY COUNT(*) DESC, target_id LIMIT :limit""",
        buckets={bucket_of(id) for id in account_ids},
        accounts=account_ids,
        without=without,
        limit=limit,
    )
    return [id for (id,) in rows]


def refuse(tx: Tx, account_id: int, target_id: int) -> None:
    """Never suggest target_id to account_id again."""
    tx.run(
        """INSERT INTO suggestions_refused (bucket, account_id, target_id) VALUES (:bucket, :account, :target)
           ON CONFLICT (bucket, account_id, target_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        target=target_id,
    )


def refused_among(tx: Tx, account_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids that must not be suggested to account_id."""
    rows = tx.all(
        f"""SELECT target_id FROM suggestions_refused
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "ids")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )
    return {id for (id,) in rows}
