"""Blocks and mutes from both ends, and a viewer's relations to many accounts at once."""

from collections.abc import Collection
from functools import cache

import msgspec

from ..ids import bucket_of
from ..ports import Phrases, Tx
from ..types import Post, Span, Stranger

_VIEWER, _GUEST = 4, 5  # in of(): the kind of the row about the viewer


class Relations(msgspec.Struct, frozen=True):
    """A viewer's relations to the accounts asked about: sets of account ids."""

    viewer_id: int
    following: frozenset[int] = frozenset()
    blocking: frozenset[int] = frozenset()
    blocked_by: frozenset[int] = frozenset()
    muting: frozenset[int] = frozenset()
    org_id: int = 0  # the viewer's; not read if the viewer is the only account asked about
    filters_version: int = 0  # of the viewer's filters; 0: there are none, or they were not read either
    is_guest: bool = False  # likewise

    def hides(self, account_id: int) -> bool:
        """The viewer does not want to see this account's posts in timelines, or may not."""
        return account_id in self.muting or account_id in self.blocking or account_id in self.blocked_by

    @property
    def is_averse(self) -> bool:
        """hides() is true for some account."""
        return bool(self.muting or self.blocking or self.blocked_by)

    def minds(self, post: Post, original: Post | None = None) -> bool:
        """The viewer does not want post, which boosts original, in timelines.

        True if one of the two is by an account that hides() is true for, or replies to or mentions one that the viewer
        mutes or blocks. False for the viewer's own posts. averse_to() is the same for one post and many viewers.
        """
        if post.author_id == self.viewer_id or not self.is_averse:
            return False
        unwanted = self.muting | self.blocking
        return any(
            self.hides(one.author_id) or (one.author_id != self.viewer_id and not unwanted.isdisjoint(one.addressed))
            for one in (post, original)
            if one
        )


def of(tx: Tx, viewer_id: int, others: Collection[int], *, followees: Collection[int] | None = None) -> Relations:
    """One query in the viewer's bucket, whatever len(others).

    followees: the only accounts for which the caller needs to know whether the viewer follows them; None: all others.
    """
    if not viewer_id:
        return Relations(viewer_id, org_id=org_of_stranger(viewer_id))
    if not set(others) - {viewer_id}:
        return Relations(viewer_id)
    rows = tx.all(
        _relations(tx.sql),
        bucket=bucket_of(viewer_id),
        viewer=viewer_id,
        others=others,
        followees=others if followees is None else followees,
        now=tx.now_ms,
    )
    found: tuple[list[int], ...] = ([], [], [], [])
    org_id = filters_version = 0
    is_guest = False
    for kind, other, version in rows:
        if kind >= _VIEWER:
            org_id, filters_version, is_guest = other, version, kind == _GUEST
        else:
            found[kind].append(other)
    return Relations(
        viewer_id, *map(frozenset, found), org_id=org_id, filters_version=filters_version, is_guest=is_guest
    )


@cache
def _relations(sql: Phrases) -> str:
    return f"""SELECT 0, target_id, 0 FROM following
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("target_id", "followees")}
        UNION ALL SELECT 1, target_id, 0 FROM {sql.seldom("blocks")}
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("target_id", "others")}
        UNION ALL SELECT 2, blocker_id, 0 FROM {sql.seldom("blocked_by")}
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("blocker_id", "others")}
        UNION ALL SELECT 3, target_id, 0 FROM {sql.seldom("mutes")}
          WHERE bucket = :bucket AND account_id = :viewer AND {sql.is_in("target_id", "others")}
        AND (expires_ms = 0 OR expires_ms > :now)
        UNION ALL SELECT CASE kind WHEN 'guest' THEN {_GUEST} ELSE {_VIEWER} END, org_id, filters_version
          FROM accounts WHERE bucket = :bucket AND id = :viewer"""


def org_of_stranger(viewer_id: int) -> int:
    """viewer_id: 0. The organisation of the site that a viewer without a login looks at."""
    return viewer_id.org_id if isinstance(viewer_id, Stranger) else 0


