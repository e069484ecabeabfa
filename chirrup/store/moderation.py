"""Accounts as administrators see them, and the log of what administrators did. Nothing is deleted from the log."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Account, ModerationEntry, Span, User

_ACCOUNT = ", ".join(f"a.{name}" for name in Account.__struct_fields__)
_USER = ", ".join(f"u.{name}" for name in User.__struct_fields__)
_WIDTH = len(Account.__struct_fields__)

CONDITIONS = {
    "active": "a.suspended_ms = 0 AND u.disabled = 0 AND u.approved = 1 AND u.confirmed_ms > 0",
    "pending": "u.approved = 0",
    "disabled": "u.disabled = 1",
    "suspended": "a.suspended_ms > 0",
    "staff": "u.role <> ''",
    "people": "u.role = ''",
    "username": "SUBSTR(LOWER(a.username), 1, LENGTH(:username)) = LOWER(:username)",
    "display_name": "SUBSTR(LOWER(a.display_name), 1, LENGTH(:display_name)) = LOWER(:display_name)",
    "email": "LOWER(u.email) = LOWER(:email)",
}


def page(tx: Tx, org_id: int, span: Span, conditions: list[str], texts: dict[str, str]) -> list[tuple[Account, User]]:
    """Newest first. conditions: keys of CONDITIONS; all must hold. texts: conditions that need a value -> the value."""
    where = " AND ".join(f"({CONDITIONS[name]})" for name in [*conditions, *texts]) or "1 = 1"
    rows = tx.all(
        f"""SELECT {_ACCOUNT}, {_USER} FROM accounts a JOIN users u ON u.bucket = a.bucket AND u.account_id = a.id
            WHERE a.org_id = :org AND a.id < :before AND a.id > :after AND {where}
            ORDER BY a.id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
        **texts,
    )
    found = [(Account(*row[:_WIDTH]), User(*row[_WIDTH:])) for row in rows]
    return found[::-1] if span.oldest else found


def log(tx: Tx, *, actor_id: int, target_id: int, action: str, words: str) -> None:
    tx.run(
        """INSERT INTO moderation_log (bucket, target_id, id, actor_id, action, words)
           VALUES (:bucket, :target, :id, :actor, :action, :words)""",
        bucket=bucket_of(target_id),
        target=target_id,
        id=tx.new_id(bucket_of(target_id)),
        actor=actor_id,
        action=action,
        words=words,
    )


def log_of(tx: Tx, target_id: int) -> list[ModerationEntry]:
    """Everything administrators did to this account, oldest first."""
    rows = tx.all(
        """SELECT id, actor_id, action, words FROM moderation_log
           WHERE bucket = :bucket AND target_id = :target ORDER BY id""",
        bucket=bucket_of(target_id),
        target=target_id,
    )
    return [ModerationEntry(*row) for row in rows]
