"""Notifications: rows in the recipient's bucket. Inserting the same one twice leaves one row.

Those that are told as one have the same group_id. The newest of a group (`newest`) knows how many they are (`members`)
and who caused the last of them (`sample`): a page of groups reads as many rows as it shows, however large they are. One
that stands alone is the newest of its own. Why: docs/decisions/0041-groups-of-notifications.md.
"""

from collections.abc import Collection, Iterable

import msgspec

from ..ids import bucket_of
from ..ports import Row, Tx
from ..types import Notification, NotificationGroup, Span

SAMPLE_MAX = 8  # accounts that a group names; clients show about as many faces
COLUMNS = ", ".join(Notification.__struct_fields__)
_GROUP = f"members, sample, {COLUMNS}"


def insert(tx: Tx, account_id: int, kind: str, from_id: int, post_id: int = 0) -> Notification | None:
    """The notification, or None when it existed already. It stands alone."""
    return _insert(tx, Notification(tx.new_id(bucket_of(account_id)), account_id, kind, from_id, post_id))


def insert_grouped(
    tx: Tx, account_id: int, kind: str, from_id: int, post_id: int, joins: NotificationGroup | None
) -> Notification | None:
    """The same, as the newest of the group that it joins, or as the first of a new one."""
    id = tx.new_id(bucket_of(account_id))
    group_id = joins.newest.group_id if joins else id
    return _insert(tx, Notification(id, account_id, kind, from_id, post_id, group_id), joins)


def insert_held(tx: Tx, account_id: int, kind: str, from_id: int, post_id: int = 0) -> Notification | None:
    """As insert(); it is on no page until it is merged."""
    told = Notification(tx.new_id(bucket_of(account_id)), account_id, kind, from_id, post_id)
    return _insert(tx, told, held=True)


def merge(tx: Tx, account_id: int, from_id: int, limit: int) -> int:
    """Put up to limit of those held from from_id on the recipient's pages; how many. Each stands alone."""
    return tx.changed(
        """UPDATE notifications SET filtered = 0, newest = 1 WHERE bucket = :bucket AND id IN (
             SELECT id FROM notifications WHERE bucket = :bucket AND account_id = :account AND from_id = :from_id
               AND filtered = 1 ORDER BY id LIMIT :limit)""",
        bucket=bucket_of(account_id),
        account=account_id,
        from_id=from_id,
        limit=limit,
    )


def delete_held(tx: Tx, account_id: int, from_ids: Collection[int]) -> None:
    tx.run(
        f"""DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account
              AND {tx.sql.is_in("from_id", "from_ids")} AND filtered = 1""",
        bucket=bucket_of(account_id),
        account=account_id,
        from_ids=from_ids,
    )


def _insert(
    tx: Tx, told: Notification, joins: NotificationGroup | None = None, *, held: bool = False
) -> Notification | None:
    sample = [told.from_id, *(joins.sample if joins else ())][:SAMPLE_MAX]
    new = tx.changed(
        f"""INSERT INTO notifications (bucket, {COLUMNS}, members, sample, newest, filtered)
            VALUES (:bucket, :id, :account, :kind, :from_id, :post_id, :group_id, :members, :sample, :newest, :held)
            ON CONFLICT (bucket, account_id, kind, from_id, post_id) DO NOTHING""",
        bucket=bucket_of(told.account_id),
        id=told.id,
        account=told.account_id,
        kind=told.kind,
        from_id=told.from_id,
        post_id=told.post_id,
        group_id=told.group_id,
        members=joins.members + 1 if joins else 1,
        sample="".join(f" {id}" for id in sample) + " " if told.group_id else "",
        newest=int(not held),
        held=int(held),
    )
    return told if new else None


def take_turn(tx: Tx, account_id: int) -> None:
    """From here on nobody else changes groups of account_id's, until this transaction ends."""
    tx.one(
        f"SELECT 1 FROM accounts WHERE bucket = :bucket AND id = :account {tx.sql.in_turn}",
        bucket=bucket_of(account_id),
        account=account_id,
    )


def set_older(tx: Tx, account_id: int, id: int) -> None:
    """There is a newer one in its group."""
    tx.run(
        "UPDATE notifications SET newest = 0 WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(account_id),
        id=id,
    )


def group_about(tx: Tx, account_id: int, kind: str, post_id: int) -> NotificationGroup | None:
    """The newest group of this kind about this post."""
    row = tx.one(
        f"""SELECT {_GROUP} FROM notifications WHERE bucket = :bucket AND account_id = :account AND kind = :kind
              AND post_id = :post_id AND newest = 1 AND group_id > 0 ORDER BY id DESC LIMIT 1""",
        bucket=bucket_of(account_id),
        account=account_id,
        kind=kind,
        post_id=post_id,
    )
    return _group(row) if row else None


def _group(row: Row) -> NotificationGroup:
    members, sample = row[:2]
    newest = Notification(*row[2:])
    return NotificationGroup(newest, members, tuple(map(int, sample.split())) or (newest.from_id,))


def page(
    tx: Tx, account_id: int, span: Span, kinds: Collection[str], from_id: int = 0, *, held: bool = False
) -> list[Notification]:
    """Of these kinds, newest first (oldest first when span.oldest). from_id: only what this account caused.

    held: those that the recipient's policy holds back, instead of those on its pages.
    """
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM notifications WHERE bucket = :bucket AND account_id = :account
              AND {"filtered = 1" if held else "filtered = 0"} AND id < :before AND id > :after
              AND {tx.sql.is_in("kind", "kinds")}
              {"AND from_id = :from_id" if from_id else ""}
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
        kinds=[str(kind) for kind in kinds],
        from_id=from_id,
    )
    return [Notification(*row) for row in rows]


