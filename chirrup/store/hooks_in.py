"""Hooks by which other programs say something here, what came to them, and what it was about. In the bucket of the
organisation."""

from collections.abc import Collection

import msgspec

from ..ids import bucket_of
from ..ports import Tx
from ..types import HookIn, HookPayload

_COLUMNS = ", ".join(HookIn.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in HookIn.__struct_fields__)
_PAYLOAD = ", ".join(HookPayload.__struct_fields__)
_PAYLOAD_VALUES = ", ".join(f":{name}" for name in HookPayload.__struct_fields__)


def insert(tx: Tx, hook: HookIn, hash: str) -> None:
    tx.run(
        f"INSERT INTO hooks_in (bucket, hash, {_COLUMNS}) VALUES (:bucket, :hash, {_VALUES})",
        bucket=bucket_of(hook.org_id),
        hash=hash,
        **msgspec.structs.asdict(hook),
    )


def update(tx: Tx, hook: HookIn) -> None:
    """What its makers choose: nothing of its account, its token and its use."""
    tx.run(
        """UPDATE hooks_in SET name = :name, format = :format, mapping = :mapping, secret = :secret,
             room_id = :room_id, visibility = :visibility, off_ms = :off_ms
           WHERE bucket = :bucket AND org_id = :org_id AND id = :id""",
        bucket=bucket_of(hook.org_id),
        **{
            name: getattr(hook, name)
            for name in ("org_id", "id", "name", "format", "mapping", "secret", "room_id", "visibility", "off_ms")
        },
    )


def set_hash(tx: Tx, org_id: int, id: int, hash: str) -> None:
    tx.run(
        "UPDATE hooks_in SET hash = :hash WHERE bucket = :bucket AND org_id = :org AND id = :id",
        hash=hash,
        bucket=bucket_of(org_id),
        org=org_id,
        id=id,
    )


def end_tokens(tx: Tx, first: int, last: int) -> None:
    """Of all organisations in buckets first to last. Each hook needs another one then."""
    tx.run("UPDATE hooks_in SET hash = CAST(id AS TEXT) WHERE bucket BETWEEN :first AND :last", first=first, last=last)


def set_used(tx: Tx, hook: HookIn) -> None:
    tx.run(
        "UPDATE hooks_in SET used_ms = :now WHERE bucket = :bucket AND org_id = :org AND id = :id",
        now=tx.now_ms,
        bucket=bucket_of(hook.org_id),
        org=hook.org_id,
        id=hook.id,
    )


def of_org(tx: Tx, org_id: int) -> list[HookIn]:
    """The oldest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM hooks_in WHERE bucket = :bucket AND org_id = :org ORDER BY id",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [HookIn(*row) for row in rows]


def by_id(tx: Tx, org_id: int, id: int, *, in_turn: bool = False) -> HookIn | None:
    """in_turn: lock the row until this transaction ends, so that what comes to a hook is said one after the other."""
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM hooks_in WHERE bucket = :bucket AND org_id = :org AND id = :id
            {tx.sql.in_turn if in_turn else ""}""",
        bucket=bucket_of(org_id),
        org=org_id,
        id=id,
    )
    return HookIn(*row) if row else None


def by_hash(tx: Tx, org_id: int, hash: str) -> HookIn | None:
    row = tx.one(
        f"SELECT {_COLUMNS} FROM hooks_in WHERE bucket = :bucket AND org_id = :org AND hash = :hash",
        bucket=bucket_of(org_id),
        org=org_id,
        hash=hash,
    )
    return HookIn(*row) if row else None


def delete(tx: Tx, org_id: int, id: int) -> None:
    tx.run(
        "DELETE FROM hooks_in WHERE bucket = :bucket AND org_id = :org AND id = :id",
        bucket=bucket_of(org_id),
        org=org_id,
        id=id,
    )


# what came


def insert_payload(tx: Tx, one: HookPayload) -> None:
    tx.run(
        f"INSERT INTO hook_payloads (bucket, {_PAYLOAD}) VALUES (:bucket, {_PAYLOAD_VALUES})",
        bucket=bucket_of(one.org_id),
        **msgspec.structs.asdict(one),
    )


def payloads(tx: Tx, org_id: int, hook_id: int, limit: int) -> list[HookPayload]:
    """The newest first."""
    rows = tx.all(
        f"""SELECT {_PAYLOAD} FROM hook_payloads WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook
            ORDER BY id DESC LIMIT :limit""",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
        limit=limit,
    )
    return [HookPayload(*row) for row in rows]


def trim_payloads(tx: Tx, org_id: int, hook_id: int, kept: int) -> None:
    """Keep the newest only."""
    tx.run(
        """DELETE FROM hook_payloads WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook AND id < (
             SELECT MIN(id) FROM (SELECT id FROM hook_payloads
               WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook ORDER BY id DESC LIMIT :kept) AS newest)""",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
        kept=kept,
    )


def delete_payloads(tx: Tx, org_id: int, hook_id: int) -> None:
    tx.run(
        "DELETE FROM hook_payloads WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
    )


# what it was about


def keys(tx: Tx, org_id: int, hook_id: int, among: Collection[str]) -> dict[str, int]:
    """key -> the post that it led to, of those of among that are still known."""
    rows = tx.all(
        f"""SELECT key, post_id FROM hook_keys WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook
              AND until_ms > :now AND {tx.sql.is_in("key", "among")}""",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
        now=tx.now_ms,
        among=among,
    )
    return dict(rows)


def keep_keys(tx: Tx, org_id: int, hook_id: int, among: Collection[str], post_id: int, until_ms: int) -> None:
    tx.many(
        """INSERT INTO hook_keys (bucket, org_id, hook_id, key, post_id, until_ms)
           VALUES (:bucket, :org, :hook, :key, :post, :until)
           ON CONFLICT (bucket, org_id, hook_id, key) DO UPDATE SET
             post_id = excluded.post_id, until_ms = excluded.until_ms""",
        [
            {
                "bucket": bucket_of(org_id),
                "org": org_id,
                "hook": hook_id,
                "key": key,
                "post": post_id,
                "until": until_ms,
            }
            for key in sorted(among)
        ],
    )


def forget_keys(tx: Tx, org_id: int, hook_id: int, among: Collection[str]) -> None:
    tx.run(
        f"""DELETE FROM hook_keys WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook
              AND {tx.sql.is_in("key", "among")}""",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
        among=among,
    )


def forget_old_keys(tx: Tx, org_id: int, hook_id: int) -> None:
    tx.run(
        """DELETE FROM hook_keys WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook AND until_ms <= :now""",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
        now=tx.now_ms,
    )


def forget_all_keys(tx: Tx, org_id: int, hook_id: int) -> None:
    tx.run(
        "DELETE FROM hook_keys WHERE bucket = :bucket AND org_id = :org AND hook_id = :hook",
        bucket=bucket_of(org_id),
        org=org_id,
        hook=hook_id,
    )
