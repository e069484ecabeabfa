"""Archives: all that an account has posted, with its media, in one file. A job makes it; its owner saves it.

It is written piece by piece, so it takes little memory however large it is.
"""

import asyncio
import os
import tempfile
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ...errors import Invalid, NotFound
from ...ids import bucket_of
from ...ports import Blobs, Engines, Tx
from ...store import accounts as account_rows
from ...store import archives as rows
from ...store import jobs
from ...times import DAY_MS
from ...types import Account, Archive, Media
from .. import accounts, images, moving
from . import activities, tables
from .tables import Owner

MAKE = "make an archive"  # a kind of job; the payload is Due
DELETE = "delete an archive"  # the same; the payload is its id
WEEK_MS = 7 * DAY_MS  # between two archives of an account, and from when one is ready until it is deleted
STEP = 200  # posts, or marks, in one query
ZIP = "application/zip"
_JSON = msgspec.json.Encoder()

Pages = AsyncIterator[list[Any]]


class Due(msgspec.Struct, frozen=True):
    id: int
    base_url: str  # of the site


class State(msgspec.Struct, frozen=True):
    """The newest archive, and when the account may ask for another one."""

    newest: Archive | None
    next_ms: int  # 0: now
    until_ms: int  # when the newest is deleted; 0: it is not ready, or there is none


def state(tx: Tx, account_id: int) -> State:
    newest = rows.newest(tx, account_id)
    if newest is None:
        return State(None, 0, 0)
    # What is not ready after a day has failed: an operator finds its job among those that were set aside.
    next_ms = newest.asked_ms + (WEEK_MS if newest.ready_ms else DAY_MS)
    return State(newest, next_ms if next_ms > tx.now_ms else 0, newest.ready_ms + WEEK_MS if newest.ready_ms else 0)


def ask(tx: Tx, account_id: int, *, base_url: str) -> Archive:
    """Have a job make one. base_url: of the site. Raises Invalid: the last one is too new."""
    account_rows.user(tx, account_id, in_turn=True)
    now = state(tx, account_id)
    if now.next_ms:
        raise Invalid("archive", "too_soon", "You can have a new archive once a week, and only one at a time")
    if now.newest and not now.newest.ready_ms:
        rows.delete(tx, now.newest.id)
    one = Archive(tx.new_id(bucket_of(account_id)), account_id, key="", size_bytes=0, posts=0, ready_ms=0)
    rows.insert(tx, one)
    jobs.enqueue(tx, MAKE, of=account_id, key=str(one.id), payload=Due(one.id, base_url))
    return one


def get(tx: Tx, account_id: int, id: int) -> Archive:
    """One that is ready. Raises NotFound: absent, another account's, or not ready."""
    one = rows.by_id(tx, id)
    if one is None or one.account_id != account_id or not one.ready_ms:
        raise NotFound("archive", id)
    return one


# the jobs


async def make(engines: Engines, due: Due, folder: Path, *, step: int = STEP) -> None:
    """Make the file and store it. folder: for the unfinished file, which has no name and goes if this is killed.

    Raises OSError: the disk is full; Unavailable: the storage of files is away.
    """
    found = await engines.db.read(_begin, due)
    if found is None:
        return
    account, owner = found
    key = images.new_key("zip", due.id)
    with tempfile.TemporaryFile(dir=folder) as file:
        await _Writer(engines, file, account, owner, due.id, step).write()
        size_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)
        await asyncio.to_thread(engines.blobs.put_file, key, file, ZIP)
    if not await engines.db.write(_ready, due.id, key, size_bytes):
        await asyncio.to_thread(engines.blobs.delete, key)


def _begin(tx: Tx, due: Due) -> tuple[Account, Owner] | None:
    one = rows.by_id(tx, due.id)
    if one is None or one.ready_ms:
        return None
    try:
        account = accounts.get(tx, one.account_id, one.account_id)
    except NotFound:
        return None
    return account, Owner(account.id, due.base_url, account.org_id)


