"""A worker of the tests' own in a process that can be killed: python -m faults.NAME ARGUMENTS.

job_worker.py and push_worker.py say what kinds of jobs it does.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chirrup.store import outbox_partitions

LEASE_S = 5
ROOT = Path(__file__).parents[2]


@contextmanager
def worker(name: str, *arguments: object) -> Generator[subprocess.Popen[bytes]]:
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    command = [sys.executable, "-m", f"faults.{name}", *map(str, arguments)]
    process = subprocess.Popen(command, env=env, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def shorten_leases() -> None:
    """Before other modules import them, so that a killed worker is followed sooner."""
    outbox_partitions.LEASE_MS, outbox_partitions.BEAT_MS = LEASE_S * 1000, LEASE_S * 300


async def work(url: str, folder: Path, kinds: Mapping[str, Any], **plugs: Any) -> None:
    """Until SIGTERM. kinds: of jobs. plugs: engines in place of the usual ones."""
    from databases import open_database
    from engines import outside

    from chirrup.engines.blobs.disk import DiskBlobs
    from chirrup.engines.broker.memory import MemoryBroker
    from chirrup.engines.limits.memory import MemoryLimits
    from chirrup.engines.timelines.memory import MemoryTimelines
    from chirrup.ports import Engines
    from chirrup.store import jobs, outbox
    from chirrup.workers.jobs import Jobs
    from chirrup.workers.relay import Relay

    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    alone = url.startswith("sqlite:")
    engines = Engines(
        db=open_database(url),
        timelines=MemoryTimelines(),
        broker=MemoryBroker(),
        blobs=DiskBlobs(folder),
        limits=MemoryLimits(),
        **outside() | plugs,
    )
    if alone:
        await engines.db.write(outbox.release_all)
        await engines.db.write(jobs.release_all)
    relay = Relay(engines, alone=alone)
    running = Jobs(engines, kinds, lambda: relay.held)
    relay.start()
    running.start()
    await stopping.wait()
    await running.stop()
    await relay.stop()
    engines.db.close()
