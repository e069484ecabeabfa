"""Workers are killed in the middle of jobs: each job is still done, and by one worker at a time. R2."""

import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from client import eventually
from databases import open_database
from faults.job_worker import KIND
from faults.ledger import ROUNDS, SEED, Line
from faults.worker_process import LEASE_S, worker

from chirrup.ports import Tx
from chirrup.store import jobs

EACH = 60  # jobs of a round


def enqueue(tx: Tx, keys: list[str]) -> None:
    for key in keys:
        assert jobs.enqueue(tx, KIND, of=random.getrandbits(12), key=key)


@pytest.mark.timeout(60 + ROUNDS * 20)  # a dead worker's jobs are taken over when their leases end
def test_jobs_whose_worker_is_killed_are_done_and_by_one_worker_at_a_time(
    database_url: str, tmp_path: Path, ledger_line: Callable[[str], Line]
):
    choices, line = random.Random(SEED), ledger_line(f"R2 killed in a job, {database_url.partition(':')[0]}")
    embedded = database_url.startswith("sqlite")
    rounds = max(2, ROUNDS // 2) if embedded else max(2, ROUNDS // 5)
    db, journal, killed = open_database(database_url), tmp_path / "journal", set[int]()
    keys: list[str] = []
    journal.touch()

    def lines() -> list[tuple[str, str, int]]:
        return [(what, key, int(pid)) for what, key, pid in map(str.split, journal.read_text().splitlines())]

    with ExitStack() as running:
        workers = [
            running.enter_context(worker("job_worker", database_url, journal)) for _ in range(1 if embedded else 2)
        ]
        for number in range(rounds):
            new = [f"{number}.{n}" for n in range(EACH)]
            db.write_now(enqueue, new)
            keys += new
            began = len(lines()) + choices.randrange(EACH)
            eventually(lambda began=began: len(lines()) > began, within_s=20)
            victim = workers.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            killed.add(victim.pid)
            killed_s = time.monotonic()
            workers.append(running.enter_context(worker("job_worker", database_url, journal)))
            eventually(lambda: not db.write_now(jobs.counts), within_s=20 + 2 * LEASE_S)
            line.recovery_s.append(time.monotonic() - killed_s)
            line.round_over(rounds)

    begun, ended = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
    for what, key, pid in lines():
        if what == "begin":
            left = [one for one in begun[key] if one not in killed and one not in ended[key]]
            assert not left, f"{key} was begun by {pid} while {left} did it"
        (begun if what == "begin" else ended)[key].append(pid)
    line.acknowledged, line.lost = len(keys), len(set(keys) - ended.keys())
    line.doubled = sum(not set(pids[:-1]) <= killed for pids in ended.values())
    assert (line.lost, line.doubled) == (0, 0)
    assert any(len(pids) > 1 for pids in begun.values())  # some were running when their worker was killed
    db.close()
