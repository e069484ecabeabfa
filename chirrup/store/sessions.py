"""Browser sessions, and links sent by mail, which work once. Both are in their account's bucket."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Session, Standing, Struct

COLUMNS = ", ".join(Session.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Session.__struct_fields__)
_OF_SESSION = ", ".join(f"s.{name}" for name in Session.__struct_fields__)


def insert(tx: Tx, session: Session) -> None:
    tx.run(
        f"INSERT INTO sessions (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(session.account_id),
        **{name: getattr(session, name) for name in Session.__struct_fields__},
    )


def find(tx: Tx, bucket: int, id: str) -> tuple[Session, Standing] | None:
    """The session, unless it has expired, and its account's standing."""
    row = tx.one(
        f"""SELECT {_OF_SESSION}, u.role, u.confirmed_ms, u.approved, u.disabled, a.suspended_ms, a.org_id,
              a.filters_version, a.moved_to_id, a.kind, u.deactivated_ms, u.compliance_by_id
            FROM sessions s
            JOIN users u ON u.bucket = s.bucket AND u.account_id = s.account_id
            JOIN accounts a ON a.bucket = s.bucket AND a.id = s.account_id
            WHERE s.bucket = :bucket AND s.id = :id AND s.expires_ms > :now""",
        bucket=bucket,
        id=id,
        now=tx.now_ms,
    )
    return (Session(*row[:6]), Standing(*row[6:])) if row else None


def extend(tx: Tx, bucket: int, id: str, expires_ms: int) -> None:
    """Set that it was seen now and expires at expires_ms."""
    tx.run(
        "UPDATE sessions SET seen_ms = :now, expires_ms = :expires WHERE bucket = :bucket AND id = :id",
        now=tx.now_ms,
        expires=expires_ms,
        bucket=bucket,
        id=id,
    )


def of_account(tx: Tx, account_id: int) -> list[Session]:
    """Sessions that have not expired, last seen first."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM sessions WHERE bucket = :bucket AND account_id = :account AND expires_ms > :now
            ORDER BY seen_ms DESC, id""",
        bucket=bucket_of(account_id),
        account=account_id,
        now=tx.now_ms,
    )
    return [Session(*row) for row in rows]


def delete(tx: Tx, account_id: int, id: str) -> bool:
    """False when the account has no such session."""
    return 1 == tx.changed(
        "DELETE FROM sessions WHERE bucket = :bucket AND id = :id AND account_id = :account",
        bucket=bucket_of(account_id),
        id=id,
        account=account_id,
    )


def delete_of_account(tx: Tx, account_id: int, *, keep: str = "") -> list[str]:
    """Delete all of the account's sessions but `keep`. Returns the ids of those deleted."""
    rows = tx.all(
        "DELETE FROM sessions WHERE bucket = :bucket AND account_id = :account AND id <> :keep RETURNING id",
        bucket=bucket_of(account_id),
        account=account_id,
        keep=keep,
    )
    return [id for (id,) in rows]


def insert_link(tx: Tx, id: str, account_id: int, *, purpose: str, email: str, expires_ms: int) -> None:
    tx.run(
        """INSERT INTO one_time_tokens (id, bucket, account_id, purpose, email, expires_ms)
           VALUES (:id, :bucket, :account, :purpose, :email, :expires)""",
        id=id,
        bucket=bucket_of(account_id),
        account=account_id,
        purpose=purpose,
        email=email,
        expires=expires_ms,
    )


class Link(Struct, frozen=True):
    account_id: int
    email: str  # it was sent to this address
    purpose: str
    org_id: int  # of the account


def link(tx: Tx, bucket: int, id: str) -> Link | None:
    """None when it is invalid: used, expired, or sent to an address the account no longer has."""
    row = tx.one(
        """SELECT o.account_id, o.email, o.purpose, u.org_id FROM one_time_tokens o
           JOIN users u ON u.bucket = o.bucket AND u.account_id = o.account_id
           WHERE o.bucket = :bucket AND o.id = :id AND o.expires_ms > :now
             AND (o.email = u.email OR o.purpose = 'change')""",
        bucket=bucket,
        id=id,
        now=tx.now_ms,
    )
    return Link(*row) if row else None


def owner_of_link(tx: Tx, bucket: int, id: str, purpose: str) -> int | None:
    """Whose link it is, where that may be an organisation, too. None when it is invalid: used, expired."""
    row = tx.one(
        """SELECT account_id FROM one_time_tokens
           WHERE bucket = :bucket AND id = :id AND purpose = :purpose AND expires_ms > :now""",
        bucket=bucket,
        id=id,
        purpose=purpose,
        now=tx.now_ms,
    )
    return row[0] if row else None


def delete_link(tx: Tx, bucket: int, id: str) -> bool:
    """False when it was deleted already, so of two calls at once one gets True."""
    return 1 == tx.changed("DELETE FROM one_time_tokens WHERE bucket = :bucket AND id = :id", bucket=bucket, id=id)


def delete_links_of_account(tx: Tx, account_id: int, purpose: str = "") -> None:
    """Of this purpose, or of all."""
    tx.run(
        """DELETE FROM one_time_tokens
           WHERE bucket = :bucket AND account_id = :account AND (purpose = :purpose OR :purpose = '')""",
        bucket=bucket_of(account_id),
        account=account_id,
        purpose=purpose,
    )


def change_password(tx: Tx, account_id: int, *, old_hash: str, new_hash: str) -> bool:
    """False when the password is no longer old_hash. Also locks the row, so that no other change comes in between."""
    return 1 == tx.changed(
        """UPDATE users SET password_hash = :new WHERE bucket = :bucket AND account_id = :account
             AND password_hash = :old""",
        new=new_hash,
        bucket=bucket_of(account_id),
        account=account_id,
        old=old_hash,
    )


def set_password(tx: Tx, account_id: int, new_hash: str) -> None:
    tx.run(
        "UPDATE users SET password_hash = :new WHERE bucket = :bucket AND account_id = :account",
        new=new_hash,
        bucket=bucket_of(account_id),
        account=account_id,
    )


def confirm(tx: Tx, account_id: int) -> None:
    """Mark the account's e-mail address as confirmed, if it is not yet."""
    tx.run(
        "UPDATE users SET confirmed_ms = :now WHERE bucket = :bucket AND account_id = :account AND confirmed_ms = 0",
        now=tx.now_ms,
        bucket=bucket_of(account_id),
        account=account_id,
    )


def delete_expired(tx: Tx) -> int:
    """Delete expired sessions. Returns how many."""
    return tx.changed("DELETE FROM sessions WHERE expires_ms <= :now", now=tx.now_ms)


def delete_links_expired(tx: Tx) -> int:
    return tx.changed("DELETE FROM one_time_tokens WHERE expires_ms <= :now", now=tx.now_ms)
