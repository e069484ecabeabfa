"""One process cannot reach a service that the others can, or is suspended and resumed: docs/operate/faults.md, R9."""

import asyncio
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from client import Person, Server, eventually
from faults.crowd import Crowd
from faults.ledger import ROUNDS, SEED, Line
from faults.proxy import Proxy

from chirrup.store.outbox_partitions import LEASE_MS


class Town(NamedTuple):
    """Two web processes and two workers. The second of each reaches database and broker through proxies."""

    database: str
    webs: list[Server]
    workers: list[Server]
    web_wires: tuple[Proxy, Proxy]  # to the database, to the broker
    worker_wires: tuple[Proxy, Proxy]

    def at_second(self, person: Person) -> Person:
        other = Person(self.webs[1], person.token)
        other.name, other.id = person.name, person.id
        return other


@pytest.fixture
def town(postgres_database: str, redis_url: str, tmp_path: Path) -> Iterator[Town]:
    with ExitStack() as running:
        wires = [running.enter_context(Proxy(url)) for url in (postgres_database, redis_url) * 2]
        web_wires, worker_wires = (wires[0], wires[1]), (wires[2], wires[3])
        url = ""

        def start(name: str, database: str, broker: str) -> Server:
            nonlocal url
            env = {"CHIRRUP_DATABASE": database, "CHIRRUP_BROKER": broker, "CHIRRUP_DATA": str(tmp_path / "data")}
            server = Server(tmp_path / name, env=env | {"CHIRRUP_ROLE": name[:-1]})
            server.env["CHIRRUP_URL"] = url = url or server.url
            return running.enter_context(server)

        plain = (postgres_database, redis_url)
        yield Town(
            postgres_database,
            [start("web1", *plain), start("web2", *(wire.url for wire in web_wires))],
            [start("worker1", *plain), start("worker2", *(wire.url for wire in worker_wires))],
            web_wires,
            worker_wires,
        )


@pytest.mark.timeout(150 + ROUNDS * 20)
async def test_whatever_a_process_cannot_reach_nothing_acknowledged_is_lost_or_doubled(
    town: Town, ledger_line: Callable[[str], Line]
):
    choices, line = random.Random(SEED), ledger_line("R9 one process cut off")
    people = [town.webs[0].person() for _ in range(4)]
    crowd = Crowd([town.at_second(one) if n % 2 else one for n, one in enumerate(people)], choices, line)
    wires = [*town.web_wires, *town.worker_wires]
    rounds = max(len(wires), ROUNDS // 4)

    async def cut(wire: Proxy) -> None:
        await asyncio.sleep(choices.uniform(0.1, 0.5))
        choices.choice((wire.drop, wire.drop_requests, wire.drop_answers, wire.reset))()
        await asyncio.sleep(choices.uniform(0.5, 3))
        wire.heal()

    for number in range(rounds):
        await crowd.live_through(cut(wires[number % len(wires)]))
        line.round_over(rounds)
    await crowd.retry()

    await crowd.check(town.database)
    for server in (*town.webs, *town.workers):
        eventually(lambda server=server: requests.get(f"{server.url}/health", timeout=5).ok, within_s=10)


async def test_what_was_stored_while_its_answer_was_lost_is_one_post_when_it_is_sent_again(town: Town):
    ann = town.at_second(town.webs[0].person())
    database, _ = town.web_wires
    key, own = {"Idempotency-Key": "the same"}, f"/api/v1/accounts/{ann.id}/statuses"

    def say() -> requests.Response:
        return ann.call("POST", "/api/v1/statuses", json={"status": "once"}, headers=key)

    assert (await asyncio.to_thread(ann.get, own)).ok
    database.drop_answers()
    unknown = await asyncio.to_thread(say)
    database.heal()
    await asyncio.to_thread(lambda: eventually(lambda: say().ok, within_s=15))
    known = await asyncio.to_thread(say)

    assert unknown.status_code == 503, unknown.text
    assert [post["id"] for post in await asyncio.to_thread(ann.walk, own)] == [known.json()["id"]]


async def test_a_web_process_without_broker_still_takes_posts_and_says_that_it_is_blind(town: Town):
    ann, bob = town.at_second(town.webs[0].person()), town.webs[0].person()
    bob.follow(ann)
    _, broker = town.web_wires
    broker.drop()

    said = [await asyncio.to_thread(lambda: ann.say("the broker is away")["id"]) for _ in range(3)]

    home = lambda: [post["id"] for post in bob.home()]  # noqa: E731
    await asyncio.to_thread(lambda: eventually(lambda: home() == said[::-1], within_s=10))
    health = f"{town.webs[1].url}/health"
    await asyncio.to_thread(lambda: eventually(lambda: requests.get(health, timeout=5).status_code == 503, within_s=20))
    broker.heal()
    await asyncio.to_thread(lambda: eventually(lambda: requests.get(health, timeout=5).ok, within_s=10))


@pytest.mark.timeout(150)
async def test_a_worker_that_slept_and_wakes_tells_nobody_twice(town: Town, ledger_line: Callable[[str], Line]):
    """By then another worker has its partitions. It may finish the events it had leased: reactions may repeat."""
    choices, line = random.Random(SEED), ledger_line("R9 a worker sleeps longer than its lease")
    crowd = Crowd([town.webs[0].person() for _ in range(4)], choices, line)
    sleeper = town.workers[1].process
    assert sleeper

    async def sleep() -> None:
        await asyncio.sleep(choices.uniform(0.1, 0.5))
        sleeper.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1.2 * LEASE_MS / 1000)
        sleeper.send_signal(signal.SIGCONT)

    for _ in range(max(1, ROUNDS // 20)):
        await crowd.live_through(sleep())
        line.round_over(max(1, ROUNDS // 20))
    await crowd.retry()

    await crowd.check(town.database)
