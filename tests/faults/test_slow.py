"""The database is slow, or suspended: docs/operate/faults.md, R8."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import requests
from client import Server, eventually
from faults.crowd import Crowd
from faults.ledger import ROUNDS, SEED, Line
from servers import Postgres

from chirrup.engines.database.common import TIMEOUT_S

DEADLINE_S = TIMEOUT_S + 3  # on a busy machine
HEALTH_S = 1.5


@pytest.mark.timeout(150 + ROUNDS * 10)
async def test_a_database_that_stands_still_now_and_then_loses_and_doubles_nothing(
    postgres: Postgres, postgres_database: str, redis_url: str, tmp_path: Path, ledger_line: Callable[[str], Line]
):
    choices, line = random.Random(SEED), ledger_line("R8 PostgreSQL stands still")
    env = {"CHIRRUP_DATABASE": postgres_database, "CHIRRUP_BROKER": redis_url}
    rounds = max(2, ROUNDS // 10)
    with Server(tmp_path / "data", env=env) as server:
        crowd = Crowd([server.person() for _ in range(4)], choices, line)

        async def stutter() -> None:
            for _ in range(3):
                await asyncio.sleep(choices.uniform(0.05, 0.3))
                send_all(postgres, signal.SIGSTOP)
                await asyncio.sleep(choices.uniform(0.3, 1.5))
                send_all(postgres, signal.SIGCONT)

        try:
            for _ in range(rounds):
                await crowd.live_through(stutter())
                line.round_over(rounds)
        finally:
            send_all(postgres, signal.SIGCONT)
        await crowd.retry()

        await crowd.check(postgres_database)


def send_all(postgres: Postgres, sig: signal.Signals) -> None:
    """To the server and its children."""
    assert postgres.process
    pid = postgres.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(one, sig)


def test_a_request_that_waits_too_long_gets_a_503_and_its_retry_makes_one_post(
    postgres_database: str, redis_url: str, tmp_path: Path
):
    env = {"CHIRRUP_DATABASE": postgres_database, "CHIRRUP_BROKER": redis_url}
    with Server(tmp_path / "data", env=env) as server, psycopg.connect(postgres_database) as holder:
        ann = server.person()
        send = lambda: ann.call(  # noqa: E731
            "POST", "/api/v1/statuses", json={"status": "patience"}, headers={"Idempotency-Key": "only once"}
        )
        holder.execute("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")

        began_s = time.monotonic()
        answer = send()
        took_s = time.monotonic() - began_s
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1"), answer.text
        assert took_s < DEADLINE_S
        began_s = time.monotonic()
        requests.get(f"{server.url}/health", timeout=5)
        assert time.monotonic() - began_s < HEALTH_S

        holder.rollback()
        ids = {eventually(lambda: send().json().get("id"), within_s=5) for _ in range(3)}
        assert [post["id"] for post in ann.get(f"/api/v1/accounts/{ann.id}/statuses").json()] == [*ids]
