"""Uploads: whatever goes wrong, no file stays without a row that names it."""

import asyncio
import io
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest
from databases import Clock
from kit import people, settle
from PIL import Image

from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.errors import ChirrupError, Invalid, Unavailable
from chirrup.ports import Engines
from chirrup.social import accounts, images, media, pictures, posts, uploads
from chirrup.social import files as stored_files
from chirrup.social.accounts import ProfileChange
from chirrup.store import media as media_rows
from chirrup.types import Draft
from chirrup.workers import timers

MB = 2**20
RULES = uploads.Rules(bytes_max=MB, film_bytes_max=MB, data=Path())
NOTHING = media.Change()
FILE = images.File(b"picture", "image/png", "png")


def png(side: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, "PNG")
    return out.getvalue()


class FullDisk(DiskBlobs):
    """A disk that accepts some files, and then is full."""

    def __init__(self, root: Path, room: int) -> None:
        super().__init__(root)
        self.room = room

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.room -= 1
        if self.room < 0:
            raise Unavailable("The file could not be stored; try again later")
        super().put(key, data, content_type)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
async def ann(engines: Engines) -> int:
    return (await people(engines.db, "ann"))[0]


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


async def add(engines: Engines, owner: int, wanted: media.Change = NOTHING, data: bytes = b"", thumbnail: bytes = b""):
    return await uploads.add(engines, owner, io.BytesIO(data or png()), wanted, RULES, thumbnail=thumbnail)


async def stored(engines: Engines, owner: int, *, files: int = 2) -> media.Media:
    """An upload with this many of its files."""
    made = images.Processed(FILE, FILE, "hash", images.Meta(images.NO_SIZE, images.NO_SIZE))
    one = await engines.db.write(media.add, owner, made, made.preview, NOTHING)
    await stored_files.store(engines.blobs, dict.fromkeys([one.key, one.preview_key][:files], FILE))
    return one


async def sweep_all(engines: Engines) -> int:
    return sum([await stored_files.sweep(engines, folder) for folder in range(stored_files.FOLDERS)])


def age(folder: Path) -> None:
    """Make all files in the folder two days old."""
    for name in files(folder):
        os.utime(folder / name, (0, os.stat(folder / name).st_mtime - 2 * stored_files.SWEPT_S))


async def unattached(engines: Engines) -> list[media.Media]:
    return await engines.db.read(lambda tx: media_rows.unattached(tx, before_id=2**62, limit=10))


@pytest.mark.parametrize(
    "refused",
    [
        {"wanted": media.Change(description="x" * 1501)},
        {"wanted": media.Change(focus="left")},
        {"data": b"no picture"},
        {"data": png(300) + b"\0" * MB},
        {"thumbnail": b"no picture"},
        {"thumbnail": b"\0" * (MB + 1)},
    ],
)
async def test_what_is_refused_leaves_neither_file_nor_row(engines: Engines, ann: int, folder: Path, refused: Mapping):
    with pytest.raises(Invalid):
        await add(engines, ann, **refused)

    assert files(folder) == set()
    assert await unattached(engines) == []


@pytest.mark.parametrize("room", [0, 1])
async def test_a_full_disk_leaves_neither_file_nor_row(engines: Engines, ann: int, folder: Path, room: int):
    full = msgspec.structs.replace(engines, blobs=FullDisk(folder, room))

    with pytest.raises(Unavailable):
        await add(full, ann)
    one = await add(engines, ann)
    full = msgspec.structs.replace(engines, blobs=FullDisk(folder, 0))
    with pytest.raises(Unavailable):
        await uploads.change(full, ann, one.id, NOTHING, bytes_max=MB, thumbnail=png())

    assert files(folder) == {one.key, one.preview_key}
    assert [row.id for row in await unattached(engines)] == [one.id]


