"""Uploads from the API and from the pages: checked, processed or given to a job, then stored (files.py)."""

import math
from pathlib import Path
from typing import IO

import msgspec

from ..access.sites import Site
from ..config import Settings
from ..errors import Invalid
from ..ports import Engines
from ..types import Media
from ..wording import N_
from . import files, image_child, images, media
from .films import probe, tools, work
from .image_read import kind_of, reads_heif

_PICTURES = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"]
HEAD_BYTES = 64  # by which a film is known


class Rules(msgspec.Struct, frozen=True):
    """How large uploads may be; data: the server's folder."""

    bytes_max: int  # of a picture
    film_bytes_max: int  # of a film or a sound
    data: Path


def rules(settings: Settings, site: Site) -> Rules:
    return Rules(site.media_bytes_max, site.film_bytes_max, settings.data)


def picture_types() -> list[str]:
    return _PICTURES + (["image/heic", "image/heif"] if reads_heif() else [])


def types() -> list[str]:
    """The media types that are taken here."""
    return picture_types() + (probe.TYPES if tools.there() else [])


async def add(
    engines: Engines, owner_id: int, file: IO[bytes], wanted: media.Change, rules: Rules, *, thumbnail: bytes = b""
) -> Media:
    """A new upload of owner_id's for a post, made from the pixels of file; of a film or sound it is not ready yet.

    thumbnail: an own picture for the preview.
    Raises Invalid (file, description, focus), Unavailable (too busy, or database or disk fail).
    """
    media.check(wanted)
    head = file.read(HEAD_BYTES)
    read_as = "" if kind_of(head) else probe.demuxer(head)
    size_bytes = file.seek(0, 2)
    file.seek(0)
    if read_as:
        if not tools.there():
            why = N_("is a film or a sound, which this server does not take: send a JPEG, PNG, GIF or WebP image")
            raise Invalid("file", "unknown", why)
        check_size(size_bytes, rules.film_bytes_max)
        own = await _thumbnail(thumbnail, rules.bytes_max) if thumbnail else None
        return await work.add(engines, owner_id, file, read_as, wanted, data=rules.data, preview=own)
    check_size(size_bytes, rules.bytes_max)
    made = await image_child.isolated(images.process, file.read())
    preview = await _thumbnail(thumbnail, rules.bytes_max) if thumbnail else made.preview
    one = await engines.db.write(media.add, owner_id, made, preview, wanted)
    await files.store_of_row(engines, one, {one.key: made.original, one.preview_key: preview.file})
    return one


async def change(
    engines: Engines, owner_id: int, id: int, wanted: media.Change, *, bytes_max: int, thumbnail: bytes = b""
) -> Media:
    """Change the description, focus or preview (bytes_max: of the thumbnail). Raises NotFound, and as add()."""
    media.check(wanted)
    await engines.db.read(media.get, owner_id, id)
    if not thumbnail:
        return await engines.db.write(media.change, owner_id, id, wanted)
    made = await _thumbnail(thumbnail, bytes_max)
    preview = media.Preview(images.new_key(made.file.extension, id), made.blurhash, made.size)
    stored = {preview.key: made.file}
    try:
        await files.store(engines.blobs, stored)
        before = await engines.db.read(media.get, owner_id, id)
        after = await engines.db.write(media.change, owner_id, id, wanted, preview=preview)
    except BaseException:
        await files.take_back(engines, stored)
        raise
    await files.take_back(engines, [before.preview_key])
    return after


async def remove(engines: Engines, owner_id: int, id: int) -> None:
    """Delete an upload that no post shows. Raises as media.remove()."""
    one = await engines.db.write(media.remove, owner_id, id)
    await files.take_back(engines, [one.key, one.preview_key])


async def _thumbnail(data: bytes, bytes_max: int) -> images.Preview:
    check_size(len(data), bytes_max)
    return await image_child.isolated(images.thumbnail, data)


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
