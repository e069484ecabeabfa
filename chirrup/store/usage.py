"""Totals of an organisation. Counting reads whole tables: call social/usage.py instead, which caches them."""

from ..ports import Tx


def people(tx: Tx, org_id: int) -> int:
    """How many accounts the organisation has."""
    row = tx.one("SELECT COUNT(*) FROM accounts WHERE org_id = :org", org=org_id)
    return row[0] if row else 0


def posts(tx: Tx, org_id: int, month_ago_ms: int, half_year_ago_ms: int) -> tuple[int, int, int]:
    """(counted posts, accounts that posted within a month, accounts that posted within half a year)."""
    row = tx.one(
        """SELECT CAST(COALESCE(SUM(posts), 0) AS BIGINT),
             COUNT(CASE WHEN last_post_ms >= :month THEN 1 END), COUNT(CASE WHEN last_post_ms >= :half_year THEN 1 END)
           FROM account_counts c JOIN accounts a ON a.bucket = c.bucket AND a.id = c.account_id
           WHERE a.org_id = :org""",
        org=org_id,
        month=month_ago_ms,
        half_year=half_year_ago_ms,
    )
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


def said(tx: Tx, org_id: int, first: int, last: int) -> tuple[int, int]:
    """(posts that everybody may see, their authors) with ids from first on and before last, without boosts."""
    row = tx.one(
        """SELECT COUNT(*), COUNT(DISTINCT author_id) FROM posts
           WHERE org_id = :org AND id >= :first AND id < :last AND deleted_ms = 0 AND boost_of_id = 0
             AND visibility IN ('public', 'unlisted')""",
        org=org_id,
        first=first,
        last=last,
    )
    return (row[0], row[1]) if row else (0, 0)


def alive(tx: Tx) -> bool:
    """True, if the database answers."""
    return tx.one("SELECT 1") == (1,)


def writable(tx: Tx) -> None:
    """Raises, if the database cannot write. It writes a worker whose lease ended long ago, so it has no effect."""
    tx.run("INSERT INTO workers (bucket, id, until) VALUES (0, 0, 0) ON CONFLICT (bucket, id) DO UPDATE SET until = 0")
