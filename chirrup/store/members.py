"""Members of an organisation: rows of `users`, by role, invitation and whether they are there (accounts.py)."""

from ..ids import bucket_of
from ..ports import Tx


def staff(tx: Tx, org_id: int, limit: int) -> list[tuple[int, str]]:
    """(account, role) of those in the organisation who have one, and are there."""
    return tx.all(
        """SELECT account_id, role FROM users WHERE org_id = :org AND role <> '' AND deactivated_ms = 0 AND gone_ms = 0
           ORDER BY account_id LIMIT :limit""",
        org=org_id,
        limit=limit,
    )


def count_with_role(tx: Tx, org_id: int, role: str) -> int:
    """Also those who are deactivated: they may come back."""
    row = tx.one(
        "SELECT COUNT(*) FROM users WHERE org_id = :org AND role <> '' AND role = :role", org=org_id, role=role
    )
    return row[0] if row else 0


def by_invite(tx: Tx, org_id: int, invite_id: int, limit: int) -> list[int]:
    """The accounts that came by this invitation, the first one first."""
    rows = tx.all(
        """SELECT account_id FROM users WHERE org_id = :org AND invite_id = :invite AND invite_id > 0
           ORDER BY account_id LIMIT :limit""",
        org=org_id,
        invite=invite_id,
        limit=limit,
    )
    return [id for (id,) in rows]


def set_role(tx: Tx, account_id: int, role: str) -> None:
    tx.run(
        "UPDATE users SET role = :role WHERE bucket = :bucket AND account_id = :account",
        role=role,
        bucket=bucket_of(account_id),
        account=account_id,
    )


def set_compliance(tx: Tx, account_id: int, by_id: int) -> None:
    """by_id 0: it has it no longer."""
    tx.run(
        "UPDATE users SET compliance_by_id = :by WHERE bucket = :bucket AND account_id = :account",
        by=by_id,
        bucket=bucket_of(account_id),
        account=account_id,
    )


def set_deactivated(tx: Tx, account_id: int, since_ms: int) -> None:
    """0: the user is a member again. Who is none may not search what others said either."""
    tx.run(
        """UPDATE users SET deactivated_ms = :since, compliance_by_id = 0
           WHERE bucket = :bucket AND account_id = :account""",
        since=since_ms,
        bucket=bucket_of(account_id),
        account=account_id,
    )
