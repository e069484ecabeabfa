"""What happened in an organisation, by UTC day (days since 1970). Counting reads all rows of that time.

An id tells its time (ids.py): a span of days is a span of ids, first included, last not.
"""

from ..ports import Tx

_DAY = "(id >> 16) / 86400000"


def _by_day(rows: list[tuple[int, int]]) -> dict[int, int]:
    return dict(rows)


def sign_ups(tx: Tx, org_id: int, first: int, last: int) -> dict[int, int]:
    return _by_day(
        tx.all(
            f"""SELECT {_DAY}, COUNT(*) FROM accounts WHERE org_id = :org AND id >= :first AND id < :last
                GROUP BY {_DAY}""",
            org=org_id,
            first=first,
            last=last,
        )
    )


def authors(tx: Tx, org_id: int, first: int, last: int) -> dict[int, int]:
    """How many accounts published something."""
    return _by_day(
        tx.all(
            f"""SELECT {_DAY}, COUNT(DISTINCT author_id) FROM posts
                WHERE org_id = :org AND id >= :first AND id < :last AND deleted_ms = 0 GROUP BY {_DAY}""",
            org=org_id,
            first=first,
            last=last,
        )
    )


def all_authors(tx: Tx, org_id: int, first: int, last: int) -> int:
    """The same in the whole time, each once."""
    row = tx.one(
        """SELECT COUNT(DISTINCT author_id) FROM posts
           WHERE org_id = :org AND id >= :first AND id < :last AND deleted_ms = 0""",
        org=org_id,
        first=first,
        last=last,
    )
    return row[0] if row else 0


def answers(tx: Tx, org_id: int, first: int, last: int) -> dict[int, int]:
    """Boosts, and replies to others."""
    return _by_day(
        tx.all(
            f"""SELECT {_DAY}, COUNT(*) FROM posts
                WHERE org_id = :org AND id >= :first AND id < :last AND deleted_ms = 0
                  AND (boost_of_id > 0 OR reply_to_author_id NOT IN (0, author_id)) GROUP BY {_DAY}""",
            org=org_id,
            first=first,
            last=last,
        )
    )


def favourites(tx: Tx, org_id: int, first: int, last: int) -> dict[int, int]:
    return _by_day(
        tx.all(
            """SELECT (f.id >> 16) / 86400000, COUNT(*) FROM favourites f
                 JOIN accounts a ON a.bucket = f.bucket AND a.id = f.account_id
               WHERE a.org_id = :org AND f.id >= :first AND f.id < :last GROUP BY (f.id >> 16) / 86400000""",
            org=org_id,
            first=first,
            last=last,
        )
    )


def reports(tx: Tx, org_id: int, first: int, last: int) -> dict[int, int]:
    return _by_day(
        tx.all(
            f"""SELECT {_DAY}, COUNT(*) FROM reports WHERE org_id = :org AND id >= :first AND id < :last
                GROUP BY {_DAY}""",
            org=org_id,
            first=first,
            last=last,
        )
    )


def resolved(tx: Tx, org_id: int, first: int, last: int) -> dict[int, int]:
    """By the day on which they were resolved."""
    return _by_day(
        tx.all(
            """SELECT resolved_ms / 86400000, COUNT(*) FROM reports
               WHERE org_id = :org AND resolved_ms >= :first AND resolved_ms < :last
               GROUP BY resolved_ms / 86400000""",
            org=org_id,
            first=first >> 16,
            last=last >> 16,
        )
    )


def languages(tx: Tx, org_id: int, first: int, last: int, limit: int) -> list[tuple[str, int]]:
    """Of the people whose newest post is of that time: the languages that they read, the most frequent first."""
    return tx.all(
        """SELECT u.locale, COUNT(*) FROM users u
             JOIN account_counts c ON c.bucket = u.bucket AND c.account_id = u.account_id
           WHERE u.org_id = :org AND c.last_post_ms >= :first AND c.last_post_ms < :last
           GROUP BY u.locale ORDER BY COUNT(*) DESC, u.locale LIMIT :limit""",
        org=org_id,
        first=first >> 16,
        last=last >> 16,
        limit=limit,
    )


def sources(tx: Tx, org_id: int, first: int, last: int, limit: int) -> list[tuple[int, int]]:
    """The apps with which people signed up; 0: on a page, or by a command."""
    return tx.all(
        """SELECT sign_up_app_id, COUNT(*) FROM users
           WHERE org_id = :org AND account_id >= :first AND account_id < :last
           GROUP BY sign_up_app_id ORDER BY COUNT(*) DESC, sign_up_app_id LIMIT :limit""",
        org=org_id,
        first=first,
        last=last,
        limit=limit,
    )


def media_bytes(tx: Tx, org_id: int) -> int:
    row = tx.one(
        """SELECT CAST(COALESCE(SUM(m.size_bytes), 0) AS BIGINT) FROM media m
             JOIN accounts a ON a.bucket = m.bucket AND a.id = m.owner_id WHERE a.org_id = :org""",
        org=org_id,
    )
    return row[0] if row else 0


def days_of_authors(tx: Tx, org_id: int, first: int, last: int, limit: int) -> list[tuple[int, int]]:
    """(account, a day on which it published something) of accounts that were made in that time; `limit` at most."""
    return tx.all(
        f"""SELECT DISTINCT author_id, {_DAY} FROM posts
            WHERE org_id = :org AND id >= :first AND id < :last AND author_id >= :first AND deleted_ms = 0
            LIMIT :limit""",
        org=org_id,
        first=first,
        last=last,
        limit=limit,
    )
