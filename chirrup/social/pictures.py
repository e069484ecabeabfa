"""Avatars and headers: made anew from what somebody sends, and stored for a profile to show."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from ..errors import Invalid
from ..ports import Blobs
from . import image_child, images
from .images import File

T = TypeVar("T")


class Pictures(msgspec.Struct, frozen=True):
    """Blob keys for a ProfileChange; None: there is no new one."""

    avatar: str | None = None
    avatar_static: str | None = None
    header: str | None = None


@asynccontextmanager
async def stored(
    blobs: Blobs, *, avatar: bytes | None = None, header: bytes | None = None
) -> AsyncGenerator[Pictures, None]:
    """For as long as it takes to have a profile show them: they are taken back when that fails.

    Raises Invalid ("avatar", "header"): no picture that can be shown; Unavailable: too busy, or the disk refuses.
    """
    made = await _store(blobs, avatar, header)
    try:
        yield made
    except Exception:
        for key in (made.avatar, made.avatar_static, made.header):
            if key:
                await asyncio.to_thread(blobs.delete, key)
        raise


async def _store(blobs: Blobs, avatar: bytes | None, header: bytes | None) -> Pictures:
    shown = await _read("avatar", images.avatar, avatar) if avatar is not None else None
    banner = await _read("header", images.header, header) if header is not None else None
    key = await _put(blobs, shown.image) if shown else None
    still = key if not shown or shown.still == shown.image else await _put(blobs, shown.still)
    return Pictures(key, still, await _put(blobs, banner) if banner else None)


async def _read(field: str, make: Callable[[bytes], T], data: bytes) -> T:
    try:
        return await image_child.isolated(make, data)
    except Invalid as error:
        raise Invalid(field, error.why) from error


async def _put(blobs: Blobs, file: File) -> str:
    key = images.new_key(file.extension)
    await asyncio.to_thread(blobs.put, key, file.data, file.content_type)
    return key
