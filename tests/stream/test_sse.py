"""Server-sent events, and resuming a stream."""

import asyncio
import random

import pytest
from stream.town import Events, Town, update

from chirrup.access import logins
from chirrup.events import Signal
from chirrup.ids import ID_MAX, bucket_of
from chirrup.ports import Tx
from chirrup.social import follows, lists, posts, reactions
from chirrup.stream import catching_up, resume
from chirrup.stream.resume import PAGE
from chirrup.timelines import read, rebuild
from chirrup.timelines.band import SIZE
from chirrup.timelines.position import NAMED_MAX, Position
from chirrup.types import Draft, Post, Span, Visibility

pytestmark = pytest.mark.slow


async def test_every_stream_has_an_address(town: Town):
    ann, bob = await town.people("ann", "bob")
    made = await town.write(lists.create, bob, lists.ListChange(title="friends"))
    await town.write(follows.follow, bob, ann)
    await town.write(lists.add, bob, made.id, [ann])
    token = await town.token(bob)
    names = ("user", "user/notification", "public", "public/local", "direct", "public/remote")
    streams = {name: await town.events(name, token) for name in names}
    streams |= {name: await town.events(name, token, tag="tea") for name in ("hashtag", "hashtag/local")}
    streams["list"] = await town.events("list", token, list=str(made.id))
    streams["media"] = await town.events("public", token, only_media="on")

    post = await town.say(ann, "#tea")
    whisper = await town.say(ann, "@bob psst", visibility=Visibility.DIRECT)

    for name in ("public", "public/local", "hashtag", "hashtag/local", "list"):
        assert await streams[name].event() == update(post), name
    got = {await streams["user"].event() for _ in range(3)}
    assert {update(post), update(whisper)} < got
    assert {event for event, _ in got} == {"update", "notification"}
    assert (await streams["user/notification"].next())["payload"]["type"] == "mention"
    assert (await streams["direct"].next())["payload"]["last_status"]["id"] == str(whisper.id)
    await town.write(logins.end_all_access, bob)
    for name in ("public/remote", "media"):
        await streams[name].end()  # without a word


async def test_a_wrong_request_is_refused(town: Town):
    (ann,) = await town.people("ann")
    token = await town.token(ann)
    for path, authorization, status in (
        ("user", "", 401),
        ("user", "Bearer x", 401),
        ("user", "Basic x", 401),
        ("public", "Bearer x", 401),
        ("user", f"Bearer {await town.token(ann, 'read:accounts')}", 401),
        ("hashtag", "", 400),
        ("list", f"Bearer {token}", 400),
        ("list?list=7", f"Bearer {token}", 404),
        ("cinema", f"Bearer {token}", 404),
    ):
        headers = {"Authorization": authorization} if authorization else {}
        async with town.session.get(f"{town.url}/{path}", headers=headers) as answer:
            assert (answer.status, "error" in await answer.json()) == (status, True), path
    async with town.session.get(town.url) as answer:
        assert answer.status == 404  # streams are on this host
    async with town.session.post(f"{town.url}/public") as answer:
        assert answer.status == 405
    async with town.session.options(f"{town.url}/user") as answer:
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


async def test_a_stream_ends_with_the_access_to_it(town: Town):
    (ann,) = await town.people("ann")
    events = await town.events("user", await town.token(ann))

    await town.write(logins.end_all_access, ann)

    await events.end()


async def test_deletions_and_edits_have_an_id_too(town: Town):
    (ann,) = await town.people("ann")
    post = await town.say(ann)
    await town.settled()
    events = await town.events("user", await town.token(ann))

    await town.write(posts.edit, ann, post.id, Draft(text="hi"))
    edited = await events.next()
    await town.write(posts.delete, ann, post.id)
    deleted = await events.next()

    assert [one["event"] for one in (edited, deleted)] == ["status.update", "delete"]
    assert all(Position.parse(one["id"]) for one in (edited, deleted))


