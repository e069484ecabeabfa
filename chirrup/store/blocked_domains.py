"""The domains that an account blocks. domain: in its normal form (social/text.host_key)."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Span


def insert(tx: Tx, account_id: int, domain: str) -> None:
    """Harmless when it is blocked already."""
    tx.run(
        """INSERT INTO blocked_domains (bucket, account_id, domain, id) VALUES (:bucket, :account, :domain, :id)
           ON CONFLICT (bucket, account_id, domain) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        domain=domain,
        id=tx.new_id(bucket_of(account_id)),
    )


def delete(tx: Tx, account_id: int, domain: str) -> None:
    tx.run(
        "DELETE FROM blocked_domains WHERE bucket = :bucket AND account_id = :account AND domain = :domain",
        bucket=bucket_of(account_id),
        account=account_id,
        domain=domain,
    )


def page(tx: Tx, account_id: int, span: Span) -> list[tuple[int, str]]:
    """(block id, domain), newest first. span is over block ids."""
    rows = tx.all(
        f"""SELECT id, domain FROM blocked_domains WHERE bucket = :bucket AND account_id = :account
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows


def among(tx: Tx, account_id: int, domains: Collection[str]) -> set[str]:
    """Those of domains that account_id blocks."""
    rows = tx.all(
        f"""SELECT domain FROM blocked_domains
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("domain", "domains")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        domains=domains,
    )
    return {domain for (domain,) in rows}
