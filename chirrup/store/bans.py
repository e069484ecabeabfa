"""Whom and what an organisation keeps out. All bans of one kind lie in one bucket: they are few, and read together."""

from collections.abc import Collection

from ..ids import bucket_of, bucket_of_text, text_key
from ..ports import Tx
from ..types import Ban, Span

_COLUMNS = ", ".join(Ban.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Ban.__struct_fields__)


def bucket(org_id: int, kind: str) -> int:
    return bucket_of_text(text_key(org_id, kind))


def insert(tx: Tx, ban: Ban) -> bool:
    """False: the subject is banned already."""
    return 1 == tx.changed(
        f"""INSERT INTO bans (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (bucket, org_id, kind, subject) DO NOTHING""",
        bucket=bucket_of(ban.id),
        **{name: getattr(ban, name) for name in Ban.__struct_fields__},
    )


def by_id(tx: Tx, id: int) -> Ban | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM bans WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Ban(*row) if row else None


def page(tx: Tx, org_id: int, kind: str, span: Span) -> list[Ban]:
    """Newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM bans WHERE bucket = :bucket AND org_id = :org AND kind = :kind
              AND id < :before AND id > :after ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket(org_id, kind),
        org=org_id,
        kind=kind,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    found = [Ban(*row) for row in rows]
    return found[::-1] if span.oldest else found


def of(tx: Tx, org_id: int, kind: str, subjects: Collection[str]) -> list[Ban]:
    """Those of just these subjects."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM bans WHERE bucket = :bucket AND org_id = :org AND kind = :kind
              AND {tx.sql.is_in("subject", "subjects")}""",
        bucket=bucket(org_id, kind),
        org=org_id,
        kind=kind,
        subjects=subjects,
    )
    return [Ban(*row) for row in rows]


def of_addresses(tx: Tx) -> list[Ban]:
    """Every organisation's of IP addresses: what each process keeps in memory."""
    return [Ban(*row) for row in tx.all(f"SELECT {_COLUMNS} FROM bans WHERE kind = 'ip_block'")]


def update(tx: Tx, ban: Ban) -> bool:
    """False: it is gone."""
    return 1 == tx.changed(
        """UPDATE bans SET subject = :subject, details = :details, expires_ms = :expires
           WHERE bucket = :bucket AND id = :id""",
        bucket=bucket_of(ban.id),
        id=ban.id,
        subject=ban.subject,
        details=ban.details,
        expires=ban.expires_ms,
    )


def delete(tx: Tx, id: int) -> bool:
    """False: it was gone."""
    return 1 == tx.changed("DELETE FROM bans WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def delete_over(tx: Tx) -> None:
    """All bans of IP addresses that have expired."""
    tx.run("DELETE FROM bans WHERE kind = 'ip_block' AND expires_ms > 0 AND expires_ms <= :now", now=tx.now_ms)


def count_try(tx: Tx, ban_id: int, day: int, who: str) -> None:
    """Somebody came against it. who: a digest of where from."""
    tx.run(
        """INSERT INTO ban_tries (bucket, ban_id, day, who, tries) VALUES (:bucket, :ban, :day, :who, 1)
           ON CONFLICT (bucket, ban_id, day, who) DO UPDATE SET tries = ban_tries.tries + 1""",
        bucket=bucket_of(ban_id),
        ban=ban_id,
        day=day,
        who=who,
    )


def forget_tries(tx: Tx, last_day: int) -> None:
    """Those until this day, of all bans. The table is short."""
    tx.run("DELETE FROM ban_tries WHERE day <= :day", day=last_day)


def tries(tx: Tx, ban_ids: Collection[int], since_day: int) -> dict[tuple[int, int], tuple[int, int]]:
    """(how many came, how often) by ban and day. ban_ids: of one kind and organisation."""
    if not ban_ids:
        return {}
    rows = tx.all(
        f"""SELECT ban_id, day, COUNT(*), CAST(SUM(tries) AS BIGINT) FROM ban_tries
            WHERE bucket = :bucket AND {tx.sql.is_in("ban_id", "bans")} AND day >= :since GROUP BY ban_id, day""",
        bucket=bucket_of(next(iter(ban_ids))),
        bans=ban_ids,
        since=since_day,
    )
    return {(id, day): (count, total) for id, day, count, total in rows}
