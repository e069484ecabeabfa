"""Posts that reply to or mention an account that the viewer mutes or blocks are hidden in all timelines and streams."""

from pathlib import Path

import pytest
from kit import people, settle

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.events import Signal
from chirrup.ids import ID_MAX
from chirrup.mastodon.render import Renderer
from chirrup.ports import Engines, Tx
from chirrup.social import follows, lists, notifications, posts, reactions, tags
from chirrup.social.media_addresses import Addresses
from chirrup.store import blocks_and_mutes
from chirrup.stream import events
from chirrup.stream.events import Ask
from chirrup.timelines import pull, read, rebuild
from chirrup.types import Draft, NotificationKind, Span, Visibility

EVERYTHING = Span(before=ID_MAX, limit=400)
HIDING = ("mute", "mute with notifications", "block")
SHOWING = ("nothing", "expired mute", "blocked by")


async def relate(engines: Engines, how: str, reader: int, other: int) -> None:
    if how == "mute":
        await engines.db.write(follows.mute, reader, other, notifications=False)
    elif how == "mute with notifications":
        await engines.db.write(follows.mute, reader, other)
    elif how == "block":
        await engines.db.write(follows.block, reader, other)
    elif how == "blocked by":
        await engines.db.write(follows.block, other, reader)
    elif how == "expired mute":
        await engines.db.write(lambda tx: blocks_and_mutes.mute(tx, reader, other, notifications=True, expires_ms=1))


async def say(engines: Engines, author: int, text: str, **how: object) -> int:
    return (await engines.db.write(posts.publish, author, Draft(text=text, **how))).id  # type: ignore[arg-type]


async def homes(engines: Engines, reader: int) -> list[list[int]]:
    """[the cached home timeline, a rebuilt one]."""
    return [await read.home(engines, reader, EVERYTHING), (await engines.db.read(rebuild.home, reader, EVERYTHING))[0]]


@pytest.mark.parametrize("how", [*HIDING, *SHOWING])
async def test_at_home_and_in_lists(engines: Engines, how: str):
    reader, ann, fan, other = await people(engines.db, "reader", "ann", "fan", "other")
    for followee in (ann, fan):
        await engines.db.write(follows.follow, reader, followee)
    made = await engines.db.write(lists.create, reader, lists.ListChange(title="all"))
    await engines.db.write(lists.add, reader, made.id, [ann, fan])
    await engines.db.write(tags.follow, reader, "town")
    await relate(engines, how, reader, other)
    await settle(engines)
    assert await homes(engines, reader) == [[], []]
    await read.of_list(engines, made.id, EVERYTHING)

    plain = await say(engines, ann, "hello")
    about = await say(engines, ann, "@other said it")
    of_both = await say(engines, ann, "@reader and @other, look")
    boost = (await engines.db.write(reactions.boost, fan, about)).id
    tagged = await say(engines, await stranger(engines), "@other #town")
    own = await say(engines, reader, "@other go away")
    own_boost = (await engines.db.write(reactions.boost, ann, own)).id
    await settle(engines)

    shown = [own, plain, own_boost] + ([about, of_both, boost, tagged] if how in SHOWING else [])
    assert await homes(engines, reader) == [sorted(shown, reverse=True)] * 2
    kept, made_anew = (
        await read.of_list(engines, made.id, EVERYTHING),
        (await engines.db.read(rebuild.of_list, made.id, EVERYTHING))[0],
    )
    assert kept == made_anew == sorted(set(shown) - {own, tagged}, reverse=True)


async def stranger(engines: Engines) -> int:
    return (await people(engines.db, "stranger"))[0]


@pytest.mark.parametrize("how", [*HIDING, *SHOWING])
async def test_in_public_under_a_hashtag_and_in_their_streams(engines: Engines, how: str, tmp_path: Path):
    reader, ann, other = await people(engines.db, "reader", "ann", "other")
    await relate(engines, how, reader, other)
    plain = await say(engines, ann, "hello #town")
    about = await say(engines, ann, "@other said it #town")
    own = await say(engines, reader, "@other go away #town")
    render = Renderer(sites.own(Settings()), Addresses(Signer(b"secret")))

    def streamed(tx: Tx) -> list[int]:
        both, signals = {0, reader}, [Signal("update", id, 0) for id in (own, about, plain)]
        asks = [Ask(one, both, both, set(), render.site) for one in signals]
        return [event.id for event in events.of_signals(tx, render, asks) if event and reader in event.texts]

    shown = sorted([own, about, plain] if how in SHOWING else [own, plain], reverse=True)
    assert (await engines.db.read(pull.public, reader, EVERYTHING)).items == shown
    assert (await engines.db.read(pull.hashtag, reader, "town", EVERYTHING)).items == shown
    assert sorted(await engines.db.read(streamed), reverse=True) == shown
    assert len((await engines.db.read(pull.public, 0, EVERYTHING)).items) == 3


@pytest.mark.parametrize("how", [*HIDING, *SHOWING])
@pytest.mark.parametrize("first", ["said", "related"])
async def test_in_notifications(engines: Engines, how: str, first: str):
    reader, ann, bob, other = await people(engines.db, "reader", "ann", "bob", "other")
    await engines.db.write(follows.follow, reader, ann, notify=True)
    if first == "related":
        await relate(engines, how, reader, other)

    own = await say(engines, reader, "@other go away")
    await engines.db.write(reactions.boost, bob, own)
    await say(engines, ann, "@other watched")
    await say(engines, bob, "@reader and @other", visibility=Visibility.DIRECT)
    await say(engines, bob, "@reader alone")
    await settle(engines)
    if first == "said":
        await relate(engines, how, reader, other)
        await settle(engines)

    def kinds(tx: Tx) -> list[str]:
        return sorted(one.kind for one in notifications.page(tx, reader, EVERYTHING, set(NotificationKind)).items)

    expected = ["mention", "reblog"]  # a mute hides posts; of notifications those that it is said to
    assert await engines.db.read(kinds) == sorted(
        expected + (["mention", "status"] if how not in ("mute with notifications", "block") else [])
    )
