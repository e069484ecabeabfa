"""A backup is made while everybody writes, and restored elsewhere: docs/operate/backup.md."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from client import Server
from databases import open_database
from engines import eventually
from faults.crowd import Crowd
from faults.ledger import ROUNDS, SEED, Line

from chirrup.ids import ID_MAX
from chirrup.recount import recount
from chirrup.store import posts
from chirrup.store import recount as rows
from chirrup.types import Span

PEOPLE = 4


@pytest.mark.timeout(60 + ROUNDS * 10)
async def test_a_backup_made_under_load_has_whatever_was_acknowledged_before(
    tmp_path: Path, ledger_line: Callable[[str], Line]
):
    line = ledger_line("backup under load, restored")
    with Server(tmp_path / "data") as server:
        crowd = Crowd([server.person() for _ in range(PEOPLE)], Random(SEED), line)
        rounds = max(2, ROUNDS // 5)
        for number in range(rounds):
            copy = tmp_path / f"copy{number}{'.zip' if number % 2 else ''}"
            before: dict[str, str] = {}
            wanted = len(crowd.posts) + 20

            async def enough(wanted: int = wanted) -> bool:
                return len(crowd.posts) >= wanted

            async def back_up(before: dict[str, str] = before, copy: Path = copy) -> None:
                await eventually(enough, within_s=30)
                before |= {id: text for id, (_, text) in crowd.posts.items()}
                await asyncio.to_thread(server.command, "backup", str(copy))

            await crowd.live_through(back_up())
            await crowd.retry()

            again = Server(tmp_path / f"again{number}")
            again.command("restore", str(copy))
            db = open_database(f"sqlite:{again.data / 'chirrup.db'}")
            there = await db.read(
                lambda tx: posts.by_ids(tx, rows.ids(tx, "posts", Span(before=ID_MAX, limit=100_000)))
            )
            assert await recount(db) == {}  # of one moment, not of several
            db.close()
            texts = {str(id): post.text for id, post in there.items()}
            assert {id: text for id, text in before.items() if texts.get(id) != text} == {}
            made = {id for _, id in crowd.keys.values()} | set(crowd.boosts.values())
            assert texts.keys() - made == set()
            line.round_over(rounds)
