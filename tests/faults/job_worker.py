"""A worker process that does jobs and writes a journal: python -m faults.job_worker DATABASE JOURNAL.

For each job, "begin KEY PID" before it is done and "end KEY PID" afterwards.
"""

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import Any

from faults.worker_process import work

KIND = "journal"


async def run(url: str, journal: Path) -> None:
    from chirrup.ports import Engines
    from chirrup.store.jobs import Job
    from chirrup.workers.jobs import Kind

    async def do(engines: Engines, job: Job, payload: Any) -> None:
        with journal.open("a") as file:
            print("begin", job.key, os.getpid(), file=file)
        await asyncio.sleep(random.uniform(0, 0.05))
        with journal.open("a") as file:
            print("end", job.key, os.getpid(), file=file)

    await work(url, journal.parent / "media", {KIND: Kind(do, (1, 1), Any, at_once=5)})


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2])))
