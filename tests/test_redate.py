"""A clock was far ahead: rows dated into the future are moved back, in order, with all references to them."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from databases import Clock, OpenDatabase
from kit import person
from PIL import Image
from test_cli import chirrup, make

from chirrup import redate
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.ids import ID_MAX, bucket_of, ms_of
from chirrup.ports import Database, Tx
from chirrup.social import files, follows, images, media, polls, posts, reactions, search, threads
from chirrup.store import accounts as name_rows
from chirrup.store import media as media_rows
from chirrup.store import outbox, schema
from chirrup.store import polls as poll_rows
from chirrup.store import posts as post_rows
from chirrup.timelines import pull
from chirrup.types import Draft, PollDraft, Span, Visibility

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
ALL = Span(before=ID_MAX, limit=40)


@pytest.fixture
def blobs(tmp_path: Path) -> DiskBlobs:
    return DiskBlobs(tmp_path / "media")


def say(db: Database, who: int, text: str, **more: object) -> int:
    return db.write_now(posts.publish, who, Draft(text=text, **more)).id  # type: ignore[arg-type]


def said(tx: Tx, viewer: int, author: int) -> list[int]:
    return pull.account(tx, viewer, author, ALL).items


def found(tx: Tx, viewer: int, words: str) -> list[int]:
    return search.find_posts(tx, viewer, search.parse(tx, viewer, words, ""), ALL).items


def texts(tx: Tx, viewer: int, author: int) -> list[str]:
    """The author's posts as the viewer sees them, newest first."""
    ids = said(tx, viewer, author)
    rows = post_rows.by_ids(tx, ids)
    return [rows[id].text for id in ids]


def test_what_is_dated_into_the_future_comes_back_in_order(open_db: OpenDatabase, clock: Clock, blobs: DiskBlobs):
    db = open_db()
    ann, bob = db.write_now(person, "ann"), db.write_now(person, "bob")
    before = say(db, ann, "before")
    clock.pass_ms(1000)

    clock.pass_ms(YEAR_MS)
    ask = say(db, ann, "shall we?", poll=PollDraft(["yes", "no"], 86400))
    eve = db.write_now(person, "eve")
    db.write_now(follows.follow, eve, ann)
    clock.pass_ms(1000)
    answer = say(db, eve, "@ann @bob look #here", reply_to_id=ask, visibility=Visibility.DIRECT)
    clock.pass_ms(YEAR_MS)  # once more, so that there are two stretches
    say(db, bob, "what year is it?", reply_to_id=ask)
    db.write_now(reactions.favourite, bob, ask)
    boost = db.write_now(reactions.boost, bob, ask).id
    clock.pass_ms(-2 * YEAR_MS + 60_000)
    late = say(db, ann, "the clock is right again")
    assert ms_of(late) > clock.now_ms + YEAR_MS  # and yet it is late

    assert redate.ahead_ms(db) > YEAR_MS
    moved = db.write_now(redate.redated, blobs)
    db = open_db()  # as the next server does

    assert len(moved) == 2 and redate.ahead_ms(db) == 0
    assert db.write_now(texts, bob, ann) == ["the clock is right again", "shall we?", "before"]
    (last, poll_post, first) = db.write_now(said, bob, ann)
    assert first == before and ms_of(before) < ms_of(poll_post) < ms_of(last) <= clock.now_ms
    assert bucket_of(poll_post) == bucket_of(ask)
    asked = db.write_now(post_rows.by_ids, [poll_post])[poll_post]
    assert clock.now_ms - DAY_MS < asked.changed_ms <= clock.now_ms
    # the thread, who is named in it, the poll, the marks
    thread = db.write_now(threads.context, bob, poll_post)
    replies = [db.write_now(post_rows.by_ids, [id])[id] for id in thread.below]
    assert thread.above == [] and [post.text for post in replies] == ["@ann @bob look #here", "what year is it?"]
    assert [one.account_id for one in replies[0].mentioned] == [ann, bob]
    poll = db.write_now(poll_rows.by_ids, [asked.poll_id])[asked.poll_id]
    assert (poll.post_id, poll.expires_ms - ms_of(poll.id)) == (poll_post, DAY_MS)
    db.write_now(polls.vote, bob, poll, [0])
    assert db.write_now(said, ann, bob)[0] == max(db.write_now(said, ann, bob))
    assert db.write_now(reactions.unfavourite, bob, poll_post).id == poll_post
    assert boost not in db.write_now(said, ann, bob)
    # words, the account made meanwhile, what waits to be acted on
    new_eve = replies[0].author_id
    assert new_eve != eve and db.write_now(texts, ann, new_eve) == []
    assert db.write_now(found, ann, "shall") == [poll_post]
    assert answer not in db.write_now(found, bob, "look")
    assert all(ms_of(one.id) <= clock.now_ms for one in db.write_now(outbox.lease, 256))


