"""Trends of each organisation, as they were last counted, and what its staff have decided about them."""

from collections.abc import Collection

import msgspec

from ..ids import bucket_of
from ..ports import Tx
from ..types import LinkTrend, Trends

_tags = msgspec.json.Decoder(list[str]).decode
_posts = msgspec.json.Decoder(list[int]).decode
_links = msgspec.json.Decoder(list[LinkTrend]).decode
_decisions = msgspec.json.Decoder(dict[str, bool]).decode


def get(tx: Tx, org_id: int, *, in_turn: bool = False) -> Trends:
    """Empty: nothing was counted yet. in_turn: no other transaction changes them until this one ends."""
    row = tx.one(
        f"""SELECT tags, posts, links, decisions FROM trends
            WHERE bucket = :bucket AND org_id = :org {tx.sql.in_turn if in_turn else ""}""",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return Trends(_tags(row[0]), _posts(row[1]), _links(row[2]), _decisions(row[3])) if row else Trends()


def put(tx: Tx, org_id: int, trends: Trends) -> None:
    tx.run(
        """INSERT INTO trends (bucket, org_id, tags, posts, links, decisions)
           VALUES (:bucket, :org, :tags, :posts, :links, :decisions)
           ON CONFLICT (org_id, bucket) DO UPDATE SET tags = excluded.tags, posts = excluded.posts,
             links = excluded.links, decisions = excluded.decisions""",
        bucket=bucket_of(org_id),
        org=org_id,
        tags=msgspec.json.encode(trends.tags).decode(),
        posts=msgspec.json.encode(trends.posts).decode(),
        links=msgspec.json.encode(trends.links).decode(),
        decisions=msgspec.json.encode(trends.decisions).decode(),
    )


def decisions(tx: Tx, org_id: int, subjects: Collection[str]) -> dict[str, bool]:
    """By subject, for those of subjects that staff have decided about: it may be shown."""
    rows = tx.all(
        f"""SELECT subject, allowed FROM trend_decisions
            WHERE bucket = :bucket AND org_id = :org AND {tx.sql.is_in("subject", "subjects")}""",
        bucket=bucket_of(org_id),
        org=org_id,
        subjects=subjects,
    )
    return {subject: bool(allowed) for subject, allowed in rows}


def decide(tx: Tx, org_id: int, subject: str, id: int, *, allowed: bool) -> bool:
    """id: by which staff named it. False: it was decided so before."""
    return 1 == tx.changed(
        """INSERT INTO trend_decisions (bucket, org_id, subject, id, allowed)
           VALUES (:bucket, :org, :subject, :id, :allowed)
           ON CONFLICT (org_id, bucket, subject) DO UPDATE SET id = excluded.id, allowed = excluded.allowed
             WHERE trend_decisions.allowed <> excluded.allowed""",
        bucket=bucket_of(org_id),
        org=org_id,
        subject=subject,
        id=id,
        allowed=int(allowed),
    )


def forget(tx: Tx, org_id: int, subject: str) -> bool:
    """False: nothing was decided."""
    return 1 == tx.changed(
        "DELETE FROM trend_decisions WHERE bucket = :bucket AND org_id = :org AND subject = :subject",
        bucket=bucket_of(org_id),
        org=org_id,
        subject=subject,
    )
