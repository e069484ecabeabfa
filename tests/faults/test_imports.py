"""Workers are killed while they read an archive and while they bring in its posts: each post is there once."""

import random
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import open_database
from engines import eventually, outside
from faults.ledger import SEED
from faults.worker_process import worker
from kit import person
from social.test_posts_in import URL, mastodon, note, picture
from world import png

from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.timelines.memory import MemoryTimelines
from chirrup.ids import ID_MAX
from chirrup.ports import Engines, Tx
from chirrup.social.portability import imports, posts_in
from chirrup.store import imports as import_rows
from chirrup.store import posts as post_rows
from chirrup.types import Import, Post, Span

POSTS, KILLS = 80, 2


@pytest.mark.timeout(400)  # a dead worker is followed when its lease ends, and a busy machine is slow
async def test_what_killed_workers_were_bringing_in_is_there_once(database_url: str, tmp_path: Path):
    choices, db = random.Random(SEED), open_database(database_url)
    plugs = {"timelines": MemoryTimelines(), "broker": MemoryBroker(), "limits": MemoryLimits()}
    engines = Engines(db=db, blobs=DiskBlobs(tmp_path / "media"), **plugs, **outside())
    ann = await db.write(person, "ann")
    sent = [note(1 + n % 28, f"post {n}", id=f"https://far.example/{n}") for n in range(POSTS)]
    for n in range(0, POSTS, 40):
        sent[n]["object"]["attachment"] = [picture("a.png")]
    file = mastodon(*sent, **{"a.png": png()})
    one = await posts_in.begin(engines, ann, file, posts_in.Where(URL, tmp_path), audience="")

    async def now() -> Import:
        return await db.read(imports.get, ann, one.id)

    def said(tx: Tx) -> list[Post]:
        return list(post_rows.by_ids(tx, post_rows.ids_by_author(tx, ann, Span(ID_MAX, limit=2 * POSTS))).values())

    with ExitStack() as running:
        process = running.enter_context(worker("import_worker", database_url, tmp_path))
        for kill in range(KILLS):
            wanted = choices.randrange(1, POSTS // KILLS) + kill * POSTS // KILLS if kill else 0

            async def reached(wanted: int = wanted) -> bool:
                return (await now()).done >= wanted if wanted else bool(await db.read(rows_of, one.id))

            await eventually(reached, within_s=150)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = running.enter_context(worker("import_worker", database_url, tmp_path))

        async def through() -> bool:
            return bool((await now()).ended_ms)

        await eventually(through, within_s=150)

    after, posts = await now(), await db.read(said)
    assert (after.total, after.done, after.failed, after.problem) == (POSTS, POSTS, 0, "")
    assert sorted(post.text for post in posts) == sorted(f"post {n}" for n in range(POSTS))
    assert sum(len(post.media) for post in posts) == POSTS // 40
    db.close()


def rows_of(tx: Tx, id: int) -> int:
    return len(import_rows.rows(tx, id, after=0, limit=1))
