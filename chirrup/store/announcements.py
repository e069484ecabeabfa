"""Announcements. All about one lies in its bucket, which is its organisation's."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Announcement, AnnouncementReactions

COLUMNS = ", ".join(Announcement.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Announcement.__struct_fields__)
_COUNTS = ", ".join(AnnouncementReactions.__struct_fields__)


def insert(tx: Tx, one: Announcement) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        f"""INSERT INTO announcements (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (id, bucket) DO NOTHING""",
        bucket=bucket_of(one.id),
        **{name: getattr(one, name) for name in Announcement.__struct_fields__},
    )


def of_org(tx: Tx, org_id: int) -> list[Announcement]:
    """All of the organisation's, the first made first, published or not."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM announcements WHERE bucket = :bucket AND org_id = :org ORDER BY id",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [Announcement(*row) for row in rows]


def by_id(tx: Tx, id: int, *, in_turn: bool = False) -> Announcement | None:
    """in_turn: lock the row until this transaction ends."""
    row = tx.one(
        f"SELECT {COLUMNS} FROM announcements WHERE bucket = :bucket AND id = :id {tx.sql.in_turn if in_turn else ''}",
        bucket=bucket_of(id),
        id=id,
    )
    return Announcement(*row) if row else None


def publish(tx: Tx, id: int) -> bool:
    """False when it is published already, or gone."""
    return 1 == tx.changed(
        """UPDATE announcements SET published_ms = :now, changed_ms = :now
           WHERE bucket = :bucket AND id = :id AND published_ms = 0""",
        now=tx.now_ms,
        bucket=bucket_of(id),
        id=id,
    )


def delete(tx: Tx, id: int) -> bool:
    """With all about it in the other tables. False when it is gone already."""
    for statement in (
        "DELETE FROM announcement_reactions WHERE bucket = :bucket AND announcement_id = :id",
        "DELETE FROM announcement_counts WHERE bucket = :bucket AND announcement_id = :id",
        "DELETE FROM announcements_read WHERE bucket = :bucket AND announcement_id = :id",
    ):
        tx.run(statement, bucket=bucket_of(id), id=id)
    return 1 == tx.changed("DELETE FROM announcements WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def mark_read(tx: Tx, id: int, account_id: int) -> None:
    tx.run(
        """INSERT INTO announcements_read (bucket, announcement_id, account_id) VALUES (:bucket, :id, :account)
           ON CONFLICT (bucket, announcement_id, account_id) DO NOTHING""",
        bucket=bucket_of(id),
        id=id,
        account=account_id,
    )


def read_by(tx: Tx, org_id: int, ids: Collection[int], account_id: int) -> set[int]:
    """Those of the organisation's announcements ids that the account has read."""
    rows = tx.all(
        f"""SELECT announcement_id FROM announcements_read
            WHERE bucket = :bucket AND {tx.sql.is_in("announcement_id", "ids")} AND account_id = :account""",
        bucket=bucket_of(org_id),
        ids=ids,
        account=account_id,
    )
    return {id for (id,) in rows}


def forget_read(tx: Tx, org_id: int, ids: Collection[int], account_id: int) -> None:
    tx.run(
        f"""DELETE FROM announcements_read
            WHERE bucket = :bucket AND {tx.sql.is_in("announcement_id", "ids")} AND account_id = :account""",
        bucket=bucket_of(org_id),
        ids=ids,
        account=account_id,
    )


def counts(tx: Tx, org_id: int, ids: Collection[int]) -> list[AnnouncementReactions]:
    """Of the organisation's announcements ids, the first used first."""
    rows = tx.all(
        f"""SELECT {_COUNTS} FROM announcement_counts
            WHERE bucket = :bucket AND {tx.sql.is_in("announcement_id", "ids")} ORDER BY id""",
        bucket=bucket_of(org_id),
        ids=ids,
    )
    return [AnnouncementReactions(*row) for row in rows]


def reactions_of(tx: Tx, org_id: int, ids: Collection[int], account_id: int) -> set[tuple[int, str]]:
    """(announcement, name) of what the account reacted with."""
    rows = tx.all(
        f"""SELECT announcement_id, name FROM announcement_reactions
            WHERE bucket = :bucket AND {tx.sql.is_in("announcement_id", "ids")} AND account_id = :account""",
        bucket=bucket_of(org_id),
        ids=ids,
        account=account_id,
    )
    return {(id, name) for id, name in rows}


def react(tx: Tx, id: int, account_id: int, name: str) -> bool:
    """False when the account has done so before. The caller must count it."""
    return 1 == tx.changed(
        """INSERT INTO announcement_reactions (bucket, announcement_id, account_id, name)
           VALUES (:bucket, :id, :account, :name) ON CONFLICT (bucket, announcement_id, account_id, name) DO NOTHING""",
        bucket=bucket_of(id),
        id=id,
        account=account_id,
        name=name,
    )


def take_back(tx: Tx, id: int, account_id: int, name: str) -> bool:
    """False when there is no such reaction. The caller must count it."""
    return 1 == tx.changed(
        """DELETE FROM announcement_reactions
           WHERE bucket = :bucket AND announcement_id = :id AND account_id = :account AND name = :name""",
        bucket=bucket_of(id),
        id=id,
        account=account_id,
        name=name,
    )


def count(tx: Tx, id: int, name: str, by: int) -> None:
    """by: 1 or -1."""
    tx.run(
        """INSERT INTO announcement_counts (bucket, announcement_id, name, id, accounts)
           VALUES (:bucket, :announcement, :name, :id, :by)
           ON CONFLICT (bucket, announcement_id, name)
           DO UPDATE SET accounts = announcement_counts.accounts + excluded.accounts""",
        bucket=bucket_of(id),
        announcement=id,
        name=name,
        id=tx.new_id(bucket_of(id)),
        by=by,
    )


def forget_unused(tx: Tx, id: int, name: str) -> None:
    """Delete the count of a reaction that nobody has."""
    tx.run(
        """DELETE FROM announcement_counts
           WHERE bucket = :bucket AND announcement_id = :id AND name = :name AND accounts <= 0""",
        bucket=bucket_of(id),
        id=id,
        name=name,
    )
