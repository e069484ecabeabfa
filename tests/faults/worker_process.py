"""A worker of the tests' own in a process that can be killed: python -m faults.NAME ARGUMENTS.

job_worker.py and push_worker.py say what kinds of jobs it does. Its leases are short: tests/forkserver.py imports
short_leases.py before all else.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import forkserver

LEASE_S = 5  # short_leases.py


@contextmanager
def worker(name: str, *arguments: object) -> Generator[forkserver.Process]:
    assert sys.__stderr__
    words, out = map(str, arguments), sys.__stderr__
    process = forkserver.start(*words, module=f"faults.{name}", env=os.environ, out=out, err=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


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
