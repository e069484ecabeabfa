"""Second factors: one row for each account that has one, in the account's bucket."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import SecondFactor

COLUMNS = ", ".join(SecondFactor.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in SecondFactor.__struct_fields__)


def find(tx: Tx, account_id: int) -> SecondFactor | None:
    row = tx.one(
        f"SELECT {COLUMNS} FROM second_factors WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return SecondFactor(*row) if row else None


def insert(tx: Tx, one: SecondFactor) -> bool:
    """False when the account has one already."""
    return 1 == tx.changed(
        f"""INSERT INTO second_factors (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (account_id, bucket) DO NOTHING""",
        bucket=bucket_of(one.account_id),
        **{name: getattr(one, name) for name in SecondFactor.__struct_fields__},
    )


def use_step(tx: Tx, account_id: int, step: int) -> bool:
    """False when a code of this step, or of a later one, was used already: of two calls at once one gets True."""
    return 1 == tx.changed(
        """UPDATE second_factors SET used_step = :step
           WHERE bucket = :bucket AND account_id = :account AND used_step < :step""",
        step=step,
        bucket=bucket_of(account_id),
        account=account_id,
    )


def change_recovery(tx: Tx, account_id: int, *, old: str, new: str) -> bool:
    """False when the codes are no longer those of old."""
    return 1 == tx.changed(
        """UPDATE second_factors SET recovery = :new
           WHERE bucket = :bucket AND account_id = :account AND recovery = :old""",
        new=new,
        bucket=bucket_of(account_id),
        account=account_id,
        old=old,
    )


def delete(tx: Tx, account_id: int) -> bool:
    """False when the account had none."""
    return 1 == tx.changed(
        "DELETE FROM second_factors WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
