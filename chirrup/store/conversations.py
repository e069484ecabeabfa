"""Conversations: threads of direct posts, with one row for each participant."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Conversation, Span

COLUMNS = ", ".join(Conversation.__struct_fields__)


def by_thread(tx: Tx, account_id: int, root_id: int) -> Conversation | None:
    row = tx.one(
        f"SELECT {COLUMNS} FROM conversations WHERE bucket = :bucket AND account_id = :account AND root_id = :root",
        bucket=bucket_of(account_id),
        account=account_id,
        root=root_id,
    )
    return Conversation(*row) if row else None


def by_ids(tx: Tx, account_id: int, ids: Collection[int]) -> dict[int, Conversation]:
    """Those of ids that are account_id's."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM conversations
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("id", "ids")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )
    return {row[0]: Conversation(*row) for row in rows}


def page(tx: Tx, account_id: int, span: Span) -> list[Conversation]:
    """By the id of their last post, newest first (oldest first when span.oldest)."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM conversations WHERE bucket = :bucket AND account_id = :account
              AND last_post_id < :before AND last_post_id > :after
            ORDER BY last_post_id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return [Conversation(*row) for row in rows]


def add_post(tx: Tx, account_id: int, root_id: int, post_id: int, *, unread: bool, participants: str) -> Conversation:
    """The conversation after post_id was added: its last post is post_id, or a later one if there is one already."""
    bucket = bucket_of(account_id)
    tx.run(
        """INSERT INTO conversations (bucket, id, account_id, root_id, last_post_id, unread, participants)
           VALUES (:bucket, :id, :account, :root, :post, :unread, :participants)
           ON CONFLICT (bucket, account_id, root_id) DO UPDATE SET
             last_post_id = excluded.last_post_id, unread = excluded.unread, participants = excluded.participants
           WHERE excluded.last_post_id > conversations.last_post_id""",
        bucket=bucket,
        id=tx.new_id(bucket),
        account=account_id,
        root=root_id,
        post=post_id,
        unread=int(unread),
        participants=participants,
    )
    found = by_thread(tx, account_id, root_id)
    assert found
    return found


def set_last(tx: Tx, found: Conversation, post_id: int) -> None:
    """post_id 0: no post is left, so the conversation is deleted."""
    if post_id:
        tx.run(
            "UPDATE conversations SET last_post_id = :post WHERE bucket = :bucket AND id = :id",
            post=post_id,
            bucket=bucket_of(found.id),
            id=found.id,
        )
    else:
        delete(tx, found.id)


def mark_read(tx: Tx, id: int) -> None:
    tx.run("UPDATE conversations SET unread = 0 WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def delete(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM conversations WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
