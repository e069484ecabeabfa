"""Approvals: questions that certain people decide by a poll, and their signed decisions. All in the post's bucket."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Approval, Decision, Span

_APPROVAL = ", ".join(Approval.__struct_fields__)
_APPROVAL_VALUES = ", ".join(f":{name}" for name in Approval.__struct_fields__)
_DECISION = ", ".join(Decision.__struct_fields__)
_DECISION_VALUES = ", ".join(f":{name}" for name in Decision.__struct_fields__)


def insert(tx: Tx, approval: Approval) -> None:
    tx.run(
        f"INSERT INTO approvals (bucket, {_APPROVAL}) VALUES (:bucket, {_APPROVAL_VALUES})",
        bucket=bucket_of(approval.post_id),
        **{name: getattr(approval, name) for name in Approval.__struct_fields__},
    )


def by_ids(tx: Tx, post_ids: Collection[int]) -> dict[int, Approval]:
    """post -> its approval, of those that have one."""
    return tx.by_ids(f"SELECT {_APPROVAL} FROM approvals WHERE {tx.sql.ids_in('post_id', 'ids')}", Approval, post_ids)


def locked(tx: Tx, post_id: int) -> Approval | None:
    """It does not change until this transaction ends."""
    row = tx.one(
        f"SELECT {_APPROVAL} FROM approvals WHERE bucket = :bucket AND post_id = :post {tx.sql.in_turn}",
        bucket=bucket_of(post_id),
        post=post_id,
    )
    return Approval(*row) if row else None


def decide(tx: Tx, post_id: int, state: str, at_ms: int) -> None:
    tx.run(
        "UPDATE approvals SET state = :state, decided_ms = :at WHERE bucket = :bucket AND post_id = :post",
        state=state,
        at=at_ms,
        bucket=bucket_of(post_id),
        post=post_id,
    )


def page_of_org(tx: Tx, org_id: int, span: Span) -> list[int]:
    """Their posts, newest first."""
    rows = tx.all(
        f"""SELECT post_id FROM approvals WHERE org_id = :org AND post_id < :before AND post_id > :after
            ORDER BY post_id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [id for (id,) in rows]


def decisions(tx: Tx, post_ids: Collection[int]) -> dict[int, list[Decision]]:
    """post -> its decisions in their order."""
    rows = tx.all(
        f"SELECT {_DECISION} FROM decisions WHERE {tx.sql.ids_in('post_id', 'posts')} ORDER BY post_id, number",
        posts=post_ids,
    )
    found: dict[int, list[Decision]] = {id: [] for id in post_ids}
    for row in rows:
        found[row[0]].append(Decision(*row))
    return found


def add_decision(tx: Tx, decision: Decision) -> None:
    tx.run(
        f"INSERT INTO decisions (bucket, {_DECISION}) VALUES (:bucket, {_DECISION_VALUES})",
        bucket=bucket_of(decision.post_id),
        **{name: getattr(decision, name) for name in Decision.__struct_fields__},
    )
