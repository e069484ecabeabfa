"""Addresses of files of posts: how long they work, and what ends them."""

from collections.abc import Awaitable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from counting import CountingDatabase
from databases import Clock
from kit import people

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.access.sites import Site
from chirrup.config import Settings
from chirrup.errors import NotFound
from chirrup.mastodon.render import Renderer
from chirrup.orgs import members, rooms
from chirrup.orgs.rooms import RoomChange
from chirrup.ports import Database
from chirrup.social import accounts, follows, images, media, media_addresses, posts
from chirrup.store import orgs
from chirrup.types import Draft

SIZES = images.Meta(images.Size(1, 1, "1x1", 1.0), images.Size(1, 1, "1x1", 1.0))
ADDRESSES = media_addresses.Addresses(Signer(b"a secret"))
OPEN_TOWN = sites.own(Settings())
HOUR_MS = 3600_000


class Scene:
    """What ann says, and bob sees, with a picture: at a site, in a renderer that keeps what it has rendered."""

    def __init__(self, db: Database, ann: int, bob: int) -> None:
        self.db, self.ann, self.bob = db, ann, bob
        self.render, self.site, self.post_id = Renderer(OPEN_TOWN, ADDRESSES), OPEN_TOWN, 0

    async def say(self, text: str, visibility: str) -> int:
        """The id of the picture."""
        file = images.File(b"picture", "image/png", "png")
        made = images.Processed(file, file, "hash", SIZES)
        one = await self.db.write(media.add, self.ann, made, made.preview, media.Change())
        draft = Draft(text=text, visibility=visibility, media_ids=(one.id,))
        self.post_id = (await self.db.write(posts.publish, self.ann, draft)).id
        return one.id

    async def shown(self, viewer: int = 0) -> str:
        """The address in the post."""
        status: Any = await self.db.read(self.render.at(self.site).status, viewer or self.ann, self.post_id)
        return msgspec.json.decode(status)["media_attachments"][0]["url"]

    async def opens(self, address: str, site: Site | None = None) -> bool:
        url = urlsplit(address)
        _, _, _, id, name = url.path.split("/")
        given = {"until": "", "sign": ""} | dict(parse_qsl(url.query))
        try:
            await self.db.read(media_addresses.file, ADDRESSES, site or self.site, int(id), name, **given)
        except NotFound:
            return False
        return True

    async def read_site(self, *, closed: bool) -> None:
        """As each process does, once a second."""
        self.site = sites.own(Settings(closed=closed), await self.db.read(orgs.by_id, 0))


@pytest.fixture
async def scene(db: Database) -> Scene:
    ann, bob = await people(db, "ann", "bob")
    await db.write(follows.follow, bob, ann)
    return Scene(db, ann, bob)


async def test_an_address_works_in_its_step_and_the_next_one_and_is_the_same_in_one(scene: Scene, clock: Clock):
    await scene.say("look", "private")
    clock.now_ms = clock.now_ms // media_addresses.STEP_MS * media_addresses.STEP_MS + HOUR_MS
    first = await scene.shown()
    assert not await scene.opens(first.split("?")[0])

    clock.pass_ms(4 * HOUR_MS)
    assert await scene.shown(scene.bob) == first
    clock.pass_ms(2 * HOUR_MS)
    second = await scene.shown(scene.bob)
    assert second != first
    assert await scene.opens(first) and await scene.opens(second)
    clock.pass_ms(6 * HOUR_MS)
    assert not await scene.opens(first)
    assert await scene.opens(second)


async def test_an_address_signed_by_another_server_opens_nothing(scene: Scene):
    await scene.say("look", "private")
    shown = await scene.shown()
    scene.render = Renderer(OPEN_TOWN, media_addresses.Addresses(Signer(b"another secret")))

    assert await scene.opens(shown)
    assert not await scene.opens(await scene.shown())


@pytest.mark.parametrize("visibility", ["public", "private"])
async def test_files_of_a_suspended_account_and_of_a_deleted_post_are_hidden(scene: Scene, visibility: str):
    await scene.say("look", visibility)
    shown = await scene.shown()
    assert await scene.opens(shown)
    await scene.db.write(accounts.suspend, scene.ann)
    assert not await scene.opens(shown)
    await scene.db.write(accounts.suspend, scene.ann, suspended=False)
    assert await scene.opens(shown)
    await scene.db.write(posts.delete, scene.ann, scene.post_id)
    assert not await scene.opens(shown)


