"""Archives: all that an account has posted, as ActivityStreams in a zip, made by a job for its owner alone."""

import io
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from databases import Clock
from kit import TOWN, people, settle, work_off
from world import png

from chirrup.errors import Invalid, NotFound
from chirrup.ports import Engines
from chirrup.social import accounts, follows, leaving, media, moving, pictures, posts, reactions, uploads
from chirrup.social import files as stored_files
from chirrup.social.portability import activities, archives, imports
from chirrup.social.portability.archives import WEEK_MS
from chirrup.types import Archive, Draft, Field, PollDraft, Post, Visibility
from chirrup.workers.kinds import kinds

URL = "https://town.example"
MB = 1024 * 1024


async def say(engines: Engines, who: int, text: str, **more: Any) -> Post:
    return await engines.db.write(posts.publish, who, Draft(text=text, **more), domain="town.example")


async def make(engines: Engines, who: int, folder: Path) -> Archive:
    """The archive after a worker has worked on it."""
    one = await engines.db.write(archives.ask, who, base_url=URL)
    settings = msgspec.structs.replace(TOWN, data=folder)
    await work_off(engines, kinds(settings))
    return await engines.db.read(archives.get, who, one.id)


def opened(engines: Engines, one: Archive) -> zipfile.ZipFile:
    found = engines.blobs.get(one.key)
    assert found and found[1] == "application/zip" and len(found[0]) == one.size_bytes
    return zipfile.ZipFile(io.BytesIO(found[0]))


def read(zipped: zipfile.ZipFile, name: str) -> Any:
    return msgspec.json.decode(zipped.read(name))


async def test_an_archive_has_all_posts_with_their_media_and_marks(engines: Engines, tmp_path: Path):
    db = engines.db
    ann, bob = await people(db, "ann", "bob")
    await db.write(follows.follow, ann, bob)
    async with pictures.stored(engines, ann, bytes_max=MB, avatar=png()) as made:
        change = accounts.ProfileChange(note="hi", fields=[Field("Web", URL)], **msgspec.structs.asdict(made))
        await db.write(accounts.change_profile, ann, change)
    root = await say(engines, bob, "the root")
    hidden = await say(engines, bob, "for few", visibility=Visibility.FOLLOWERS)
    for post in (root, hidden):
        await db.write(reactions.favourite, ann, post.id)
    await db.write(reactions.bookmark, ann, root.id)
    rules = uploads.Rules(bytes_max=MB, film_bytes_max=MB, data=Path())
    wanted = media.Change(description="a field", focus="0.5,-0.25")
    picture = await uploads.add(engines, ann, io.BytesIO(png()), wanted, rules)
    said = [
        await say(engines, ann, "hello #Birds & <bees>\n\n@bob", language="en", summary="look"),
        await say(engines, ann, "quiet", visibility=Visibility.UNLISTED, media_ids=(picture.id,)),
        await say(engines, ann, "followers", visibility=Visibility.FOLLOWERS, reply_to_id=root.id),
        await say(engines, ann, "@bob psst", visibility=Visibility.DIRECT),
        await say(engines, ann, "which?", poll=PollDraft(["a", "b"], 3600)),
        await say(engines, ann, "see", quote_of_id=root.id),
        await db.write(reactions.boost, ann, root.id),
    ]
    gone = await say(engines, ann, "deleted")
    await db.write(posts.delete, ann, gone.id)
    await settle(engines)
    await db.write(follows.unfollow, ann, bob)
    for one, other in ((ann, "bob"), (bob, "ann")):
        await db.write(moving.add_alias, one, other, "town.example")
    await db.write(moving.move, ann, "bob", "town.example")

    asked = await db.write(archives.ask, ann, base_url=URL)
    with pytest.raises(OSError):  # so that it costs a try: who writes for long is not to fill the disk again and again
        await archives.make(engines, archives.Due(asked.id, URL), tmp_path / "none", step=2)
    await archives.make(engines, archives.Due(asked.id, URL), tmp_path, step=2)

    one = await db.read(archives.get, ann, asked.id)
    assert one.posts == 7
    with opened(engines, one) as zipped:
        assert zipped.testzip() is None
        names = zipped.namelist()
        file = f"media_attachments/{picture.id}.png"
        assert set(names) == {"outbox.json", "likes.json", "bookmarks.json", "actor.json", file, "avatar.jpg"}
        actor, outbox = read(zipped, "actor.json"), read(zipped, "outbox.json")
        assert actor["id"] == f"{URL}/@ann" and actor["icon"]["url"] == "avatar.jpg"
        assert (actor["alsoKnownAs"], actor["movedTo"]) == ([f"{URL}/@bob"], f"{URL}/@bob")
        assert actor["attachment"][0]["name"] == "Web" and actor["outbox"] == "outbox.json"
        assert read(zipped, "likes.json")["orderedItems"] == [f"{URL}/@bob/{root.id}"]
        assert read(zipped, "bookmarks.json")["orderedItems"] == [f"{URL}/@bob/{root.id}"]
        items = outbox["orderedItems"]
        assert outbox["totalItems"] == 7 and outbox["type"] == "OrderedCollection"
        assert [item["id"] for item in items] == [f"{URL}/@ann/{post.id}/activity" for post in said]
        assert [item["type"] for item in items] == ["Create"] * 6 + ["Announce"]
        assert items[6]["object"] == f"{URL}/@bob/{root.id}"
        notes = [item["object"] for item in items[:6]]
        followers, bobs = f"{URL}/@ann/followers", f"{URL}/@bob"
        assert [(note["to"], note["cc"]) for note in notes[:4]] == [
            ([activities.PUBLIC], [followers, bobs]),
            ([followers], [activities.PUBLIC]),
            ([followers], []),
            ([bobs], []),
        ]
        hello = notes[0]
        assert hello["source"] == {"content": "hello #Birds & <bees>\n\n@bob", "mediaType": "text/plain"}
        assert "<p>hello " in hello["content"] and "&lt;bees&gt;" in hello["content"]
        assert hello["contentMap"] == {"en": hello["content"]} and hello["summary"] == "look"
        assert [tag["name"] for tag in hello["tag"]] == ["@bob@town.example", "#Birds"]
        assert notes[1]["attachment"] == [
            {
                "type": "Document",
                "mediaType": "image/png",
                "url": f"/{file}",
                "name": "a field",
                "blurhash": picture.blurhash,
                "focalPoint": [0.5, -0.25],
            }
        ]
        assert zipped.read(file).startswith(b"\x89PNG")
        assert notes[2]["inReplyTo"] == f"{URL}/@bob/{root.id}"
        assert [option["name"] for option in notes[4]["oneOf"]] == ["a", "b"] and notes[4]["type"] == "Question"
        assert notes[5]["quote"] == f"{URL}/@bob/{root.id}"


