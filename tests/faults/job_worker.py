"""A worker process that does jobs and writes a journal: python -m faults.job_worker DATABASE JOURNAL.

For each job, "begin KEY PID" before it is done and "end KEY PID" afterwards.
"""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

from chirrup.store import outbox_partitions

LEASE_S = 5

if __name__ == "__main__":  # before other modules import them, so that a killed worker restarts faster
    outbox_partitions.LEASE_MS, outbox_partitions.BEAT_MS = LEASE_S * 1000, LEASE_S * 300

from databases import open_database  # noqa: E402
from engines import outside  # noqa: E402

from chirrup.engines.blobs.disk import DiskBlobs  # noqa: E402
from chirrup.engines.broker.memory import MemoryBroker  # noqa: E402
from chirrup.engines.limits.memory import MemoryLimits  # noqa: E402
from chirrup.engines.timelines.memory import MemoryTimelines  # noqa: E402
from chirrup.ports import Engines  # noqa: E402
from chirrup.store import jobs  # noqa: E402
from chirrup.store.jobs import Job  # noqa: E402
from chirrup.workers.jobs import Jobs, Kind  # noqa: E402
from chirrup.workers.relay import Relay  # noqa: E402

KIND = "journal"


async def run(url: str, journal: Path) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    alone = url.startswith("sqlite:")
    engines = Engines(
        db=open_database(url),
        timelines=MemoryTimelines(),
        broker=MemoryBroker(),
        blobs=DiskBlobs(journal.parent / "media"),
        limits=MemoryLimits(),
        **outside(),
    )
    if alone:
        await engines.db.write(jobs.release_all)

    async def do(engines: Engines, job: Job, payload: Any) -> None:
        with journal.open("a") as file:
            print("begin", job.key, os.getpid(), file=file)
        await asyncio.sleep(random.uniform(0, 0.05))
        with journal.open("a") as file:
            print("end", job.key, os.getpid(), file=file)

    relay = Relay(engines, alone=alone)
    running = Jobs(engines, {KIND: Kind(do, (1, 1), Any, at_once=5)}, lambda: relay.held)
    relay.start()
    running.start()
    await stopping.wait()
    await running.stop()
    await relay.stop()
    engines.db.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2])))
