"""Who follows whom, read from both ends, and requests to follow a locked account."""

from collections.abc import Collection

import msgspec

from ..ids import ID_MAX, bucket_of
from ..ports import Tx
from ..types import Span

_FOLLOW = "account_id, target_id, id, show_boosts, notify, COALESCE(languages, '')"


class Follow(msgspec.Struct, frozen=True):
    account_id: int  # the account asked about: the follower, or the followee that was requested
    other_id: int
    id: int  # rises with time; pages are ordered by it
    show_boosts: int
    notify: int
    languages: str  # space-separated; "" for all


def insert(tx: Tx, follower: int, followee: int, *, show_boosts: bool, notify: bool, languages: str) -> bool:
    """Writes both ends. True when this is a new follow, False when it existed already."""
    id = tx.new_id(bucket_of(follower))
    values = {"id": id, "show_boosts": int(show_boosts), "notify": int(notify), "languages": languages}
    new = 1 == tx.changed(
        """INSERT INTO following (bucket, account_id, target_id, id, show_boosts, notify, languages)
           VALUES (:bucket, :account, :target, :id, :show_boosts, :notify, NULLIF(:languages, ''))
           ON CONFLICT (account_id, target_id, bucket) DO NOTHING""",
        bucket=bucket_of(follower),
        account=follower,
        target=followee,
        **values,
    )
    if new:
        tx.run(
            """INSERT INTO followers (bucket, account_id, follower_id, id, show_boosts, notify, languages)
               VALUES (:bucket, :account, :follower, :id, :show_boosts, :notify, NULLIF(:languages, ''))""",
            bucket=bucket_of(followee),
            account=followee,
            follower=follower,
            **values,
        )
    return new


def change(tx: Tx, follower: int, followee: int, *, show_boosts: bool, notify: bool, languages: str) -> None:
    """Change the options of a follow, at both ends. Does nothing if there is no follow."""
    values = {"show_boosts": int(show_boosts), "notify": int(notify), "languages": languages}
    changed = tx.one(
        """UPDATE following SET show_boosts = :show_boosts, notify = :notify, languages = NULLIF(:languages, '')
           WHERE bucket = :bucket AND account_id = :account AND target_id = :target RETURNING id""",
        bucket=bucket_of(follower),
        account=follower,
        target=followee,
        **values,
    )
    if changed:
        tx.run(
            """UPDATE followers SET show_boosts = :show_boosts, notify = :notify, languages = NULLIF(:languages, '')
               WHERE bucket = :bucket AND account_id = :account AND id = :id""",
            bucket=bucket_of(followee),
            account=followee,
            id=changed[0],
            **values,
        )


def delete(tx: Tx, follower: int, followee: int) -> bool:
    """Deletes both ends. False when there was none."""
    gone = tx.one(
        """DELETE FROM following WHERE bucket = :bucket AND account_id = :account AND target_id = :target
           RETURNING id""",
        bucket=bucket_of(follower),
        account=follower,
        target=followee,
    )
    if gone:
        tx.run(
            "DELETE FROM followers WHERE bucket = :bucket AND account_id = :account AND id = :id",
            bucket=bucket_of(followee),
            account=followee,
            id=gone[0],
        )
    return bool(gone)


def get(tx: Tx, follower: int, followee: int) -> Follow | None:
    row = tx.one(
        f"""SELECT {_FOLLOW} FROM following
           WHERE bucket = :bucket AND account_id = :account AND target_id = :target""",
        bucket=bucket_of(follower),
        account=follower,
        target=followee,
    )
    return Follow(*row) if row else None


