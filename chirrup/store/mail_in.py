"""Mails that came in, for 30 days: so that each is posted once, and those that staff look at."""

from ..ids import bucket_of, first_at
from ..ports import Tx
from ..types import MailIn, Span

_COLUMNS = ", ".join(MailIn.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in MailIn.__struct_fields__)


def insert(tx: Tx, one: MailIn, raw: str = "") -> bool:
    """False: the account has a row for this mail already. raw: in base64."""
    return 1 == tx.changed(
        f"""INSERT INTO mail_in (bucket, raw, {_COLUMNS}) VALUES (:bucket, :raw, {_VALUES})
            ON CONFLICT (bucket, account_id, digest) DO NOTHING""",
        bucket=bucket_of(one.id),
        raw=raw,
        **{name: getattr(one, name) for name in MailIn.__struct_fields__},
    )


def by_digest(tx: Tx, account_id: int, digest: str) -> MailIn | None:
    row = tx.one(
        f"SELECT {_COLUMNS} FROM mail_in WHERE bucket = :bucket AND account_id = :account AND digest = :digest",
        bucket=bucket_of(account_id),
        account=account_id,
        digest=digest,
    )
    return MailIn(*row) if row else None


def by_id(tx: Tx, id: int) -> MailIn | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM mail_in WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return MailIn(*row) if row else None


def raw(tx: Tx, id: int) -> str:
    row = tx.one("SELECT raw FROM mail_in WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return row[0] if row else ""


def held(tx: Tx, org_id: int, span: Span) -> list[MailIn]:
    """Those of the organisation that staff are to look at, newest first."""
    rows = tx.all(
        f"""SELECT {_COLUMNS} FROM mail_in
            WHERE org_id = :org AND verdict = 'held' AND id < :before AND id > :after
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        org=org_id,
        before=span.before,
        after=span.after,
        limit=span.limit,
    )
    found = [MailIn(*row) for row in rows]
    return found[::-1] if span.oldest else found


def decide(tx: Tx, id: int, before: str, verdict: str) -> bool:
    """False: its verdict is not `before` any more."""
    return 1 == tx.changed(
        "UPDATE mail_in SET verdict = :verdict WHERE bucket = :bucket AND id = :id AND verdict = :before",
        bucket=bucket_of(id),
        id=id,
        before=before,
        verdict=verdict,
    )


def finish(tx: Tx, id: int, verdict: str, post_id: int = 0) -> None:
    """Nobody needs the mail itself any more."""
    tx.run(
        "UPDATE mail_in SET verdict = :verdict, post_id = :post, raw = '' WHERE bucket = :bucket AND id = :id",
        bucket=bucket_of(id),
        id=id,
        verdict=verdict,
        post=post_id,
    )


def old(tx: Tx, before_ms: int, limit: int) -> list[int]:
    """The ids of some that came before then."""
    rows = tx.all(
        "SELECT id FROM mail_in WHERE id < :first ORDER BY id LIMIT :limit", first=first_at(before_ms), limit=limit
    )
    return [id for (id,) in rows]


def delete(tx: Tx, ids: list[int]) -> None:
    tx.run(f"DELETE FROM mail_in WHERE {tx.sql.ids_in('id', 'ids')}", ids=ids)