def _ready(tx: Tx, id: int, key: str, size_bytes: int) -> bool:
    if not rows.set_ready(tx, id, key, size_bytes):
        return False
    jobs.enqueue(tx, DELETE, of=id, key=str(id), payload=id, due_ms=tx.now_ms + WEEK_MS)
    return True


async def delete(engines: Engines, id: int) -> None:
    """Delete it with its file. Harmless when repeated."""
    if one := await engines.db.read(rows.by_id, id):
        if one.key:
            await asyncio.to_thread(engines.blobs.delete, one.key)
        await engines.db.write(rows.delete, id)


class _Writer:
    """Writes one archive into a file, page by page. What packs or copies runs in a thread."""

    def __init__(self, engines: Engines, file: BinaryIO, account: Account, owner: Owner, id: int, step: int) -> None:
        self._engines, self._account, self._owner, self._id, self._step = engines, account, owner, id, step
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)

    async def write(self) -> None:
        with self._zip:
            await self._list("outbox.json", self._posts())
            await self._list("likes.json", self._marks("favourites"))
            await self._list("bookmarks.json", self._marks("bookmarks"))
            async for _, media in self._pages():
                for one in media:
                    await self._copy(one.key, activities.file_of(one))
            await self._actor()

    async def _list(self, name: str, pages: Pages) -> None:
        """One file with a collection."""
        head = _JSON.encode({"@context": activities.CONTEXT, "id": name, "type": "OrderedCollection"})[:-1]
        with self._zip.open(name, "w", force_zip64=True) as out:
            await asyncio.to_thread(out.write, head + b',"orderedItems":[')
            count, between = 0, b""
            async for page in pages:
                if page:
                    await asyncio.to_thread(out.write, between + b",\n".join(map(_JSON.encode, page)))
                    count, between = count + len(page), b",\n"
            await asyncio.to_thread(out.write, b'],"totalItems":%d}' % count)

    async def _posts(self) -> Pages:
        count = 0
        async for found, _ in self._pages():
            count += len(found)
            yield found
            await self._engines.db.write(rows.set_posts, self._id, count)

    async def _pages(self) -> AsyncIterator[tuple[list[Any], list[Media]]]:
        """Posts, and the media in them."""
        after = 0
        while True:
            found, media, after = await self._engines.db.read(activities.page, self._owner, after, self._step)
            yield found, media
            if not after:
                return

    async def _marks(self, mark: str) -> Pages:
        after = 0
        while True:
            found, after = await self._engines.db.read(tables.marked, self._owner, mark, after, self._step)
            yield found
            if not after:
                return

    async def _actor(self) -> None:
        pictures = dict[str, tuple[str, str]]()
        for name, file, key in (("icon", "avatar", self._account.avatar), ("image", "header", self._account.header)):
            file = f"{file}.{key.rpartition('.')[2]}"
            if key and (kind := await self._copy(key, file)):
                pictures[name] = file, kind
        moved = await self._engines.db.read(moving.of_account, self._account.id)
        data = _JSON.encode(activities.actor(self._account, self._owner, pictures, moved))
        await asyncio.to_thread(self._zip.writestr, "actor.json", data)

    async def _copy(self, key: str, name: str) -> str:
        """The type of the file; "": there is none, as it was deleted meanwhile."""
        return await asyncio.to_thread(_copy, self._engines.blobs, self._zip, key, name)


def _copy(blobs: Blobs, zipped: zipfile.ZipFile, key: str, name: str) -> str:
    found = blobs.open(key)
    if found is None:
        return ""
    file, _, content_type = found
    info = zipfile.ZipInfo(name)  # stored as it is: pictures are packed already
    info.external_attr = 0o600 << 16
    with file, zipped.open(info, "w", force_zip64=True) as out:
        while piece := file.read(1024 * 1024):
            out.write(piece)
    return content_type
