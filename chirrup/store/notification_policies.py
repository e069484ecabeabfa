"""What accounts want to be told: policies, permissions, and all else that decides about one notification."""

from collections.abc import Collection

import msgspec

from ..ids import bucket_of
from ..ports import Tx
from ..types import MailMode, NotificationPolicy

_decode = msgspec.json.Decoder(NotificationPolicy).decode
DEFAULT = NotificationPolicy()


class Standing(msgspec.Struct, frozen=True):
    """How a recipient stands to those whom a notification is about."""

    blocking: frozenset[int]
    blocked_by: frozenset[int]
    silent: frozenset[int]  # muted with notifications
    thread_muted: bool
    policy: NotificationPolicy
    has_push: bool  # some app of the recipient's wants notifications pushed
    mail_mode: str  # as the recipient has chosen: MailMode


def standing(tx: Tx, account_id: int, about: Collection[int], root_id: int) -> Standing:
    """One query in the recipient's bucket. root_id: of the thread that the post is in; 0: there is no post."""
    rows = tx.all(
        f"""SELECT 0, target_id, '' FROM blocks
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "about")}
            UNION ALL SELECT 1, blocker_id, '' FROM blocked_by
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("blocker_id", "about")}
            UNION ALL SELECT 2, target_id, '' FROM mutes
              WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("target_id", "about")}
                AND notifications = 1 AND (expires_ms = 0 OR expires_ms > :now)
            UNION ALL SELECT 3, root_id, '' FROM thread_mutes
              WHERE bucket = :bucket AND account_id = :account AND root_id = :root
            UNION ALL SELECT 4, account_id, policy FROM notification_policies
              WHERE bucket = :bucket AND account_id = :account
            UNION ALL SELECT 5, id, '' FROM push_subscriptions
              WHERE bucket = :bucket AND account_id = :account
            UNION ALL SELECT 6, account_id, mode FROM mail_prefs
              WHERE bucket = :bucket AND account_id = :account""",
        bucket=bucket_of(account_id),
        account=account_id,
        about=about,
        root=root_id,
        now=tx.now_ms,
    )
    found: tuple[list[int], ...] = ([], [], [], [], [], [], [])
    for kind, id, _ in rows:
        found[kind].append(id)
    policies = [text for kind, _, text in rows if kind == 4]
    modes = [text for kind, _, text in rows if kind == 6]
    return Standing(
        *(frozenset(ids) for ids in found[:3]),
        thread_muted=bool(found[3]),
        policy=_decode(policies[0]) if policies else DEFAULT,
        has_push=bool(found[5]),
        mail_mode=modes[0] if modes else MailMode.UNCHOSEN,
    )


def policy(tx: Tx, account_id: int) -> NotificationPolicy:
    row = tx.one(
        "SELECT policy FROM notification_policies WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return _decode(row[0]) if row else DEFAULT


def save(tx: Tx, account_id: int, policy: NotificationPolicy) -> None:
    tx.run(
        """INSERT INTO notification_policies (bucket, account_id, policy) VALUES (:bucket, :account, :policy)
           ON CONFLICT (account_id, bucket) DO UPDATE SET policy = excluded.policy""",
        bucket=bucket_of(account_id),
        account=account_id,
        policy=msgspec.json.encode(policy).decode(),
    )


def permit(tx: Tx, account_id: int, from_ids: Collection[int]) -> None:
    """Whatever these cause is told from now on, whatever the policy says."""
    tx.many(
        """INSERT INTO notification_permissions (bucket, account_id, from_id) VALUES (:bucket, :account, :from_id)
           ON CONFLICT (bucket, account_id, from_id) DO NOTHING""",
        [{"bucket": bucket_of(account_id), "account": account_id, "from_id": id} for id in from_ids],
    )


def is_permitted(tx: Tx, account_id: int, from_id: int) -> bool:
    return None is not tx.one(
        """SELECT 1 FROM notification_permissions
           WHERE bucket = :bucket AND account_id = :account AND from_id = :from_id""",
        bucket=bucket_of(account_id),
        account=account_id,
        from_id=from_id,
    )
