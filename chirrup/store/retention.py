"""For how long organisations keep what was said, and how deleting the rest went."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Retention, RetentionRun


def of_org(tx: Tx, org_id: int) -> list[Retention]:
    rows = tx.all(
        """SELECT org_id, room_id, class, days FROM retention WHERE bucket = :bucket AND org_id = :org
           ORDER BY room_id, class""",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [Retention(*row) for row in rows]


def put(tx: Tx, rule: Retention) -> None:
    tx.run(
        """INSERT INTO retention (bucket, org_id, room_id, class, days) VALUES (:bucket, :org, :room, :class, :days)
           ON CONFLICT (bucket, org_id, room_id, class) DO UPDATE SET days = excluded.days""",
        bucket=bucket_of(rule.org_id),
        org=rule.org_id,
        room=rule.room_id,
        days=rule.days,
        **{"class": rule.kind},
    )


def delete(tx: Tx, rule: Retention) -> None:
    tx.run(
        "DELETE FROM retention WHERE bucket = :bucket AND org_id = :org AND room_id = :room AND class = :class",
        bucket=bucket_of(rule.org_id),
        org=rule.org_id,
        room=rule.room_id,
        **{"class": rule.kind},
    )


def orgs(tx: Tx) -> list[int]:
    """Organisations that do not keep everything."""
    return [id for (id,) in tx.all("SELECT DISTINCT org_id FROM retention ORDER BY org_id")]


def last_run(tx: Tx, org_id: int) -> RetentionRun | None:
    row = tx.one(
        "SELECT org_id, at_ms, purged, problem FROM retention_runs WHERE bucket = :bucket AND org_id = :org",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return RetentionRun(*row) if row else None


def put_run(tx: Tx, run: RetentionRun) -> None:
    tx.run(
        """INSERT INTO retention_runs (bucket, org_id, at_ms, purged, problem)
           VALUES (:bucket, :org, :at, :purged, :problem)
           ON CONFLICT (bucket, org_id) DO UPDATE SET
             at_ms = excluded.at_ms, purged = excluded.purged, problem = excluded.problem""",
        bucket=bucket_of(run.org_id),
        org=run.org_id,
        at=run.at_ms,
        purged=run.purged,
        problem=run.problem,
    )
