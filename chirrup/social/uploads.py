"""Uploads of pictures, from the API and from the pages: checked, processed, then stored.

The key of a file contains the id of its row: a media row, or an account for avatar and header.
- A media row is written before its files. If the process dies in between, no post shows the row, and a timer removes it
  with its files.
- sweep() finds files that no row names: of a profile that was not saved, or of a row deleted just before a crash.
"""

import asyncio
import math
from collections.abc import Collection, Mapping
from contextlib import suppress

from ..errors import ChirrupError, Invalid
from ..ids import first_at, ms_of
from ..ports import Blobs, Engines, Tx
from ..store import accounts as account_rows
from ..store import archives as archive_rows
from ..store import media as rows
from ..types import Media
from . import image_child, images, media

FOLDERS = 256  # of files, by the first two digits of their keys
SWEPT_S = 24 * 3600  # younger files may belong to an upload that is not finished


async def add(
    engines: Engines, owner_id: int, data: bytes, wanted: media.Change, *, bytes_max: int, thumbnail: bytes = b""
) -> Media:
    """A new picture of owner_id's for a post, made from the pixels of data. thumbnail: an own picture for the preview.

    Raises Invalid (file, description, focus), Unavailable (too busy, or database or disk fail).
    """
    media.check(wanted)
    made = await _read(data, bytes_max)
    preview = await _read(thumbnail, bytes_max) if thumbnail else made
    one = await engines.db.write(media.add, owner_id, made, preview, wanted)
    files = {one.key: made.original, one.preview_key: preview.small}
    try:
        await store(engines.blobs, files)
    except BaseException:
        with suppress(ChirrupError):  # the timer removes the row with its files
            await engines.db.write(rows.delete_unattached, one.id)
            await take_back(engines, files)
        raise
    return one


async def change(
    engines: Engines, owner_id: int, id: int, wanted: media.Change, *, bytes_max: int, thumbnail: bytes = b""
) -> Media:
    """Change the description, focus or preview. Raises NotFound, and as add()."""
    media.check(wanted)
    await engines.db.read(media.get, owner_id, id)
    if not thumbnail:
        return await engines.db.write(media.change, owner_id, id, wanted)
    made = await _read(thumbnail, bytes_max)
    preview = media.Preview(images.new_key(made.small.extension, id), made.blurhash, made.meta.small)
    files = {preview.key: made.small}
    try:
        await store(engines.blobs, files)
        before = await engines.db.read(media.get, owner_id, id)
        after = await engines.db.write(media.change, owner_id, id, wanted, preview=preview)
    except BaseException:
        await take_back(engines, files)
        raise
    await take_back(engines, [before.preview_key])
    return after


async def remove(engines: Engines, owner_id: int, id: int) -> None:
    """Delete an upload that no post shows. Raises as media.remove()."""
    one = await engines.db.write(media.remove, owner_id, id)
    await take_back(engines, [one.key, one.preview_key])


async def _read(data: bytes, bytes_max: int) -> images.Processed:
    check_size(len(data), bytes_max)
    return await image_child.isolated(images.process, data)


def check_size(size_bytes: int, bytes_max: int) -> None:
    """Raises Invalid ("file")."""
    if size_bytes > bytes_max:
        raise too_large("file", size_bytes, bytes_max)


def too_large(field: str, size_bytes: int, bytes_max: int) -> Invalid:
    return Invalid(
        field,
        "too_large",
        "must have at most {most}, has {has}",
        most=_megabytes(bytes_max),
        has=_megabytes(size_bytes),
    )


def _megabytes(size_bytes: int) -> str:
    """Rounded up, so that a file that is too large never seems as large as the limit."""
    return f"{math.ceil(size_bytes / 2**20 * 10) / 10:g} MB"


async def store(blobs: Blobs, files: Mapping[str, images.File]) -> None:
    """Write each file under its key. Returns or raises only when no write is running, also when it is cancelled."""
    writing = asyncio.ensure_future(asyncio.to_thread(_put, blobs, files))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


def _put(blobs: Blobs, files: Mapping[str, images.File]) -> None:
    for key, file in files.items():
        blobs.put(key, file.data, file.content_type)


async def take_back(engines: Engines, keys: Collection[str]) -> None:
    """Delete those of the files that no row names. If the database fails, they stay for sweep()."""
    with suppress(ChirrupError):
        await _delete(engines.blobs, set(keys) - await engines.db.read(named, keys))


async def sweep(engines: Engines, folder: int) -> int:
    """Delete old files in one of FOLDERS folders that no row names. Returns how many.

    Files older than the database stay: they belong to another database, if a server was started with the wrong one.
    """
    keys = await asyncio.to_thread(engines.blobs.old, f"{folder:02x}", SWEPT_S)
    oldest = await engines.db.read(account_rows.oldest_id) if keys else 0
    known = {key for key in keys if oldest and images.row_of(key) >= first_at(ms_of(oldest))}
    gone = known - await engines.db.read(named, known) if known else set[str]()
    await _delete(engines.blobs, gone)
    return len(gone)


async def _delete(blobs: Blobs, keys: Collection[str]) -> None:
    for key in keys:
        await asyncio.to_thread(blobs.delete, key)


def named(tx: Tx, keys: Collection[str]) -> set[str]:
    """Those of keys that their row names. Three queries."""
    ids = {images.row_of(key) for key in keys} - {0}
    found = {key for one in rows.by_ids(tx, ids).values() for key in (one.key, one.preview_key)}
    for one in account_rows.by_ids(tx, ids).values():
        found |= {one.avatar, one.avatar_static, one.header}
    found |= {one.key for one in archive_rows.by_ids(tx, ids).values()}
    return found.intersection(keys)
