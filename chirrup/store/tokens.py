"""Access tokens, and the codes they are exchanged for. Both are in their account's bucket."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Code, Standing, Token

COLUMNS = ", ".join(Token.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Token.__struct_fields__)
WIDTH = len(Token.__struct_fields__)
_OF_TOKEN = ", ".join(f"t.{name}" for name in Token.__struct_fields__)
_CODE = ", ".join(Code.__struct_fields__)
_CODE_VALUES = ", ".join(f":{name}" for name in Code.__struct_fields__)


def insert(tx: Tx, token: Token) -> None:
    tx.run(
        f"INSERT INTO tokens (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(token.account_id or token.app_id),
        **{name: getattr(token, name) for name in Token.__struct_fields__},
    )


def find(tx: Tx, bucket: int, id: str) -> tuple[Token, int, Standing | None] | None:
    """The token, its organisation and its account's standing, in one query; no Standing for an app's own token."""
    row = tx.one(
        f"""SELECT {_OF_TOKEN}, u.role, u.confirmed_ms, u.approved, u.disabled, a.suspended_ms, a.org_id,
              a.filters_version, a.moved_to_id, a.kind, u.deactivated_ms, u.compliance_by_id, p.org_id
            FROM tokens t
            LEFT JOIN users u ON u.bucket = t.bucket AND u.account_id = t.account_id
            LEFT JOIN accounts a ON a.bucket = t.bucket AND a.id = t.account_id
            LEFT JOIN oauth_apps p ON p.id = t.app_id
            WHERE t.bucket = :bucket AND t.id = :id""",
        bucket=bucket,
        id=id,
    )
    if row is None:
        return None
    token, standing, app_org_id = Token(*row[:WIDTH]), row[WIDTH:-1], row[-1]
    if None in standing:
        return token, app_org_id or 0, None
    found = Standing(*standing)
    return token, found.org_id, found


def use(tx: Tx, bucket: int, id: str) -> None:
    """Note that it was used now."""
    tx.run("UPDATE tokens SET used_ms = :now WHERE bucket = :bucket AND id = :id", now=tx.now_ms, bucket=bucket, id=id)


def delete(tx: Tx, bucket: int, id: str) -> bool:
    """False when it was gone already."""
    return 1 == tx.changed("DELETE FROM tokens WHERE bucket = :bucket AND id = :id", bucket=bucket, id=id)


def of_account(tx: Tx, account_id: int) -> list[Token]:
    """Every token of the account, in no order."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM tokens WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [Token(*row) for row in rows]


def delete_of_account(tx: Tx, account_id: int, *, keep: str = "") -> list[str]:
    """Delete all of the account's tokens but `keep`. Returns the ids of those deleted."""
    rows = tx.all(
        "DELETE FROM tokens WHERE bucket = :bucket AND account_id = :account AND id <> :keep RETURNING id",
        bucket=bucket_of(account_id),
        account=account_id,
        keep=keep,
    )
    return [id for (id,) in rows]


def holders(tx: Tx, first: int, last: int) -> set[int]:
    """Accounts of buckets first to last that have a token, session, code or link; 0 stands for apps' own tokens."""
    rows = tx.all(
        """SELECT account_id FROM tokens WHERE bucket BETWEEN :first AND :last
           UNION SELECT account_id FROM sessions WHERE bucket BETWEEN :first AND :last
           UNION SELECT account_id FROM oauth_codes WHERE bucket BETWEEN :first AND :last
           UNION SELECT account_id FROM one_time_tokens WHERE bucket BETWEEN :first AND :last""",
        first=first,
        last=last,
    )
    return {id for (id,) in rows}


def delete_of_apps(tx: Tx, first: int, last: int) -> None:
    """Delete apps' own tokens in buckets first to last."""
    tx.run("DELETE FROM tokens WHERE bucket BETWEEN :first AND :last AND account_id = 0", first=first, last=last)


def delete_of_app(tx: Tx, account_id: int, app_id: int) -> list[str]:
    """Delete an account's tokens for one app. Returns the ids of those deleted."""
    rows = tx.all(
        "DELETE FROM tokens WHERE bucket = :bucket AND account_id = :account AND app_id = :app RETURNING id",
        bucket=bucket_of(account_id),
        account=account_id,
        app=app_id,
    )
    return [id for (id,) in rows]


def insert_code(tx: Tx, code: Code) -> None:
    tx.run(
        f"INSERT INTO oauth_codes (bucket, {_CODE}) VALUES (:bucket, {_CODE_VALUES})",
        bucket=bucket_of(code.account_id),
        **{name: getattr(code, name) for name in Code.__struct_fields__},
    )


def use_code(tx: Tx, bucket: int, id: str, app_id: int) -> Code | None:
    """Mark the app's code as used and return it. None: absent, another app's, or used already, so of two calls at once
    one gets it."""
    rows = tx.all(
        f"""UPDATE oauth_codes SET used_ms = :now
            WHERE bucket = :bucket AND id = :id AND app_id = :app AND used_ms = 0 RETURNING {_CODE}""",
        now=tx.now_ms,
        bucket=bucket,
        id=id,
        app=app_id,
    )
    return Code(*rows[0]) if rows else None


def code(tx: Tx, bucket: int, id: str) -> Code | None:
    row = tx.one(f"SELECT {_CODE} FROM oauth_codes WHERE bucket = :bucket AND id = :id", bucket=bucket, id=id)
    return Code(*row) if row else None


def bind_code(tx: Tx, bucket: int, id: str, token_id: str) -> None:
    """Store which token the code was exchanged for."""
    tx.run(
        "UPDATE oauth_codes SET token_id = :token WHERE bucket = :bucket AND id = :id",
        token=token_id,
        bucket=bucket,
        id=id,
    )


def delete_codes_of_account(tx: Tx, account_id: int, *, app_id: int = 0) -> None:
    """Delete codes that were not exchanged yet, for one app or (0) for all."""
    tx.run(
        """DELETE FROM oauth_codes WHERE bucket = :bucket AND account_id = :account AND used_ms = 0
             AND (app_id = :app OR :app = 0)""",
        bucket=bucket_of(account_id),
        account=account_id,
        app=app_id,
    )


def delete_codes_expired(tx: Tx, before_ms: int) -> int:
    return tx.changed("DELETE FROM oauth_codes WHERE expires_ms < :before", before=before_ms)