async def test_a_size_beyond_the_limit_is_told_with_the_limit(engines: Engines, ann: int):
    with pytest.raises(Invalid, match=r"must have at most 1 MB, has 2\.5 MB"):
        await add(engines, ann, data=b"\0" * (MB * 5 // 2))
    with pytest.raises(Invalid, match=r"must have at most 1 MB, has 1\.1 MB"):
        await add(engines, ann, data=b"\0" * (MB + 1))


async def test_a_change_that_is_refused_keeps_the_preview(engines: Engines, ann: int, folder: Path):
    (bob,) = await people(engines.db, "bob")
    one = await add(engines, ann)
    before = files(folder)

    for owner, wanted, thumbnail in (
        (ann, media.Change(description="x" * 1501), png()),
        (ann, NOTHING, b"no picture"),
        (bob, NOTHING, png()),
    ):
        with pytest.raises(ChirrupError):
            await uploads.change(engines, owner, one.id, wanted, bytes_max=MB, thumbnail=thumbnail)

    assert files(folder) == before
    changed = await uploads.change(engines, ann, one.id, NOTHING, bytes_max=MB, thumbnail=png(9))
    assert files(folder) == {one.key, changed.preview_key} != before


@pytest.mark.parametrize(
    "error", [Invalid("note", "too_long", "is"), RuntimeError(), asyncio.CancelledError()], ids=repr
)
async def test_pictures_of_a_profile_that_is_not_saved_are_taken_back(
    engines: Engines, ann: int, folder: Path, error: BaseException
):
    with pytest.raises(type(error)):
        async with pictures.stored(engines, ann, bytes_max=MB, avatar=png(), header=png()):
            assert len(files(folder)) == 2
            raise error

    assert files(folder) == set()


@pytest.mark.parametrize(("avatar", "header"), [(png(), b"none"), (b"none", png()), (png(), png() + b"\0" * MB)])
async def test_one_bad_picture_of_a_profile_leaves_none(engines: Engines, ann: int, folder: Path, avatar, header):
    with pytest.raises(Invalid):
        async with pictures.stored(engines, ann, bytes_max=MB, avatar=avatar, header=header):
            raise AssertionError
    full = msgspec.structs.replace(engines, blobs=FullDisk(folder, 1))
    with pytest.raises(Unavailable):
        async with pictures.stored(full, ann, bytes_max=MB, avatar=png(), header=png()):
            raise AssertionError

    assert files(folder) == set()


async def test_a_row_whose_files_never_came_goes_with_the_uploads_that_nobody_took(
    engines: Engines, ann: int, folder: Path, clock: Clock
):
    """The state after kill -9 between the row and the files, or between the two files."""
    for written in (0, 1, 2):
        await stored(engines, ann, files=written)

    clock.pass_ms(media.UNATTACHED_MS_MAX + 1)
    await timers.remove_unattached_media(engines)

    assert files(folder) == set()
    assert await unattached(engines) == []


@pytest.fixture
async def used(engines: Engines, ann: int, folder: Path) -> AsyncIterator[set[str]]:
    """Files that rows name: of an upload, a post, an earlier version of a post, a profile."""
    waiting, shown, earlier = [await stored(engines, ann) for _ in range(3)]
    await engines.db.write(posts.publish, ann, Draft(text="look", media_ids=(shown.id,)))
    post = await engines.db.write(posts.publish, ann, Draft(text="look", media_ids=(earlier.id,)))
    await engines.db.write(posts.edit, ann, post.id, Draft(text="no picture"))
    async with pictures.stored(engines, ann, bytes_max=MB, avatar=png(), header=png()) as made:
        await engines.db.write(accounts.change_profile, ann, ProfileChange(**msgspec.structs.asdict(made)))
    await settle(engines)
    found = files(folder)
    assert len(found) == 8
    assert waiting.key in found
    yield found


async def test_old_files_that_nothing_names_are_swept_and_no_others(
    engines: Engines, ann: int, folder: Path, used: set[str]
):
    lost = {images.new_key("png", id): FILE for id in (ann, await engines.db.write(lambda tx: tx.new_id(5)))}
    await stored_files.store(engines.blobs, lost)
    assert await sweep_all(engines) == 0  # they may belong to an unfinished upload

    age(folder)

    assert await sweep_all(engines) == 2
    assert files(folder) == used


async def test_files_older_than_the_database_are_somebody_elses(engines: Engines, ann: int, folder: Path):
    await stored_files.store(engines.blobs, {images.new_key("png", ann - (1 << 30)): FILE})
    age(folder)

    assert await sweep_all(engines) == 0
    assert len(files(folder)) == 1
