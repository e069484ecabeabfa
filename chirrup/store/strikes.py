"""Strikes: what staff decided about an account, and its owner's appeal. In the account's bucket."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Span, Strike

_COLUMNS = ", ".join(Strike.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Strike.__struct_fields__)


def insert(tx: Tx, strike: Strike) -> None:
    tx.run(
        f"INSERT INTO strikes (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(strike.id),
        **{name: getattr(strike, name) for name in Strike.__struct_fields__},
    )


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Strike]:
    """Those that exist. One query, whatever len(ids)."""
    return tx.by_ids(f"SELECT {_COLUMNS} FROM strikes WHERE {tx.sql.ids_in('id', 'ids')}", Strike, ids)


def against(tx: Tx, target_id: int, span: Span) -> list[Strike]:
    """Against the account, newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM strikes WHERE bucket = :bucket AND target_id = :target
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(target_id),
        target=target_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    found = [Strike(*row) for row in rows]
    return found[::-1] if span.oldest else found


def appealed(tx: Tx, org_id: int, span: Span) -> list[Strike]:
    """Those of the organisation with an appeal that nobody has decided, newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM strikes WHERE org_id = :org AND appeal_state = 'pending'
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    found = [Strike(*row) for row in rows]
    return found[::-1] if span.oldest else found


def appeal(tx: Tx, id: int, words: str) -> bool:
    """False: there is an appeal already."""
    return 1 == tx.changed(
        """UPDATE strikes SET appeal = :words, appeal_state = 'pending', appealed_ms = :now
           WHERE bucket = :bucket AND id = :id AND appeal_state = ''""",
        bucket=bucket_of(id),
        id=id,
        words=words,
        now=tx.now_ms,
    )


def decide(tx: Tx, id: int, state: str, by_id: int) -> bool:
    """False: there is no appeal that waits."""
    return 1 == tx.changed(
        """UPDATE strikes SET appeal_state = :state, decided_by_id = :by, decided_ms = :now
           WHERE bucket = :bucket AND id = :id AND appeal_state = 'pending'""",
        bucket=bucket_of(id),
        id=id,
        state=state,
        by=by_id,
        now=tx.now_ms,
    )
