"""Accounts as staff see them."""

from typing import Any

from ..ports import Tx
from ..types import Account, Span, User

_ACCOUNT = ", ".join(f"a.{name}" for name in Account.__struct_fields__)
_USER = ", ".join(f"u.{name}" for name in User.__struct_fields__)
_WIDTH = len(Account.__struct_fields__)

CONDITIONS = {
    "active": """a.suspended_ms = 0 AND u.disabled = 0 AND u.approved = 1 AND u.confirmed_ms > 0
                 AND u.deactivated_ms = 0""",
    "pending": "u.approved = 0",
    "disabled": "u.disabled = 1",
    "silenced": "a.silenced_ms > 0",
    "suspended": "a.suspended_ms > 0",
    "sensitized": "a.sensitized_ms > 0",
    "deactivated": "u.deactivated_ms > 0",
    "compliance": "u.compliance_by_id > 0",
    "not_gone": "u.gone_ms = 0",
    "words": """LOWER(a.username) LIKE :words ESCAPE '!' OR LOWER(a.display_name) LIKE :words ESCAPE '!'
                OR LOWER(u.email) LIKE :words ESCAPE '!'""",
    "username": "SUBSTR(LOWER(a.username), 1, LENGTH(:username)) = LOWER(:username)",
    "display_name": "SUBSTR(LOWER(a.display_name), 1, LENGTH(:display_name)) = LOWER(:display_name)",
    "email": "LOWER(u.email) = LOWER(:email)",
    "ip": "u.sign_up_ip = :ip",
}


def page(tx: Tx, org_id: int, span: Span, conditions: list[str], values: dict[str, Any]) -> list[tuple[Account, User]]:
    """Newest first. conditions: keys of CONDITIONS, which all must hold; values: what those name.

    With `roles` in values, only who has one of them.
    """
    where = " AND ".join(f"({CONDITIONS[name]})" for name in conditions) or "1 = 1"
    rows = tx.all(
        f"""SELECT {_ACCOUNT}, {_USER} FROM accounts a JOIN users u ON u.bucket = a.bucket AND u.account_id = a.id
            WHERE a.org_id = :org AND a.id < :before AND a.id > :after AND {where}
              AND {tx.sql.is_in("u.role", "roles") if "roles" in values else "1 = 1"}
            ORDER BY a.id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
        **values,
    )
    found = [(Account(*row[:_WIDTH]), User(*row[_WIDTH:])) for row in rows]
    return found[::-1] if span.oldest else found


def forget_ips(tx: Tx, *, before_id: int) -> None:
    """From where accounts older than before_id were made."""
    tx.run("UPDATE users SET sign_up_ip = '' WHERE sign_up_ip <> '' AND account_id < :before", before=before_id)
