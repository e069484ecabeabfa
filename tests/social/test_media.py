"""Addresses of pictures of profiles, and the server's secret. Of media of posts: test_media_addresses.py."""

import pytest
from kit import people

from chirrup.access.signing import signer
from chirrup.config import Settings
from chirrup.errors import NotFound, SettingsError
from chirrup.orgs import rooms
from chirrup.orgs.rooms import RoomChange
from chirrup.ports import Database
from chirrup.social import accounts, images, media_addresses


async def test_a_picture_of_a_profile_is_there_for_as_long_as_the_profile_has_it(db: Database):
    (ann,) = await people(db, "ann")
    key = images.new_key("png", ann)
    name = media_addresses.profile_path(ann, key).rsplit("/", 1)[1]
    with pytest.raises(NotFound):
        await db.read(media_addresses.profile_file, ann, name)

    await db.write(accounts.change_profile, ann, accounts.ProfileChange(avatar=key))
    assert (await db.read(media_addresses.profile_file, ann, name)).key == key

    await db.write(accounts.change_profile, ann, accounts.ProfileChange(avatar=""))
    with pytest.raises(NotFound):
        await db.read(media_addresses.profile_file, ann, name)


async def test_a_picture_of_a_closed_room_is_there_for_who_has_been_shown_it_and_no_cache_shares_it(db: Database):
    (ann,) = await people(db, "ann")
    den = await db.write(rooms.create, 0, ann, "den", RoomChange(closed=True, listed=False))
    key = images.new_key("png", den.id)
    await db.write(accounts.change_profile, den.id, accounts.ProfileChange(avatar=key))

    found = await db.read(media_addresses.profile_file, den.id, media_addresses.file_name(key))

    assert (found.key, found.private, found.indexed) == (key, True, False)


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
