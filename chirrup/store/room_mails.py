"""Who wants every post of a room by mail: rows in the room's bucket, so that a post in a room asks once."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx


def add(tx: Tx, account_id: int, rooms: Collection[int]) -> None:
    """Harmless when repeated."""
    tx.many(
        """INSERT INTO room_mails (bucket, room_id, account_id) VALUES (:bucket, :room, :account)
           ON CONFLICT (room_id, account_id, bucket) DO NOTHING""",
        [{"bucket": bucket_of(id), "room": id, "account": account_id} for id in rooms],
    )


def remove(tx: Tx, account_id: int, rooms: Collection[int]) -> None:
    tx.run(
        f"DELETE FROM room_mails WHERE {tx.sql.ids_in('room_id', 'rooms')} AND account_id = :account",
        rooms=rooms,
        account=account_id,
    )


def among(tx: Tx, account_id: int, rooms: Collection[int]) -> set[int]:
    """Those of rooms of which the account wants every post."""
    rows = tx.all(
        f"SELECT room_id FROM room_mails WHERE {tx.sql.ids_in('room_id', 'rooms')} AND account_id = :account",
        rooms=rooms,
        account=account_id,
    )
    return {id for (id,) in rows}


def readers(tx: Tx, room_id: int, *, after: int, limit: int) -> list[int]:
    """Who wants every post of the room, by id."""
    rows = tx.all(
        """SELECT account_id FROM room_mails WHERE bucket = :bucket AND room_id = :room AND account_id > :after
           ORDER BY account_id LIMIT :limit""",
        bucket=bucket_of(room_id),
        room=room_id,
        after=after,
        limit=limit,
    )
    return [id for (id,) in rows]
