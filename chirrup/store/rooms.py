"""Rooms: who manages them, who is in them, and their posts. A member is a follower: store/follows.py has the pairs."""

from collections.abc import Collection

import msgspec

from ..ids import bucket_of
from ..ports import Tx
from ..types import Span


class Room(msgspec.Struct, frozen=True):
    """What a room has beside its account. Columns of `rooms`."""

    id: int
    org_id: int
    archived_ms: int  # since when nobody posts in it; 0: it is in use


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Room]:
    return tx.by_ids(f"SELECT id, org_id, archived_ms FROM rooms WHERE {tx.sql.ids_in('id', 'ids')}", Room, ids)


def is_archived(tx: Tx, id: int) -> bool:
    row = tx.one("SELECT archived_ms FROM rooms WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return row is not None and row[0] > 0


def insert(tx: Tx, room: Room) -> None:
    tx.run(
        "INSERT INTO rooms (bucket, id, org_id, archived_ms) VALUES (:bucket, :id, :org, :archived)",
        bucket=bucket_of(room.id),
        id=room.id,
        org=room.org_id,
        archived=room.archived_ms,
    )


def set_archived(tx: Tx, id: int, archived_ms: int) -> None:
    tx.run(
        "UPDATE rooms SET archived_ms = :archived WHERE bucket = :bucket AND id = :id",
        archived=archived_ms,
        bucket=bucket_of(id),
        id=id,
    )


def delete(tx: Tx, id: int, org_id: int) -> bool:
    """What makes it a room, when nobody is in it and nothing is said in it any more. False: it was none."""
    for table in ("room_roles", "room_posts", "room_mails"):
        tx.run(f"DELETE FROM {table} WHERE bucket = :bucket AND room_id = :room", bucket=bucket_of(id), room=id)
    tx.run(
        "DELETE FROM retention WHERE bucket = :bucket AND org_id = :org AND room_id = :room",
        bucket=bucket_of(org_id),
        org=org_id,
        room=id,
    )
    return 1 == tx.changed("DELETE FROM rooms WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def page(tx: Tx, org_id: int, span: Span) -> list[int]:
    """Rooms of the organisation, newest first."""
    rows = tx.all(
        f"""SELECT id FROM rooms WHERE org_id = :org AND id < :before AND id > :after
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [id for (id,) in rows]


# who is in them


def enter(tx: Tx, room_id: int, account_id: int) -> None:
    """The account's end: its follow is a row of its own."""
    tx.run(
        """INSERT INTO member_rooms (bucket, account_id, room_id) VALUES (:bucket, :account, :room)
           ON CONFLICT (account_id, bucket, room_id) DO NOTHING""",
        bucket=bucket_of(account_id),
        account=account_id,
        room=room_id,
    )


def leave(tx: Tx, room_id: int, account_id: int) -> None:
    tx.run(
        "DELETE FROM member_rooms WHERE bucket = :bucket AND account_id = :account AND room_id = :room",
        bucket=bucket_of(account_id),
        account=account_id,
        room=room_id,
    )


def of_member(tx: Tx, account_id: int) -> set[int]:
    """The rooms that the account is in."""
    rows = tx.all(
        "SELECT room_id FROM member_rooms WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return {id for (id,) in rows}


def members_of_any(tx: Tx, rooms: Collection[int], ids: Collection[int]) -> set[int]:
    """Those of ids who are in any of rooms."""
    if not (rooms and ids):
        return set()
    rows = tx.all(
        f"""SELECT DISTINCT account_id FROM member_rooms
            WHERE {tx.sql.ids_in("account_id", "ids")} AND {tx.sql.is_in("room_id", "rooms")}""",
        ids=ids,
        rooms=rooms,
    )
    return {id for (id,) in rows}


# who manages them


def roles(tx: Tx, room_id: int) -> dict[int, str]:
    """account -> its role in the room, of those who have one."""
    rows = tx.all(
        "SELECT account_id, role FROM room_roles WHERE bucket = :bucket AND room_id = :room ORDER BY account_id",
        bucket=bucket_of(room_id),
        room=room_id,
    )
    return dict(rows)


def roles_of(tx: Tx, account_id: int, rooms: Collection[int]) -> dict[int, str]:
    """room -> the account's role there, of those of rooms where it has one."""
    rows = tx.all(
        f"""SELECT room_id, role FROM room_roles
            WHERE {tx.sql.ids_in("room_id", "rooms")} AND account_id = :account""",
        rooms=rooms,
        account=account_id,
    )
    return dict(rows)


def set_role(tx: Tx, room_id: int, account_id: int, role: str) -> None:
    """role "": none any more."""
    where = {"bucket": bucket_of(room_id), "room": room_id, "account": account_id}
    tx.run("DELETE FROM room_roles WHERE bucket = :bucket AND room_id = :room AND account_id = :account", **where)
    if role:
        tx.run(
            """INSERT INTO room_roles (bucket, room_id, account_id, role) VALUES (:bucket, :room, :account, :role)""",
            **where,
            role=role,
        )


# their posts


def add_post(tx: Tx, room_id: int, post_id: int) -> None:
    tx.run(
        """INSERT INTO room_posts (bucket, room_id, post_id) VALUES (:bucket, :room, :post)
           ON CONFLICT (room_id, post_id, bucket) DO NOTHING""",
        bucket=bucket_of(room_id),
        room=room_id,
        post=post_id,
    )


def remove_post(tx: Tx, room_id: int, post_id: int) -> None:
    tx.run(
        "DELETE FROM room_posts WHERE bucket = :bucket AND room_id = :room AND post_id = :post",
        bucket=bucket_of(room_id),
        room=room_id,
        post=post_id,
    )


def close_post(tx: Tx, id: int) -> None:
    """It is for the members of its room only; nobody else may quote it, and renderings made before are stale."""
    tx.run(
        """UPDATE posts SET visibility = 'private', quote_policy = 'nobody', changed_ms = changed_ms + 1
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(id),
        id=id,
    )


def posts_in(tx: Tx, rooms: Collection[int], span: Span) -> list[int]:
    """The newest posts in any of rooms, newest first; if span.oldest, the oldest in span, oldest first."""
    sql = tx.sql.oldest_in_rooms if span.oldest else tx.sql.newest_in_rooms
    found = tx.all(sql, rooms=list(rooms), before=span.before, after=span.after, limit=span.limit)
    return [id for (id,) in found]
