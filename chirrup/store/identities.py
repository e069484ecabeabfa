"""Who accounts are to directories. identity: of key_of()."""

from ..ids import bucket_of, bucket_of_text, text_key
from ..ports import Tx
from ..types.directory import AccountIdentity

COLUMNS = ", ".join(AccountIdentity.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in AccountIdentity.__struct_fields__)


def key_of(org_id: int, issuer: str, subject: str) -> str:
    """The same person is another one in another organisation."""
    return text_key(org_id, f"{issuer} {subject}")


def account_id(tx: Tx, identity: str) -> int:
    """0: nobody has logged in as this person."""
    row = tx.one(
        "SELECT account_id FROM identities WHERE bucket = :bucket AND identity = :identity",
        bucket=bucket_of_text(identity),
        identity=identity,
    )
    return row[0] if row else 0


def claim(tx: Tx, identity: str, account_id: int) -> bool:
    """False when an account has it already. Who else wants it waits until this transaction ends."""
    return 1 == tx.changed(
        """INSERT INTO identities (bucket, identity, account_id) VALUES (:bucket, :identity, :account)
           ON CONFLICT (bucket, identity) DO NOTHING""",
        bucket=bucket_of_text(identity),
        identity=identity,
        account=account_id,
    )


def set_account(tx: Tx, identity: str, account_id: int) -> None:
    tx.run(
        "UPDATE identities SET account_id = :account WHERE bucket = :bucket AND identity = :identity",
        account=account_id,
        bucket=bucket_of_text(identity),
        identity=identity,
    )


def release(tx: Tx, identity: str) -> None:
    tx.run(
        "DELETE FROM identities WHERE bucket = :bucket AND identity = :identity",
        bucket=bucket_of_text(identity),
        identity=identity,
    )


def insert(tx: Tx, one: AccountIdentity) -> bool:
    """False when the account is somebody to this directory already."""
    return 1 == tx.changed(
        f"""INSERT INTO account_identities (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (account_id, bucket, issuer) DO NOTHING""",
        bucket=bucket_of(one.account_id),
        **{name: getattr(one, name) for name in AccountIdentity.__struct_fields__},
    )


def find(tx: Tx, account_id: int, issuer: str) -> AccountIdentity | None:
    row = tx.one(
        f"""SELECT {COLUMNS} FROM account_identities
            WHERE bucket = :bucket AND account_id = :account AND issuer = :issuer""",
        bucket=bucket_of(account_id),
        account=account_id,
        issuer=issuer,
    )
    return AccountIdentity(*row) if row else None


def of_account(tx: Tx, account_id: int) -> list[AccountIdentity]:
    rows = tx.all(
        f"SELECT {COLUMNS} FROM account_identities WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [AccountIdentity(*row) for row in rows]


def page(tx: Tx, org_id: int, issuer: str, *, after: int, limit: int) -> list[AccountIdentity]:
    """Of all accounts that a directory has brought to an organisation, by account."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM account_identities
            WHERE org_id = :org AND issuer = :issuer AND account_id > :after ORDER BY account_id LIMIT :limit""",
        org=org_id,
        issuer=issuer,
        after=after,
        limit=limit,
    )
    return [AccountIdentity(*row) for row in rows]


def set_given(tx: Tx, account_id: int, issuer: str, *, role: str, rooms: str, gone_ms: int) -> None:
    """What the account has from the directory now, and since when it is gone there."""
    tx.run(
        """UPDATE account_identities SET role = :role, rooms = :rooms, gone_ms = :gone_ms
           WHERE bucket = :bucket AND account_id = :account AND issuer = :issuer""",
        role=role,
        rooms=rooms,
        gone_ms=gone_ms,
        bucket=bucket_of(account_id),
        account=account_id,
        issuer=issuer,
    )
