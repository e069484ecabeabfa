"""Signals are sent to readers once, in order, and none is lost when the broker is away."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import servers
from stream.raw import open_stream
from stream.town import Town, running, update

from chirrup.access import tokens
from chirrup.events import Signal
from chirrup.ids import ID_MAX
from chirrup.social import follows, posts, reactions
from chirrup.timelines import read
from chirrup.types import Draft, Span

LONG = "👨‍👩‍👧‍👦" * 480  # 12 kB: a dozen of them exceed the buffer of a reader


async def test_a_signal_that_comes_twice_is_sent_once(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    socket = await town.listen(bob)
    post = await town.say(ann)
    assert await socket.event() == update(post)

    for _ in range(2):
        await town.engines.broker.publish([f"user:{bob}"], Signal("update", post.id, ann).packed)
    last = await town.say(ann)

    assert await socket.event() == update(last)


async def test_an_edit_never_comes_before_its_post(town: Town):
    ann, bob = await town.people("ann", "bob")
    socket = await town.listen(bob)
    post = await town.say(ann)
    await town.settled()

    for kind in ("status.update", "update"):
        await town.engines.broker.publish([f"user:{bob}"], Signal(kind, post.id, ann).packed)
    assert await socket.event() == update(post)

    await town.engines.broker.publish([f"user:{bob}"], Signal("status.update", post.id, ann).packed)
    assert await socket.event() == ("status.update", str(post.id))


async def test_an_edit_of_what_was_said_before_is_an_edit(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    post = await town.say(ann)
    await town.settled()
    socket = await town.listen(bob)

    await town.write(posts.edit, ann, post.id, Draft(text="hi"))

    assert await socket.event() == ("status.update", str(post.id))


@pytest.mark.parametrize("home", ["kept", "not kept"])
async def test_a_boost_of_what_stands_at_home_is_no_news(town: Town, home: str):
    reader, ann, bob, elif_, stranger = await town.people("reader", "ann", "bob", "elif", "stranger")
    for one in (ann, bob, elif_):
        await town.write(follows.follow, reader, one)
    said, other = await town.say(ann), await town.say(stranger)
    await town.settled()
    if home == "kept":
        assert await read.home(town.engines, reader, Span(before=ID_MAX)) == [said.id]
    socket = await town.listen(reader)

    await town.write(reactions.boost, bob, said.id)
    first = await town.write(reactions.boost, bob, other.id)
    assert await socket.event() == update(first)
    await town.write(reactions.boost, elif_, other.id)
    await town.settled()
    last = await town.say(ann)

    assert await socket.event() == update(last)


async def test_many_readers_of_one_post_all_get_it(town: Town):
    ann, *readers = await town.people("ann", *(f"reader{n}" for n in range(30)))
    for reader in readers:
        await town.write(follows.follow, reader, ann)
    sockets = await asyncio.gather(*(town.listen(reader) for reader in readers))

    said = [await town.say(ann, f"{n}") for n in range(5)]

    for socket in sockets:
        assert [await socket.event() for _ in said] == [update(post) for post in said]


@asynccontextmanager
async def followed(database_url: str, redis_url: str, folder: Path) -> AsyncIterator[tuple[Town, int, int]]:
    """A town, Ann, and Bob who follows her."""
    async with running(database_url, redis_url, folder) as town:
        ann, bob = await town.people("ann", "bob")
        await town.write(follows.follow, bob, ann)
        yield town, ann, bob


@asynccontextmanager
async def away(broker: servers.Redis, town: Town) -> AsyncIterator[None]:
    """Stops the broker. It comes back when all events of the block are acted on."""
    await asyncio.to_thread(broker.stop)
    yield
    await town.settled()
    broker.start()  # in this thread, because it ends with the thread that started it


async def test_what_was_said_while_the_broker_was_away_comes_when_it_is_back(
    database_url: str, redis_server: servers.Redis, tmp_path
):
    redis_server.flush()
    async with followed(database_url, redis_server.url, tmp_path) as (town, ann, bob):
        token, revoked = await town.token(bob), await town.token(bob)
        socket, ended = await town.socket(token, stream="user"), await town.socket(revoked, stream="user")
        events = await town.events("user", token)
        first = await town.say(ann)
        for stream in (socket, ended, events):
            assert await stream.event() == update(first)

        async with away(redis_server, town):
            missed = [await town.say(ann, words) for words in ("one", "two")]
            await town.write(tokens.end, bob, 0, (await town.read(tokens.find, revoked)).token_id)
            await town.settled()
            async with town.session.get(f"{town.url}/health") as answer:
                assert answer.status == 503

        for stream in (socket, events):
            assert [await stream.event() for _ in missed] == [update(post) for post in missed]
        while (message := await ended.opened.receive(10)).type == aiohttp.WSMsgType.TEXT:
            pass
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        last = await town.say(ann, "three")
        for stream in (socket, events):
            assert await stream.event() == update(last)


async def test_who_does_not_read_holds_up_nobody_who_missed_something_too(
    database_url: str, redis_server: servers.Redis, tmp_path
):
    redis_server.flush()
    async with followed(database_url, redis_server.url, tmp_path) as (town, ann, bob):
        token = await town.token(bob)
        not_reading = [await open_stream(town.port, "user", token, buffer_bytes=4096) for _ in range(12)]
        bobs = await town.socket(token, stream="user")
        first = await town.say(ann)
        assert await bobs.event() == update(first)

        async with away(redis_server, town):
            missed = [await town.say(ann, f"{n} {LONG}") for n in range(25)]

        async with asyncio.timeout(5):
            assert [await bobs.event() for _ in missed] == [update(post) for post in missed]
        for one in not_reading:
            one.close()


async def test_who_missed_something_on_many_streams_is_not_taken_for_slow(
    database_url: str, redis_server: servers.Redis, tmp_path
):
    redis_server.flush()
    async with running(database_url, redis_server.url, tmp_path) as town:
        ann, bob = await town.people("ann", "bob")
        tags = [f"tag{n}" for n in range(40)]
        words = " ".join(f"#{tag}" for tag in tags)
        many, one = await town.listen(bob, "hashtag", tag=tags[0]), await town.listen(bob, "hashtag", tag=tags[0])
        for tag in tags[1:]:
            await many.ask(stream="hashtag", tag=tag)
        first = await town.say(ann, words)
        assert [await many.event() for _ in tags] == [update(first)] * len(tags)
        assert await one.event() == update(first)

        async with away(redis_server, town):
            missed = [await town.say(ann, f"{n} {words}") for n in range(20)]

        assert [await one.event() for _ in missed] == [update(post) for post in missed]  # many is not read meanwhile
        got: dict[str, list[tuple[str, str]]] = {tag: [] for tag in tags}
        for _ in range(len(missed) * len(tags)):
            event = await many.next()
            got[event["stream"][1]].append((event["event"], event["payload"]["id"]))
        assert all(of_tag == [update(post) for post in missed] for of_tag in got.values())


async def test_streams_go_on_within_five_seconds_of_a_failover(
    database_url: str, redis_pair: servers.RedisPair, tmp_path
):
    redis_pair.start()
    async with followed(database_url, redis_pair.url, tmp_path) as (town, ann, bob):
        token = await town.token(bob)
        streams = [await town.socket(token, stream="user"), await town.events("user", token)]
        first = await town.say(ann)
        for stream in streams:
            assert await stream.event() == update(first)

        redis_pair.first.kill()
        redis_pair.second.ask("REPLICAOF", "NO", "ONE")
        said = await town.say(ann, "after that")

        async with asyncio.timeout(5):
            for stream in streams:
                assert await stream.event() == update(said)


@pytest.mark.parametrize("setting", ["streams_per_account", "streams_per_ip"])
async def test_too_many_streams_are_refused_until_one_is_closed(sqlite_template, tmp_path, setting: str):
    url = f"sqlite:{(tmp_path / 'chirrup.db').write_bytes(sqlite_template.read_bytes()) and tmp_path / 'chirrup.db'}"
    async with running(url, "", tmp_path, **{setting: 2}) as town:
        ann, bob = await town.people("ann", "bob")
        token, other = await town.token(ann), await town.token(bob)
        await town.socket(token, stream="user")
        events = await town.events("user", token)
        headers = {"Authorization": f"Bearer {token}"}

        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await town.socket(token)
        assert (refused.value.status, "Retry-After" in (refused.value.headers or {})) == (429, True)
        async with town.session.get(f"{town.url}/user", headers=headers) as answer:
            assert answer.status == 429
        async with town.session.get(f"{town.url}/user", headers={"Authorization": f"Bearer {other}"}) as answer:
            assert answer.status == (200 if setting == "streams_per_account" else 429)

        events.drop()
        for _ in range(200):
            async with town.session.get(f"{town.url}/public", headers=headers) as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.01)
        assert answer.status == 200


async def test_who_opens_streams_again_and_again_is_refused_for_a_while(
    sqlite_template: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    shutil.copy(sqlite_template, tmp_path / "chirrup.db")
    strict = {"testing": False, "requests_per_5_min": 3}
    async with running(f"sqlite:{tmp_path / 'chirrup.db'}", "", tmp_path, **strict) as town:
        ann, bob = await town.people("ann", "bob")
        tokens = {"ann": await town.token(ann), "bob": await town.token(bob), "nobody": "made-up"}

        async def opening(whose: str) -> int:
            """Open a stream and close it at once. Returns the status."""
            headers = {"Authorization": f"Bearer {tokens[whose]}"}
            async with town.session.get(f"{town.url}/user", headers=headers) as answer:
                if answer.status == 429:
                    assert 0 < int(answer.headers["Retry-After"]) <= 301  # a window begun and rounded up
                    assert "come back in" in (await answer.json())["error"]
                return answer.status

        assert [await opening("ann") for _ in range(4)] == [200, 200, 200, 429]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await town.socket(tokens["ann"])
        assert refused.value.status == 429
        assert not [line for line in caplog.records if line.levelname == "ERROR"]
        assert [await opening("nobody") for _ in range(4)] == [401, 401, 401, 429]
        assert await opening("bob") == 200
