"""Who follows whom, read from both ends, and requests to follow a locked account."""

from collections.abc import Collection

import msgspec

from ..ids import ID_MAX, bucket_of
from ..ports import Tx
from ..types import Span

_FOLLOW = "account_id, target_id, id, show_boosts, notify, COALESCE(languages, '')"


class Follow(msgspec.Struct, frozen=True):
    account_id: int  # of the page asked for: the followee, or for followees the follower
    other_id: int
    id: int  # drawn when it was made: pages go by it
    show_boosts: int
    notify: int
    languages: str  # space-separated; "" for all


def insert(tx: Tx, follower: int, followee: int, *, show_boosts: bool, notify: bool, languages: str) -> bool:
    """Both ends. True when this is a new follow, False when it stood already."""
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
    """How, at both ends; nothing where there is no follow."""
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
    """Both ends. False when there was none."""
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
    """Everybody account_id follows, in no order."""
    rows = tx.all(
        f"""SELECT {_FOLLOW} FROM following
           WHERE bucket = :bucket AND account_id = :account""",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [Follow(*row) for row in rows]


def among(tx: Tx, follower: int, ids: Collection[int]) -> dict[int, Follow]:
    """follower's follows of those of ids it follows, by followee."""
    rows = tx.all(
        f"""SELECT {_FOLLOW} FROM following
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "ids")}""",
        bucket=bucket_of(follower),
        account=follower,
        ids=ids,
    )
    return {row[1]: Follow(*row) for row in rows}


def followers_step(tx: Tx, account_id: int, *, after: int, limit: int) -> list[tuple[int, int, int, str]]:
    """(follow id, follower id, show_boosts, languages), ids rising above `after`: a step of a fan-out."""
    return tx.all(
        """SELECT id, follower_id, show_boosts, COALESCE(languages, '') FROM followers
           WHERE bucket = :bucket AND account_id = :account AND id > :after ORDER BY id LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        after=after,
        limit=limit,
    )


def notified_followers(tx: Tx, account_id: int) -> set[int]:
    """Followers who asked to be told of every post."""
    rows = tx.all(
        "SELECT follower_id FROM followers WHERE bucket = :bucket AND account_id = :account AND notify = 1",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return {id for (id,) in rows}


def followers_among(tx: Tx, account_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids who follow account_id: asked at their end, where the pair is the key."""
    rows = tx.all(
        f"""SELECT account_id FROM following
            WHERE {tx.sql.ids_in("account_id", "ids")} AND target_id = :account""",
        account=account_id,
        ids=ids,
    )
    return {id for (id,) in rows}


def followers(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(follow id, follower id) in the order they came: span is over follow ids."""
    return _page(tx, "SELECT id, follower_id FROM followers", account_id, span)


def following(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(follow id, followee id), as followers()."""
    return _page(tx, "SELECT id, target_id FROM following", account_id, span)


def requests(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(request id, follower id) of those who wait for account_id's answer."""
    return _page(tx, "SELECT id, follower_id FROM follow_requests", account_id, span)


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
    """Those of ids whom follower has asked and who have not answered."""
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
    """Those of ids who wait for account_id's answer."""
    rows = tx.all(
        f"""SELECT follower_id FROM follow_requests
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("follower_id", "ids")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )
    return {id for (id,) in rows}