def test_no_number_in_any_table_stays_in_the_future(open_db: OpenDatabase, clock: Clock, blobs: DiskBlobs):
    db = open_db()
    ann = db.write_now(person, "ann")
    clock.pass_ms(YEAR_MS)
    eve = db.write_now(person, "eve")
    db.write_now(follows.follow, eve, ann)
    db.write_now(follows.block, ann, eve)
    post = say(db, eve, "a #tag", poll=PollDraft(["a", "b"], 300))
    db.write_now(reactions.bookmark, ann, say(db, ann, "mine"))
    db.write_now(posts.edit, eve, post, Draft(text="other words"))
    clock.pass_ms(-YEAR_MS)

    db.write_now(redate.redated, blobs)

    def late(tx: Tx) -> list[str]:
        found = []
        for statement in schema.statements(""):
            table = schema.table_of(statement)
            if statement.startswith("CREATE TABLE"):
                for row in tx.all(f"SELECT * FROM {table}"):
                    found += [f"{table}: {row}" for value in row if _is_late(value, clock.now_ms)]
        return found

    assert db.write_now(late) == []


def _is_late(value: object, now_ms: int) -> bool:
    if not isinstance(value, int):
        return False
    return ms_of(value) > now_ms + 60_000 or now_ms + DAY_MS < value < now_ms + 3 * YEAR_MS


def test_files_stay_named_by_their_rows_and_replies_stay_shown_to_those_they_mention(
    open_db: OpenDatabase, clock: Clock, blobs: DiskBlobs
):
    db = open_db()
    ann = db.write_now(person, "ann")
    clock.pass_ms(YEAR_MS)
    db.write_now(person, "eve")
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "PNG")
    made = images.process(out.getvalue())
    one = db.write_now(media.add, ann, made, made.preview, media.Change())
    for key, file in ((one.key, made.original), (one.preview_key, made.small)):
        blobs.put(key, file.data, file.content_type)
    ask = say(db, ann, "who comes?")
    say(db, ann, "@eve you do", reply_to_id=ask, visibility=Visibility.DIRECT, media_ids=(one.id,))
    clock.pass_ms(-YEAR_MS)

    db.write_now(redate.redated, blobs)
    db = open_db()

    eve = db.write_now(name_rows.ids_by_names, {"eve"})["eve"]
    answer, asked = db.write_now(said, ann, ann)
    assert db.write_now(threads.context, eve, asked).below == [answer]
    [picture] = db.write_now(post_rows.by_ids, [answer])[answer].media
    now = db.write_now(media_rows.by_ids, [picture])[picture]
    assert blobs.get(now.key) == (made.original.data, made.original.content_type)
    assert blobs.get(now.preview_key) == (made.small.data, made.small.content_type)
    keys = {one.key, one.preview_key, now.key, now.preview_key}
    assert db.write_now(files.named, keys) == {now.key, now.preview_key}


def test_with_a_good_clock_nothing_moves(db: Database, blobs: DiskBlobs):
    ann = db.write_now(person, "ann")
    post = say(db, ann, "hello")

    assert db.write_now(redate.redated, blobs) == []
    assert db.write_now(said, ann, ann) == [post]


def test_the_doctor_finds_it_and_the_command_mends_it(tmp_path: Path):
    make(tmp_path, "ann", "--token", "read write")
    env = {"PYTHONPATH": str(tmp_path / "ahead")}
    (tmp_path / "ahead").mkdir()
    (tmp_path / "ahead" / "sitecustomize.py").write_text(
        "import time\nreal = time.time\ntime.time = lambda: real() + 40 * 86400\n"
        "real_ns = time.time_ns\ntime.time_ns = lambda: real_ns() + 40 * 86400 * 10**9\n"
    )
    messages = tmp_path / "posts.txt"
    messages.write_text("good morning\n")
    load = [sys.executable, "-m", "chirrup", "load", "--accounts", "2", "--posts", str(messages)]
    subprocess.run(load, env=os.environ | env | {"CHIRRUP_DATA": str(tmp_path / "town")}, check=True)

    told = chirrup(tmp_path / "town", "doctor")
    assert told.returncode == 1 and "`chirrup redate`" in " ".join(told.stdout.split())
    mended = chirrup(tmp_path / "town", "redate")
    assert mended.returncode == 0 and "moved back by" in mended.stdout, mended.stderr
    assert chirrup(tmp_path / "town", "doctor").returncode == 0
    assert "Nothing is dated into the future." in chirrup(tmp_path / "town", "redate").stdout


def test_where_servers_cannot_be_seen_one_has_to_say_that_they_are_stopped(tmp_path: Path):
    done = chirrup(tmp_path, "redate", CHIRRUP_DATABASE="postgresql://chirrup@127.0.0.1:1/none")

    assert done.returncode == 1 and "--stopped" in done.stderr
