"""A FROM clause for tables in which most accounts have no rows, such as mutes or bookmarks.

For a list of ids, the database looks into the index once for each id. Of a table in which the account has no row at
all, one look is enough: it is the outer loop of a join, and without a row the list is never gone through. Measured on
SQLite: 16 of 350 µs of a home timeline.
"""


def sparse(table: str) -> str:
    """table, of whose rows only those of account_id = :viewer in its :bucket may be asked for."""
    any_row = f"SELECT 1 FROM {table} WHERE bucket = :bucket AND account_id = :viewer LIMIT 1"
    return f"({any_row}) AS any_row CROSS JOIN {table}"
