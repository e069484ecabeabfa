"""What accounts want to have by mail: a row for those who have chosen something, or whose addresses have ended."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import MailPrefs

COLUMNS = ", ".join(MailPrefs.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in MailPrefs.__struct_fields__)
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in MailPrefs.__struct_fields__ if name != "account_id")


def of(tx: Tx, account_id: int) -> MailPrefs:
    row = tx.one(
        f"SELECT {COLUMNS} FROM mail_prefs WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return MailPrefs(*row) if row else MailPrefs(account_id)


def save(tx: Tx, prefs: MailPrefs) -> None:
    tx.run(
        f"""INSERT INTO mail_prefs (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (account_id, bucket) DO UPDATE SET {_CHANGES}""",
        bucket=bucket_of(prefs.account_id),
        **{name: getattr(prefs, name) for name in MailPrefs.__struct_fields__},
    )


def end_addresses(tx: Tx, account_id: int) -> None:
    """All signed addresses of the account that were made so far are dead."""
    fresh = MailPrefs(account_id, epoch=1)
    tx.run(
        f"""INSERT INTO mail_prefs (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (account_id, bucket) DO UPDATE SET epoch = mail_prefs.epoch + 1""",
        bucket=bucket_of(account_id),
        **{name: getattr(fresh, name) for name in MailPrefs.__struct_fields__},
    )
