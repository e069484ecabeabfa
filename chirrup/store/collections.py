"""Collections and the accounts in them, read from both ends."""

from collections.abc import Collection as Many

from ..ids import bucket_of
from ..ports import Tx
from ..types import Collection, CollectionItem, Span

COLUMNS = ", ".join(Collection.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Collection.__struct_fields__)
_ITEM = ", ".join(CollectionItem.__struct_fields__)


def insert(tx: Tx, made: Collection) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        f"""INSERT INTO collections (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (id, bucket) DO NOTHING""",
        bucket=bucket_of(made.id),
        **{name: getattr(made, name) for name in Collection.__struct_fields__},
    )


def update(tx: Tx, changed: Collection) -> None:
    tx.run(
        """UPDATE collections SET name = :name, description = :description, language = :language, tag = :tag,
             sensitive = :sensitive, discoverable = :discoverable, changed_ms = :changed
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(changed.id),
        id=changed.id,
        name=changed.name,
        description=changed.description,
        language=changed.language,
        tag=changed.tag,
        sensitive=changed.sensitive,
        discoverable=changed.discoverable,
        changed=changed.changed_ms,
    )


def by_ids(tx: Tx, ids: Many[int]) -> dict[int, Collection]:
    """Those that exist. One query, whatever len(ids)."""
    if not ids:
        return {}
    return tx.by_ids(f"SELECT {COLUMNS} FROM collections WHERE {tx.sql.ids_in('id', 'ids')}", Collection, ids)


def take_turn(tx: Tx, id: int) -> None:
    """From here on nobody else changes it, or who is in it, until this transaction ends."""
    tx.one(
        f"SELECT 1 FROM collections WHERE bucket = :bucket AND id = :id {tx.sql.in_turn}", bucket=bucket_of(id), id=id
    )


def owned(tx: Tx, account_id: int) -> list[Collection]:
    """All of account_id's, the newest first."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM collections WHERE bucket = :bucket AND account_id = :account ORDER BY id DESC",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [Collection(*row) for row in rows]


def items(tx: Tx, ids: Many[int]) -> list[CollectionItem]:
    """All items of the collections ids, revoked ones too, the first added first. One query, whatever len(ids)."""
    rows = tx.all(
        f"SELECT {_ITEM} FROM collection_items WHERE {tx.sql.ids_in('collection_id', 'ids')} ORDER BY id", ids=ids
    )
    return [CollectionItem(*row) for row in rows]


def add(tx: Tx, collection_id: int, account_id: int) -> CollectionItem | None:
    """Writes both ends. None: it is in there already, or has taken itself out."""
    made = CollectionItem(tx.new_id(bucket_of(collection_id)), collection_id, account_id, 0)
    new = tx.changed(
        """INSERT INTO collection_items (bucket, collection_id, account_id, id, revoked_ms)
           VALUES (:bucket, :collection, :account, :id, 0)
           ON CONFLICT (collection_id, account_id, bucket) DO NOTHING""",
        bucket=bucket_of(collection_id),
        collection=collection_id,
        account=account_id,
        id=made.id,
    )
    if not new:
        return None
    tx.run(
        """INSERT INTO collected_in (bucket, account_id, collection_id, id)
           VALUES (:bucket, :account, :collection, :id) ON CONFLICT (bucket, account_id, collection_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        collection=collection_id,
        id=made.id,
    )
    return made


def remove(tx: Tx, collection_id: int, account_id: int) -> bool:
    """Deletes both ends. False when it was not in there."""
    _forget_end(tx, collection_id, account_id)
    return 1 == tx.changed(
        """DELETE FROM collection_items
           WHERE bucket = :bucket AND collection_id = :collection AND account_id = :account""",
        bucket=bucket_of(collection_id),
        collection=collection_id,
        account=account_id,
    )


def revoke(tx: Tx, collection_id: int, account_id: int) -> bool:
    """It is not in there any more and cannot be added again. False when it was not in there."""
    _forget_end(tx, collection_id, account_id)
    return 1 == tx.changed(
        """UPDATE collection_items SET revoked_ms = :now
           WHERE bucket = :bucket AND collection_id = :collection AND account_id = :account AND revoked_ms = 0""",
        now=tx.now_ms,
        bucket=bucket_of(collection_id),
        collection=collection_id,
        account=account_id,
    )


def _forget_end(tx: Tx, collection_id: int, account_id: int) -> None:
    tx.run(
        "DELETE FROM collected_in WHERE bucket = :bucket AND account_id = :account AND collection_id = :collection",
        bucket=bucket_of(account_id),
        account=account_id,
        collection=collection_id,
    )


def delete(tx: Tx, id: int) -> None:
    """The collection, and the rows of those who took themselves out. Remove all others before."""
    tx.run("DELETE FROM collection_items WHERE bucket = :bucket AND collection_id = :id", bucket=bucket_of(id), id=id)
    tx.run("DELETE FROM collections WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def holding(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(item id, collection id) of collections that account_id is in, the last added first."""
    rows = tx.all(
        f"""SELECT id, collection_id FROM collected_in WHERE bucket = :bucket AND account_id = :account
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows
