"""Archives: rows about files with all that an account has posted. The files are blobs."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Archive

_COLUMNS = ", ".join(Archive.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Archive.__struct_fields__)


def insert(tx: Tx, one: Archive) -> None:
    tx.run(
        f"INSERT INTO archives (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(one.id),
        **{name: getattr(one, name) for name in Archive.__struct_fields__},
    )


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Archive]:
    return tx.by_ids(f"SELECT {_COLUMNS} FROM archives WHERE {tx.sql.ids_in('id', 'ids')}", Archive, ids)


def by_id(tx: Tx, id: int) -> Archive | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM archives WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Archive(*row) if row else None


def newest(tx: Tx, account_id: int) -> Archive | None:
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM archives WHERE bucket = :bucket AND account_id = :account
            ORDER BY id DESC LIMIT 1""",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return Archive(*row) if row else None


def set_posts(tx: Tx, id: int, posts: int) -> None:
    """How many are written so far."""
    tx.run(
        "UPDATE archives SET posts = :posts WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(id),
        id=id,
        posts=posts,
    )


def set_ready(tx: Tx, id: int, key: str, size_bytes: int) -> bool:
    """False when it is deleted, or was ready already."""
    return 1 == tx.changed(
        """UPDATE archives SET key = :key, size_bytes = :size, ready_ms = :now
           WHERE bucket = :bucket AND id = :id AND ready_ms = 0""",
        bucket=bucket_of(id),
        id=id,
        key=key,
        size=size_bytes,
        now=tx.now_ms,
    )


def delete(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM archives WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
