"""Passkeys, each in its account's bucket."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Passkey

COLUMNS = ", ".join(Passkey.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Passkey.__struct_fields__)
_OF_KEY = ", ".join(f"p.{name}" for name in Passkey.__struct_fields__)


def of_account(tx: Tx, account_id: int) -> list[Passkey]:
    """Oldest first."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM passkeys WHERE bucket = :bucket AND account_id = :account ORDER BY created_ms, id",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [Passkey(*row) for row in rows]


def find(tx: Tx, account_id: int, id: str, org_id: int) -> Passkey | None:
    """None, too, when the account is of another organisation."""
    row = tx.one(
        f"""SELECT {_OF_KEY} FROM passkeys p JOIN users u ON u.bucket = p.bucket AND u.account_id = p.account_id
            WHERE p.bucket = :bucket AND p.account_id = :account AND p.id = :id AND u.org_id = :org""",
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
        org=org_id,
    )
    return Passkey(*row) if row else None


def insert(tx: Tx, key: Passkey) -> bool:
    """False when the account has it already."""
    return 1 == tx.changed(
        f"""INSERT INTO passkeys (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (bucket, account_id, id) DO NOTHING""",
        bucket=bucket_of(key.account_id),
        **{name: getattr(key, name) for name in Passkey.__struct_fields__},
    )


def use(tx: Tx, account_id: int, id: str, *, asked_ms: int, sign_count: int) -> bool:
    """False when it has answered this challenge, or a later one, before: of two calls at once one gets True."""
    return 1 == tx.changed(
        """UPDATE passkeys SET asked_ms = :asked, sign_count = :count, used_ms = :now
           WHERE bucket = :bucket AND account_id = :account AND id = :id AND asked_ms < :asked""",
        asked=asked_ms,
        count=sign_count,
        now=tx.now_ms,
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
    )


def delete(tx: Tx, account_id: int, id: str) -> bool:
    """False when the account has no such passkey."""
    return 1 == tx.changed(
        "DELETE FROM passkeys WHERE bucket = :bucket AND account_id = :account AND id = :id",
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
    )


def delete_of_account(tx: Tx, account_id: int) -> int:
    """How many there were."""
    return tx.changed(
        "DELETE FROM passkeys WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
