"""Organisations, and the hosts of their sites. host: the normal form of access/sites.host_of."""

from collections.abc import Collection

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx
from ..types import Org

COLUMNS = ", ".join(Org.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Org.__struct_fields__)


def insert(tx: Tx, org: Org) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        f"INSERT INTO orgs (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES}) ON CONFLICT (id, bucket) DO NOTHING",
        bucket=bucket_of(org.id),
        **{name: getattr(org, name) for name in Org.__struct_fields__},
    )


def claim_host(tx: Tx, host: str, org_id: int) -> bool:
    """False when an organisation has it already."""
    return 1 == tx.changed(
        """INSERT INTO hosts (bucket, host, org_id) VALUES (:bucket, :host, :org)
           ON CONFLICT (bucket, host) DO NOTHING""",
        bucket=bucket_of_text(host),
        host=host,
        org=org_id,
    )


def id_by_host(tx: Tx, host: str) -> int:
    """0: no organisation has it."""
    row = tx.one(
        "SELECT org_id FROM hosts WHERE bucket = :bucket AND host = :host", bucket=bucket_of_text(host), host=host
    )
    return row[0] if row else 0


def by_id(tx: Tx, id: int) -> Org | None:
    row = tx.one(f"SELECT {COLUMNS} FROM orgs WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Org(*row) if row else None


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Org]:
    """Those of ids that exist, by id."""
    return tx.by_ids(f"SELECT {COLUMNS} FROM orgs WHERE {tx.sql.ids_in('id', 'ids')}", Org, ids)


def page(tx: Tx, *, after: int, limit: int) -> list[Org]:
    """Organisations with ids above `after`, oldest first."""
    rows = tx.all(f"SELECT {COLUMNS} FROM orgs WHERE id > :after ORDER BY id LIMIT :limit", after=after, limit=limit)
    return [Org(*row) for row in rows]


def put_own(tx: Tx) -> None:
    """Give the server's own network its row, if it has none."""
    insert(tx, Org(0, "", "", "", 0))


def turn_media_epoch(tx: Tx, id: int) -> None:
    """Addresses of files that not everybody may see end now."""
    tx.run(
        "UPDATE orgs SET media_epoch = media_epoch + 1 WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(id),
        id=id,
    )


def lock(tx: Tx, id: int) -> None:
    """Who else changes the organisation waits until this transaction ends."""
    tx.run("UPDATE orgs SET closed = closed WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def choose(tx: Tx, org: Org) -> None:
    """Store its title, whether it is closed, and its settings."""
    tx.run(
        """UPDATE orgs SET title = :title, closed = :closed, settings = :settings
           WHERE bucket = :bucket AND id = :id""",
        title=org.title,
        closed=org.closed,
        settings=org.settings,
        bucket=bucket_of(org.id),
        id=org.id,
    )


def set_closed(tx: Tx, id: int, *, closed: bool) -> None:
    tx.run(
        "UPDATE orgs SET closed = :closed WHERE bucket = :bucket AND id = :id",
        closed=int(closed),
        bucket=bucket_of(id),
        id=id,
    )


def set_closing(tx: Tx, id: int, closing_ms: int, note_id: int) -> None:
    """closing_ms 0: it does not close any more."""
    tx.run(
        "UPDATE orgs SET closing_ms = :closing, closing_note_id = :note WHERE bucket = :bucket AND id = :id",
        closing=closing_ms,
        note=note_id,
        bucket=bucket_of(id),
        id=id,
    )


def end(tx: Tx, org: Org) -> None:
    """Its host is free from now on, and nothing that it has chosen holds any more."""
    tx.run(
        "UPDATE orgs SET ended_ms = :now, settings = '' WHERE bucket = :bucket AND id = :id",
        now=tx.now_ms,
        bucket=bucket_of(org.id),
        id=org.id,
    )
    tx.run(
        "DELETE FROM hosts WHERE bucket = :bucket AND host = :host AND org_id = :org",
        bucket=bucket_of_text(org.host),
        host=org.host,
        org=org.id,
    )


def delete(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM orgs WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
