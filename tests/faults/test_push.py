"""Workers are killed while they push: each notification comes to its app, and a second time only from a killed one."""

import json
import random
import signal
from collections import Counter
from contextlib import ExitStack

import pytest
from databases import open_database
from engines import eventually, outside, pusher
from faults.ledger import SEED
from faults.worker_process import worker
from kit import person
from push_service import App, PushService

from chirrup.access import tokens
from chirrup.ports import Tx
from chirrup.social import posts, push_subscriptions
from chirrup.social.push_subscriptions import ALERTS, Wanted
from chirrup.store import jobs
from chirrup.types import Draft

EACH, KILLS = 40, 3


@pytest.mark.slow
async def test_what_killed_workers_were_pushing_comes_all_the_same(database_url: str):
    choices, service, app = random.Random(SEED), PushService(), App()
    await service.start()
    db = open_database(database_url)
    keys = pusher(outside()["outgoing"])

    def begin(tx: Tx) -> tuple[int, int]:
        ann, bob = person(tx, "ann"), person(tx, "bob")
        token, text = tokens.issue(tx, ann, 1, "read push")
        asked = app.subscription()
        wanted = Wanted(asked["endpoint"], app.key, app.secret, standard=True, alerts=ALERTS)
        push_subscriptions.subscribe(tx, ann, token.id, wanted, access_token=keys.seal(text), base_url="http://x")
        return ann, bob

    _, bob = await db.write(begin)

    def came() -> Counter[str]:
        return Counter(json.loads(app.read(one.headers, one.body))["body"] for one in service.requests)

    embedded, said = database_url.startswith("sqlite"), list[str]()
    with ExitStack() as running:
        workers = [
            running.enter_context(worker("push_worker", database_url, service.port))
            for _ in range(1 if embedded else 2)
        ]
        for number in range(KILLS):
            new = [f"@ann {number}.{n}" for n in range(EACH)]
            said += new
            for text in new:
                await db.write(posts.publish, bob, Draft(text=text))
            seen = len(service.requests) + choices.randrange(1, EACH)

            async def some(seen: int = seen) -> bool:
                return len(service.requests) >= seen

            await eventually(some, within_s=30)
            victim = workers.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            workers.append(running.enter_context(worker("push_worker", database_url, service.port)))

        async def done() -> bool:
            return came().keys() == set(said) and not await db.read(jobs.counts)

        await eventually(done, within_s=40)

    twice = sum(times - 1 for times in came().values())
    assert twice <= KILLS * 16  # what a killed worker had in hand
    await service.stop()
    db.close()
