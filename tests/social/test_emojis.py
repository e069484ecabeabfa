"""Emoji: what is taken, who has them, and what shows them."""

import io
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from counting import CountingDatabase
from kit import person
from PIL import Image

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.errors import Invalid, NotFound
from chirrup.mastodon.render import Renderer
from chirrup.ports import Engines, Tx
from chirrup.social import accounts, emojis, files, posts
from chirrup.social.accounts import ProfileChange
from chirrup.social.emojis import Wanted
from chirrup.social.known import Known
from chirrup.social.media_addresses import Addresses, emoji_path
from chirrup.social.shortcodes import emoji_sets
from chirrup.types import Draft, Emoji, Field, PollDraft
from chirrup.web.views import Views

ADDRESSES = Addresses(Signer(b"secret"))
SITE = sites.own(Settings(url="https://town.example"))


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 100), *, frames: int = 1) -> bytes:
    out = io.BytesIO()
    first, *rest = [Image.new("RGBA", size, (255, n * 60, 0, 128)) for n in range(frames)]
    more: Any = {"save_all": True, "append_images": rest, "duration": 100} if rest else {}
    first.convert("RGB" if kind == "JPEG" else "RGBA").save(out, kind, **more)
    return out.getvalue()


def kept(engines: Engines, emoji: Emoji) -> list[Image.Image | None]:
    """The pictures of its two files; None: it is gone."""
    found = [engines.blobs.get(key) for key in (emoji.key, emoji.still_key)]
    return [Image.open(io.BytesIO(one[0])) if one else None for one in found]


async def test_a_picture_becomes_small_and_keeps_its_shape_and_what_moves_has_a_still(engines: Engines):
    still = await emojis.add(engines, 0, picture(), Wanted("bird", " Animals "))
    moving = await emojis.add(engines, 0, picture("GIF", frames=3), Wanted("wave", listed=False))

    (large, same), (moves, first) = kept(engines, still), kept(engines, moving)
    assert still.key == still.still_key and large and same and large.size == (221, 73) and large.mode in ("RGBA", "P")
    assert moves and getattr(moves, "n_frames", 1) == 3
    assert first and (first.format, getattr(first, "n_frames", 1)) == ("PNG", 1)
    assert await engines.db.read(emojis.every, 0) == [still, moving]
    assert (still.category, still.listed, moving.listed) == ("Animals", 1, 0)
    names = {key for one in (still, moving) for key in (one.key, one.still_key)}
    assert await engines.db.read(files.named, names) == names  # so no sweep deletes them


async def test_what_is_refused_leaves_nothing_behind(engines: Engines):
    first = await emojis.add(engines, 0, picture(), Wanted("bird"))

    wrong: list[tuple[str, bytes, Wanted]] = [
        ("shortcode", picture(), Wanted("bird")),
        *(("shortcode", picture(), Wanted(name)) for name in ("", "a", "a b", "é" * 3, "a-b", "a" * 65, "aa\n")),
        ("category", picture(), Wanted("crow", "a" * 65)),
        ("file", b"<svg xmlns='http://www.w3.org/2000/svg'/>", Wanted("crow")),
        ("file", b"", Wanted("crow")),
        ("file", b"\x89PNG\r\n\x1a\n" + b"\0" * emojis.BYTES_MAX, Wanted("crow")),
    ]
    for field, data, wanted in wrong:
        with pytest.raises(Invalid) as error:
            await emojis.add(engines, 0, data, wanted)
        assert error.value.field == field, wanted
    with pytest.raises(NotFound):
        await emojis.remove(engines, 0, "crow")

    assert await engines.db.read(emojis.every, 0) == [first]
    assert kept(engines, first)[0]


async def test_one_takes_the_place_of_another_and_the_files_of_that_are_gone(engines: Engines):
    first = await emojis.add(engines, 0, picture(), Wanted("bird"))
    second = await emojis.add(engines, 0, picture("WEBP"), Wanted("bird", replace=True))

    assert await engines.db.read(emojis.every, 0) == [second]
    assert kept(engines, first) == [None, None]
    await emojis.remove(engines, 0, "bird")
    assert await engines.db.read(emojis.every, 0) == [] and kept(engines, second) == [None, None]


async def test_each_organisation_has_its_own(engines: Engines):
    here = await emojis.add(engines, 0, picture(), Wanted("bird"))
    there = await emojis.add(engines, 1 << 16, picture("JPEG"), Wanted("bird"))

    assert [await engines.db.read(emojis.every, org) for org in (0, 1 << 16)] == [[here], [there]]
    name = emoji_path(here, here.key).rsplit("/", 1)[1]
    assert (await engines.db.read(emojis.file, here.id, name, 0)).key == here.key
    for id, asked, org in ((here.id, name, 1 << 16), (there.id, name, 0), (here.id, "x", 0)):
        with pytest.raises(NotFound):
            await engines.db.read(emojis.file, id, asked, org)


