"""Exports of organisations: rows about files with all that one has. The files are blobs."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import OrgExport

_COLUMNS = ", ".join(OrgExport.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in OrgExport.__struct_fields__)


def insert(tx: Tx, one: OrgExport) -> None:
    tx.run(
        f"INSERT INTO org_exports (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(one.id),
        **{name: getattr(one, name) for name in OrgExport.__struct_fields__},
    )


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, OrgExport]:
    return tx.by_ids(f"SELECT {_COLUMNS} FROM org_exports WHERE {tx.sql.ids_in('id', 'ids')}", OrgExport, ids)


def by_id(tx: Tx, id: int) -> OrgExport | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM org_exports WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return OrgExport(*row) if row else None


def of_org(tx: Tx, org_id: int, limit: int) -> list[OrgExport]:
    """The newest first."""
    found = tx.all(
        f"""SELECT {_COLUMNS} FROM org_exports WHERE bucket = :bucket AND org_id = :org
            ORDER BY id DESC LIMIT :limit""",
        bucket=bucket_of(org_id),
        org=org_id,
        limit=limit,
    )
    return [OrgExport(*row) for row in found]


def set_written(tx: Tx, id: int, written: int) -> None:
    """How many rows are written so far."""
    tx.run(
        "UPDATE org_exports SET written = :written WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(id),
        id=id,
        written=written,
    )


def set_ready(tx: Tx, id: int, key: str, *, size_bytes: int, written: int, files: int) -> bool:
    """False when it is deleted, or was ready already."""
    return 1 == tx.changed(
        """UPDATE org_exports SET key = :key, size_bytes = :size, written = :written, files = :files, ready_ms = :now
           WHERE bucket = :bucket AND id = :id AND ready_ms = 0""",
        bucket=bucket_of(id),
        id=id,
        key=key,
        size=size_bytes,
        written=written,
        files=files,
        now=tx.now_ms,
    )


def delete(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM org_exports WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
