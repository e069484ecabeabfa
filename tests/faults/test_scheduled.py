"""The server is killed while posts come to their dates: each is published all the same, once, and in time."""

import random
import signal
import time

from client import Server, eventually
from databases import open_database

from chirrup.ports import Tx
from chirrup.social import drafts
from chirrup.types import Draft

POSTS, WITHIN_MS = 24, 1500


def now_ms() -> int:
    return int(time.time() * 1000)


def test_posts_whose_worker_is_killed_at_their_dates_are_published_once(killed_server: Server, database_url: str):
    server, author = killed_server, killed_server.person()
    first_ms = now_ms() + 1000

    def keep(tx: Tx) -> None:
        for n in range(POSTS):
            due_ms = first_ms + n * WITHIN_MS // POSTS
            drafts.keep(tx, int(author.id), Draft(text=f"post {n}"), due_ms, rules=drafts.Rules())

    db = open_database(database_url, clock=lambda: now_ms() - drafts.LEAD_MS)  # who schedules has to be early
    db.write_now(keep)
    db.close()

    def said() -> list[str]:
        return [post["content"] for post in author.get(f"/api/v1/accounts/{author.id}/statuses", limit=40).json()]

    eventually(lambda: len(said()) >= random.randrange(1, POSTS), within_s=10)
    server.stop(signal.SIGKILL)
    server.start()
    eventually(lambda: len(said()) >= POSTS, within_s=30)

    assert sorted(said()) == sorted(f"<p>post {n}</p>" for n in range(POSTS))
    assert author.get("/api/v1/scheduled_statuses").json() == []


def test_a_post_is_published_within_two_seconds_of_its_date(killed_server: Server, database_url: str):
    author, due_ms = killed_server.person(), now_ms() + 1000
    db = open_database(database_url, clock=lambda: now_ms() - drafts.LEAD_MS)
    kept = db.write_now(drafts.keep, int(author.id), Draft(text="now"), due_ms, rules=drafts.Rules())
    db.close()

    eventually(lambda: author.home(), within_s=10)

    made_ms = int(author.home()[0]["id"]) >> 16
    assert kept.due_ms == due_ms
    assert due_ms <= made_ms < due_ms + 2000
