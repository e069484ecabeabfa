"""Links of posts, and what is shown of them. A link, its cards and its bucket go together."""

from collections.abc import Collection

from ..ids import bucket_of, bucket_of_text
from ..ports import Tx
from ..types import Card, Link

_COLUMNS = ", ".join(Card.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Card.__struct_fields__)


def link(tx: Tx, key: str) -> Link | None:
    """No other transaction changes it until this one ends."""
    row = tx.one(
        f"""SELECT link, org_id, url, asked_ms, card_id FROM links
            WHERE bucket = :bucket AND link = :link {tx.sql.in_turn}""",
        bucket=bucket_of_text(key),
        link=key,
    )
    return Link(*row) if row else None


def links(tx: Tx, keys: Collection[str]) -> dict[str, Link]:
    """Those that exist, by key. One query."""
    rows = tx.all(
        f"""SELECT link, org_id, url, asked_ms, card_id FROM links
            WHERE {tx.sql.is_in("bucket", "buckets")} AND {tx.sql.is_in("link", "links")}""",
        buckets={bucket_of_text(key) for key in keys},
        links=keys,
    )
    return {row[0]: Link(*row) for row in rows}


def ask(tx: Tx, link: Link, *, before_ms: int) -> bool:
    """Note that the page is asked for now. False: another was faster. before_ms: when it was last; 0: never."""
    return 1 == tx.changed(
        """INSERT INTO links (bucket, link, org_id, url, asked_ms, card_id)
           VALUES (:bucket, :link, :org, :url, :asked, :card)
           ON CONFLICT (link, bucket) DO UPDATE SET asked_ms = excluded.asked_ms WHERE links.asked_ms = :before""",
        bucket=bucket_of_text(link.link),
        link=link.link,
        org=link.org_id,
        url=link.url,
        asked=link.asked_ms,
        card=link.card_id,
        before=before_ms,
    )


def choose(tx: Tx, link: str, card_id: int) -> None:
    """New posts with the link show this card."""
    tx.run(
        "UPDATE links SET card_id = :card WHERE bucket = :bucket AND link = :link",
        card=card_id,
        bucket=bucket_of_text(link),
        link=link,
    )


def delete_link(tx: Tx, link: str) -> None:
    tx.run("DELETE FROM links WHERE bucket = :bucket AND link = :link", bucket=bucket_of_text(link), link=link)


def insert(tx: Tx, card: Card) -> bool:
    """False: the id is taken."""
    return 1 == tx.changed(
        f"INSERT INTO cards (bucket, {_COLUMNS}) VALUES (:bucket, {_VALUES}) ON CONFLICT (id, bucket) DO NOTHING",
        bucket=bucket_of(card.id),
        **{name: getattr(card, name) for name in Card.__struct_fields__},
    )


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Card]:
    """Those that exist. One query."""
    return tx.by_ids(f"SELECT {_COLUMNS} FROM cards WHERE {tx.sql.ids_in('id', 'ids')}", Card, ids)


def delete_of(tx: Tx, link: str) -> list[str]:
    """Delete all cards of the link. The keys of their files."""
    rows = tx.all(
        "DELETE FROM cards WHERE bucket = :bucket AND link = :link RETURNING image_key",
        bucket=bucket_of_text(link),
        link=link,
    )
    return [key for (key,) in rows if key]
