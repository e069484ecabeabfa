"""What only SQLite's engine has to fear: other processes that write to the same file."""

import asyncio
from pathlib import Path

from databases import open_database

from chirrup.ports import Tx


async def test_those_who_wait_for_each_other_never_hold_up_the_event_loop(tmp_path: Path):
    dbs = [open_database(f"sqlite:{tmp_path / 'one.db'}") for _ in range(4)]
    await dbs[0].write(lambda tx: tx.run("CREATE TABLE t (n INTEGER)"))

    def insert(tx: Tx) -> None:
        for n in range(200):  # long enough for threads to meet
            tx.run("INSERT INTO t (n) VALUES (:n)", n=n)

    async def work(number: int) -> None:
        for _ in range(100):
            await dbs[number].write(insert)

    async with asyncio.timeout(30):  # a blocked event loop blocks for 10 s, again and again
        await asyncio.gather(*map(work, range(4)))
    assert await dbs[0].read(lambda tx: tx.one("SELECT COUNT(*) FROM t")) == (4 * 100 * 200,)
    for db in dbs:
        db.close()
