"""Lists and their members, read from both ends."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import PostList, Span

COLUMNS = ", ".join(PostList.__struct_fields__)


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, PostList]:
    if not ids:
        return {}
    return tx.by_ids(f"SELECT {COLUMNS} FROM lists WHERE {tx.sql.ids_in('id', 'ids')}", PostList, ids)


def is_on_any(tx: Tx, account_id: int) -> bool:
    row = tx.one(
        "SELECT 1 FROM listed_in WHERE bucket = :bucket AND account_id = :account LIMIT 1",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return row is not None


def held_by(tx: Tx, account_id: int, owners: Collection[int]) -> dict[int, int]:
    """list id -> owner, of the lists of any of owners that account_id is on."""
    rows = tx.all(
        f"""SELECT list_id, owner_id FROM listed_in
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("owner_id", "owners")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        owners=owners,
    )
    return dict(rows)


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


def exclusive_and_rooms(tx: Tx, owner_id: int) -> tuple[set[int], set[int]]:
    """(members of owner_id's exclusive lists, whose posts are not in its home timeline; the rooms that it is in)."""
    rows = tx.all(
        """SELECT 0, m.account_id FROM lists l JOIN list_members m ON m.bucket = l.bucket AND m.list_id = l.id
             WHERE l.bucket = :bucket AND l.owner_id = :owner AND l.exclusive = 1
           UNION ALL SELECT 1, room_id FROM member_rooms WHERE bucket = :bucket AND account_id = :owner""",
        bucket=bucket_of(owner_id),
        owner=owner_id,
    )
    return {id for is_room, id in rows if not is_room}, {id for is_room, id in rows if is_room}


def owned(tx: Tx, owner_id: int) -> list[PostList]:
    """Every list of owner_id, oldest first."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM lists WHERE bucket = :bucket AND owner_id = :owner ORDER BY id",
        bucket=bucket_of(owner_id),
        owner=owner_id,
    )
    return [PostList(*row) for row in rows]


def insert(tx: Tx, made: PostList) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        """INSERT INTO lists (bucket, id, owner_id, title, replies, exclusive)
           VALUES (:bucket, :id, :owner, :title, :replies, :exclusive) ON CONFLICT (id, bucket) DO NOTHING""",
        bucket=bucket_of(made.id),
        id=made.id,
        owner=made.owner_id,
        title=made.title,
        replies=made.replies,
        exclusive=made.exclusive,
    )


def update(tx: Tx, changed: PostList) -> None:
    tx.run(
        """UPDATE lists SET title = :title, replies = :replies, exclusive = :exclusive
           WHERE bucket = :bucket AND id = :id""",
        title=changed.title,
        replies=changed.replies,
        exclusive=changed.exclusive,
        bucket=bucket_of(changed.id),
        id=changed.id,
    )


def delete(tx: Tx, id: int) -> None:
    """Deletes the list and its memberships, at both ends."""
    remove_members(tx, id, members(tx, id))
    tx.run("DELETE FROM lists WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def members_page(tx: Tx, list_id: int, span: Span) -> list[tuple[int, int]]:
    """(membership id, account id), newest membership first. span is over membership ids."""
    rows = tx.all(
        f"""SELECT id, account_id FROM list_members WHERE bucket = :bucket AND list_id = :list
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(list_id),
        list=list_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows


def entries(tx: Tx, owner_id: int, span: Span) -> list[tuple[int, tuple[str, int]]]:
    """(membership id, (title, account id)) of all lists of owner_id, newest membership first."""
    rows = tx.all(
        f"""SELECT m.id, l.title, m.account_id FROM lists l
            JOIN list_members m ON m.bucket = l.bucket AND m.list_id = l.id
            WHERE l.bucket = :bucket AND l.owner_id = :owner AND m.id < :before AND m.id > :after
            ORDER BY m.id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(owner_id),
        owner=owner_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    found = [(id, (title, account_id)) for id, title, account_id in rows]
    return found[::-1] if span.oldest else found


def add_member(tx: Tx, chosen: PostList, account_id: int) -> bool:
    """Writes both ends. False when it was on the list already."""
    new = 1 == tx.changed(
        """INSERT INTO list_members (bucket, list_id, account_id, id) VALUES (:bucket, :list, :account, :id)
           ON CONFLICT (bucket, list_id, account_id) DO NOTHING""",
        bucket=bucket_of(chosen.id),
        list=chosen.id,
        account=account_id,
        id=tx.new_id(bucket_of(chosen.id)),
    )
    if new:
        tx.run(
            """INSERT INTO listed_in (bucket, account_id, list_id, owner_id) VALUES (:bucket, :account, :list, :owner)
               ON CONFLICT (bucket, account_id, list_id) DO NOTHING""",
            bucket=bucket_of(account_id),
            account=account_id,
            list=chosen.id,
            owner=chosen.owner_id,
        )
    return new


def remove_members(tx: Tx, list_id: int, account_ids: Collection[int]) -> int:
    """Deletes both ends. How many were on the list."""
    tx.run(
        f"""DELETE FROM listed_in WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("account_id", "accounts")}
              AND list_id = :list""",
        buckets={bucket_of(id) for id in account_ids},
        accounts=account_ids,
        list=list_id,
    )
    return tx.changed(
        f"""DELETE FROM list_members
            WHERE bucket = :bucket AND list_id = :list AND {tx.sql.is_in("account_id", "accounts")}""",
        bucket=bucket_of(list_id),
        list=list_id,
        accounts=account_ids,
    )