async def test_a_reader_who_was_away_gets_what_it_missed_and_nothing_twice(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    token = await town.token(bob)
    events = await town.events("user", token)
    first = await town.say(ann, "1")
    assert await events.event() == update(first)
    events.drop()

    missed = [await town.say(ann, words) for words in ("2", "@bob 3", "4")]
    own = await town.say(bob, "5")
    await town.write(reactions.favourite, ann, own.id)
    await town.settled()
    again = await town.events("user", token, last=events.last)
    got = [await again.event() for _ in range(6)]
    last = await town.say(ann, "6")

    kinds = [kind for kind, _ in got]
    updates = [one for one in got if one[0] == "update"]
    updates.remove(update(own))  # may stand before "4": ids of two accounts in one millisecond are in no order
    assert updates == [update(post) for post in missed]
    assert sorted(kinds) == ["notification"] * 2 + ["update"] * 4
    assert await again.event() == update(last)


async def test_a_boost_of_a_post_at_home_is_no_news_after_resuming(town: Town):
    reader, ann, bob = await town.people("reader", "ann", "bob")
    for one in (ann, bob):
        await town.write(follows.follow, reader, one)
    await town.settled()
    assert await read.home(town.engines, reader, Span(before=ID_MAX)) == []
    token = await town.token(reader)
    events = await town.events("user", token)
    said = await town.say(ann, "1")
    assert await events.event() == update(said)
    events.drop()

    missed = await town.say(ann, "2")
    await town.write(reactions.boost, bob, said.id)
    await town.write(reactions.boost, bob, missed.id)
    await town.settled()
    again = await town.events("user", token, last=events.last)
    last = await town.say(ann, "3")

    assert [await again.event() for _ in range(2)] == [update(missed), update(last)]


@pytest.mark.parametrize("name", ["public", "hashtag", "list", "direct"])
async def test_other_streams_are_resumed_too(town: Town, name: str):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    made = await town.write(lists.create, bob, lists.ListChange(title="friends"))
    await town.write(lists.add, bob, made.id, [ann])
    token, more = await town.token(bob), {"hashtag": {"tag": "tea"}, "list": {"list": str(made.id)}}.get(name, {})
    how = {"visibility": Visibility.DIRECT} if name == "direct" else {}
    events = await town.events(name, token, **more)

    async def said(words: str) -> tuple[str, str]:
        post = await town.say(ann, f"@bob #tea {words}", **how)
        return "conversation" if how else "update", str(post.id)

    async def event(events: Events) -> tuple[str, str]:
        one = await events.next()
        return one["event"], (one["payload"]["last_status"] if how else one["payload"])["id"]

    first = await said("1")
    assert await event(events) == first
    events.drop()
    missed = await said("2")
    await town.settled()
    again = await town.events(name, token, last=events.last, **more)

    assert await event(again) == missed
    last = await said("3")
    assert await event(again) == last


async def test_readers_who_come_and_go_under_load_have_what_the_database_has(town: Town):
    dice = random.Random(7)
    authors = await town.people(*(f"author{n}" for n in range(6)))
    (bob,) = await town.people("bob")
    for author in authors:
        await town.write(follows.follow, bob, author)
    token = await town.token(bob)
    events = await town.events("user", token)
    total = 240

    async def talk(author: int) -> None:
        for n in range(total // len(authors)):
            await town.say(author, f"{n}")

    talking = [asyncio.ensure_future(talk(author)) for author in authors]
    got: list[int] = []
    while len(got) < total:
        for _ in range(min(dice.randint(1, 12), total - len(got))):
            got.append(int((await events.next())["payload"]["id"]))
        events.drop()
        events = await town.events("user", token, last=events.last)
    await asyncio.gather(*talking)

    stored, _ = await town.read(rebuild.home, bob, Span(before=ID_MAX, limit=1000))
    assert len(got) == len(set(got))
    assert set(got) == set(stored)


async def test_what_came_from_the_database_is_not_told_again_when_its_signal_comes(town: Town):
    ann, bob = await town.people("ann", "bob")
    token = await town.token(bob)
    events = await town.events("user", token)
    await town.write(follows.follow, bob, ann)
    first = await town.say(ann, "1")
    assert await events.event() == update(first)
    events.drop()
    missed = await town.say(ann, "2")
    await town.settled()

    for n in range(2):  # on the connection that had it, and on the next, which knows from its position
        again = await town.events("user", token, last=events.last)
        if n == 0:
            assert await again.event() == update(missed)
        await town.engines.broker.publish([f"user:{bob}"], Signal("update", missed.id, ann).packed)
        last = await town.say(ann, f"{3 + n}")
        assert await again.event() == update(last)
        events.last = again.last
        again.drop()


async def test_what_was_deleted_or_edited_meanwhile_is_told(town: Town):
    (ann,) = await town.people("ann")
    token = await town.token(ann)
    events = await town.events("user", token)
    kept, gone, changed = [await town.say(ann, f"{n}") for n in range(3)]
    for post in (kept, gone, changed):
        assert await events.event() == update(post)
    events.drop()

    await town.write(posts.delete, ann, gone.id)
    await town.write(posts.edit, ann, changed.id, Draft(text="2, or so"))
    await town.settled()
    again = await town.events("user", token, last=events.last)

    assert {await again.event(), await again.event()} == {("delete", str(gone.id)), ("status.update", str(changed.id))}


async def test_any_id_may_be_sent_back(town: Town):
    (ann,) = await town.people("ann")
    token = await town.token(ann)

    for last in (
        "1.",
        "ffffffffffffffff." + "A" * 8,
        f"{2**64 - 2:x}." + "_" * 80,
        "7." + "AAAAAAAB" * 200,
        "x" * 4000,
    ):
        events = await town.events("user", token, last=last)
        post = await town.say(ann, f"{last[:9]}")
        while await events.event() != update(post):
            pass


@pytest.mark.parametrize("last", ["x", "1.", "zz.AAAA", "9" * 400 + ".", "12.AAAAAAAA" * 9, "-5.", "1.é"])
async def test_an_id_that_is_not_of_ours_is_a_new_stream(last: str):
    parsed = Position.parse(last)

    assert parsed is None or parsed.text  # and never an error


def test_a_position_names_what_was_sent_lately_and_all_before_it():
    position = Position.at(1_800_000_000_000)
    start = 1_800_000_000_000 << 17
    for n in range(1, 400):
        position.add(start + (n * 20 << 17))  # one each 20 ms
    again = Position.parse(position.text.decode())

    assert again is not None
    assert (again.low, again.sent) == (position.low, position.sent)
    assert NAMED_MAX - SIZE < len(position.sent) <= NAMED_MAX
    assert start + (399 * 20 << 17) in again and start + (1 << 17) in again
    assert start + (399 * 20 + 1 << 17) not in again  # came late: between two that were sent
    assert start + (400 * 20 << 17) not in again


def test_a_position_forgets_what_is_eight_seconds_older():
    position = Position.at(1_800_000_000_000)
    start = 1_800_000_000_000 << 17

    for ms in (1, 5_000, 12_000):
        position.add(start + (ms << 17))

    assert position.sent == [start + (5_000 << 17), start + (12_000 << 17)]
    assert position.low == start + (1 << 17)


async def say_late(town: Town, author: int) -> Post:
    """A post whose event was leased by a worker that died."""

    def operation(tx: Tx) -> Post:
        post = posts.publish(tx, author, Draft(text="late #tea"))
        tx.run(
            "UPDATE outbox SET lease_until = :ever, attempts = 1 WHERE bucket = :at", ever=2**60, at=bucket_of(author)
        )
        return post

    return await town.write(operation)


async def take_over(town: Town) -> None:
    await town.write(lambda tx: tx.run("UPDATE outbox SET lease_until = 0 WHERE lease_until = :ever", ever=2**60))
    await town.settled()


STREAMS = ["user", "public", "hashtag", "list"]


@pytest.mark.parametrize("name", STREAMS)
async def test_what_a_dead_worker_had_is_not_missed_however_much_came_before_it_and_nothing_is_told_twice(
    town: Town, name: str
):
    ann, eve, bob = await town.people("ann", "eve", "bob")
    made = await town.write(lists.create, bob, lists.ListChange(title="friends"))
    for author in (ann, eve):
        await town.write(follows.follow, bob, author)
    await town.write(lists.add, bob, made.id, [ann, eve])
    await town.settled()
    token, more = await town.token(bob), {"hashtag": {"tag": "tea"}, "list": {"list": str(made.id)}}.get(name, {})
    events = await town.events(name, token, **more)
    late = await say_late(town, ann)
    said = [await town.say(eve, f"#tea {n}") for n in range(NAMED_MAX + 3 * SIZE)]
    assert [await events.event() for _ in said] == [update(post) for post in said]
    unwanted, regretted = said[SIZE], said[SIZE + 9]
    await town.write(posts.delete, eve, unwanted.id)
    assert await events.event() == ("delete", str(unwanted.id))
    events.drop()

    await town.write(posts.delete, eve, regretted.id)
    await take_over(town)
    again = await town.events(name, token, last=events.last, **more)
    last = await town.say(eve, "#tea")

    assert [await again.event() for _ in range(3)] == [("delete", str(regretted.id)), update(late), update(last)]
    events.last = again.last
    again.drop()
    once_more = await town.events(name, token, last=events.last, **more)
    end = await town.say(eve, "#tea end")
    assert await once_more.event() == update(end)


@pytest.mark.parametrize("name", ["user", "public"])
async def test_however_much_was_missed_all_of_it_comes_in_order(town: Town, name: str):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    await town.settled()
    token = await town.token(bob)
    events = await town.events(name, token)
    first = await town.say(ann)
    assert await events.event() == update(first)
    events.drop()

    missed = [await town.say(ann, f"{n}") for n in range(2 * PAGE + 30)]
    await town.settled()
    again = await town.events(name, token, last=events.last)

    assert [await again.event() for _ in missed] == [update(post) for post in missed]
    last = await town.say(ann)
    assert await again.event() == update(last)


async def test_after_missing_too_much_a_reader_learns_from_where_to_read(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(resume, "PAGE", 20)
    monkeypatch.setattr(catching_up, "MISSED_MAX", 50)
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    await town.settled()
    token = await town.token(bob)
    events = await town.events("user", token)
    first = await town.say(ann)
    assert await events.event() == update(first)
    events.drop()

    missed = [await town.say(ann, f"{n}") for n in range(90)]
    await town.settled()
    again = await town.events("user", token, last=events.last)
    got = [await again.event()]
    while got[-1][0] != "gap":
        got.append(await again.event())
    gap = int(got.pop()[1])
    last = await town.say(ann)

    assert await again.event() == update(last)
    rest, _ = await town.read(rebuild.home, bob, Span(before=ID_MAX, after=gap, limit=100))
    assert [*(int(id) for _, id in got), *rest[::-1]] == [post.id for post in (*missed, last)]
    assert 30 <= len(got) <= 50
    again.drop()
    once_more = await town.events("user", token, last=again.last)
    end = await town.say(ann)
    assert await once_more.event() == update(end)


async def test_posts_from_before_the_stream_was_opened_are_not_sent_after_resuming(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    await town.say(ann, "before")
    await town.settled()
    token = await town.token(bob)
    events = await town.events("user", token)
    first = await town.say(ann)
    assert await events.event() == update(first)
    events.drop()
    missed = await town.say(ann, "missed")
    await town.settled()

    again = await town.events("user", token, last=events.last)

    assert await again.event() == update(missed)


async def test_a_reader_without_any_event_yet_can_resume_too(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    await town.settled()
    token = await town.token(bob)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}  # as a browser's EventSource says
    async with town.session.get(f"{town.url}/user", headers=headers) as answer:
        lines = [(await answer.content.readline()).decode().strip() for _ in range(3)]
    assert (lines[0], lines[1], lines[2][:4]) == (":thump", "", "id: ")
    missed = await town.say(ann)
    await town.settled()

    again = await town.events("user", token, last=lines[2].removeprefix("id: "))

    assert await again.event() == update(missed)


LAST_IDS = ["0", "9999999999999999999", "-1", str(2**63), "x", "\xb2", "\xe9", "1.5", "9" * 7000, "{}", "1.AAAA"]


@pytest.mark.parametrize("name", ["user", "user/notification", "public", "public/local", "public/remote", "direct"])
async def test_with_an_invalid_position_a_reader_learns_of_a_gap(town: Town, name: str):
    ann, bob = await town.people("ann", "bob")
    token = await town.token(bob)
    for last in LAST_IDS:
        events = await town.events(name, token, last=last)
        assert await events.event() == ("gap", "0"), last
        events.drop()
    assert ann
