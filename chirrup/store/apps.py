"""OAuth clients. A reference table: small, with a full copy on every node."""

from collections.abc import Collection

from ..ports import Tx
from ..types import App

COLUMNS = ", ".join(App.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in App.__struct_fields__)


def insert(tx: Tx, app: App) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        f"INSERT INTO oauth_apps ({COLUMNS}) VALUES ({_VALUES}) ON CONFLICT (id) DO NOTHING",
        **{name: getattr(app, name) for name in App.__struct_fields__},
    )


def by_client_id(tx: Tx, client_id: str) -> App | None:
    row = tx.one(f"SELECT {COLUMNS} FROM oauth_apps WHERE client_id = :client_id", client_id=client_id)
    return App(*row) if row else None


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, App]:
    """The apps among ids that exist. One query, whatever len(ids)."""
    return tx.by_ids(f"SELECT {COLUMNS} FROM oauth_apps WHERE {tx.sql.is_in('id', 'ids')}", App, ids)