def page_of_groups(tx: Tx, account_id: int, span: Span, kinds: Collection[str]) -> list[NotificationGroup]:
    """Of these kinds, by their newest: newest first (oldest first when span.oldest)."""
    rows = tx.all(
        f"""SELECT {_GROUP} FROM notifications WHERE bucket = :bucket AND account_id = :account AND newest = 1
              AND id < :before AND id > :after AND {tx.sql.is_in("kind", "kinds")}
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
        kinds=[str(kind) for kind in kinds],
    )
    return [_group(row) for row in rows]


def groups(tx: Tx, account_id: int, group_ids: Collection[int]) -> dict[int, NotificationGroup]:
    """Those of account_id's that there are, by group_id. One query, whatever len(group_ids)."""
    rows = tx.all(
        f"""SELECT {_GROUP} FROM notifications WHERE bucket = :bucket AND account_id = :account
              AND {tx.sql.is_in("group_id", "groups")} AND group_id > 0 AND newest = 1""",
        bucket=bucket_of(account_id),
        account=account_id,
        groups=group_ids,
    )
    return {one.newest.group_id: one for one in map(_group, rows)}


def page_of_members(tx: Tx, account_id: int, group_id: int, span: Span) -> list[Notification]:
    """Newest first (oldest first when span.oldest)."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM notifications WHERE bucket = :bucket AND account_id = :account
              AND group_id = :group AND group_id > 0 AND id < :before AND id > :after
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        group=group_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [Notification(*row) for row in rows]


def oldest_from(tx: Tx, account_id: int, ids: Collection[int], first: int) -> dict[int, int]:
    """By the newest of each group, which are ids: the oldest of its members that is not before first. One query."""
    rows = tx.all(
        f"""SELECT id, (SELECT member.id FROM notifications AS member
              WHERE member.bucket = :bucket AND member.account_id = :account AND member.group_id > 0
                AND member.group_id = notifications.group_id AND member.id >= :first ORDER BY member.id LIMIT 1)
            FROM notifications WHERE bucket = :bucket AND {tx.sql.is_in("id", "ids")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
        first=first,
    )
    return {id: oldest for id, oldest in rows if oldest}


def by_id(tx: Tx, account_id: int, id: int) -> Notification | None:
    row = tx.one(
        f"SELECT {COLUMNS} FROM notifications WHERE bucket = :bucket AND account_id = :account AND id = :id",
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
    )
    return Notification(*row) if row else None


class Gone(msgspec.Struct, frozen=True):
    """What is to be known of a row that was deleted, for what is left of its group."""

    id: int
    from_id: int
    group_id: int
    newest: int
    members: int
    filtered: int


_GONE = ", ".join(Gone.__struct_fields__)


def delete(tx: Tx, account_id: int, id: int) -> list[Gone]:
    rows = tx.all(
        f"""DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account AND id = :id
            RETURNING {_GONE}""",
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
    )
    return [Gone(*row) for row in rows]


def delete_group(tx: Tx, account_id: int, group_id: int) -> None:
    tx.run(
        """DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account AND group_id = :group
             AND group_id > 0""",
        bucket=bucket_of(account_id),
        account=account_id,
        group=group_id,
    )


def clear(tx: Tx, account_id: int) -> None:
    tx.run(
        "DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )


def take_back(tx: Tx, account_id: int, kind: str, from_id: int, post_id: int = 0) -> list[Gone]:
    """Delete the notification of something that was undone."""
    rows = tx.all(
        f"""DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account AND kind = :kind
              AND from_id = :from_id AND post_id = :post_id RETURNING {_GONE}""",
        bucket=bucket_of(account_id),
        account=account_id,
        kind=kind,
        from_id=from_id,
        post_id=post_id,
    )
    return [Gone(*row) for row in rows]


def forget_account(tx: Tx, account_id: int, from_id: int) -> list[Gone]:
    """Delete all of account_id's notifications that from_id caused."""
    rows = tx.all(
        f"""DELETE FROM notifications WHERE bucket = :bucket AND account_id = :account AND from_id = :from_id
            RETURNING {_GONE}""",
        bucket=bucket_of(account_id),
        account=account_id,
        from_id=from_id,
    )
    return [Gone(*row) for row in rows]


def leave_groups(tx: Tx, account_id: int, gone: Iterable[Gone]) -> None:
    """Put right what is left of the groups that these were in: two statements for each of gone."""
    left = [
        {
            "bucket": bucket_of(account_id),
            "account": account_id,
            "group": one.group_id,
            "id": one.id,
            "named": f" {one.from_id} ",
            "members": one.members - 1,
            "was_newest": one.newest,
            "limit": SAMPLE_MAX,
        }
        for one in gone
        if one.group_id
    ]
    tx.many(  # those that came right after it, who may name it
        """UPDATE notifications SET sample = REPLACE(sample, :named, ' ') WHERE bucket = :bucket AND id IN (
             SELECT id FROM notifications WHERE bucket = :bucket AND account_id = :account AND group_id = :group
               AND group_id > 0 AND id > :id ORDER BY id LIMIT :limit)""",
        left,
    )
    tx.many(  # the newest that is left
        """UPDATE notifications SET newest = 1,
             members = CASE WHEN :was_newest = 1 THEN :members ELSE members - 1 END
           WHERE bucket = :bucket AND id = (
             SELECT id FROM notifications WHERE bucket = :bucket AND account_id = :account AND group_id = :group
               AND group_id > 0 ORDER BY id DESC LIMIT 1)""",
        left,
    )
