"""Addresses of files over time, and the server's secret."""

import pytest
from databases import Clock
from kit import people

from chirrup.access.signing import Signer, signer
from chirrup.config import Settings
from chirrup.errors import NotFound, SettingsError
from chirrup.ports import Database
from chirrup.social import accounts, images, media, posts
from chirrup.types import Draft

SIZES = images.Meta(images.Size(1, 1, "1x1", 1.0), images.Size(1, 1, "1x1", 1.0))
ADDRESSES = media.Addresses(Signer(b"a secret"))


@pytest.fixture
async def ann(db: Database) -> int:
    return (await people(db, "ann"))[0]


async def shown_in(db: Database, owner: int, visibility: str) -> media.Media:
    file = images.File(b"picture", "image/png", "png")
    made = images.Processed(file, file, "hash", SIZES)
    one = await db.write(media.add, owner, made, made.preview, media.Change())
    await db.write(posts.publish, owner, Draft(text="look", visibility=visibility, media_ids=(one.id,)))
    return await db.read(media.get, owner, one.id)


async def fetch(db: Database, address: str) -> str:
    path, _, query = address.partition("?")
    _, _, _, id, name = path.split("/")
    given = dict(part.split("=") for part in query.split("&")) if query else {"until": "", "sign": ""}
    found = await db.read(media.file, ADDRESSES, int(id), name, **given)
    return found.key


@pytest.mark.parametrize("second_of_slot", [0, 1, 599])
async def test_an_address_of_a_private_file_ends_within_a_quarter_of_an_hour(
    db, clock: Clock, ann: int, second_of_slot
):
    one = await shown_in(db, ann, "private")
    clock.now_ms = clock.now_ms // media.SLOT_MS * media.SLOT_MS + second_of_slot * 1000
    address = ADDRESSES.of_media(one, one.key, private=True, now_ms=clock.now_ms)

    assert await fetch(db, address) == one.key
    clock.pass_ms(5 * 60_000)
    assert await fetch(db, address) == one.key

    clock.pass_ms(10 * 60_000)
    with pytest.raises(NotFound):
        await fetch(db, address)


async def test_an_address_signed_by_another_server_opens_nothing(db: Database, clock: Clock, ann: int):
    one = await shown_in(db, ann, "private")
    foreign = media.Addresses(Signer(b"another secret"))

    with pytest.raises(NotFound):
        await fetch(db, foreign.of_media(one, one.key, private=True, now_ms=clock.now_ms))


@pytest.mark.parametrize("visibility", ["public", "private"])
async def test_files_of_a_suspended_account_are_hidden(db: Database, clock: Clock, ann: int, visibility):
    one = await shown_in(db, ann, visibility)
    address = ADDRESSES.of_media(one, one.key, private=visibility == "private", now_ms=clock.now_ms)
    assert await fetch(db, address) == one.key

    await db.write(accounts.suspend, ann)

    with pytest.raises(NotFound):
        await fetch(db, address)


async def test_a_picture_of_a_profile_is_there_for_as_long_as_the_profile_has_it(db: Database, ann):
    key = images.new_key("png", ann)
    name = ADDRESSES.of_profile(ann, key).rsplit("/", 1)[1]
    with pytest.raises(NotFound):
        await db.read(media.profile_file, ann, name)

    await db.write(accounts.change_profile, ann, accounts.ProfileChange(avatar=key))
    assert (await db.read(media.profile_file, ann, name)).key == key

    await db.write(accounts.change_profile, ann, accounts.ProfileChange(avatar=""))
    with pytest.raises(NotFound):
        await db.read(media.profile_file, ann, name)


# the secret


def test_the_secret_is_made_once_and_is_for_its_owner_alone(tmp_path):
    settings = Settings(data=tmp_path / "data")

    first = signer(settings).sign("text")

    assert signer(settings).sign("text") == first
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600
    assert signer(Settings(data=tmp_path / "other")).sign("text") != first
    assert sorted(file.name for file in (tmp_path / "data").iterdir()) == ["secret"]


def test_a_secret_that_is_given_is_used_and_nothing_is_written(tmp_path):
    settings = Settings(data=tmp_path / "data", secret="x" * 32)

    assert signer(settings).fits("text", signer(settings).sign("text"))
    assert not signer(settings).fits("text", "é" * 32)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("file", [False, True])
def test_a_short_secret_is_refused(tmp_path, file):
    (tmp_path / "secret").write_text("short")
    settings = Settings(data=tmp_path, secret="" if file else "short")

    with pytest.raises(SettingsError, match="needs 32"):
        signer(settings)