def hidden(tx: Tx, viewer_id: int, limit: int = 5000) -> list[int]:
    """Accounts that viewer_id mutes or blocks, and that block it; at most limit of each kind. of() has no limit."""
    if not viewer_id:
        return []
    rows = tx.all(
        """SELECT target_id FROM (SELECT target_id FROM blocks
              WHERE bucket = :bucket AND account_id = :viewer LIMIT :limit) AS b
            UNION SELECT blocker_id FROM (SELECT blocker_id FROM blocked_by
              WHERE bucket = :bucket AND account_id = :viewer LIMIT :limit) AS c
            UNION SELECT target_id FROM (SELECT target_id FROM mutes
              WHERE bucket = :bucket AND account_id = :viewer AND (expires_ms = 0 OR expires_ms > :now)
              LIMIT :limit) AS m""",
        bucket=bucket_of(viewer_id),
        viewer=viewer_id,
        now=tx.now_ms,
        limit=limit,
    )
    return [id for (id,) in rows]


def concerned(tx: Tx, accounts: Collection[int], ids: Collection[int]) -> set[int]:
    """Those of ids who block or mute one of accounts, or are blocked by one."""
    if not (accounts and ids):
        return set()
    return {id for _, id, _ in _between(tx, accounts, ids)}.intersection(ids)


def _between(tx: Tx, accounts: Collection[int], ids: Collection[int]) -> list[tuple[int, int, int]]:
    """(one of accounts, who mutes or blocks it, 0), or (one of accounts, whom it blocks, 1); for a range around ids."""
    return tx.all(
        f"""SELECT account_id, muter_id, 0 FROM muted_by
              WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("account_id", "accounts")}
                AND muter_id BETWEEN :low AND :high AND (expires_ms = 0 OR expires_ms > :now)
            UNION ALL SELECT account_id, blocker_id, 0 FROM blocked_by
              WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("account_id", "accounts")}
                AND blocker_id BETWEEN :low AND :high
            UNION ALL SELECT account_id, target_id, 1 FROM blocks
              WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("account_id", "accounts")}
                AND target_id BETWEEN :low AND :high""",
        buckets={bucket_of(id) for id in accounts},
        accounts=accounts,
        low=min(ids),
        high=max(ids),
        now=tx.now_ms,
    )


def averse_to(tx: Tx, post: Post, original: Post | None, ids: Collection[int]) -> set[int]:
    """Those of ids that mind post, which boosts original: Relations.minds() for one post and many viewers."""
    if not ids:
        return set()
    said = (post, original) if original else (post,)
    authors = {one.author_id for one in said}
    accounts = authors.union(*[one.addressed for one in said])
    rows = _between(tx, accounts, ids)
    # a block by an account that is only mentioned keeps nothing from whom it blocks
    minding = {id for account, id, is_blocked in rows if account in authors or not (is_blocked or id in authors)}
    minding.discard(post.author_id)
    return minding.intersection(ids)  # few mute or block an account: a range costs less than a thousand look-ups


