"""`chirrup load`: many accounts, follows and posts at once, from files or generated, written straight into the tables.

Rows are written in key order. Each transaction writes a chunk and how far the load has come, so a killed load continues
from there. Generated data is generated again on the way to that point; the same seed gives the same data.
"""

import gzip
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..access.passwords import Passwords
from ..errors import SettingsError
from ..ids import ID_MAX
from ..ports import Database, Tx
from ..store import accounts as account_rows
from ..store import loads
from . import graph
from .world import Chunk, World

PASSWORD = "chirrup-load"
PEOPLE = 1_000_000  # generated accounts when no number is given
FOLLOWS_EACH = 100
FOLLOWS_A_POST = 100  # generated follows for each generated post: as many posts as accounts when each follows 100


class Plan(msgspec.Struct, frozen=True):
    """What to load: see `chirrup load --help`."""

    accounts: int = 0
    follows: Path | None = None
    posts: Path | None = None
    synthetic: bool = False
    follows_each: int = FOLLOWS_EACH
    seed: int = 1


def run(db: Database, plan: Plan, console: Console) -> None:
    """Load plan into an empty database, or continue an unfinished load.

    Raises SettingsError: nothing to do, files unreadable, the database has accounts, another load is unfinished.
    """
    if not (plan.accounts or plan.follows or plan.posts or plan.synthetic):
        raise SettingsError("nothing to load: give --accounts N, --follows FILE, --posts FILE or --synthetic")
    columns = (
        TextColumn("{task.description:>18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, speed_estimate_period=60) as progress:
        pairs, messages = _pairs(plan), _messages(plan)
        load = db.write_now(_begin, plan)
        if load.step or load.done:
            console.print("Going on where it was left.")
        world = _world(plan, pairs, messages, load.began_ms, progress)
        steps = world.steps()
        for number, step in list(enumerate(steps))[load.step :]:
            done = load.done if number == load.step else 0
            task = progress.add_task(step.name, total=step.total, completed=done)
            for chunk in step.chunks(done):
                db.write_now(_write, number, chunk)
                progress.update(task, completed=chunk[0])
        db.write_now(loads.finish)
    console.print(f"Loaded. Log in as u0@load.example with the password {PASSWORD}.")


def _begin(tx: Tx, plan: Plan) -> loads.Load:
    described, load = msgspec.json.encode(plan, enc_hook=str).decode(), loads.get(tx)
    if load and not load.finished:
        if load.plan != described:
            raise SettingsError(
                f"another load was begun here and not finished: go on with what it was given, {load.plan}, "
                "or load into an empty database, with another --data"
            )
        return load
    if account_rows.page(tx, before=ID_MAX, limit=1):
        raise SettingsError("there are accounts already: load into an empty database, with another --data")
    return loads.begin(tx, described)


def _write(tx: Tx, step: int, chunk: Chunk) -> None:
    done, write = chunk
    write(tx)
    loads.advance(tx, step, done)


def _world(plan: Plan, pairs: list[tuple[int, int]], messages: list[str], began_ms: int, progress: Progress) -> World:
    people = plan.accounts or max((max(pair) for pair in pairs), default=PEOPLE - 1 if plan.synthetic else 99) + 1
    follows = people * plan.follows_each if plan.synthetic and not plan.follows else 0

    def told(name: str) -> graph.Told:
        task = progress.add_task(name, total=people)
        return lambda done: None if done % 1000 and done < people else progress.update(task, completed=done)

    if follows:
        progress.console.print(
            f"{people:,} accounts and {follows:,} follows: some {follows * 90 / 1e9:.1f} GB on SQLite, "
            f"{follows * 210 / 1e9:.1f} on PostgreSQL. Stop it when you like: the same command goes on with it."
        )
        following = graph.invented(people, follows, random.Random(f"{plan.seed} follows"), told("who follows"))
    else:
        following = graph.from_pairs(pairs, people)
    followers = graph.turned(following, told("who is followed"))
    count = messages if plan.posts or not plan.synthetic else max(100, len(following.others) // FOLLOWS_A_POST)
    return World(following, followers, count, Passwords().hash(PASSWORD), plan.seed, began_ms)


def _pairs(plan: Plan) -> list[tuple[int, int]]:
    """(follower, followee) by number, in the order of the file."""
    if not plan.follows:
        return []
    found = (line.split() for line in _lines(plan.follows) if line[:1].isdigit())
    return [(int(words[0]), int(words[1])) for words in found]


def _messages(plan: Plan) -> list[str]:
    return [line for line in _lines(plan.posts) if line.strip()] if plan.posts else []


def _lines(file: Path) -> Iterator[str]:
    try:
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
            yield from (line.rstrip("\n") for line in lines)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {file}: {error}") from error
