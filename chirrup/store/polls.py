"""Polls, their options, and votes."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Poll, PollOption

_POLL = ", ".join(Poll.__struct_fields__)


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Poll]:
    return tx.by_ids(f"SELECT {_POLL} FROM polls WHERE {tx.sql.ids_in('id', 'ids')}", Poll, ids)


def options(tx: Tx, poll_ids: Collection[int]) -> dict[int, list[PollOption]]:
    """Options by poll, in their order."""
    rows = tx.all(
        f"""SELECT poll_id, position, title, votes FROM poll_options
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("poll_id", "polls")}
            ORDER BY poll_id, position""",
        buckets={bucket_of(id) for id in poll_ids},
        polls=poll_ids,
    )
    found: dict[int, list[PollOption]] = {id: [] for id in poll_ids}
    for row in rows:
        found[row[0]].append(PollOption(*row))
    return found


def votes_of(tx: Tx, account_id: int, poll_ids: Collection[int]) -> dict[int, list[int]]:
    """poll -> positions that account_id voted for; absent where it did not vote."""
    rows = tx.all(
        f"""SELECT poll_id, position FROM poll_votes
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("poll_id", "polls")} AND account_id = :account
            ORDER BY position""",
        buckets={bucket_of(id) for id in poll_ids},
        polls=poll_ids,
        account=account_id,
    )
    found: dict[int, list[int]] = {}
    for poll_id, position in rows:
        found.setdefault(poll_id, []).append(position)
    return found


def insert(tx: Tx, poll: Poll, titles: Collection[str]) -> None:
    bucket = bucket_of(poll.id)
    tx.run(
        """INSERT INTO polls
             (bucket, id, post_id, author_id, expires_ms, multiple, hide_totals, voters, ended, open_for_s, limited)
           VALUES (:bucket, :id, :post, :author, :expires, :multiple, :hide_totals, 0, 0, :open_for_s, 0)""",
        bucket=bucket,
        id=poll.id,
        post=poll.post_id,
        author=poll.author_id,
        expires=poll.expires_ms,
        multiple=poll.multiple,
        hide_totals=poll.hide_totals,
        open_for_s=poll.open_for_s,
    )
    _insert_options(tx, poll.id, titles)


def update(tx: Tx, poll: Poll) -> None:
    """Write the columns an edit may change. If the end is in the future, it will be announced again. Locks the poll."""
    tx.run(
        """UPDATE polls SET expires_ms = :expires, multiple = :multiple, hide_totals = :hide_totals,
             open_for_s = :open_for_s, ended = ended * :over
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(poll.id),
        id=poll.id,
        expires=poll.expires_ms,
        multiple=poll.multiple,
        hide_totals=poll.hide_totals,
        open_for_s=poll.open_for_s,
        over=int(poll.expires_ms <= tx.now_ms),
    )


def begin_anew(tx: Tx, poll_id: int, titles: Collection[str]) -> None:
    """Replace the options, without votes. The caller has locked the poll: see update()."""
    bucket = bucket_of(poll_id)
    tx.run("UPDATE polls SET voters = 0 WHERE bucket = :bucket AND id = :poll", bucket=bucket, poll=poll_id)
    tx.run("DELETE FROM poll_votes WHERE bucket = :bucket AND poll_id = :poll", bucket=bucket, poll=poll_id)
    tx.run("DELETE FROM poll_options WHERE bucket = :bucket AND poll_id = :poll", bucket=bucket, poll=poll_id)
    _insert_options(tx, poll_id, titles)


def _insert_options(tx: Tx, poll_id: int, titles: Collection[str]) -> None:
    tx.many(
        """INSERT INTO poll_options (bucket, poll_id, position, title, votes)
           VALUES (:bucket, :poll, :position, :title, 0)""",
        [
            {"bucket": bucket_of(poll_id), "poll": poll_id, "position": n, "title": title}
            for n, title in enumerate(titles)
        ],
    )


def delete(tx: Tx, poll_id: int) -> None:
    """Deletes the poll with its options and votes."""
    bucket = bucket_of(poll_id)
    tx.run("DELETE FROM poll_votes WHERE bucket = :bucket AND poll_id = :poll", bucket=bucket, poll=poll_id)
    tx.run("DELETE FROM poll_options WHERE bucket = :bucket AND poll_id = :poll", bucket=bucket, poll=poll_id)
    tx.run("DELETE FROM poll_voters WHERE bucket = :bucket AND poll_id = :poll", bucket=bucket, poll=poll_id)
    tx.run("DELETE FROM polls WHERE bucket = :bucket AND id = :poll", bucket=bucket, poll=poll_id)


