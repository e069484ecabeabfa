"""Avatars and headers: made anew from what somebody sends, and stored for a profile to show."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from ..errors import Invalid
from ..ports import Engines
from . import image_child, images, uploads
from .images import File

T = TypeVar("T")


class Pictures(msgspec.Struct, frozen=True):
    """Blob keys for a ProfileChange; None: there is no new one."""

    avatar: str | None = None
    avatar_static: str | None = None
    header: str | None = None


@asynccontextmanager
async def stored(
    engines: Engines, account_id: int, *, bytes_max: int, avatar: bytes | None = None, header: bytes | None = None
) -> AsyncGenerator[Pictures, None]:
    """For as long as it takes to have the account's profile show them: they are taken back when that fails.

    Raises Invalid ("avatar", "header"): no picture that can be shown; Unavailable: too busy, or the disk refuses.
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
        await uploads.store(engines.blobs, files)
        yield made
    except BaseException:
        await uploads.take_back(engines, files)
        raise


async def _read(field: str, make: Callable[[bytes], T], data: bytes, bytes_max: int) -> T:
    try:
        uploads.check_size(data, bytes_max)
        return await image_child.isolated(make, data)
    except Invalid as error:
        raise error.of(field) from error