def followees(tx: Tx, account_id: int) -> list[Follow]:
    """All follows of account_id, in no order."""
    rows = tx.all(
        f"""SELECT {_FOLLOW} FROM following
           WHERE bucket = :bucket AND account_id = :account""",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [Follow(*row) for row in rows]


def among(tx: Tx, follower: int, ids: Collection[int]) -> dict[int, Follow]:
    """followee -> follow, for those of ids that follower follows."""
    rows = tx.all(
        f"""SELECT {_FOLLOW} FROM following
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "ids")}""",
        bucket=bucket_of(follower),
        account=follower,
        ids=ids,
    )
    return {row[1]: Follow(*row) for row in rows}


def followers_step(tx: Tx, account_id: int, *, after: int, limit: int) -> list[tuple[int, int, int, str]]:
    """(follow id, follower id, show_boosts, languages), ids above `after`, rising: one step of a fan-out."""
    return tx.all(
        """SELECT id, follower_id, show_boosts, COALESCE(languages, '') FROM followers
           WHERE bucket = :bucket AND account_id = :account AND id > :after ORDER BY id LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        after=after,
        limit=limit,
    )


def notified_followers(tx: Tx, account_id: int) -> set[int]:
    """Followers that asked for a notification of every post."""
    rows = tx.all(
        "SELECT follower_id FROM followers WHERE bucket = :bucket AND account_id = :account AND notify = 1",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return {id for (id,) in rows}


def followers_among(tx: Tx, account_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids that follow account_id. Reads the followers' end, where the pair is the key."""
    rows = tx.all(
        f"""SELECT account_id FROM following
            WHERE {tx.sql.ids_in("account_id", "ids")} AND target_id = :account""",
        account=account_id,
        ids=ids,
    )
    return {id for (id,) in rows}


def followers(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(follow id, follower id), newest follow first. span is over follow ids."""
    return _page(tx, "SELECT id, follower_id FROM followers", account_id, span)


def following(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(follow id, followee id), as followers()."""
    return _page(tx, "SELECT id, target_id FROM following", account_id, span)


def requests(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(request id, follower id) of requests that account_id has not answered."""
    return _page(tx, "SELECT id, follower_id FROM follow_requests", account_id, span)


def requests_of_any(tx: Tx, ids: Collection[int], span: Span) -> list[tuple[int, int]]:
    """requests() of any of ids together."""
    rows = tx.all(
        f"""SELECT id, follower_id FROM follow_requests
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("account_id", "ids")}
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        buckets={bucket_of(id) for id in ids},
        ids=ids,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows


def _page(tx: Tx, select: str, account_id: int, span: Span) -> list[tuple[int, int]]:
    rows = tx.all(
        f"""{select} WHERE bucket = :bucket AND account_id = :account AND id < :before AND id > :after
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before or ID_MAX,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows


def insert_request(tx: Tx, follower: int, followee: int, *, show_boosts: bool, notify: bool, languages: str) -> bool:
    return 1 == tx.changed(
        """INSERT INTO follow_requests (bucket, account_id, follower_id, id, show_boosts, notify, languages)
           VALUES (:bucket, :account, :follower, :id, :show_boosts, :notify, :languages)
           ON CONFLICT (bucket, account_id, follower_id) DO NOTHING""",
        bucket=bucket_of(followee),
        account=followee,
        follower=follower,
        id=tx.new_id(bucket_of(followee)),
        show_boosts=int(show_boosts),
        notify=int(notify),
        languages=languages,
    )


def take_request(tx: Tx, follower: int, followee: int) -> Follow | None:
    """Remove the request and return it; None when there is none."""
    rows = tx.all(
        """DELETE FROM follow_requests WHERE bucket = :bucket AND account_id = :account AND follower_id = :follower
           RETURNING account_id, follower_id, id, show_boosts, notify, languages""",
        bucket=bucket_of(followee),
        account=followee,
        follower=follower,
    )
    return Follow(*rows[0]) if rows else None


def requested_among(tx: Tx, follower: int, ids: Collection[int]) -> set[int]:
    """Those of ids that have not answered follower's request."""
    rows = tx.all(
        f"""SELECT account_id FROM follow_requests
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("account_id", "ids")}
              AND follower_id = :follower""",
        buckets={bucket_of(id) for id in ids},
        ids=ids,
        follower=follower,
    )
    return {id for (id,) in rows}


def requesters_among(tx: Tx, account_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids whose request account_id has not answered."""
    rows = tx.all(
        f"""SELECT follower_id FROM follow_requests
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("follower_id", "ids")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )
    return {id for (id,) in rows}
