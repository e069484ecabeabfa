"""A worker in a process of its own that brings in archives: python -m faults.import_worker DATABASE FOLDER."""

import asyncio
import sys
from pathlib import Path

from faults.worker_process import work


async def run(url: str, folder: Path) -> None:
    import msgspec
    from kit import TOWN

    from chirrup.workers.kinds import kinds

    await work(url, folder / "media", kinds(msgspec.structs.replace(TOWN, data=folder)))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2])))
