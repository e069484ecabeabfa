"""Reports of accounts, in the bucket of whom they are about."""

import json
from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Report, Span

_COLUMNS = ", ".join(Report.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Report.__struct_fields__)
OF_REPORTS = {  # what can be asked for beside the organisation
    "open": "resolved_ms = 0",
    "resolved": "resolved_ms > 0",
    "from": "account_id = :account",
    "about": "target_id = :target",
    "assigned": "assigned_id = :assigned",
}


def insert(tx: Tx, report: Report) -> None:
    tx.run(
        f"INSERT INTO reports (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(report.id),
        **{name: getattr(report, name) for name in Report.__struct_fields__},
    )


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Report]:
    """Those that exist. One query, whatever len(ids)."""
    return tx.by_ids(f"SELECT {_COLUMNS} FROM reports WHERE {tx.sql.ids_in('id', 'ids')}", Report, ids)


def page(
    tx: Tx,
    org_id: int,
    span: Span,
    asked: Collection[str],
    *,
    account: int = 0,
    target: int = 0,
    assigned: int = 0,
) -> list[Report]:
    """Of the organisation, newest first. asked: keys of OF_REPORTS, which all must hold."""
    where = " AND ".join(OF_REPORTS[name] for name in asked) or "1 = 1"
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM reports
            WHERE org_id = :org AND id < :before AND id > :after AND {where}
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
        account=account,
        target=target,
        assigned=assigned,
    )
    found = [Report(*row) for row in rows]
    return found[::-1] if span.oldest else found


def open_about(tx: Tx, target_id: int) -> list[int]:
    """The ids of reports about the account that nobody has resolved."""
    rows = tx.all(
        "SELECT id FROM reports WHERE bucket = :bucket AND target_id = :target AND resolved_ms = 0",
        bucket=bucket_of(target_id),
        target=target_id,
    )
    return [id for (id,) in rows]


def classify(tx: Tx, id: int, category: str, rules: Collection[int]) -> None:
    tx.run(
        """UPDATE reports SET category = :category, rule_ids = :rules, changed_ms = :now
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(id),
        id=id,
        category=category,
        rules=json.dumps(list(rules)),
        now=tx.now_ms,
    )


def assign(tx: Tx, id: int, to_id: int) -> None:
    """to_id 0: to nobody."""
    tx.run(
        "UPDATE reports SET assigned_id = :to, changed_ms = :now WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(id),
        id=id,
        to=to_id,
        now=tx.now_ms,
    )


def resolve(tx: Tx, id: int, by_id: int) -> bool:
    """False: it was resolved already."""
    return 1 == tx.changed(
        """UPDATE reports SET resolved_ms = :now, resolved_by_id = :by, changed_ms = :now
           WHERE bucket = :bucket AND id = :id AND resolved_ms = 0""",
        bucket=bucket_of(id),
        id=id,
        by=by_id,
        now=tx.now_ms,
    )


def reopen(tx: Tx, id: int) -> bool:
    """False: it was open."""
    return 1 == tx.changed(
        """UPDATE reports SET resolved_ms = 0, resolved_by_id = 0, changed_ms = :now
           WHERE bucket = :bucket AND id = :id AND resolved_ms > 0""",
        bucket=bucket_of(id),
        id=id,
        now=tx.now_ms,
    )
