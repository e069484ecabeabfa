"""A worker in a process of its own that pushes to a port of loopback: python -m faults.push_worker DATABASE PORT."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from chirrup.store import outbox_partitions

LEASE_S = 5

if __name__ == "__main__":  # before the others import them: a kill is over sooner
    outbox_partitions.LEASE_MS, outbox_partitions.BEAT_MS = LEASE_S * 1000, LEASE_S * 300

from databases import open_database  # noqa: E402
from engines import outside, pusher  # noqa: E402
from push_service import outgoing  # noqa: E402

from chirrup.engines.blobs.disk import DiskBlobs  # noqa: E402
from chirrup.engines.broker.memory import MemoryBroker  # noqa: E402
from chirrup.engines.limits.memory import MemoryLimits  # noqa: E402
from chirrup.engines.timelines.memory import MemoryTimelines  # noqa: E402
from chirrup.ports import Engines  # noqa: E402
from chirrup.store import jobs, outbox  # noqa: E402
from chirrup.workers.jobs import Jobs  # noqa: E402
from chirrup.workers.kinds import IN_THE_DATABASE, PUSH  # noqa: E402
from chirrup.workers.relay import Relay  # noqa: E402


async def run(url: str, port: int) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    alone, out = url.startswith("sqlite:"), outgoing(port)
    plugs: dict[str, Any] = outside() | {"outgoing": out, "pusher": pusher(out)}
    engines = Engines(
        db=open_database(url),
        timelines=MemoryTimelines(),
        broker=MemoryBroker(),
        blobs=DiskBlobs(Path(tempfile.mkdtemp())),
        limits=MemoryLimits(),
        **plugs,
    )
    if alone:
        await engines.db.write(outbox.release_all)
        await engines.db.write(jobs.release_all)
    relay = Relay(engines, alone=alone)
    running = Jobs(engines, IN_THE_DATABASE | {"push": PUSH}, lambda: relay.held)
    relay.start()
    running.start()
    await stopping.wait()
    await running.stop()
    await relay.stop()
    engines.db.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
