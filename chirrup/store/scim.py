"""Rows of what directories tell by SCIM: tokens, and the users and groups they have described."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import ScimResource, ScimToken

_TOKEN = ", ".join(ScimToken.__struct_fields__)
_NAMES = ScimResource.__struct_fields__
_COLUMNS = ", ".join(_NAMES)
_VALUES = ", ".join(f":{name}" for name in _NAMES)
_SET = ", ".join(f"{name} = :{name}" for name in _NAMES if name not in ("org_id", "kind", "id"))
EQUAL = ("name", "external_id", "account_id")  # columns with an index, that one look-up may ask for


def insert_token(tx: Tx, token: ScimToken, hash: str) -> None:
    tx.run(
        """INSERT INTO scim_tokens (bucket, org_id, id, name, hash, created_ms, used_ms)
           VALUES (:bucket, :org, :id, :name, :hash, :created, 0)""",
        bucket=bucket_of(token.org_id),
        org=token.org_id,
        id=token.id,
        name=token.name,
        hash=hash,
        created=token.created_ms,
    )


def tokens(tx: Tx, org_id: int) -> list[ScimToken]:
    """The oldest first."""
    rows = tx.all(
        f"SELECT {_TOKEN} FROM scim_tokens WHERE bucket = :bucket AND org_id = :org ORDER BY id",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [ScimToken(*row) for row in rows]


def token_by_hash(tx: Tx, org_id: int, hash: str) -> ScimToken | None:
    row = tx.one(
        f"SELECT {_TOKEN} FROM scim_tokens WHERE bucket = :bucket AND org_id = :org AND hash = :hash",
        bucket=bucket_of(org_id),
        org=org_id,
        hash=hash,
    )
    return ScimToken(*row) if row else None


def set_used(tx: Tx, token: ScimToken) -> None:
    tx.run(
        "UPDATE scim_tokens SET used_ms = :now WHERE bucket = :bucket AND org_id = :org AND id = :id",
        now=tx.now_ms,
        bucket=bucket_of(token.org_id),
        org=token.org_id,
        id=token.id,
    )


def delete_token(tx: Tx, org_id: int, id: int) -> bool:
    """False when there is none."""
    return 1 == tx.changed(
        "DELETE FROM scim_tokens WHERE bucket = :bucket AND org_id = :org AND id = :id",
        bucket=bucket_of(org_id),
        org=org_id,
        id=id,
    )


def delete_tokens(tx: Tx, first: int, last: int) -> None:
    """Of all organisations in buckets first to last."""
    tx.run("DELETE FROM scim_tokens WHERE bucket BETWEEN :first AND :last", first=first, last=last)


# users and groups


def insert(tx: Tx, one: ScimResource) -> None:
    tx.run(
        f"INSERT INTO scim_resources (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(one.org_id),
        **{name: getattr(one, name) for name in _NAMES},
    )


def update(tx: Tx, one: ScimResource, version: int) -> bool:
    """False when it no longer has that version, or is deleted."""
    return 1 == tx.changed(
        f"""UPDATE scim_resources SET {_SET}
            WHERE bucket = :bucket AND org_id = :org_id AND kind = :kind AND id = :id AND version = :before""",
        bucket=bucket_of(one.org_id),
        before=version,
        **{name: getattr(one, name) for name in _NAMES},
    )


def delete(tx: Tx, one: ScimResource) -> None:
    tx.run(
        "DELETE FROM scim_resources WHERE bucket = :bucket AND org_id = :org AND kind = :kind AND id = :id",
        bucket=bucket_of(one.org_id),
        org=one.org_id,
        kind=one.kind,
        id=one.id,
    )


def delete_of_account(tx: Tx, org_id: int, account_id: int) -> None:
    tx.run(
        "DELETE FROM scim_resources WHERE bucket = :bucket AND org_id = :org AND account_id = :account",
        bucket=bucket_of(org_id),
        org=org_id,
        account=account_id,
    )


def get(tx: Tx, org_id: int, kind: str, id: int) -> ScimResource | None:
    row = tx.one(
        f"SELECT {_COLUMNS} FROM scim_resources WHERE bucket = :bucket AND org_id = :org AND kind = :kind AND id = :id",
        bucket=bucket_of(org_id),
        org=org_id,
        kind=kind,
        id=id,
    )
    return ScimResource(*row) if row else None


def equal(tx: Tx, org_id: int, kind: str, column: str, value: str | int) -> list[ScimResource]:
    """Those with this value. column: of EQUAL."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM scim_resources
            WHERE bucket = :bucket AND org_id = :org AND kind = :kind AND {column} = :value ORDER BY id""",
        bucket=bucket_of(org_id),
        org=org_id,
        kind=kind,
        value=value,
    )
    return [ScimResource(*row) for row in rows]


def by_account(tx: Tx, org_id: int, account_ids: Collection[int]) -> dict[int, ScimResource]:
    """Those of the accounts that a directory has described."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM scim_resources
            WHERE bucket = :bucket AND org_id = :org AND {tx.sql.is_in("account_id", "accounts")}""",
        bucket=bucket_of(org_id),
        org=org_id,
        accounts=account_ids,
    )
    found = [ScimResource(*row) for row in rows]
    return {one.account_id: one for one in found}


def accounts_of(tx: Tx, org_id: int, ids: Collection[int]) -> dict[int, int]:
    """User -> account."""
    rows = tx.all(
        f"""SELECT id, account_id FROM scim_resources
            WHERE bucket = :bucket AND org_id = :org AND kind = 'User' AND {tx.sql.is_in("id", "ids")}""",
        bucket=bucket_of(org_id),
        org=org_id,
        ids=ids,
    )
    return dict(rows)


def groups_named(tx: Tx, org_id: int, names: Collection[str]) -> list[ScimResource]:
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM scim_resources
            WHERE bucket = :bucket AND org_id = :org AND kind = 'Group' AND {tx.sql.is_in("name", "names")}""",
        bucket=bucket_of(org_id),
        org=org_id,
        names=names,
    )
    return [ScimResource(*row) for row in rows]


def count(tx: Tx, org_id: int, kind: str) -> int:
    row = tx.one(
        "SELECT COUNT(*) FROM scim_resources WHERE bucket = :bucket AND org_id = :org AND kind = :kind",
        bucket=bucket_of(org_id),
        org=org_id,
        kind=kind,
    )
    return row[0] if row else 0


def page(tx: Tx, org_id: int, kind: str, offset: int, limit: int) -> list[ScimResource]:
    """The oldest first. SCIM pages by number."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM scim_resources WHERE bucket = :bucket AND org_id = :org AND kind = :kind
            ORDER BY id LIMIT :limit OFFSET :offset""",
        bucket=bucket_of(org_id),
        org=org_id,
        kind=kind,
        limit=limit,
        offset=offset,
    )
    return [ScimResource(*row) for row in rows]
