"""The Broker socket: tests of every plug, then of faults that only a server can have."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
import redis
import servers
from engines import eventually
from servers import free_port

from chirrup.engines.broker.redis import RedisBroker
from chirrup.ports import Broker


class Heard(list[tuple[str, bytes]]):
    """(channel, message) that a listener got, in order."""

    def __call__(self, channel: str, message: bytes) -> None:
        self.append((channel, message))


async def delivered(broker: Broker) -> None:
    """Returns once all messages published before have arrived.

    Messages of one publisher keep their order through one node; this sends marks through all nodes.
    """
    missing = {f"mark:{secrets.token_hex(4)}" for _ in range(50)}
    arrived = asyncio.Event()

    def hear(mark: str, _: bytes) -> None:
        missing.discard(mark)
        if not missing:
            arrived.set()

    listening = await broker.listen(list(missing), hear)
    await broker.publish(list(missing), b"")
    async with asyncio.timeout(5):
        await arrived.wait()
    await listening.stop()


async def test_everybody_who_listens_is_told(broker: Broker):
    ann, bob, eve = Heard(), Heard(), Heard()
    await broker.listen(["a", "b"], ann)
    await broker.listen(["b"], bob)
    await broker.listen(["c"], eve)

    await broker.publish(["b"], b"1")
    await broker.publish(["a", "x", "b"], b"2")
    await delivered(broker)

    assert sorted(ann) == [("a", b"2"), ("b", b"1"), ("b", b"2")]  # channels may be on different nodes
    assert bob == [("b", b"1"), ("b", b"2")]
    assert eve == []


async def test_publishing_where_nobody_listens_is_harmless(broker: Broker):
    await broker.publish([], b"1")
    await broker.publish([f"user:{n}" for n in range(1000)], b"1")


async def test_messages_are_bytes_and_channels_text_of_any_kind(broker: Broker):
    heard = Heard()
    await broker.listen(["hashtag:größe 🐦\r\n"], heard)

    await broker.publish(["hashtag:größe 🐦\r\n"], b"\x00\xff\r\n")
    await delivered(broker)

    assert heard == [("hashtag:größe 🐦\r\n", b"\x00\xff\r\n")]


async def test_listening_on_a_channel_twice_is_listening_once(broker: Broker):
    heard = Heard()
    listening = await broker.listen(["a", "a"], heard)
    await listening.add(["a"])

    await broker.publish(["a"], b"1")
    await delivered(broker)

    assert heard == [("a", b"1")]


async def test_channels_are_added_and_removed(broker: Broker):
    heard, other = Heard(), Heard()
    listening = await broker.listen(["a"], heard)
    await broker.listen(["a"], other)

    await listening.add(["b"])
    await listening.remove(["a", "never"])
    await broker.publish(["a", "b"], b"1")
    await delivered(broker)

    assert heard == [("b", b"1")]
    assert other == [("a", b"1")]


async def test_a_listener_that_stops_gets_nothing_more_and_the_others_do(broker: Broker):
    ann, bob = Heard(), Heard()
    anns = await broker.listen(["a", "b"], ann)
    await broker.listen(["a"], bob)

    await anns.stop()
    await anns.stop()
    await broker.publish(["a", "b"], b"1")
    await delivered(broker)

    assert ann == []
    assert bob == [("a", b"1")]


async def test_one_function_may_listen_twice_and_stop_once(broker: Broker):
    heard = Heard()
    first = await broker.listen(["a"], heard)
    await broker.listen(["a"], heard)

    await first.stop()
    await broker.publish(["a"], b"1")
    await delivered(broker)

    assert heard == [("a", b"1")]


async def test_a_listener_may_leave_or_join_while_it_is_told(broker: Broker):
    heard, later = Heard(), []

    def leave(channel: str, message: bytes) -> None:
        later.append(asyncio.ensure_future(listening.stop()))
        later.append(asyncio.ensure_future(broker.listen(["a"], heard)))

    listening = await broker.listen(["a"], leave)
    await broker.publish(["a"], b"1")
    await delivered(broker)
    await asyncio.gather(*later)
    await broker.publish(["a"], b"2")
    await delivered(broker)

    assert len(later) == 2
    assert heard == [("a", b"2")]


async def test_a_listener_that_fails_does_not_keep_it_from_the_others(broker: Broker):
    def fail(channel: str, message: bytes) -> None:
        raise ZeroDivisionError

    heard = Heard()
    await broker.listen(["a"], fail)
    await broker.listen(["a"], heard)

    await broker.publish(["a"], b"1")
    await broker.publish(["a"], b"2")
    await delivered(broker)

    assert heard == [("a", b"1"), ("a", b"2")]


async def test_listening_that_changes_fast_ends_as_it_was_left(broker: Broker):
    ann, bob = Heard(), Heard()
    anns, bobs = await broker.listen([], ann), await broker.listen([], bob)

    await asyncio.gather(
        *[change(["a"]) for _ in range(20) for change in (anns.add, bobs.add, anns.remove, bobs.remove)],
        anns.add(["a"]),
    )
    await broker.publish(["a"], b"1")
    await delivered(broker)

    assert (ann, bob) == ([("a", b"1")], [])


async def test_a_broker_that_works_is_not_blind(broker: Broker):
    await delivered(broker)

    assert not broker.blind


async def test_it_need_not_be_used_to_say_whether_it_works(broker: Broker):
    await broker.connect()

    assert not broker.blind


# A server can go away.


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[tuple[Broker, Broker]]:
    """Two processes with the same Redis."""
    pair = RedisBroker(redis_url), RedisBroker(redis_url)
    yield pair
    for broker in pair:
        await broker.close()


async def test_processes_hear_each_other(two: tuple[Broker, Broker]):
    here, there = two
    heard = Heard()
    await here.listen(["a"], heard)

    await there.publish(["a"], b"1")

    await eventually(lambda: _is(heard, [("a", b"1")]))


async def test_nobody_is_subscribed_to_what_nobody_listens_on(two: tuple[Broker, Broker], redis_server: servers.Redis):
    here, _ = two
    listenings = [await here.listen([f"user:{n}", "public"], Heard()) for n in range(50)]
    assert _subscriptions(redis_server) == 51

    for listening in listenings:
        await listening.stop()

    assert _subscriptions(redis_server) == 0


async def test_without_a_server_nothing_fails_and_nobody_waits():
    broker = RedisBroker(f"redis://127.0.0.1:{free_port()}")

    async with asyncio.timeout(1):
        await broker.connect()
        listening = await broker.listen(["a"], Heard(), on_gap=lambda: None)
        await broker.publish(["a"], b"1")
        await listening.add(["b"])
        await listening.stop()

    assert broker.blind
    await broker.close()


async def test_after_a_crash_of_the_server_all_is_heard_again_and_the_gap_is_told(
    two: tuple[Broker, Broker], redis_server: servers.Redis
):
    here, there = two
    heard, late, gaps, gone = Heard(), Heard(), [], []
    listening = await here.listen(["a"], heard, on_gap=lambda: gaps.append(here.blind))
    stopped = await here.listen(["a"], Heard(), on_gap=lambda: gone.append(True))
    await there.publish(["a"], b"before")
    await eventually(lambda: _is(heard, [("a", b"before")]))
    assert gaps == []

    redis_server.kill()
    await eventually(lambda: _blind(here, True))
    await there.publish(["a"], b"lost")
    await listening.add(["b"])
    await here.listen(["c"], late)
    await stopped.stop()
    redis_server.start()
    await eventually(lambda: _is(gaps, [False]))
    await eventually(lambda: _blind(there, False))

    await there.publish(["a", "b", "c"], b"after")
    await eventually(lambda: _is(late, [("c", b"after")]))
    assert heard == [("a", b"before"), ("a", b"after"), ("b", b"after")]
    assert (gaps, gone) == ([False], [])


async def test_two_databases_of_one_server_are_kept_apart(redis_url: str):
    here, elsewhere = RedisBroker(redis_url), RedisBroker(redis_url.removesuffix("0") + "1")
    heard = Heard()
    await here.listen(["a"], heard)

    await elsewhere.publish(["a"], b"1")
    await delivered(here)

    assert heard == []
    for broker in (here, elsewhere):
        await broker.close()


async def _is(heard: object, expected: object) -> bool:
    return heard == expected


async def _blind(broker: Broker, expected: bool) -> bool:
    return broker.blind is expected


def _subscriptions(server: servers.Redis) -> int:
    with redis.Redis.from_url(server.url) as client:
        return len(client.pubsub_channels())
