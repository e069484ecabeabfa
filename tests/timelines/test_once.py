"""A post is shown once in a home or list timeline, however many followees boost it."""

import random
from collections.abc import Sequence

import pytest
from databases import Clock
from kit import people, settle

from chirrup.access import sites, visibility
from chirrup.access.caller import Caller
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.ids import ID_MAX
from chirrup.ports import Engines, Tx
from chirrup.social import accounts, follows, lists, posts, reactions
from chirrup.social.media_addresses import Addresses
from chirrup.store import posts as post_rows
from chirrup.timelines import once, read, rebuild
from chirrup.timelines.once import Excerpt
from chirrup.types import Draft, Span, Viewer
from chirrup.web.views import Views

NEWEST = Span(before=ID_MAX, limit=20)
VIEWS = Views(sites.own(Settings(url="https://town.example")), Addresses(Signer(b"secret")))


def show(tx: Tx, viewer_id: int, ids: Sequence[int], excerpt: Excerpt) -> list[int]:
    return excerpt.shown(visibility.judge(tx, viewer_id, excerpt.beside(tx, visibility.find(tx, ids))))


async def home(engines: Engines, reader: int, span: Span = NEWEST) -> list[int]:
    return (await read.show_home(engines, reader, span, show))[0]


class Talk:
    """Each post is made some milliseconds later than the one before, and than what is drawn because of it."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self._engines, self._clock = engines, clock

    async def say(self, author: int, text: str = "hello") -> int:
        self._clock.pass_ms(10)
        return (await self._engines.db.write(posts.publish, author, Draft(text=text))).id

    async def boost(self, who: int, post: int) -> int:
        self._clock.pass_ms(10)
        return (await self._engines.db.write(reactions.boost, who, post)).id


@pytest.fixture
def talk(engines: Engines, clock: Clock) -> Talk:
    return Talk(engines, clock)


@pytest.fixture(params=["warm", "cold"])
async def town(engines: Engines, request: pytest.FixtureRequest) -> list[int]:
    """A reader, its followees (ann, bob, elif), and another account. warm: the home timeline is warm from the start."""
    reader, *followees, stranger = await people(engines.db, "reader", "ann", "bob", "elif", "stranger")
    for one in followees:
        await engines.db.write(follows.follow, reader, one)
    await settle(engines)
    if request.param == "warm":
        await home(engines, reader)
    return [reader, *followees, stranger]


async def test_what_several_boost_is_there_once_where_it_came_first(engines: Engines, talk: Talk, town: list[int]):
    reader, ann, bob, elif_, stranger = town
    post = await talk.say(stranger)
    first = await talk.boost(elif_, post)
    between = await talk.say(ann)
    second = await talk.boost(bob, post)
    await settle(engines)

    assert await read.home(engines, reader, NEWEST) == [second, between, first]
    assert await home(engines, reader) == [between, first]
    shown, _ = await read.show_home(engines, reader, NEWEST, VIEWS.shown)
    assert [[one.username for one in view.boosters] for view in shown] == [[], ["elif", "bob"]]


async def test_a_boost_of_what_stands_there_is_left_out_of_an_own_post_too(
    engines: Engines, talk: Talk, town: list[int]
):
    reader, ann, bob, _, _ = town
    said, own = await talk.say(ann), await talk.say(reader)
    for post in (said, own):
        await talk.boost(bob, post)
    await settle(engines)

    assert await home(engines, reader) == [own, said]


@pytest.mark.parametrize("of_oneself", [True, False])
async def test_what_is_far_below_comes_again(
    engines: Engines, talk: Talk, town: list[int], of_oneself: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(once, "NEAR", 3)
    monkeypatch.setattr(read, "NEAR", 3)
    reader, ann, bob, elif_, _ = town
    post = await talk.say(reader if of_oneself else ann)
    between = [await talk.say(ann) for _ in range(3)]
    again = await talk.boost(bob, post)
    await talk.boost(elif_, post)
    await settle(engines)

    assert await home(engines, reader) == [again, *between[::-1], post]


@pytest.mark.parametrize("how", ["unboosted", "muted", "blocked by", "suspended", "boosts off"])
async def test_when_the_first_is_gone_the_next_takes_its_place(engines: Engines, talk: Talk, town: list[int], how: str):
    reader, ann, bob, elif_, stranger = town
    post = await talk.say(stranger)
    await talk.boost(elif_, post)
    said = [await talk.say(ann) for _ in range(25)]
    second = await talk.boost(bob, post)
    await settle(engines)
    assert second not in await home(engines, reader)

    if how == "unboosted":
        await engines.db.write(reactions.unboost, elif_, post)
    elif how == "suspended":
        await engines.db.write(accounts.suspend, elif_)
    else:
        caller = Caller(engines, Settings(), Viewer(account_id=reader), "", sites.own(Settings()))
        doing, args, options = {
            "muted": (follows.mute, (reader, elif_), {}),
            "blocked by": (follows.block, (elif_, reader), {}),
            "boosts off": (follows.follow, (reader, elif_), {"show_boosts": False}),
        }[how]
        await caller.write(doing, *args, **options)

    assert await home(engines, reader) == [second, *said[:5:-1]]


async def test_repetitions_in_a_row_leave_no_page_empty(engines: Engines, talk: Talk):
    reader, stranger, *followees = await people(engines.db, "reader", "stranger", *(f"f{n}" for n in range(25)))
    for one in followees:
        await engines.db.write(follows.follow, reader, one)
    post = await talk.say(stranger)
    below = await talk.say(followees[0])
    boosts = [await talk.boost(one, post) for one in followees]
    await settle(engines)

    page, keys = await read.show_home(engines, reader, Span(before=ID_MAX, limit=5), show)
    assert (page, keys) == ([boosts[0]], boosts[::-1])
    page, keys = await read.show_home(engines, reader, Span(before=boosts[0], limit=5), show)
    assert page == [below]


async def test_an_edit_to_mention_somebody_muted_hides_it_at_once(engines: Engines, talk: Talk, town: list[int]):
    reader, ann, _, _, stranger = town
    await engines.db.write(follows.mute, reader, stranger)
    await settle(engines)
    post = await talk.say(ann)
    await settle(engines)
    assert await home(engines, reader) == [post]

    await engines.db.write(posts.edit, ann, post, Draft(text="@stranger said so"))

    assert await home(engines, reader) == []


@pytest.mark.parametrize("seed", range(4))
async def test_walks_meet_each_post_once_however_it_is_kept(
    engines: Engines, talk: Talk, seed: int, monkeypatch: pytest.MonkeyPatch
):
    dice = random.Random(seed)
    monkeypatch.setattr(once, "NEAR", 8)
    monkeypatch.setattr(read, "NEAR", 8)
    monkeypatch.setattr(read, "KEPT", 30)
    reader, *others = await people(engines.db, "reader", *(f"p{n}" for n in range(5)))
    for one in others[1:]:
        await engines.db.write(follows.follow, reader, one)
    made = await engines.db.write(lists.create, reader, lists.ListChange(title="l"))
    await engines.db.write(lists.add, reader, made.id, [reader, *others[1:]])
    await settle(engines)
    if seed % 2:
        await home(engines, reader)
    said = [await talk.say(others[0])]
    for _ in range(70):
        who = dice.choice([reader, *others])
        said.append(await (talk.boost(who, dice.choice(said[-6:])) if dice.random() < 0.6 else talk.say(who)))
    await settle(engines)

    for kind, whole in (("home", rebuild.home), ("list", rebuild.of_list)):
        owner = reader if kind == "home" else made.id
        stored, _ = await engines.db.read(whole, owner, Span(before=ID_MAX, limit=400))
        expected = await engines.db.read(_expected, stored)
        for limit in (1, 3, 7, 40):
            for oldest in (False, True):
                walked, span = list[int](), Span(before=ID_MAX, limit=limit, oldest=oldest)
                while True:
                    page, keys = await (
                        read.show_home(engines, reader, span, show)
                        if kind == "home"
                        else read.show_list(engines, made, span, show)
                    )
                    if not keys:
                        break
                    assert page or len(keys) < limit or keys[-1] == stored[-1] or oldest
                    walked = [*page, *walked] if oldest else [*walked, *page]
                    span = (
                        Span(before=ID_MAX, after=keys[0], limit=limit, oldest=True)
                        if oldest
                        else Span(before=keys[-1], limit=limit)
                    )
                assert walked == expected, (kind, limit, oldest)


def _expected(tx: Tx, stored: list[int]) -> list[int]:
    """The rule, in its simplest form."""
    boosts = post_rows.boosts_among(tx, stored)
    shows = [boosts[id] or id for id in stored]
    return [id for at, id in enumerate(stored) if shows[at] not in shows[at + 1 : at + 9] or not boosts[id]]
