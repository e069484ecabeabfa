"""Lists and who is on them, read from both ends."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import PostList

COLUMNS = ", ".join(PostList.__struct_fields__)


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, PostList]:
    rows = tx.all(f"SELECT {COLUMNS} FROM lists WHERE {tx.sql.is_in('id', 'ids')}", ids=ids)
    return {row[0]: PostList(*row) for row in rows}


def holding_step(tx: Tx, account_id: int, *, after: int, limit: int) -> list[int]:
    """Lists that account_id is on, ids rising, above `after`: one step of a fan-out."""
    rows = tx.all(
        """SELECT list_id FROM listed_in WHERE bucket = :bucket AND account_id = :account AND list_id > :after
           ORDER BY list_id LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        after=after,
        limit=limit,
    )
    return [id for (id,) in rows]


def held_by(tx: Tx, account_id: int, owners: Collection[int]) -> dict[int, int]:
    """The lists of any of owners that account_id is on: owner by list id."""
    rows = tx.all(
        f"""SELECT list_id, owner_id FROM listed_in
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("owner_id", "owners")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        owners=owners,
    )
    return dict(rows)  # pyright: ignore[reportArgumentType]


def members(tx: Tx, list_id: int) -> set[int]:
    rows = tx.all(
        "SELECT account_id FROM list_members WHERE bucket = :bucket AND list_id = :list",
        bucket=bucket_of(list_id),
        list=list_id,
    )
    return {id for (id,) in rows}


def with_member(tx: Tx, account_id: int, list_ids: Collection[int]) -> set[int]:
    """Those of list_ids that account_id is on."""
    rows = tx.all(
        f"""SELECT list_id FROM listed_in
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("list_id", "lists")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        lists=list_ids,
    )
    return {id for (id,) in rows}


def members_of_exclusive(tx: Tx, owner_id: int) -> set[int]:
    """Whom owner_id reads in exclusive lists only."""
    rows = tx.all(
        """SELECT m.account_id FROM lists l JOIN list_members m ON m.bucket = l.bucket AND m.list_id = l.id
           WHERE l.bucket = :bucket AND l.owner_id = :owner AND l.exclusive = 1""",
        bucket=bucket_of(owner_id),
        owner=owner_id,
    )
    return {id for (id,) in rows}