def scene(tx: Tx) -> tuple[int, list[int]]:
    """ann, with shortcodes in all texts of her profile, and the ids of her posts, the plain one last."""
    ann = person(tx, "ann")
    fields = [Field(":bird: at", "home :crow:"), Field(":wave:", "no:bird:here")]
    accounts.change_profile(tx, ann, ProfileChange(display_name="Ann :bird:", note=":wave: 12:30:15", fields=fields))
    drafts = [
        Draft(":bird: and :bird: and :none: (:wave:)", summary=":crow:"),
        Draft("see https://town.example/:bird:/a at 10:bird:30", poll=PollDraft([":wave: yes", "no"], 3600)),
        Draft("nothing"),
    ]
    return ann, [posts.publish(tx, ann, draft).id for draft in drafts]


def shown(found: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(found))


def names(entity: dict[str, Any]) -> list[str]:
    return [one["shortcode"] for one in entity["emojis"]]


async def test_entities_tell_of_the_emoji_that_they_show_and_of_no_others(engines: Engines):
    for name in ("bird", "crow", "wave", "unused"):
        await emojis.add(engines, 0, picture(), Wanted(name, "Animals"))
    ann, ids = await engines.db.write(scene)

    said, polled, plain = shown(await engines.db.read(Renderer(SITE, ADDRESSES).statuses, ann, ids))

    assert names(said) == ["bird", "wave", "crow"]
    assert (names(polled), names(polled["poll"]), names(plain)) == ([], ["wave"], [])
    assert names(said["account"]) == ["bird", "wave", "crow"]
    first = said["emojis"][0]
    assert first.keys() == {"shortcode", "url", "static_url", "visible_in_picker", "category"}
    assert first["url"].startswith("https://town.example/media/emojis/") and first["category"] == "Animals"


async def test_what_is_added_or_removed_shows_in_what_was_rendered_before(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("chirrup.social.fresh.FRESH_S", 0)
    ann, ids = await engines.db.write(scene)
    render, views = Renderer(SITE, ADDRESSES), Views(SITE, ADDRESSES)

    async def drawn() -> tuple[list[str], list[str], int]:
        (post,) = shown(await engines.db.read(render.statuses, ann, ids[:1]))
        (page,) = await engines.db.read(views.shown, ann, ids[:1])
        return names(post), names(post["account"]), page.html.count("<img")

    assert await drawn() == ([], [], 0)
    await emojis.add(engines, 0, picture(), Wanted("bird"))
    assert await drawn() == (["bird"], ["bird"], 2)
    await emojis.remove(engines, 0, "bird")
    assert await drawn() == ([], [], 0)


async def test_texts_without_shortcodes_cost_nothing_and_with_them_two_looks_for_a_while(engines: Engines):
    def plain(tx: Tx) -> tuple[int, list[int]]:
        who = person(tx, "plain")
        return who, [posts.publish(tx, who, Draft(f"{n} https://town.example/a")).id for n in range(3)]

    for name in ("bird", "crow"):
        await emojis.add(engines, 0, picture(), Wanted(name))
    (ann, ids), (other, others) = await engines.db.write(scene), await engines.db.write(plain)

    async def cost(shows: Callable[..., Any], who: int, which: list[int]) -> int:
        counting = CountingDatabase(engines.db)
        await counting.read(shows, who, which)
        return counting.asked.total()

    for kind in (Renderer, Views):
        known = Known()
        made = kind(SITE, ADDRESSES, known)
        shows = made.statuses if isinstance(made, Renderer) else made.shown
        first = await cost(shows, other, others)
        assert await cost(shows, other, others) <= first
        assert known.emojis.last(0) is None  # nobody asked
        await cost(shows, ann, ids)
        seen = known.emojis.last(0)
        assert seen and seen.by_shortcode.keys() == {"bird", "crow"}
        known.emojis = emoji_sets()
        looked = await cost(shows, ann, ids)
        assert looked - await cost(shows, ann, ids) == 2  # their version, and they themselves


async def test_pages_draw_them_where_people_read(engines: Engines):
    for name in ("bird", "crow", "wave"):
        await emojis.add(engines, 0, picture(), Wanted(name))
    ann, ids = await engines.db.write(scene)

    said, polled, _ = await engines.db.read(Views(SITE, ADDRESSES).shown, ann, ids)

    assert said.html.count('alt=":bird:"') == 2 and ":none:" in said.html and 'alt=":wave:"' in said.html
    assert "<img" in said.drawn_summary and "<img" in said.author.drawn and said.author.name == "Ann :bird:"
    assert "<img" not in polled.html and polled.poll and "<img" in polled.poll.options[0].title
