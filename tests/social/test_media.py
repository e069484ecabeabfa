"""Addresses of files over time, and what may be described how."""

import pytest
from embedded import Clock, engines, sign_up

from chirrup.access.signing import Signer, signer
from chirrup.config import Settings
from chirrup.errors import NotFound, SettingsError
from chirrup.social import accounts, images, media, posts
from chirrup.types import Draft

SIZES = images.Meta(images.Size(1, 1, "1x1", 1.0), images.Size(1, 1, "1x1", 1.0))
ADDRESSES = media.Addresses(Signer(b"a secret"))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def town(tmp_path, clock):
    async with engines(tmp_path, clock) as made:
        yield made


@pytest.fixture
async def ann(town):
    return await town.db.write(sign_up, "ann")


async def shown_in(town, owner: int, visibility: str) -> media.Media:
    upload = media.Upload(images.new_key("png"), images.new_key("png"), "image/png", "hash", SIZES, 1)
    one = await town.db.write(media.add, owner, upload, media.Change())
    await town.db.write(posts.publish, owner, Draft(text="look", visibility=visibility, media_ids=(one.id,)))
    return one


async def fetch(town, address: str) -> str:
    path, _, query = address.partition("?")
    _, _, _, id, name = path.split("/")
    given = dict(part.split("=") for part in query.split("&")) if query else {"until": "", "sign": ""}
    key, _ = await town.db.read(media.file, ADDRESSES, int(id), name, **given)
    return key


@pytest.mark.parametrize("second_of_slot", [0, 1, 599])
async def test_an_address_of_a_private_file_ends_within_a_quarter_of_an_hour(town, clock, ann, second_of_slot):
    one = await shown_in(town, ann, "private")
    clock.now_ms = clock.now_ms // media.SLOT_MS * media.SLOT_MS + second_of_slot * 1000
    address = ADDRESSES.of_media(one, one.key, private=True, now_ms=clock.now_ms)

    assert await fetch(town, address) == one.key
    clock.pass_s(5 * 60)
    assert await fetch(town, address) == one.key

    clock.pass_s(10 * 60)
    with pytest.raises(NotFound):
        await fetch(town, address)


async def test_an_address_signed_by_another_server_opens_nothing(town, clock, ann):
    one = await shown_in(town, ann, "private")
    foreign = media.Addresses(Signer(b"another secret"))

    with pytest.raises(NotFound):
        await fetch(town, foreign.of_media(one, one.key, private=True, now_ms=clock.now_ms))


@pytest.mark.parametrize("visibility", ["public", "private"])
async def test_files_of_a_suspended_account_are_hidden(town, clock, ann, visibility):
    one = await shown_in(town, ann, visibility)
    address = ADDRESSES.of_media(one, one.key, private=visibility == "private", now_ms=clock.now_ms)
    assert await fetch(town, address) == one.key

    await town.db.write(accounts.suspend, ann)

    with pytest.raises(NotFound):
        await fetch(town, address)


async def test_a_picture_of_a_profile_is_there_for_as_long_as_the_profile_has_it(town, ann):
    key = images.new_key("png")
    name = ADDRESSES.of_profile(ann, key).rsplit("/", 1)[1]
    with pytest.raises(NotFound):
        await town.db.read(media.profile_file, ann, name)

    await town.db.write(accounts.change_profile, ann, accounts.ProfileChange(avatar=key))
    assert await town.db.read(media.profile_file, ann, name) == key

    await town.db.write(accounts.change_profile, ann, accounts.ProfileChange(avatar=""))
    with pytest.raises(NotFound):
        await town.db.read(media.profile_file, ann, name)


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