async def test_one_a_week_for_its_owner_alone_and_deleted_after_a_week(engines: Engines, tmp_path: Path, clock: Clock):
    ann, bob = await people(engines.db, "ann", "bob")

    one = await make(engines, ann, tmp_path)  # of who has posted nothing

    with opened(engines, one) as zipped:
        assert read(zipped, "outbox.json")["orderedItems"] == []
    with pytest.raises(NotFound):
        await engines.db.read(archives.get, bob, one.id)
    with pytest.raises(Invalid, match="once a week"):
        await engines.db.write(archives.ask, ann, base_url=URL)
    assert await engines.db.read(stored_files.named, [one.key]) == {one.key}  # the sweep of files leaves it
    clock.pass_ms(WEEK_MS)
    await work_off(engines)
    assert engines.blobs.get(one.key) is None
    with pytest.raises(NotFound):
        await engines.db.read(archives.get, ann, one.id)
    assert (await make(engines, ann, tmp_path)).id > one.id


async def test_it_goes_with_its_account(engines: Engines, tmp_path: Path):
    (ann,) = await people(engines.db, "ann")
    one = await make(engines, ann, tmp_path)
    await engines.db.write(imports.begin, ann, "blocked", [["nobody"]], replaces=False, base_url=URL)

    while await engines.db.write(leaving.step, ann):
        await settle(engines)

    assert engines.blobs.get(one.key) is None
    assert await engines.db.read(imports.owned, ann) == []
    assert (await engines.db.read(archives.state, ann)).newest is None
    await work_off(engines)


async def test_a_job_that_runs_twice_or_for_a_deleted_archive_leaves_one_file(engines: Engines, tmp_path: Path):
    (ann,) = await people(engines.db, "ann")
    one = await make(engines, ann, tmp_path)

    await archives.make(engines, archives.Due(one.id, URL), tmp_path)
    await archives.make(engines, archives.Due(one.id + 4096, URL), tmp_path)

    assert await engines.db.read(archives.get, ann, one.id) == one
    kept = [key for n in range(256) for key in engines.blobs.old(f"{n:02x}", -60)]
    assert kept == [one.key]
