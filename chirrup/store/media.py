"""Media: rows about files. The files themselves are blobs."""

from collections.abc import Collection

from ..ids import bucket_of
from ..ports import Tx
from ..types import Media

COLUMNS = ", ".join(Media.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in Media.__struct_fields__)


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Media]:
    if not ids:
        return {}
    return tx.by_ids(f"SELECT {COLUMNS} FROM media WHERE {tx.sql.ids_in('id', 'ids')}", Media, ids)


def by_id(tx: Tx, id: int) -> Media | None:
    row = tx.one(f"SELECT {COLUMNS} FROM media WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)
    return Media(*row) if row else None


def insert(tx: Tx, media: Media) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        f"INSERT INTO media (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES}) ON CONFLICT (id, bucket) DO NOTHING",
        bucket=bucket_of(media.id),
        **{name: getattr(media, name) for name in Media.__struct_fields__},
    )


def attach(tx: Tx, owner_id: int, ids: Collection[int], post_id: int) -> list[tuple[str, str]]:
    """Attach the owner's media that no other post has to post_id. (kind, state) of those that belong to it now."""
    return tx.all(
        f"""UPDATE media SET post_id = :post, released_ms = 0 WHERE bucket = :bucket AND {tx.sql.is_in("id", "ids")}
              AND owner_id = :owner AND (post_id <= 0 OR post_id = :post OR released_ms > 0) AND draft_id = 0
            RETURNING kind, state""",
        post=post_id,
        bucket=bucket_of(owner_id),
        ids=ids,
        owner=owner_id,
    )


def keep(tx: Tx, owner_id: int, ids: Collection[int], draft_id: int) -> list[tuple[str, str]]:
    """Keep those of the owner's media that are free, or are kept for this draft already. (kind, state) of these."""
    return tx.all(
        f"""UPDATE media SET draft_id = :draft, post_id = 0, released_ms = 0
            WHERE bucket = :bucket AND {tx.sql.is_in("id", "ids")} AND owner_id = :owner
              AND (post_id <= 0 OR released_ms > 0) AND draft_id IN (0, :draft) RETURNING kind, state""",
        draft=draft_id,
        bucket=bucket_of(owner_id),
        ids=ids,
        owner=owner_id,
    )


def let_go(tx: Tx, ids: Collection[int], draft_id: int) -> None:
    """Those of ids that are kept for this draft are free again, for a post or for a day."""
    tx.run(
        f"""UPDATE media SET draft_id = 0, released_ms = :now
            WHERE bucket = :bucket AND {tx.sql.is_in("id", "ids")} AND draft_id = :draft""",
        now=tx.now_ms,
        bucket=bucket_of(draft_id),
        ids=ids,
        draft=draft_id,
    )


def of_post(tx: Tx, post_id: int) -> set[int]:
    """Ids of the media that the post shows, or showed before an edit."""
    rows = tx.all(
        "SELECT id FROM media WHERE bucket = :bucket AND post_id = :post AND post_id > 0",
        bucket=bucket_of(post_id),
        post=post_id,
    )
    return {id for (id,) in rows}


def release(tx: Tx, ids: Collection[int], post_id: int) -> None:
    """Make these media of post_id free for another post."""
    tx.run(
        f"""UPDATE media SET released_ms = :now
            WHERE bucket = :bucket AND {tx.sql.is_in("id", "ids")} AND post_id = :post""",
        now=tx.now_ms,
        bucket=bucket_of(post_id),
        ids=ids,
        post=post_id,
    )


def hide(tx: Tx, ids: Collection[int]) -> None:
    """Keep these media for their posts, which are deleted and held; no other post takes them."""
    if ids:
        tx.run(
            f"UPDATE media SET state = 'held', released_ms = 0 WHERE {tx.sql.ids_in('id', 'ids')} AND post_id > 0",
            ids=ids,
        )


def update(tx: Tx, media: Media) -> None:
    """Write the columns its owner may change."""
    tx.run(
        """UPDATE media SET description = :description, meta = :meta, preview_key = :preview_key, blurhash = :blurhash
           WHERE bucket = :bucket AND id = :id""",
        description=media.description,
        meta=media.meta,
        preview_key=media.preview_key,
        blurhash=media.blurhash,
        bucket=bucket_of(media.id),
        id=media.id,
    )


def end_processing(tx: Tx, media: Media) -> bool:
    """Write the columns that processing makes. False: it has ended already, or the row is deleted."""
    return 1 == tx.changed(
        """UPDATE media SET kind = :kind, content_type = :type, key = :key, preview_key = :preview,
             blurhash = :blurhash, meta = :meta, size_bytes = :size, state = :state, problem = :problem
           WHERE bucket = :bucket AND id = :id AND state = 'processing'""",
        kind=media.kind,
        type=media.content_type,
        key=media.key,
        preview=media.preview_key,
        blurhash=media.blurhash,
        meta=media.meta,
        size=media.size_bytes,
        state=media.state,
        problem=media.problem,
        bucket=bucket_of(media.id),
        id=media.id,
    )


def delete(tx: Tx, id: int) -> None:
    tx.run("DELETE FROM media WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id)


def delete_unattached(tx: Tx, id: int) -> bool:
    """False when a post or a draft has it now, or it is deleted already."""
    return 1 == tx.changed(
        """DELETE FROM media
           WHERE bucket = :bucket AND id = :id AND (post_id = 0 OR released_ms > 0) AND draft_id = 0""",
        bucket=bucket_of(id),
        id=id,
    )


def unattached(tx: Tx, *, before_id: int, limit: int) -> list[Media]:
    """Uploads older than before_id that no post or draft ever took, oldest first."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM media
            WHERE post_id = 0 AND draft_id = 0 AND released_ms = 0 AND id < :before ORDER BY id LIMIT :limit""",
        before=before_id,
        limit=limit,
    )
    return [Media(*row) for row in rows]


def released(tx: Tx, *, before_ms: int, limit: int) -> list[Media]:
    """Media whose post was deleted, or that a draft let go, before before_ms and that no post has, oldest first."""
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM media WHERE released_ms > 0 AND released_ms < :before
            ORDER BY released_ms LIMIT :limit""",
        before=before_ms,
        limit=limit,
    )
    return [Media(*row) for row in rows]


def adopt_released(tx: Tx) -> None:
    """Convert media that an older program released with a negative post_id. The next release does not need this."""
    tx.run("UPDATE media SET post_id = -post_id, released_ms = :now WHERE post_id < 0", now=tx.now_ms)
