"""Invitations to an organisation, in its bucket. Their secrets are kept as hashes."""

from ..ids import bucket_of
from ..ports import Tx
from ..types import Invite, Span

COLUMNS = ", ".join(Invite.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Invite.__struct_fields__)


def insert(tx: Tx, invite: Invite) -> None:
    tx.run(
        f"INSERT INTO invites (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})",
        bucket=bucket_of(invite.id),
        **{name: getattr(invite, name) for name in Invite.__struct_fields__},
    )


def by_id(tx: Tx, id: int) -> Invite | None:
    row = tx.one(f"SELECT {COLUMNS} FROM invites WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Invite(*row) if row else None


def by_hash(tx: Tx, bucket: int, hash: str) -> Invite | None:
    row = tx.one(
        f"SELECT {COLUMNS} FROM invites WHERE bucket = :bucket AND hash = :hash AND hash <> ''",
        bucket=bucket,
        hash=hash,
    )
    return Invite(*row) if row else None


def page(tx: Tx, org_id: int, span: Span, *, by_id: int = 0) -> list[Invite]:
    """The newest first. by_id: only those of this account."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM invites WHERE bucket = :bucket AND org_id = :org AND id < :before AND id > :after
              AND (by_id = :by OR :by = 0)
            ORDER BY id {"ASC" if span.oldest else "DESC"} LIMIT :limit""",
        bucket=bucket_of(org_id),
        org=org_id,
        before=span.before,
        after=span.after,
        by=by_id,
        limit=span.limit,
    )
    found = [Invite(*row) for row in rows]
    return found[::-1] if span.oldest else found


def count_since(tx: Tx, org_id: int, after: int) -> int:
    """How many with a later id than after."""
    row = tx.one(
        "SELECT COUNT(*) FROM invites WHERE bucket = :bucket AND org_id = :org AND id > :after",
        bucket=bucket_of(org_id),
        org=org_id,
        after=after,
    )
    return row[0] if row else 0


def use(tx: Tx, id: int) -> bool:
    """One more comes by it. False: it was used up, withdrawn or over meanwhile; of two calls at once one gets True."""
    return 1 == tx.changed(
        """UPDATE invites SET used = used + 1 WHERE bucket = :bucket AND id = :id
             AND used < uses AND withdrawn_ms = 0 AND until_ms > :now""",
        bucket=bucket_of(id),
        id=id,
        now=tx.now_ms,
    )


def set_hash(tx: Tx, id: int, hash: str) -> None:
    tx.run(
        "UPDATE invites SET hash = :hash WHERE bucket = :bucket AND id = :id", hash=hash, bucket=bucket_of(id), id=id
    )


def withdraw_all(tx: Tx, first: int, last: int) -> None:
    """Of all organisations in buckets first to last."""
    tx.run(
        """UPDATE invites SET withdrawn_ms = :now, hash = ''
           WHERE bucket BETWEEN :first AND :last AND withdrawn_ms = 0""",
        now=tx.now_ms,
        first=first,
        last=last,
    )


def withdraw(tx: Tx, id: int) -> None:
    tx.run(
        "UPDATE invites SET withdrawn_ms = :now, hash = '' WHERE bucket = :bucket AND id = :id AND withdrawn_ms = 0",
        now=tx.now_ms,
        bucket=bucket_of(id),
        id=id,
    )
