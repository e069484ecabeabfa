"""Trends of each organisation, as they were last counted."""

import msgspec

from ..ids import bucket_of
from ..ports import Tx
from ..types import LinkTrend, Trends

_tags = msgspec.json.Decoder(list[str]).decode
_posts = msgspec.json.Decoder(list[int]).decode
_links = msgspec.json.Decoder(list[LinkTrend]).decode


def get(tx: Tx, org_id: int) -> Trends:
    """Empty: nothing was counted yet."""
    row = tx.one(
        "SELECT tags, posts, links FROM trends WHERE bucket = :bucket AND org_id = :org",
        bucket=bucket_of(org_id),
        org=org_id,
    )
    return Trends(_tags(row[0]), _posts(row[1]), _links(row[2])) if row else Trends()


def put(tx: Tx, org_id: int, trends: Trends) -> None:
    tx.run(
        """INSERT INTO trends (bucket, org_id, tags, posts, links) VALUES (:bucket, :org, :tags, :posts, :links)
           ON CONFLICT (org_id, bucket) DO UPDATE SET
             tags = excluded.tags, posts = excluded.posts, links = excluded.links""",
        bucket=bucket_of(org_id),
        org=org_id,
        tags=msgspec.json.encode(trends.tags).decode(),
        posts=msgspec.json.encode(trends.posts).decode(),
        links=msgspec.json.encode(trends.links).decode(),
    )