def blocked_among(tx: Tx, account_id: int, ids: Collection[int]) -> set[int]:
    """Those of ids that account_id blocks."""
    if not ids:
        return set()
    rows = tx.all(
        f"""SELECT target_id FROM blocks
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "ids")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )
    return {id for (id,) in rows}


def block(tx: Tx, blocker: int, target: int) -> bool:
    """True when this is new."""
    new = 1 == tx.changed(
        """INSERT INTO blocks (bucket, account_id, target_id, id) VALUES (:bucket, :account, :target, :id)
           ON CONFLICT (bucket, account_id, target_id) DO NOTHING""",
        bucket=bucket_of(blocker),
        account=blocker,
        target=target,
        id=tx.new_id(bucket_of(blocker)),
    )
    if new:
        tx.run(
            """INSERT INTO blocked_by (bucket, account_id, blocker_id) VALUES (:bucket, :account, :blocker)
               ON CONFLICT (bucket, account_id, blocker_id) DO NOTHING""",
            bucket=bucket_of(target),
            account=target,
            blocker=blocker,
        )
    return new


def unblock(tx: Tx, blocker: int, target: int) -> bool:
    gone = 1 == tx.changed(
        "DELETE FROM blocks WHERE bucket = :bucket AND account_id = :account AND target_id = :target",
        bucket=bucket_of(blocker),
        account=blocker,
        target=target,
    )
    tx.run(
        "DELETE FROM blocked_by WHERE bucket = :bucket AND account_id = :account AND blocker_id = :blocker",
        bucket=bucket_of(target),
        account=target,
        blocker=blocker,
    )
    return gone


def mute(tx: Tx, muter: int, target: int, *, notifications: bool, expires_ms: int) -> None:
    """Mute, or change an existing mute. expires_ms 0: without an end."""
    tx.run(
        """INSERT INTO mutes (bucket, account_id, target_id, id, notifications, expires_ms)
           VALUES (:bucket, :account, :target, :id, :notifications, :expires)
           ON CONFLICT (bucket, account_id, target_id)
           DO UPDATE SET notifications = excluded.notifications, expires_ms = excluded.expires_ms""",
        bucket=bucket_of(muter),
        account=muter,
        target=target,
        id=tx.new_id(bucket_of(muter)),
        notifications=int(notifications),
        expires=expires_ms,
    )
    tx.run(
        """INSERT INTO muted_by (bucket, account_id, muter_id, expires_ms) VALUES (:bucket, :account, :muter, :expires)
           ON CONFLICT (bucket, account_id, muter_id) DO UPDATE SET expires_ms = excluded.expires_ms""",
        bucket=bucket_of(target),
        account=target,
        muter=muter,
        expires=expires_ms,
    )


def unmute(tx: Tx, muter: int, target: int) -> bool:
    gone = 1 == tx.changed(
        "DELETE FROM mutes WHERE bucket = :bucket AND account_id = :account AND target_id = :target",
        bucket=bucket_of(muter),
        account=muter,
        target=target,
    )
    tx.run(
        "DELETE FROM muted_by WHERE bucket = :bucket AND account_id = :account AND muter_id = :muter",
        bucket=bucket_of(target),
        account=target,
        muter=muter,
    )
    return gone


def mutes_over(tx: Tx, limit: int) -> list[tuple[int, int]]:
    """(muter, target) of mutes that have expired and are not deleted yet."""
    return tx.all(
        "SELECT account_id, target_id FROM mutes WHERE expires_ms > 0 AND expires_ms <= :now LIMIT :limit",
        now=tx.now_ms,
        limit=limit,
    )


def end_mute(tx: Tx, muter: int, target: int) -> bool:
    """Delete a mute that has expired. False when there is none: it was deleted, or made longer."""
    gone = 1 == tx.changed(
        """DELETE FROM mutes WHERE bucket = :bucket AND account_id = :account AND target_id = :target
             AND expires_ms > 0 AND expires_ms <= :now""",
        bucket=bucket_of(muter),
        account=muter,
        target=target,
        now=tx.now_ms,
    )
    if gone:
        tx.run(
            "DELETE FROM muted_by WHERE bucket = :bucket AND account_id = :account AND muter_id = :muter",
            bucket=bucket_of(target),
            account=target,
            muter=muter,
        )
    return gone


def mutes_of(tx: Tx, account_id: int, targets: Collection[int]) -> dict[int, tuple[bool, int]]:
    """target -> (notifications too, expires_ms or 0); only mutes in force."""
    rows = tx.all(
        f"""SELECT target_id, notifications, expires_ms FROM mutes
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "targets")}
              AND (expires_ms = 0 OR expires_ms > :now)""",
        bucket=bucket_of(account_id),
        account=account_id,
        targets=targets,
        now=tx.now_ms,
    )
    return {target: (bool(notifications), expires) for target, notifications, expires in rows}


def blocks_page(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(block id, target id), newest first."""
    rows = tx.all(
        f"""SELECT id, target_id FROM blocks WHERE bucket = :bucket AND account_id = :account
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    return rows[::-1] if span.oldest else rows


def mutes_page(tx: Tx, account_id: int, span: Span) -> list[tuple[int, int]]:
    """(mute id, target id) of the mutes in force, newest first."""
    rows = tx.all(
        f"""SELECT id, target_id FROM mutes WHERE bucket = :bucket AND account_id = :account
              AND id < :before AND id > :after AND (expires_ms = 0 OR expires_ms > :now)
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(account_id),
        account=account_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
        now=tx.now_ms,
    )
    return rows[::-1] if span.oldest else rows
