"""Hooks by which other programs hear what happens here. In the bucket of the organisation."""

import msgspec

from ..ids import bucket_of
from ..ports import Tx
from ..types import HookOut

_COLUMNS = ", ".join(HookOut.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in HookOut.__struct_fields__)


def insert(tx: Tx, hook: HookOut) -> None:
    tx.run(
        f"INSERT INTO hooks_out (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(hook.org_id),
        **msgspec.structs.asdict(hook),
    )


def update(tx: Tx, hook: HookOut) -> None:
    """What its owner chooses, and whether it is on."""
    tx.run(
        """UPDATE hooks_out SET name = :name, url = :url, events = :events, room_id = :room_id, secret = :secret,
             old_secret = :old_secret, old_until_ms = :old_until_ms, off_ms = :off_ms, off_why = :off_why
           WHERE bucket = :bucket AND org_id = :org_id AND id = :id""",
        bucket=bucket_of(hook.org_id),
        **{
            name: getattr(hook, name)
            for name in (
                *("org_id", "id", "name", "url", "events", "room_id", "secret", "old_secret", "old_until_ms"),
                *("off_ms", "off_why"),
            )
        },
    )


def set_health(tx: Tx, org_id: int, id: int, *, slow: int, away_until_ms: int, ok_ms: int) -> None:
    """How its receiver does. ok_ms 0: no change."""
    tx.run(
        """UPDATE hooks_out SET slow = :slow, away_until_ms = :away,
             ok_ms = CASE WHEN :ok > ok_ms THEN :ok ELSE ok_ms END
           WHERE bucket = :bucket AND org_id = :org AND id = :id""",
        bucket=bucket_of(org_id),
        org=org_id,
        id=id,
        slow=slow,
        away=away_until_ms,
        ok=ok_ms,
    )


def of_org(tx: Tx, org_id: int) -> list[HookOut]:
    """The oldest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM hooks_out WHERE bucket = :bucket AND org_id = :org ORDER BY id",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return [HookOut(*row) for row in rows]


def by_id(tx: Tx, org_id: int, id: int) -> HookOut | None:
    row = tx.one(
        f"SELECT {_COLUMNS} FROM hooks_out WHERE bucket = :bucket AND org_id = :org AND id = :id",
        bucket=bucket_of(org_id),
        org=org_id,
        id=id,
    )
    return HookOut(*row) if row else None


def all_on(tx: Tx) -> list[tuple[int, int, int, str]]:
    """(organisation, id, room, events) of those that are on, of all organisations."""
    return [tuple(row) for row in tx.all("SELECT org_id, id, room_id, events FROM hooks_out WHERE off_ms = 0")]


def delete(tx: Tx, org_id: int, id: int) -> None:
    tx.run(
        "DELETE FROM hooks_out WHERE bucket = :bucket AND org_id = :org AND id = :id",
        bucket=bucket_of(org_id),
        org=org_id,
        id=id,
    )
