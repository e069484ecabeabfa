"""Events that can never be acted on: docs/operate/faults.md, R14. A broken program left them in the outbox.

Failures of reactions (tries, pauses, hanging) are in tests/workers/test_relay.py.
"""

from pathlib import Path

import pytest
from client import Server, eventually
from databases import open_database

from chirrup import events
from chirrup.ids import bucket_of
from chirrup.ports import Database, Tx
from chirrup.store import jobs, outbox

SET_ASIDE_S = 60  # the pauses between five tries take 40.5
HUGE = 4 * 1024 * 1024


def plant(tx: Tx, bucket: int, body: str) -> int:
    id = tx.new_id(bucket)
    tx.run(
        """INSERT INTO outbox (id, bucket, body, lease_until, attempts, wide) VALUES (:id, :bucket, :body, 0, 0, 0)""",
        id=id,
        bucket=bucket,
        body=body,
    )
    return id


def hurry(tx: Tx, ids: list[int]) -> int:
    """Do not wait for the pause after the last try."""
    return tx.changed(
        f"UPDATE outbox SET lease_until = 1 WHERE attempts > 0 AND {tx.sql.is_in('id', 'ids')}",
        ids=ids,
    )


@pytest.mark.timeout(180)
def test_poison_is_set_aside_with_its_reason_while_all_else_goes_on_and_can_be_tried_anew(
    database_url: str, request: pytest.FixtureRequest, tmp_path: Path
):
    env = {"CHIRRUP_DATABASE": database_url}
    if not database_url.startswith("sqlite"):
        env["CHIRRUP_BROKER"] = request.getfixturevalue("redis_url")
    with Server(tmp_path / "data", env=env) as server:
        ann, bob = server.person(), server.person()
        bob.follow(ann)
        bucket = bucket_of(int(ann.id))
        nobody, nothing = 7 << 16 | bucket, 9 << 16 | bucket
        wrong = {
            "damaged": f'["PostPublished", {ann.id}, 5',
            "of a wrong shape": f'["PostPublished", "{ann.id}", {{}}]',
            "too deep": "[" * 100_000,
            "too large": '["' + "x" * HUGE + '"]',
        }
        stale = [  # about deleted objects: nothing to do
            events.PostPublished(nobody, nothing, 0, 0),
            events.PostDeleted(nobody, nothing, 0, []),
            events.Followed(int(ann.id), nobody),
            events.PicturesReplaced(int(ann.id), ["../../etc/passwd", ""]),
        ]
        db = open_database(database_url)
        before = memory_kib(server)
        planted = [db.write_now(plant, bucket, body) for body in wrong.values()]
        db.write_now(plant, bucket, f'["Followed", {2**70}, 5]')  # an id that no database holds: reactions to it fail
        newer = db.write_now(plant, bucket, f'["PostPublished2", {ann.id}, 5]')  # of a version still to come
        for event in stale:
            db.write_now(plant, bucket, events.encode(event).decode())

        said = [ann.say(f"beside poison {n}")["id"] for n in range(20)]  # in the same bucket, the same partition
        eventually(lambda: {post["id"] for post in bob.home(limit=40)} >= set(said))
        eventually(lambda: is_aside(db, planted), within_s=SET_ASIDE_S)
        eventually(lambda: are_jobs_aside(db), within_s=SET_ASIDE_S)
        assert "reaction" in server.command("jobs", "--state", "set-aside")

        table = server.command("failed")
        assert all(str(id) in table for id in [*planted, newer]), table
        left = {one.id: one for one in db.write_now(outbox.failures, 50)}
        assert left.keys() == set(planted)
        assert all(left[id].reason and left[id].body == body for id, body in zip(planted, wrong.values(), strict=True))
        assert memory_kib(server) - before < 50 * HUGE / 1024
        assert server.process and server.process.poll() is None

        mended = left[planted[1]]  # a person repairs one by hand, and has all tried anew
        db.write_now(repair, mended.id, events.encode(events.Followed(int(ann.id), int(bob.id))).decode())
        server.command("failed", "--retry")
        eventually(lambda: is_aside(db, [id for id in planted if id != mended.id]), within_s=SET_ASIDE_S)
        assert str(mended.id) not in server.command("failed")
        db.close()


def repair(tx: Tx, id: int, body: str) -> None:
    tx.run(
        "UPDATE outbox_failed SET body = :body WHERE bucket = :bucket AND id = :id",
        body=body,
        bucket=bucket_of(id),
        id=id,
    )


def is_aside(db: Database, ids: list[int]) -> bool:
    """Whether these were set aside and nothing waits. Makes events that failed due at once."""
    db.write_now(hurry, ids)
    if db.write_now(outbox.waiting) > db.write_now(outbox.left_to_newer):
        return False
    return {one.id for one in db.write_now(outbox.failures, 50)} == set(ids)


def are_jobs_aside(db: Database) -> bool:
    """Whether all jobs were set aside, one reaction each. Makes jobs that failed due at once."""
    db.write_now(lambda tx: tx.run("UPDATE jobs SET due_ms = 1 WHERE state = 'waiting'"))
    found = db.write_now(jobs.page, 50, kind=jobs.REACTION)
    return len(found) == 2 and all(one.state == "set_aside" for one in found)


def memory_kib(server: Server) -> int:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