async def ends(scene: Scene, act: Awaitable[object]) -> None:
    """What has been shown ends with the act, and what is shown afterwards works."""
    before = await scene.shown()
    assert await scene.shown() == before
    assert "sign=" in before and await scene.opens(before)
    await act
    assert not await scene.opens(before)
    assert await scene.opens(await scene.shown())


async def test_an_address_of_a_post_for_followers_ends_when_one_is_lost(scene: Scene):
    ann, write = scene.ann, scene.db.write
    some = await people(scene.db, *"abcdef")
    for one in some:
        await write(follows.follow, one, ann)
    await scene.say("look", "private")

    await ends(scene, write(follows.unfollow, some[0], ann))
    await ends(scene, write(follows.remove_follower, ann, some[1]))
    await ends(scene, write(follows.block, ann, some[2]))
    await ends(scene, write(accounts.suspend, some[3]))
    await ends(scene, write(members.deactivate, some[4]))
    await ends(scene, write(members.set_guest, some[5], 0, guest=True))

    before = await scene.shown()
    await write(follows.follow, some[0], ann)  # one more is none lost
    assert await scene.shown(some[0]) == before
    assert await scene.opens(before)


async def test_a_private_picture_costs_no_query_more_than_words_until_an_epoch_turns(scene: Scene):
    async def cost() -> int:
        counting = CountingDatabase(scene.db)
        await counting.read(scene.render.statuses, scene.bob, [scene.post_id])
        return counting.asked.total()

    words = await scene.db.write(posts.publish, scene.ann, Draft(text="hello", visibility="private"))
    scene.post_id = words.id
    _, plain = [await cost() for _ in range(2)]
    await scene.say("look", "private")
    assert [await cost() for _ in range(2)][1] == plain
    await scene.db.write(follows.block, scene.ann, (await people(scene.db, "eve"))[0])
    assert await cost() > plain
    assert await cost() == plain


async def test_an_address_of_what_a_room_has_ends_when_a_member_is_lost(scene: Scene):
    write = scene.db.write
    some = await people(scene.db, *"abcd")
    den = await write(rooms.create, 0, scene.ann, "den", RoomChange(closed=True))
    for one in some:
        await write(rooms.add_member, den.id, one)
    await write(members.set_guest, some[1], 0, guest=True)
    await scene.say("@den look", "public")

    await ends(scene, write(rooms.leave, some[0], den.id))
    await ends(scene, write(rooms.remove_member, den.id, some[1]))
    await ends(scene, write(members.deactivate, some[2]))
    await ends(scene, write(accounts.suspend, den.id))
    before = await scene.shown()
    await write(follows.unfollow, scene.bob, scene.ann)  # ann's followers are others than the room's members
    assert await scene.shown() == before


async def test_an_address_of_a_direct_post_ends_when_it_is_not_for_somebody_any_more(scene: Scene):
    write = scene.db.write
    eve, dan = await people(scene.db, "eve", "dan")
    media_id = await scene.say("@bob @eve look", "direct")

    await ends(scene, write(follows.block, scene.ann, eve))
    await ends(scene, write(posts.edit, scene.ann, scene.post_id, Draft(text="@dan look", media_ids=(media_id,))))
    assert await scene.shown(dan) == await scene.shown()


async def test_addresses_of_all_files_at_a_closed_site_end_when_a_member_is_lost(scene: Scene):
    eve, dan = await people(scene.db, "eve", "dan")
    await scene.say("look", "public")
    plain = await scene.shown()
    assert "sign=" not in plain and await scene.opens(plain)

    async def lost(account_id: int) -> None:
        await scene.db.write(members.deactivate, account_id)
        await scene.read_site(closed=True)

    await scene.read_site(closed=True)
    assert not await scene.opens(plain)
    await ends(scene, lost(eve))
    await scene.read_site(closed=False)
    assert await scene.shown() == plain
    await lost(dan)
    await scene.read_site(closed=False)
    assert await scene.shown() == plain and await scene.opens(plain)
