"""Subscriptions of apps that want notifications pushed: one for a token, in its account's bucket."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import PushSubscription

COLUMNS = ", ".join(PushSubscription.__struct_fields__)
_OF_PUSH = ", ".join(f"p.{name}" for name in PushSubscription.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in PushSubscription.__struct_fields__)


def insert(tx: Tx, one: PushSubscription) -> None:
    tx.run(
        f"INSERT INTO push_subscriptions (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(one.account_id),
        **{name: getattr(one, name) for name in PushSubscription.__struct_fields__},
    )


def of_token(tx: Tx, account_id: int, token_id: str) -> PushSubscription | None:
    row = tx.one(
        f"""SELECT {COLUMNS} FROM push_subscriptions
            WHERE bucket = :bucket AND account_id = :account AND token_id = :token""",
        bucket=bucket_of(account_id),
        account=account_id,
        token=token_id,
    )
    return PushSubscription(*row) if row else None


def of_account(tx: Tx, account_id: int) -> list[PushSubscription]:
    """Those whose tokens have not ended, the oldest first."""
    rows = tx.all(
        f"""SELECT {_OF_PUSH} FROM push_subscriptions p JOIN tokens t ON t.bucket = p.bucket AND t.id = p.token_id
            WHERE p.bucket = :bucket AND p.account_id = :account ORDER BY p.id""",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [PushSubscription(*row) for row in rows]


def by_id(tx: Tx, account_id: int, id: int) -> PushSubscription | None:
    """If its token has not ended."""
    row = tx.one(
        f"""SELECT {_OF_PUSH} FROM push_subscriptions p JOIN tokens t ON t.bucket = p.bucket AND t.id = p.token_id
            WHERE p.bucket = :bucket AND p.account_id = :account AND p.id = :id""",
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
    )
    return PushSubscription(*row) if row else None


def change(tx: Tx, account_id: int, id: int, *, alerts: str, policy: str) -> None:
    tx.run(
        "UPDATE push_subscriptions SET alerts = :alerts, policy = :policy WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(account_id),
        id=id,
        alerts=alerts,
        policy=policy,
    )


def delete(tx: Tx, account_id: int, id: int) -> None:
    tx.run("DELETE FROM push_subscriptions WHERE bucket = :bucket AND id = :id", bucket=bucket_of(account_id), id=id)


def delete_ended(tx: Tx, account_id: int) -> None:
    """Those of account_id's whose tokens have ended."""
    tx.run(
        """DELETE FROM push_subscriptions WHERE bucket = :bucket AND account_id = :account AND NOT EXISTS (
             SELECT 1 FROM tokens WHERE tokens.bucket = push_subscriptions.bucket
               AND tokens.id = push_subscriptions.token_id)""",
        bucket=bucket_of(account_id),
        account=account_id,
    )
