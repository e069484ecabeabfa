"""Emoji of organisations. Rows lie in the bucket of the organisation, so all of one are read together."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Emoji

COLUMNS = ", ".join(Emoji.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Emoji.__struct_fields__)


def of_org(tx: Tx, org_id: int) -> list[Emoji]:
    """All of the organisation's, in the order of their shortcodes."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM emojis WHERE bucket = :bucket AND org_id = :org ORDER BY shortcode",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [Emoji(*row) for row in rows]


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Emoji]:
    if not ids:
        return {}
    return tx.by_ids(f"SELECT {COLUMNS} FROM emojis WHERE {tx.sql.ids_in('id', 'ids')}", Emoji, ids)


def version(tx: Tx, org_id: int) -> int:
    """Of the organisation's emoji: another after each change; 0: there never were any."""
    row = tx.one(
        "SELECT version FROM emoji_sets WHERE bucket = :bucket AND org_id = :org",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return row[0] if row else 0


def set_version(tx: Tx, org_id: int, version: int) -> None:
    """Until this transaction ends, others who do the same for this organisation wait."""
    tx.run(
        """INSERT INTO emoji_sets (bucket, org_id, version) VALUES (:bucket, :org, :version)
           ON CONFLICT (bucket, org_id) DO UPDATE SET version = excluded.version""",
        bucket=bucket_of(org_id),
        org=org_id,
        version=version,
    )


def insert(tx: Tx, emoji: Emoji) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        f"INSERT INTO emojis (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES}) ON CONFLICT (id, bucket) DO NOTHING",
        bucket=bucket_of(emoji.id),
        **{name: getattr(emoji, name) for name in Emoji.__struct_fields__},
    )


def delete(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM emojis WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
