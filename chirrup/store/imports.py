"""Imports, and those of their rows that wait or have failed."""

from collections.abc import Collection, Iterable

from ..ids import bucket_of
from ..ports import Tx
from ..types import Import, ImportRow

_COLUMNS = ", ".join(Import.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Import.__struct_fields__)
_ROW = ", ".join(ImportRow.__struct_fields__)


def insert(tx: Tx, one: Import) -> None:
    tx.run(
        f"INSERT INTO imports (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(one.id),
        **{name: getattr(one, name) for name in Import.__struct_fields__},
    )


def insert_rows(tx: Tx, id: int, rows: Iterable[ImportRow]) -> None:
    """Harmless when repeated."""
    bucket = bucket_of(id)
    tx.many(
        f"""INSERT INTO import_rows (bucket, import_id, {_ROW})
            VALUES (:bucket, :import_id, :position, :data, :problem)
            ON CONFLICT (bucket, import_id, position) DO NOTHING""",
        (
            {"bucket": bucket, "import_id": id, "position": row.position, "data": row.data, "problem": row.problem}
            for row in rows
        ),
    )


def by_id(tx: Tx, id: int, *, in_turn: bool = False) -> Import | None:
    """in_turn: lock the row until this transaction ends, so that no row of it is done twice at a time."""
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM imports
            WHERE bucket = :bucket AND id = :id {tx.sql.in_turn if in_turn else ""}""",
        bucket=bucket_of(id),
        id=id,
    )
    return Import(*row) if row else None


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Import]:
    return tx.by_ids(f"SELECT {_COLUMNS} FROM imports WHERE {tx.sql.ids_in('id', 'ids')}", Import, ids)


def of_account(tx: Tx, account_id: int, limit: int) -> list[Import]:
    """Newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM imports WHERE bucket = :bucket AND account_id = :account
            ORDER BY id DESC LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        limit=limit,
    )
    return [Import(*row) for row in rows]


def update(tx: Tx, one: Import) -> None:
    """Write how far it has come."""
    tx.run(
        """UPDATE imports SET stage = :stage, total = :total, done = :done, failed = :failed, ended_ms = :ended,
             problem = :problem
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(one.id),
        id=one.id,
        stage=one.stage,
        total=one.total,
        done=one.done,
        failed=one.failed,
        ended=one.ended_ms,
        problem=one.problem,
    )


def rows(tx: Tx, id: int, *, after: int, limit: int, failed: bool = False) -> list[ImportRow]:
    """Rows after this position, in the order of the file: all that are left. failed: only those."""
    found = tx.all(
        f"""SELECT {_ROW} FROM import_rows WHERE bucket = :bucket AND import_id = :id AND position > :after
              {"AND problem <> ''" if failed else ""} ORDER BY position LIMIT :limit""",
        bucket=bucket_of(id),
        id=id,
        after=after,
        limit=limit,
    )
    return [ImportRow(*row) for row in found]


def delete_row(tx: Tx, id: int, position: int) -> None:
    tx.run(
        "DELETE FROM import_rows WHERE bucket = :bucket AND import_id = :id AND position = :position",
        bucket=bucket_of(id),
        id=id,
        position=position,
    )


def set_problem(tx: Tx, id: int, position: int, problem: str) -> None:
    tx.run(
        """UPDATE import_rows SET problem = :problem
           WHERE bucket = :bucket AND import_id = :id AND position = :position""",
        bucket=bucket_of(id),
        id=id,
        position=position,
        problem=problem,
    )


def delete(tx: Tx, id: int) -> None:
    """Harmless when repeated."""
    bucket = bucket_of(id)
    tx.run("DELETE FROM import_rows WHERE bucket = :bucket AND import_id = :id", bucket=bucket, id=id)
    tx.run("DELETE FROM imports WHERE bucket = :bucket AND id = :id", bucket=bucket, id=id)
