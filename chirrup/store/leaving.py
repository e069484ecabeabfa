"""What is left of an account that goes: its rows that nothing else counts or names, table by table."""

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx

OWN = (  # in its bucket, by `account_id`
    "account_notes",
    "endorsements",
    "collected_in",
    "annual_reports",
    "suggestions_refused",
    "blocked_domains",
    "idempotency",
    "bookmarks",
    "pins",
    "thread_mutes",
    "featured_tags",
    "notifications",
    "conversations",
    "markers",
    "one_time_tokens",
    "oauth_codes",
    "second_factors",
    "passkeys",
    "account_identities",
    "filters",
    "filter_keywords",
    "filter_posts",
    "drafts",
    "notification_policies",
    "notification_permissions",
    "notification_requests",
    "push_subscriptions",
    "imported_posts",
    "aliases",
    "moves",
    "mail_prefs",
    "ack_waiting",
    "bounces",
    "mail_in",
)
# What others keep about it; nothing in its own bucket leads there.
TARGETED = ("account_notes", "suggestions_refused", "aliases")  # by `target_id`
HELD = ("notification_permissions", "notification_requests")  # by `from_id`


def forget(tx: Tx, account_id: int) -> None:
    """What it kept for itself."""
    for table in OWN:
        tx.run(
            f"DELETE FROM {table} WHERE bucket = :bucket AND account_id = :account",
            bucket=bucket_of(account_id),
            account=account_id,
        )


def forget_elsewhere(tx: Tx, account_id: int) -> None:
    """What others keep about it. Reads whole tables: once, in a job."""
    for table in TARGETED:
        tx.run(f"DELETE FROM {table} WHERE target_id = :account", account=account_id)
    for held in HELD:
        tx.run(f"DELETE FROM {held} WHERE from_id = :account", account=account_id)
    tx.run("DELETE FROM collection_items WHERE account_id = :account", account=account_id)


def asked(tx: Tx, account_id: int, limit: int) -> list[int]:
    """Some whom it has asked to let it follow them. Reads the whole table, which is short."""
    found = tx.all(
        "SELECT account_id FROM follow_requests WHERE follower_id = :account LIMIT :limit",
        account=account_id,
        limit=limit,
    )
    return [id for (id,) in found]


def blockers(tx: Tx, account_id: int, limit: int) -> list[int]:
    """Some who block it."""
    found = tx.all(
        "SELECT blocker_id FROM blocked_by WHERE bucket = :bucket AND account_id = :account LIMIT :limit",
        bucket=bucket_of(account_id),
        account=account_id,
        limit=limit,
    )
    return [id for (id,) in found]


def muters(tx: Tx, account_id: int, limit: int) -> list[int]:
    """Some who mute it."""
    found = tx.all(
        "SELECT muter_id FROM muted_by WHERE bucket = :bucket AND account_id = :account LIMIT :limit",
        bucket=bucket_of(account_id),
        account=account_id,
        limit=limit,
    )
    return [id for (id,) in found]


def blank(tx: Tx, account_id: int) -> None:
    """Its profile says nothing from now on; the name stays, so that nobody else gets it."""
    tx.run(
        """UPDATE accounts SET display_name = '', note = '', fields = '[]', avatar = '', avatar_static = '',
             header = '', locked = 1, discoverable = 0, indexable = 0, hide_network = 1, presentation = '',
             changed_ms = :now
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(account_id),
        id=account_id,
        now=tx.now_ms,
    )


def empty(tx: Tx, account_id: int) -> None:
    """Nothing tells who logged in to it, and nobody can any more."""
    tx.run(
        """UPDATE users SET email = '', password_hash = '', disabled = 1, sign_up_ip = '', sign_up_reason = '',
             role = '', compliance_by_id = 0
           WHERE bucket = :bucket AND account_id = :account""",
        bucket=bucket_of(account_id),
        account=account_id,
    )


def mark_gone(tx: Tx, account_id: int) -> bool:
    """From now on what it had is being deleted. False: it was already."""
    return 1 == tx.changed(
        "UPDATE users SET gone_ms = :now WHERE bucket = :bucket AND account_id = :account AND gone_ms = 0",
        bucket=bucket_of(account_id),
        account=account_id,
        now=tx.now_ms,
    )


def release_name(tx: Tx, name: str, account_id: int) -> None:
    """name: normal form in its organisation."""
    tx.run(
        "DELETE FROM account_names WHERE bucket = :bucket AND name = :name AND account_id = :account",
        bucket=bucket_of_text(name),
        name=name,
        account=account_id,
    )


def delete_user(tx: Tx, account_id: int) -> None:
    tx.run(
        "DELETE FROM users WHERE bucket = :bucket AND account_id = :account",
        bucket=bucket_of(account_id),
        account=account_id,
    )


def delete_account(tx: Tx, account_id: int) -> None:
    tx.run("DELETE FROM accounts WHERE bucket = :bucket AND id = :id", bucket=bucket_of(account_id), id=account_id)


def uploads(tx: Tx, account_id: int, limit: int) -> list[tuple[int, str, str]]:
    """(id, key, preview key) of its files that no post shows."""
    return tx.all(
        """SELECT id, key, preview_key FROM media
           WHERE bucket = :bucket AND owner_id = :owner AND post_id = 0 ORDER BY id LIMIT :limit""",
        bucket=bucket_of(account_id),
        owner=account_id,
        limit=limit,
    )
