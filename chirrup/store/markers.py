"""How far an account has read its home timeline and its notifications."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Marker


def of(tx: Tx, account_id: int, timelines: Collection[str]) -> dict[str, Marker]:
    """timeline ("home", "notifications") -> marker; absent where nothing was saved."""
    rows = tx.all(
        f"""SELECT timeline, last_read_id, version, changed_ms FROM markers
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("timeline", "timelines")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        timelines=timelines,
    )
    return {row[0]: Marker(*row) for row in rows}


def save(tx: Tx, account_id: int, timeline: str, last_read_id: int) -> Marker:
    """The saved marker. Its version rises with each save."""
    rows = tx.all(
        """INSERT INTO markers (bucket, account_id, timeline, last_read_id, version, changed_ms)
           VALUES (:bucket, :account, :timeline, :last, 1, :now)
           ON CONFLICT (bucket, account_id, timeline) DO UPDATE SET
             last_read_id = excluded.last_read_id, version = markers.version + 1, changed_ms = excluded.changed_ms
           RETURNING timeline, last_read_id, version, changed_ms""",
        bucket=bucket_of(account_id),
        account=account_id,
        timeline=timeline,
        last=last_read_id,
        now=tx.now_ms,
    )
    return Marker(*rows[0])
