"""Posts that must be acknowledged: requests and who is asked, in the post's bucket; what waits for each, in theirs."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Ack, AckRequest, Span

_REQUEST = ", ".join(AckRequest.__struct_fields__)
_REQUEST_VALUES = ", ".join(f":{name}" for name in AckRequest.__struct_fields__)
_ACK = ", ".join(Ack.__struct_fields__)


def insert_request(tx: Tx, request: AckRequest) -> bool:
    """False when the post has one."""
    return 1 == tx.changed(
        f"""INSERT INTO ack_requests (bucket, {_REQUEST}) VALUES (:bucket, {_REQUEST_VALUES})
            ON CONFLICT (post_id, bucket) DO NOTHING""",
        bucket=bucket_of(request.post_id),
        **{name: getattr(request, name) for name in AckRequest.__struct_fields__},
    )


def request_of(tx: Tx, post_id: int, *, in_turn: bool = False) -> AckRequest | None:
    """in_turn: it does not change until this transaction ends."""
    row = tx.one(
        f"""SELECT {_REQUEST} FROM ack_requests WHERE bucket = :bucket AND post_id = :post
            {tx.sql.in_turn if in_turn else ""}""",
        bucket=bucket_of(post_id),
        post=post_id,
    )
    return AckRequest(*row) if row else None


def set_progress(tx: Tx, request: AckRequest) -> None:
    """Write rounds, due_ms and state."""
    tx.run(
        """UPDATE ack_requests SET rounds = :rounds, due_ms = :due, state = :state
           WHERE bucket = :bucket AND post_id = :post""",
        rounds=request.rounds,
        due=request.due_ms,
        state=request.state,
        bucket=bucket_of(request.post_id),
        post=request.post_id,
    )


def page_of_org(tx: Tx, org_id: int, span: Span, *, asked_by: int = 0) -> list[int]:
    """The posts with a request, newest first. asked_by: only those of this account."""
    rows = tx.all(
        f"""SELECT post_id FROM ack_requests WHERE org_id = :org AND post_id < :before AND post_id > :after
              AND (asked_by = :by OR :by = 0)
            ORDER BY post_id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        org=org_id,
        before=span.before,
        after=span.after,
        by=asked_by,
        limit=span.limit,
    )
    return [id for (id,) in rows]


def requests_of(tx: Tx, post_ids: Collection[int]) -> dict[int, AckRequest]:
    """post -> its request, of those that have one."""
    return tx.by_ids(
        f"SELECT {_REQUEST} FROM ack_requests WHERE {tx.sql.ids_in('post_id', 'ids')}", AckRequest, post_ids
    )


def add(tx: Tx, post_id: int, account_ids: Collection[int], asked_ms: int) -> None:
    """They are asked to acknowledge the post; who is asked already stays as it is."""
    tx.many(
        """INSERT INTO acks (bucket, post_id, account_id, asked_ms, acked_ms, via)
           VALUES (:bucket, :post, :account, :asked, 0, '') ON CONFLICT (post_id, bucket, account_id) DO NOTHING""",
        [
            {"bucket": bucket_of(post_id), "post": post_id, "account": id, "asked": asked_ms}
            for id in sorted(account_ids)
        ],
    )


def of_post(tx: Tx, post_id: int) -> list[Ack]:
    """All who are asked, in the order in which they were."""
    rows = tx.all(
        f"SELECT {_ACK} FROM acks WHERE bucket = :bucket AND post_id = :post ORDER BY asked_ms, account_id",
        bucket=bucket_of(post_id),
        post=post_id,
    )
    return [Ack(*row) for row in rows]


def progress(tx: Tx, post_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """post -> (how many are asked, how many have acknowledged it)."""
    rows = tx.all(
        f"""SELECT post_id, COUNT(*), COUNT(NULLIF(acked_ms, 0)) FROM acks
            WHERE {tx.sql.ids_in("post_id", "posts")} GROUP BY post_id""",
        posts=post_ids,
    )
    return {post_id: (asked, done) for post_id, asked, done in rows}


def missing(tx: Tx, post_id: int, after: int, limit: int) -> list[int]:
    """Those with ids above `after` who have not acknowledged it, by id."""
    rows = tx.all(
        """SELECT account_id FROM acks WHERE bucket = :bucket AND post_id = :post AND acked_ms = 0
             AND account_id > :after ORDER BY account_id LIMIT :limit""",
        bucket=bucket_of(post_id),
        post=post_id,
        after=after,
        limit=limit,
    )
    return [id for (id,) in rows]


def acknowledge(tx: Tx, post_id: int, account_id: int, at_ms: int, via: str) -> bool:
    """False: the account is not asked, or has acknowledged it already."""
    return 1 == tx.changed(
        """UPDATE acks SET acked_ms = :at, via = :via
           WHERE bucket = :bucket AND post_id = :post AND account_id = :account AND acked_ms = 0""",
        at=at_ms,
        via=via,
        bucket=bucket_of(post_id),
        post=post_id,
        account=account_id,
    )


# each account's end


def wait_for(tx: Tx, account_id: int, post_id: int) -> None:
    tx.run(
        """INSERT INTO ack_waiting (bucket, account_id, post_id) VALUES (:bucket, :account, :post)
           ON CONFLICT (account_id, bucket, post_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        post=post_id,
    )


def waited_for(tx: Tx, account_id: int, post_id: int) -> None:
    """It does not wait for the account any more."""
    tx.run(
        "DELETE FROM ack_waiting WHERE bucket = :bucket AND account_id = :account AND post_id = :post",
        bucket=bucket_of(account_id),
        account=account_id,
        post=post_id,
    )


def waiting(tx: Tx, account_id: int, span: Span) -> list[int]:
    """The posts that wait for the account, newest first."""
    rows = tx.all(
        f"""SELECT post_id FROM ack_waiting WHERE bucket = :bucket AND account_id = :account
              AND post_id < :before AND post_id > :after
            ORDER BY post_id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [id for (id,) in rows]
