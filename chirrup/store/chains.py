"""Chains and rotations: who is asked next, and who has duty. Rows in the organisation's bucket."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Chain, Rotation

_CHAIN = ", ".join(Chain.__struct_fields__)
_CHAIN_VALUES = ", ".join(f":{name}" for name in Chain.__struct_fields__)
_ROTATION = ", ".join(Rotation.__struct_fields__)
_ROTATION_VALUES = ", ".join(f":{name}" for name in Rotation.__struct_fields__)


def of_org(tx: Tx, org_id: int) -> list[Chain]:
    """By name."""
    rows = tx.all(
        f"SELECT {_CHAIN} FROM chains WHERE bucket = :bucket AND org_id = :org ORDER BY name",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [Chain(*row) for row in rows]


def by_id(tx: Tx, id: int) -> Chain | None:
    row = tx.one(f"SELECT {_CHAIN} FROM chains WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Chain(*row) if row else None


def insert(tx: Tx, chain: Chain) -> bool:
    """False: the organisation has one of this name."""
    return 1 == tx.changed(
        f"""INSERT INTO chains (bucket, {_CHAIN}) VALUES (:bucket, {_CHAIN_VALUES})
            ON CONFLICT (bucket, org_id, name) DO NOTHING""",
        bucket=bucket_of(chain.id),
        **{name: getattr(chain, name) for name in Chain.__struct_fields__},
    )


def update(tx: Tx, chain: Chain) -> None:
    """Write steps and repeats."""
    tx.run(
        "UPDATE chains SET steps = :steps, repeats = :repeats WHERE bucket = :bucket AND id = :id",
        steps=chain.steps,
        repeats=chain.repeats,
        bucket=bucket_of(chain.id),
        id=chain.id,
    )


def delete(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM chains WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def rotations_of_org(tx: Tx, org_id: int) -> list[Rotation]:
    """By name."""
    rows = tx.all(
        f"SELECT {_ROTATION} FROM rotations WHERE bucket = :bucket AND org_id = :org ORDER BY name",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [Rotation(*row) for row in rows]


def rotation(tx: Tx, id: int) -> Rotation | None:
    row = tx.one(f"SELECT {_ROTATION} FROM rotations WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Rotation(*row) if row else None


def insert_rotation(tx: Tx, rotation: Rotation) -> bool:
    """False: the organisation has one of this name."""
    return 1 == tx.changed(
        f"""INSERT INTO rotations (bucket, {_ROTATION}) VALUES (:bucket, {_ROTATION_VALUES})
            ON CONFLICT (bucket, org_id, name) DO NOTHING""",
        bucket=bucket_of(rotation.id),
        **{name: getattr(rotation, name) for name in Rotation.__struct_fields__},
    )


def update_rotation(tx: Tx, rotation: Rotation) -> None:
    """Write people, zone and from_ms."""
    tx.run(
        """UPDATE rotations SET people = :people, zone = :zone, from_ms = :from_ms
           WHERE bucket = :bucket AND id = :id""",
        people=rotation.people,
        zone=rotation.zone,
        from_ms=rotation.from_ms,
        bucket=bucket_of(rotation.id),
        id=rotation.id,
    )


def delete_rotation(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM rotations WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
