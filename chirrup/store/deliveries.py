"""What is sent to receivers of hooks, and what they answered. In the bucket of the organisation."""

from collections.abc import Collection

import msgspec

from ..ids import bucket_of, first_at
from ..ports import Tx
from ..types import Delivery, DeliveryState, Span

_COLUMNS = ", ".join(Delivery.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Delivery.__struct_fields__)


def insert(tx: Tx, one: Delivery) -> bool:
    """False: there is one with this key already."""
    return 1 == tx.changed(
        f"""INSERT INTO deliveries (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (bucket, org_id, hook_id, key) DO NOTHING""",
        bucket=bucket_of(one.org_id),
        **msgspec.structs.asdict(one),
    )


def update(tx: Tx, one: Delivery) -> None:
    """How far it is."""
    tx.run(
        """UPDATE deliveries SET state = :state, attempts = :attempts, code = :code, request = :request,
             answer = :answer, took_ms = :took_ms, at_ms = :at_ms, next_ms = :next_ms
           WHERE bucket = :bucket AND org_id = :org_id AND hook_id = :hook_id AND id = :id""",
        bucket=bucket_of(one.org_id),
        **{
            name: getattr(one, name)
            for name in (
                *("org_id", "hook_id", "id", "state", "attempts", "code", "request", "answer", "took_ms", "at_ms"),
                "next_ms",
            )
        },
    )


def by_id(tx: Tx, org_id: int, id: int) -> Delivery | None:
    row = tx.one(
        f"SELECT {_COLUMNS} FROM deliveries WHERE bucket = :bucket AND org_id = :org AND id = :id",
        bucket=bucket_of(org_id),
        org=org_id,
        id=id,
    )
    return Delivery(*row) if row else None


def page(tx: Tx, org_id: int, hook_id: int, span: Span) -> list[Delivery]:
    """The newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM deliveries WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook
              AND id < :before AND id > :after
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    found = [Delivery(*row) for row in rows]
    return found[::-1] if span.oldest else found


def told_of(tx: Tx, org_id: int, post_id: int, hooks: Collection[int]) -> set[int]:
    """Those of hooks that were told of this post."""
    rows = tx.all(
        f"""SELECT DISTINCT hook_id FROM deliveries WHERE bucket = :bucket AND org_id = :org AND post_id = :post
              AND {tx.sql.is_in("hook_id", "hooks")} AND state = :state""",
        bucket=bucket_of(org_id),
        org=org_id,
        post=post_id,
        hooks=hooks,
        state=DeliveryState.DELIVERED,
    )
    return {id for (id,) in rows}


def forget_before(tx: Tx, org_id: int, hook_id: int, before_ms: int) -> None:
    tx.run(
        """DELETE FROM deliveries WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook AND id < :before""",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
        before=first_at(before_ms),
    )


def delete_of(tx: Tx, org_id: int, hook_id: int) -> None:
    tx.run(
        "DELETE FROM deliveries WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
    )
