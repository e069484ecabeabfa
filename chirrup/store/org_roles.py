"""Roles that an organisation has made for itself, beside the four that all have. Rows in the organisation's bucket."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import OrgRole

COLUMNS = ", ".join(OrgRole.__struct_fields__)


def of_org(tx: Tx, org_id: int) -> list[OrgRole]:
    """The oldest first."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM org_roles WHERE org_id = :org AND bucket = :bucket ORDER BY id",
        org=org_id,
        bucket=bucket_of(org_id),
    )
    return [OrgRole(*row) for row in rows]


def insert(tx: Tx, org_id: int, role: OrgRole) -> bool:
    """False when there is one of this name."""
    return 1 == tx.changed(
        """INSERT INTO org_roles (bucket, org_id, name, id, bits) VALUES (:bucket, :org, :name, :id, :bits)
           ON CONFLICT (org_id, bucket, name) DO NOTHING""",
        bucket=bucket_of(org_id),
        org=org_id,
        name=role.name,
        id=role.id,
        bits=role.bits,
    )


def set_bits(tx: Tx, org_id: int, name: str, bits: int) -> None:
    tx.run(
        "UPDATE org_roles SET bits = :bits WHERE org_id = :org AND bucket = :bucket AND name = :name",
        bits=bits,
        org=org_id,
        bucket=bucket_of(org_id),
        name=name,
    )


def delete(tx: Tx, org_id: int, name: str) -> None:
    tx.run(
        "DELETE FROM org_roles WHERE org_id = :org AND bucket = :bucket AND name = :name",
        org=org_id,
        bucket=bucket_of(org_id),
        name=name,
    )
