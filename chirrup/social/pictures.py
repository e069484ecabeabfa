"""Avatars and headers: processed from an upload, and stored for a profile."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from ..errors import Invalid
from ..ports import Engines
from . import files as stored_files
from . import image_child, images, uploads
from .images import File

T = TypeVar("T")


class Pictures(msgspec.Struct, frozen=True):
    """Blob keys for a ProfileChange; None: no new picture."""

    avatar: str | None = None
    avatar_static: str | None = None
    header: str | None = None


@asynccontextmanager
async def stored(
    engines: Engines, account_id: int, *, bytes_max: int, avatar: bytes | None = None, header: bytes | None = None
) -> AsyncGenerator[Pictures, None]:
    """Stores the pictures. Save the profile inside this context: if that fails, the files are deleted.

    Raises Invalid ("avatar", "header"): not a readable picture; Unavailable: too busy, or the disk is full.
    """
    files: dict[str, File] = {}

    def key_of(file: File) -> str:
        key = images.new_key(file.extension, account_id)
        files[key] = file
        return key

    shown = await _read("avatar", images.avatar, avatar, bytes_max) if avatar is not None else None
    banner = await _read("header", images.header, header, bytes_max) if header is not None else None
    key = key_of(shown.image) if shown else None
    still = key if not shown or shown.still == shown.image else key_of(shown.still)
    made = Pictures(key, still, key_of(banner) if banner else None)
    try:
        await stored_files.store(engines.blobs, files)
        yield made
    except BaseException:
        await stored_files.take_back(engines, files)
        raise


async def _read(field: str, make: Callable[[bytes], T], data: bytes, bytes_max: int) -> T:
    try:
        uploads.check_size(len(data), bytes_max)
        return await image_child.isolated(make, data)
    except Invalid as error:
        raise error.of(field) from error
