"""The database dies, or its disk does: docs/operate/faults.md, R3. All acknowledged data is there afterwards."""

import asyncio
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from client import Person, Server, eventually
from faults.crowd import Crowd
from faults.ledger import ROUNDS, SEED, Line
from faults.tools import need
from servers import START_TIMEOUT_S, Postgres

FLUSH_S = 0.3  # where flushes are slow


@pytest.mark.timeout(60 + ROUNDS * 20)
async def test_nothing_acknowledged_is_lost_when_postgresql_dies_and_comes_back(
    postgres: Postgres, postgres_template: str, redis_url: str, tmp_path: Path, ledger_line: Callable[[str], Line]
):
    choices, line = random.Random(SEED), ledger_line("R3 PostgreSQL killed")
    rounds = max(2, ROUNDS // 4)

    async def crash() -> None:
        await asyncio.sleep(choices.uniform(0.2, 1))
        kill = choices.choice((postgres.kill, lambda: behead(postgres)))  # an immediate stop, or kill -9 of its head
        await asyncio.to_thread(kill)
        await asyncio.sleep(choices.uniform(0, 1))
        start(postgres)  # in this thread, for it dies with the thread that started it

    with (
        postgres.database(postgres_template) as database,
        Server(tmp_path / "data", env={"CHIRRUP_DATABASE": database, "CHIRRUP_BROKER": redis_url}) as server,
    ):
        crowd = Crowd([server.person() for _ in range(4)], choices, line)
        for _ in range(rounds):
            await crowd.live_through(crash())
            line.round_over(rounds)
        await crowd.retry()

        assert crowd.refused
        assert max(line.recovery_s) < 10
        await crowd.check(database)


def behead(postgres: Postgres) -> None:
    """Kill only the postmaster. Its children notice by themselves."""
    assert postgres.process
    postgres.process.send_signal(signal.SIGKILL)
    postgres.process.wait()
    postgres.process = None


def start(postgres: Postgres) -> None:
    """It refuses to start while children of the old postmaster live."""
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while postgres.process is None:
        try:
            postgres.start()
        except RuntimeError:
            if time.monotonic() > give_up_at:
                raise


@contextmanager
def flushes(server: Server, folder: Path, fault: str) -> Iterator[None]:
    """fault: strace's injection for every fsync and fdatasync of the server."""
    assert server.process
    log = folder / "strace"
    command = [need("strace"), "-f", "-p", str(server.process.pid), "-o", str(log), "-e", "trace=fsync,fdatasync"]
    with subprocess.Popen(
        [*command, "-e", f"inject=fsync,fdatasync:{fault}"], stderr=subprocess.PIPE, text=True
    ) as tracer:
        try:
            assert tracer.stderr and "attached" in tracer.stderr.readline()
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()


def refusal(person: Person) -> str:
    answer = person.post("/api/v1/statuses", status="to a disk that fails")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "1"), answer.text
    return answer.json()["error"]


async def test_after_a_flush_that_failed_nothing_is_acknowledged_until_a_restart(
    tmp_path: Path, ledger_line: Callable[[str], Line]
):
    choices, line = random.Random(SEED), ledger_line("R3 fsync fails, SQLite")
    with Server(tmp_path / "data") as server:
        crowd = Crowd([server.person() for _ in range(4)], choices, line)
        rounds = max(1, ROUNDS // 10)
        for _ in range(rounds):
            await crowd.live_through(fail_and_restart(server, crowd, tmp_path, after_s=choices.uniform(0.1, 0.5)))
            line.round_over(rounds)
        await crowd.retry()

        await crowd.check(f"sqlite:{server.data / 'chirrup.db'}")


async def fail_and_restart(server: Server, crowd: Crowd, folder: Path, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await asyncio.to_thread(_fail, server, crowd, folder)
    server.stop(signal.SIGKILL)
    await asyncio.to_thread(server.start)


def _fail(server: Server, crowd: Crowd, folder: Path) -> None:
    ann, refused = crowd.people[0], crowd.refused
    with flushes(server, folder, "error=EIO"):
        eventually(lambda: crowd.refused > refused)
        assert "disk failed" in refusal(ann)
    acknowledged = crowd.line.posts  # the disk works again, but what it has is unknown

    assert "disk failed" in refusal(ann)
    eventually(lambda: "disk failed" in requests.get(f"{server.url}/health", timeout=5).text)  # looked up now and then
    assert ann.get("/api/v1/timelines/home").ok
    assert crowd.line.posts == acknowledged


@pytest.mark.timeout(60 + ROUNDS * 5)
async def test_a_disk_that_flushes_slowly_makes_posts_slow_and_loses_and_doubles_none(
    tmp_path: Path, ledger_line: Callable[[str], Line]
):
    choices, line = random.Random(SEED), ledger_line("R8 slow flushes, SQLite killed")
    rounds = max(1, ROUNDS // 10)
    with Server(tmp_path / "data") as server:
        crowd = Crowd([server.person() for _ in range(4)], choices, line)

        async def crawl() -> None:
            with flushes(server, tmp_path, f"delay_enter={FLUSH_S * 1e6:.0f}"):
                began_s = time.monotonic()
                note = f"/api/v1/accounts/{crowd.people[1].id}/note"
                assert (await asyncio.to_thread(crowd.people[0].post, note, comment=f"{began_s}")).ok
                assert time.monotonic() - began_s > FLUSH_S
                await asyncio.sleep(choices.uniform(0, 3 * FLUSH_S))
                server.stop(signal.SIGKILL)
            await asyncio.to_thread(server.start)

        for _ in range(rounds):
            await crowd.live_through(crawl())
            line.round_over(rounds)
        await crowd.retry()

        await crowd.check(f"sqlite:{server.data / 'chirrup.db'}")
