"""Posts of an author appear in the order of their ids, so reading on from the newest one misses nothing."""

import asyncio

from databases import OpenDatabase
from kit import people

from chirrup.engines.database.common import wall_clock
from chirrup.engines.database.sqlite import SqliteDatabase
from chirrup.ids import ID_MAX
from chirrup.ports import Database
from chirrup.social import posts, reactions
from chirrup.store import posts as rows
from chirrup.types import Draft, Span


async def test_a_reader_who_reads_on_misses_nothing_of_many_writers(open_db: OpenDatabase):
    processes = [open_db(clock=wall_clock) for _ in range(3)]
    db = processes[0]
    if isinstance(db, SqliteDatabase):
        processes = [db]  # SQLite serves one process
    ann, bob = await people(db, "ann", "bob")
    originals = [(await db.write(posts.publish, bob, Draft(text=str(n)))).id for n in range(40)]
    writing = True

    async def write(process: Database, number: int) -> list[int]:
        said = [(await process.write(posts.publish, ann, Draft(text=f"{number} {n}"))).id for n in range(20)]
        mine = originals[number * 4 : number * 4 + 4]
        return said + [(await process.write(reactions.boost, ann, id)).id for id in mine]

    async def read() -> list[int]:
        seen = [0]
        while True:
            last_look = not writing
            seen += reversed(await db.read(rows.ids_by_author, ann, Span(before=ID_MAX, after=seen[-1], limit=1000)))
            if last_look:
                return seen[1:]
            await asyncio.sleep(0)

    reading = asyncio.ensure_future(read())
    written = await asyncio.gather(*(write(processes[n % len(processes)], n) for n in range(9)))
    writing = False

    assert await reading == sorted(id for ids in written for id in ids)


async def test_what_answers_boosts_or_quotes_a_post_comes_after_it_by_clocks_that_differ(open_db: OpenDatabase):
    ahead, behind = open_db(clock=lambda: wall_clock() + 2000), open_db(clock=wall_clock)
    ann, bob = await people(behind, "ann", "bob")
    said = await ahead.write(posts.publish, ann, Draft(text="by a clock that is ahead"))

    after = [
        await behind.write(reactions.boost, bob, said.id),
        await behind.write(posts.publish, bob, Draft(text="an answer", reply_to_id=said.id)),
        await behind.write(posts.publish, bob, Draft(text="a quote", quote_of_id=said.id)),
    ]

    assert [one.id > said.id for one in after] == [True] * 3
