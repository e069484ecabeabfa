"""Films and sound that were uploaded: kept as they came, written anew by a job, and then told in their final form.

The row says how far it is (types.MediaState), so a restart forgets nothing; a job that is run again begins anew. Until
it is done, `key` names the upload itself, which nobody is ever given.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO

from ...errors import Invalid, Refused
from ...ports import Blobs, Engines
from ...store import media as rows
from ...store.jobs import Job
from ...types import Media, MediaState
from ...wording import N_
from .. import files, images, media
from . import make, probe, tools

TRIES = 4  # where it fails for another reason than the film's, or kills its worker
PAUSES_S = (5, 60, 600, 0)  # after each of them
READY_S = 0.2  # between two looks whether it is ready


async def add(
    engines: Engines,
    owner_id: int,
    file: IO[bytes],
    read_as: str,
    wanted: media.Change,
    *,
    data: Path,
    preview: images.Preview | None,
) -> Media:
    """The upload, to be written anew by a job. read_as: of probe.demuxer(). data: the server's folder.

    Raises Invalid (file, description, focus), Unavailable.
    """
    with tools.workplace(data) as place:
        source = place / probe.SOURCE
        await asyncio.to_thread(_copy, file, source)
        found = await probe.read(place, read_as)
        size_bytes = source.stat().st_size
        one = await engines.db.write(media.add_film, owner_id, found.kind, size_bytes, preview, wanted)
        stored: dict[str, images.File | files.FileAt] = {one.key: files.FileAt(source, one.content_type)}
        if preview:
            stored[one.preview_key] = preview.file
        await files.store_of_row(engines, one, stored)
    return await engines.db.write(media.begin_film, one.id)


def _copy(file: IO[bytes], to: Path) -> None:
    file.seek(0)
    with to.open("wb") as out:
        shutil.copyfileobj(file, out, 1024 * 1024)


def maker(data: Path) -> Callable[[Engines, Job, int], Awaitable[None]]:
    """What does the jobs media.MAKE_FILM. data: the server's folder."""

    async def do(engines: Engines, job: Job, id: int) -> None:
        one = await engines.db.read(rows.by_id, id)
        if one is None or one.state != MediaState.PROCESSING:
            return
        gives_up = job.attempts > TRIES
        try:
            if gives_up:
                why = N_("could not be read by this server, which is its fault; its operator can see why")
                raise Invalid("file", "failed", why)
            await _make(engines, one, data)
        except Invalid as error:
            await engines.db.write(media.fail_film, id, error)
        await files.take_back(engines, [one.key])
        if gives_up:
            raise Refused(job.answer or "it killed its worker each time")

    return do


async def _make(engines: Engines, one: Media, data: Path) -> None:
    with tools.workplace(data) as place:
        head = await asyncio.to_thread(_fetch, engines.blobs, one.key, place / probe.SOURCE)
        made = await make.make(place, probe.demuxer(head))
        key = images.new_key(made.extension, one.id)
        preview_key = images.new_key(made.preview.extension, one.id) if made.preview else ""
        stored: dict[str, images.File | files.FileAt] = {key: files.FileAt(made.file, made.content_type)}
        if made.preview:
            stored[preview_key] = made.preview
        try:
            await files.store(engines.blobs, stored)
            figures = media.Film(
                kind=made.kind,
                content_type=made.content_type,
                key=key,
                preview_key=preview_key,
                blurhash=made.blurhash,
                meta=made.meta,
                size_bytes=sum(await asyncio.to_thread(_sizes, stored)),
            )
            await engines.db.write(media.finish_film, one.id, figures)
        finally:  # what the row does not name: it has a preview of its own, or it was deleted meanwhile
            await files.take_back(engines, stored)


def _sizes(stored: files.Files) -> list[int]:
    return [len(one.data) if isinstance(one, images.File) else one.path.stat().st_size for one in stored.values()]


def _fetch(blobs: Blobs, key: str, to: Path) -> bytes:
    """Copy the upload; its first bytes. Raises Invalid: it is gone."""
    found = blobs.open(key)
    if found is None:
        raise Invalid("file", "gone", "is not there any more: send it again")
    with found[0] as file:
        head = file.read(64)
        _copy(file, to)
    return head


async def ready(engines: Engines, owner_id: int, id: int, within_s: float) -> Media:
    """The upload, once it is ready or has failed; after within_s as it is then. Raises NotFound: it was deleted."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                one = await engines.db.read(media.get, owner_id, id)
                if one.state != MediaState.PROCESSING:
                    return one
                await asyncio.sleep(READY_S)  # another process may be making it
    except TimeoutError:
        return await engines.db.read(media.get, owner_id, id)
