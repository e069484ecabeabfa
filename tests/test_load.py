"""`chirrup load`: its invented network looks like a real one, and a load that was killed continues."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from client import ROOT
from databases import OpenDatabase
from engines import eventually
from rich.console import Console

from chirrup import load
from chirrup.errors import SettingsError
from chirrup.ids import ID_MAX, bucket_of
from chirrup.load import Plan, graph
from chirrup.ports import Database, Tx
from chirrup.store import accounts, follows, loads, posts
from chirrup.timelines import rebuild
from chirrup.types import Span

pytestmark = pytest.mark.slow

SMALL = Plan(accounts=400, synthetic=True, follows_each=30)


def run(db: Database, plan: Plan) -> None:
    load.run(db, plan, Console(quiet=True))


def numbered(tx: Tx) -> list[int]:
    """Ids of u0, u1, …"""
    found = sorted(accounts.page(tx, before=ID_MAX, limit=10_000), key=lambda one: int(one.username[1:]))
    return [one.id for one in found]


def both_ends(tx: Tx) -> tuple[set[tuple[int, int, int]], set[tuple[int, int, int]]]:
    """(follow id, follower, followee) from both ends, read like pages of followers and followees."""
    everybody, whole = numbered(tx), Span(before=ID_MAX, limit=10_000)
    below = {(id, one, other) for one in everybody for id, other in follows.following(tx, one, whole)}
    above = {(id, other, one) for one in everybody for id, other in follows.followers(tx, one, whole)}
    return below, above


def assert_whole(tx: Tx, many: int, follows_each: int) -> None:
    """Everything exists once, and both ends and all counters agree."""
    below, above = both_ends(tx)
    everybody = numbered(tx)
    assert len(everybody) == many and len(below) == many * follows_each and below == above
    followers, followees = Counter(pair[2] for pair in above), Counter(pair[1] for pair in below)
    written = Counter(author for id in everybody for author in [id] * len(posts.ids_by_author(tx, id, ALL)))
    states = accounts.states(tx, everybody)
    assert {id: (one.followers, one.followees, one.posts) for id, one in states.items()} == {
        id: (followers[id], followees[id], written[id]) for id in everybody
    }
    assert sum(written.values()) == many * follows_each // load.FOLLOWS_A_POST


ALL = Span(before=ID_MAX, limit=10_000)


def test_what_is_invented_is_whole_and_both_ends_of_it_agree(db: Database):
    run(db, SMALL)

    db.write_now(assert_whole, 400, 30)


def test_ids_of_what_is_invented_tell_their_bucket_and_are_there_once(db: Database):
    run(db, SMALL)

    below, _ = db.write_now(both_ends)
    assert all(bucket_of(id) == bucket_of(follower) for id, follower, _ in below)
    for end in (1, 2):
        assert len({(follow[0], follow[end]) for follow in below}) == len(below)


def test_invented_people_have_a_home_and_are_found(db: Database):
    run(db, Plan(accounts=1000, synthetic=True, follows_each=100))

    def look(tx: Tx) -> tuple[int, list[int]]:
        everybody = numbered(tx)
        ids, _ = rebuild.home(tx, everybody[7], Span(before=ID_MAX, limit=20))
        assert tx.search.find_posts(tx, "market", author_id=0, before=ID_MAX, limit=1)
        return len(ids), [everybody.index(id) for id in tx.search.find_accounts(tx, "u77", limit=1)]

    assert db.write_now(look) == (20, [77])


def test_the_network_is_skewed_as_real_ones_are():
    one = graph.invented(20_000, 1_000_000, random.Random(1))
    followers = graph.turned(one)

    follow = sorted(one.degree(n) for n in range(20_000))
    followed = sorted(followers.degree(n) for n in range(20_000))
    assert sum(follow) == sum(followed) == 1_000_000
    assert followed[-1] >= 10_000, "the largest is followed by half of all"
    assert sum(followed[-2_000:]) > 500_000, "a tenth has more than half of the followers"
    assert follow[0] < 10 and 25 < follow[10_000] < 50 and 500 < follow[-1] <= graph.FOLLOWEES_MAX
    assert all(n not in one.of(n) and len(set(one.of(n))) == one.degree(n) for n in range(0, 20_000, 97))


def test_the_same_seed_invents_the_same_and_turning_twice_changes_nothing():
    one, again, other = (graph.invented(500, 9_000, random.Random(seed)) for seed in (1, 1, 2))

    assert one == again == graph.turned(graph.turned(one)) and one != other


async def test_a_load_that_is_killed_goes_on_where_it_was(open_db: OpenDatabase, database_url: str, tmp_path: Path):
    command = [sys.executable, "-m", "chirrup", "load", "--synthetic", "--accounts", "1500", "--data", str(tmp_path)]
    command += ["--database", database_url]
    env = os.environ | {"CHIRRUP_TESTING": "1"}
    db = open_db()

    for steps in (1, 2):  # killed while what comes next is being written
        loader = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: ASYNC220

        async def reached(steps: int = steps) -> bool:
            state = await db.read(loads.get)
            return bool(state and (state.step + (state.done > 0)) >= steps)

        await eventually(reached, within_s=60)
        loader.send_signal(signal.SIGKILL)
        loader.wait()
        left = await db.read(loads.get)
        assert left and not left.finished
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)  # noqa: ASYNC221

    assert done.returncode == 0 and "Going on where it was left" in done.stdout, done.stdout + done.stderr
    assert (state := await db.read(loads.get)) and state.finished
    await db.write(assert_whole, 1500, 100)


def test_another_load_than_the_one_that_was_begun_is_refused(db: Database):
    db.write_now(loads.begin, "another")

    with pytest.raises(SettingsError, match="another load was begun here and not finished"):
        run(db, SMALL)


def test_people_who_are_there_are_left_alone(db: Database):
    run(db, SMALL)

    with pytest.raises(SettingsError, match="there are accounts already"):
        run(db, SMALL)