def limit(tx: Tx, poll_id: int, account_ids: Collection[int]) -> None:
    """From now on only these vote."""
    bucket = bucket_of(poll_id)
    tx.run("UPDATE polls SET limited = 1 WHERE bucket = :bucket AND id = :poll", bucket=bucket, poll=poll_id)
    tx.many(
        "INSERT INTO poll_voters (bucket, poll_id, account_id) VALUES (:bucket, :poll, :account)",
        [{"bucket": bucket, "poll": poll_id, "account": id} for id in sorted(account_ids)],
    )


def may_vote(tx: Tx, poll_id: int, account_id: int) -> bool:
    """In a poll that is limited."""
    return bool(
        tx.one(
            "SELECT 1 FROM poll_voters WHERE bucket = :bucket AND poll_id = :poll AND account_id = :account",
            bucket=bucket_of(poll_id),
            poll=poll_id,
            account=account_id,
        )
    )


def who_may_vote(tx: Tx, poll_ids: Collection[int]) -> dict[int, set[int]]:
    """poll -> accounts, of those that are limited."""
    rows = tx.all(
        f"SELECT poll_id, account_id FROM poll_voters WHERE {tx.sql.ids_in('poll_id', 'polls')}", polls=poll_ids
    )
    found: dict[int, set[int]] = {id: set() for id in poll_ids}
    for poll_id, account_id in rows:
        found[poll_id].add(account_id)
    return found


def all_votes(tx: Tx, poll_ids: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    """poll -> (account, position) of each vote."""
    rows = tx.all(
        f"SELECT poll_id, account_id, position FROM poll_votes WHERE {tx.sql.ids_in('poll_id', 'polls')}",
        polls=poll_ids,
    )
    found: dict[int, list[tuple[int, int]]] = {id: [] for id in poll_ids}
    for poll_id, account_id, position in rows:
        found[poll_id].append((account_id, position))
    return found


def end_at(tx: Tx, poll_id: int, expires_ms: int) -> None:
    """It ends earlier."""
    tx.run(
        "UPDATE polls SET expires_ms = :expires WHERE bucket = :bucket AND id = :poll",
        expires=expires_ms,
        bucket=bucket_of(poll_id),
        poll=poll_id,
    )


def vote(tx: Tx, poll_id: int, account_id: int, positions: Collection[int]) -> None:
    """Store and count the votes of a voter who has not voted before: see add_voter()."""
    bucket = bucket_of(poll_id)
    for position in positions:
        tx.run(
            """INSERT INTO poll_votes (bucket, poll_id, account_id, position)
               VALUES (:bucket, :poll, :account, :position)""",
            bucket=bucket,
            poll=poll_id,
            account=account_id,
            position=position,
        )
        tx.run(
            """UPDATE poll_options SET votes = votes + 1
               WHERE bucket = :bucket AND poll_id = :poll AND position = :position""",
            bucket=bucket,
            poll=poll_id,
            position=position,
        )


def add_voter(tx: Tx, poll_id: int) -> Poll | None:
    """Count a voter and lock the poll, so the second of two votes sees the first. Returns the poll; None: deleted."""
    row = tx.one(
        f"UPDATE polls SET voters = voters + 1 WHERE bucket = :bucket AND id = :poll RETURNING {_POLL}",
        bucket=bucket_of(poll_id),
        poll=poll_id,
    )
    return Poll(*row) if row else None


def voters(tx: Tx, poll_id: int) -> set[int]:
    rows = tx.all(
        "SELECT DISTINCT account_id FROM poll_votes WHERE bucket = :bucket AND poll_id = :poll",
        bucket=bucket_of(poll_id),
        poll=poll_id,
    )
    return {id for (id,) in rows}


def due(tx: Tx, limit: int) -> list[Poll]:
    """Polls that have ended and whose end has not been announced."""
    rows = tx.all(
        f"SELECT {_POLL} FROM polls WHERE ended = 0 AND expires_ms > 0 AND expires_ms <= :now LIMIT :limit",
        now=tx.now_ms,
        limit=limit,
    )
    return [Poll(*row) for row in rows]


def mark_ended(tx: Tx, poll_id: int) -> bool:
    """False when it was marked already."""
    return 1 == tx.changed(
        "UPDATE polls SET ended = 1 WHERE bucket = :bucket AND id = :poll AND ended = 0",
        bucket=bucket_of(poll_id),
        poll=poll_id,
    )
