"""The files of media and profiles: stored, deleted, and swept up where something has died in between.

The key of a file contains the id of its row: a media row, an emoji, a card, an organisation (its logo), an account (its
avatar and header).
- A media row is written before its files. If the process dies in between, no post shows the row, and a timer removes it
  with its files.
- sweep() finds files that no row names: of a profile that was not saved, or of a row deleted just before a crash.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from ..errors import ChirrupError
from ..ids import first_at, ms_of
from ..ports import Blobs, Engines, Tx
from ..store import accounts as account_rows
from ..store import archives as archive_rows
from ..store import cards as card_rows
from ..store import emojis as emoji_rows
from ..store import imports as import_rows
from ..store import media as rows
from ..store import org_exports as export_rows
from ..store import orgs as org_rows
from ..types import Media
from . import images

FOLDERS = 256  # of files, by the first two digits of their keys
STEP = 500  # files whose rows are looked up together
SWEPT_S = 24 * 3600  # younger files may belong to an upload that is not finished


class FileAt(msgspec.Struct, frozen=True):
    """A file that is too large for memory."""

    path: Path
    content_type: str


Files = Mapping[str, images.File | FileAt]  # by key


async def store_of_row(engines: Engines, one: Media, files: Files) -> None:
    """Write the files of a new row. If that fails, both are deleted."""
    try:
        await store(engines.blobs, files)
    except BaseException:
        with suppress(ChirrupError):  # the timer removes the row with its files
            await engines.db.write(rows.delete_unattached, one.id)
            await take_back(engines, files)
        raise


async def store(blobs: Blobs, files: Files) -> None:
    """Write each file under its key. Returns or raises only when no write is running, also when it is cancelled."""
    writing = asyncio.ensure_future(asyncio.to_thread(_put, blobs, files))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


def _put(blobs: Blobs, files: Files) -> None:
    for key, file in files.items():
        if isinstance(file, FileAt):
            with file.path.open("rb") as source:
                blobs.put_file(key, source, file.content_type)
        else:
            blobs.put(key, file.data, file.content_type)


async def take_back(engines: Engines, keys: Collection[str]) -> None:
    """Delete those of the files that no row names. If the database fails, they stay for sweep()."""
    with suppress(ChirrupError):
        await delete(engines.blobs, set(keys) - await engines.db.read(named, keys))


async def sweep(engines: Engines, folder: int) -> int:
    """Delete old files in one of FOLDERS folders that no row names. Returns how many.

    Files older than the database stay: they belong to another database, if a server was started with the wrong one.
    """
    keys = await asyncio.to_thread(engines.blobs.old, f"{folder:02x}", SWEPT_S)
    oldest = await engines.db.read(account_rows.oldest_id) if keys else 0
    known = [key for key in keys if oldest and images.row_of(key) >= first_at(ms_of(oldest))]
    count = 0
    for first in range(0, len(known), STEP):
        some = known[first : first + STEP]
        gone = set(some) - await engines.db.read(named, some)
        await delete(engines.blobs, gone)
        count += len(gone)
    return count


async def delete(blobs: Blobs, keys: Collection[str]) -> None:
    """Harmless when repeated. Raises Unavailable."""
    for key in keys:
        await asyncio.to_thread(blobs.delete, key)


def named(tx: Tx, keys: Collection[str]) -> set[str]:
    """Those of keys that their row names. Eight queries."""
    ids = {images.row_of(key) for key in keys} - {0}
    found = {key for one in rows.by_ids(tx, ids).values() for key in (one.key, one.preview_key)}
    for one in account_rows.by_ids(tx, ids).values():
        found |= {one.avatar, one.avatar_static, one.header}
    found |= {key for one in emoji_rows.by_ids(tx, ids).values() for key in (one.key, one.still_key)}
    found |= {str(one.chosen.get("logo")) for one in org_rows.by_ids(tx, ids).values()}
    found |= {one.image_key for one in card_rows.by_ids(tx, ids).values()}
    found |= {one.key for one in archive_rows.by_ids(tx, ids).values()}
    found |= {one.key for one in export_rows.by_ids(tx, ids).values()}
    found |= {one.file_key for one in import_rows.by_ids(tx, ids).values()}
    return found.intersection(keys)
