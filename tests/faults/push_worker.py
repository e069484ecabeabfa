"""A worker in a process of its own that pushes to a port of loopback: python -m faults.push_worker DATABASE PORT."""

import asyncio
import sys
import tempfile
from pathlib import Path

from faults.worker_process import work


async def run(url: str, port: int) -> None:
    from engines import pusher
    from push_service import outgoing

    from chirrup.workers.kinds import IN_THE_DATABASE, PUSH

    out = outgoing(port)
    kinds = IN_THE_DATABASE | {"push": PUSH}
    await work(url, Path(tempfile.mkdtemp()), kinds, outgoing=out, pusher=pusher(out))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
