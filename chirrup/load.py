"""`chirrup load`: accounts, follows and posts in bulk, from files or invented, straight into the tables."""

import gzip
import random
import time
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .access.passwords import Passwords
from .errors import SettingsError
from .events import PostPublished
from .ids import BUCKETS, bucket_of, made_at
from .ports import Database, Tx
from .social import accounts, search, tags, text
from .store import accounts as account_rows
from .store import posts as post_rows
from .types import Post, User, Visibility

T = TypeVar("T")

CHUNK = 2_000  # rows of one transaction
DAY_MS = 86_400_000
PASSWORD = "chirrup-load"
FOLLOWS_EACH = 20  # invented follows per account, on average
POSTS_EACH = 5  # invented posts per account
WORDS = [
    "the",
    "town",
    "market",
    "opens",
    "early",
    "today",
    "bring",
    "bread",
    "rain",
    "over",
    "hills",
    "again",
    "coffee",
    "first",
    "train",
    "late",
    "see",
    "you",
    "there",
]


class Plan(msgspec.Struct, frozen=True):
    """What to load: see `chirrup load --help`."""

    accounts: int = 0
    follows: Path | None = None
    posts: Path | None = None
    synthetic: bool = False
    seed: int = 1


def run(db: Database, plan: Plan, console: Console) -> None:
    """Load plan into an empty database. Raises SettingsError: nothing to do, files unreadable, names taken."""
    if not (plan.accounts or plan.follows or plan.posts):
        raise SettingsError("nothing to load: give --accounts N, --follows FILE or --posts FILE")
    dice = random.Random(plan.seed)
    edges = _edges(plan, dice)
    people = plan.accounts or max((max(edge) for edge in edges), default=99) + 1
    edges = [(a, b) for a, b in edges if a < people and b < people]
    start_ms = time.time_ns() // 1_000_000 - 60 * DAY_MS
    columns = (TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        ids = _accounts(db, progress, dice, people, start_ms)
        popularity = _follows(db, progress, ids, edges, start_ms)
        _posts(db, progress, dice, plan, ids, popularity, start_ms + 30 * DAY_MS)
    console.print(f"Loaded. Log in as u0@load.example with the password {PASSWORD}.")


def _chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _lines(file: Path) -> Iterator[str]:
    try:
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
            yield from (line.rstrip("\n") for line in lines)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {file}: {error}") from error


def _edges(plan: Plan, dice: random.Random) -> list[tuple[int, int]]:
    """(follower, followee) by number, each once, nobody oneself."""
    if plan.follows:
        found = {tuple(map(int, line.split()[:2])) for line in _lines(plan.follows) if line[:1].isdigit()}
        return sorted((a, b) for a, b in found if a != b)
    if not plan.synthetic:
        return []
    people = plan.accounts or 100
    # few are followed by many: the followee's rank is Pareto-distributed, as in Kwak et al., WWW 2010
    found = {
        (follower, min(int(dice.paretovariate(0.6)) - 1, people - 1))
        for follower in range(people)
        for _ in range(dice.randint(1, 2 * FOLLOWS_EACH))
    }
    return sorted((a, b) for a, b in found if a != b)


def _accounts(db: Database, progress: Progress, dice: random.Random, people: int, start_ms: int) -> array:
    """Ids by number."""
    password_hash = Passwords().hash(PASSWORD)
    ids = array("q", (made_at(start_ms + n // 8, n % 8, dice.randrange(BUCKETS)) for n in range(people)))
    task = progress.add_task("accounts", total=people)
    for chunk in _chunks(range(people)):
        db.write_now(_insert_accounts, [(n, ids[n]) for n in chunk], password_hash)
        progress.advance(task, len(chunk))
    return ids


def _insert_accounts(tx: Tx, chunk: list[tuple[int, int]], password_hash: str) -> None:
    for number, id in chunk:
        name = f"u{number}"
        if not account_rows.claim_name(tx, name, id):
            raise SettingsError(
                f"there is an account @{name} already: load into an empty database, with another --data"
            )
        account_rows.claim_email(tx, f"{name}@load.example", id)
        account_rows.insert(tx, accounts.blank(id, name, f"Person {number}", tx.now_ms))
        account_rows.insert_user(
            tx,
            User(id, f"{name}@load.example", password_hash, "", tx.now_ms, 1, 0, "en", Visibility.PUBLIC, 0, ""),
        )
        tx.search.index_account(tx, id, name, f"Person {number}")


def _follows(db: Database, progress: Progress, ids: array, edges: list[tuple[int, int]], start_ms: int) -> Counter[int]:
    """How many follow each number."""
    task = progress.add_task("follows", total=len(edges))
    at_ms = start_ms + DAY_MS
    for first, chunk in enumerate(_chunks(edges, CHUNK * 5)):
        rows = [
            {
                "follower": ids[a],
                "follower_bucket": bucket_of(ids[a]),
                "followee": ids[b],
                "followee_bucket": bucket_of(ids[b]),
                "id": made_at(at_ms + first * 1000 + n // 8, n % 8, bucket_of(ids[a])),
            }
            for n, (a, b) in enumerate(chunk)
        ]
        db.write_now(_insert_follows, rows)
        progress.advance(task, len(chunk))
    followers, followees = Counter(b for _, b in edges), Counter(a for a, _ in edges)
    for numbers in _chunks(followers.keys() | followees.keys()):
        db.write_now(_add_counts, [(ids[n], followers[n], followees[n]) for n in numbers])
    return followers


def _insert_follows(tx: Tx, rows: list[dict[str, Any]]) -> None:
    tx.many(
        """INSERT INTO following (bucket, account_id, target_id, id, show_boosts, notify, languages)
           VALUES (:follower_bucket, :follower, :followee, :id, 1, 0, '')
           ON CONFLICT (bucket, account_id, target_id) DO NOTHING""",
        [{k: row[k] for k in ("follower_bucket", "follower", "followee", "id")} for row in rows],
    )
    tx.many(
        """INSERT INTO followers (bucket, account_id, follower_id, id, show_boosts, notify, languages)
           VALUES (:followee_bucket, :followee, :follower, :id, 1, 0, '')
           ON CONFLICT (bucket, account_id, follower_id) DO NOTHING""",
        [{k: row[k] for k in ("followee_bucket", "follower", "followee", "id")} for row in rows],
    )


def _add_counts(tx: Tx, counts: list[tuple[int, int, int]]) -> None:
    for id, followers, followees in counts:
        account_rows.add_counts(tx, id, followers=followers, followees=followees)


def _posts(
    db: Database,
    progress: Progress,
    dice: random.Random,
    plan: Plan,
    ids: array,
    popularity: Counter[int],
    start_ms: int,
) -> None:
    if plan.posts:
        messages = [line for line in _lines(plan.posts) if line.strip()]
    elif plan.synthetic:
        messages = [" ".join(dice.choices(WORDS, k=dice.randint(3, 20))) for _ in range(POSTS_EACH * len(ids))]
    else:
        return
    weights = [popularity[n] + 1 for n in range(len(ids))]
    authors = dice.choices(range(len(ids)), weights, k=len(messages))
    step_ms = 30 * DAY_MS / max(1, len(messages))
    task = progress.add_task("posts", total=len(messages))
    for chunk in _chunks(enumerate(zip(authors, messages, strict=True))):
        rows = [
            (made_at(start_ms + int(n * step_ms), n % 16, bucket_of(ids[author])), ids[author], message)
            for n, (author, message) in chunk
        ]
        db.write_now(_insert_posts, rows)
        progress.advance(task, len(chunk))


def _insert_posts(tx: Tx, rows: list[tuple[int, int, str]]) -> None:
    """Posts with their tags and words, as if they had been published and delivered long ago."""
    for id, author, message in rows:
        words = text.clean(message)
        names = {text.hashtag_key(one.value): one.value for one in text.extract(words).hashtags}
        post = Post(
            id=id,
            author_id=author,
            boost_of_id=0,
            reply_to_id=0,
            reply_to_author_id=0,
            root_id=id,
            visibility=Visibility.PUBLIC,
            text=words,
            summary="",
            sensitive=0,
            language="en",
            app_id=0,
            mentions="[]",
            tags=msgspec.json.encode(list(names.values())).decode(),
            media_ids="[]",
            poll_id=0,
            changed_ms=tx.now_ms,
            edited_ms=0,
            deleted_ms=0,
        )
        if post_rows.insert(tx, post):
            account_rows.add_counts(tx, author, posts=1, last_post_ms=post.created_ms)
            event = PostPublished(author, id)
            tags.add(tx, post)
            tags.on_published(tx, event)
            search.on_published(tx, event)
