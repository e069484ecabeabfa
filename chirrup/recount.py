"""`chirrup recount`: corrects every stored counter by counting its rows.

The server may run. Counters are compared in snapshots, which block nobody. A wrong one is locked, counted again and
written, in its own transaction: store/recount.py says why nothing is lost or counted twice.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from .app import open_database
from .config import Settings
from .ids import BUCKETS, ID_MAX, ms_of
from .ports import Database, Tx
from .social import reactions
from .social.posts import COUNTED
from .store import accounts, polls, posts, tags
from .store import reactions as marks
from .store import recount as rows
from .types import Span

STEP = 200  # accounts, posts or polls compared in one snapshot
BUCKETS_AT_ONCE = 64  # of hashtags
SAMPLE = 200  # newest accounts and posts that doctor checks
PATIENCE_S = 3600.0  # some accounts have a million followers

Field = tuple[str, Any]  # (what is counted; its option, tag or day, if there are several)
Values = Mapping[Field, int]


class Off(msgspec.Struct, frozen=True):
    """Counters of one account, post, poll or hashtag, some of which are wrong."""

    key: Any
    kept: Values
    counted: Values

    @property
    def wrong(self) -> list[Field]:
        return [field for field, value in self.kept.items() if self.counted[field] != value]


class Counters(msgspec.Struct, frozen=True):
    """Counters that are written together."""

    of: str
    look: Callable[[Tx, Collection[Any]], list[Off]]  # the wrong ones of some keys
    hold: Callable[[Tx, Any], None]
    write: Callable[[Tx, Off], None]


def mend(tx: Tx, counters: Counters, key: Any) -> Off | None:
    """Correct the counters of key. Returns what they were; None: they are right now."""
    counters.hold(tx, key)
    for off in counters.look(tx, [key]):
        counters.write(tx, off)
        return off
    return None


def _off(kept: Mapping[Any, Values], counted: Callable[[Any, Field], int]) -> list[Off]:
    """Those of kept that are wrong. counted(key, field): the right value."""
    found = [Off(key, values, {field: counted(key, field) for field in values}) for key, values in kept.items()]
    return [off for off in found if off.wrong]


def _look_at_accounts(tx: Tx, ids: Collection[int]) -> list[Off]:
    followers, followees, said = rows.followers(tx, ids), rows.followees(tx, ids), rows.posts(tx, ids)
    counted = {
        id: {
            "followers": followers.get(id, 0),
            "followees": followees.get(id, 0),
            "posts": said.get(id, (0, 0))[0],
            "last_post_ms": said.get(id, (0, 0))[1],
        }
        for id in ids
    }
    kept = {
        id: {(name, None): getattr(state, name) for name in counted[id]}
        for id, state in accounts.states(tx, ids).items()
    }
    return _off(kept, lambda id, field: counted[id][field[0]])


def _write_account(tx: Tx, off: Off) -> None:
    rows.set_account(tx, off.key, **{name: value for (name, _), value in off.counted.items()})


def _look_at_posts(tx: Tx, ids: Collection[int]) -> list[Off]:
    roots = rows.roots(tx, ids)
    replies = rows.replies(tx, set(roots.values()), roots.keys())
    boosts = [(post_id, boost_id) for post_id, boost_id, _ in rows.boosts(tx, roots.keys())]
    quotes = rows.quotes(tx, roots.keys())
    seen = rows.audiences(tx, {id for _, id in replies + boosts + quotes})
    counted: dict[str, Mapping[int, int]] = {
        "replies": Counter(post_id for post_id, id in replies if seen.get(id) in COUNTED),
        "boosts": Counter(post_id for post_id, id in boosts if seen.get(id) in COUNTED),
        "favourites": rows.favourites(tx, roots.keys()),
        "quotes": Counter(post_id for post_id, id in quotes if seen.get(id) in COUNTED),
    }
    known = posts.counts(tx, roots.keys())
    kept = {id: {(name, None): getattr(known[id], name) if id in known else 0 for name in counted} for id in roots}
    return _off(kept, lambda id, field: counted[field[0]].get(id, 0))


def _write_post(tx: Tx, off: Off) -> None:
    rows.set_post(tx, off.key, **{name: value for (name, _), value in off.counted.items()})


def _look_at_polls(tx: Tx, ids: Collection[int]) -> list[Off]:
    known = polls.by_ids(tx, ids)
    options, voters, votes = (
        polls.options(tx, known.keys()),
        rows.voters(tx, known.keys()),
        rows.votes(tx, known.keys()),
    )
    kept = {
        id: {("voters", None): poll.voters, **{("votes", one.position): one.votes for one in options[id]}}
        for id, poll in known.items()
    }
    return _off(kept, lambda id, field: voters.get(id, 0) if field[0] == "voters" else votes.get((id, field[1]), 0))


def _write_poll(tx: Tx, off: Off) -> None:
    for (name, position), value in off.counted.items():
        if name == "voters":
            rows.set_voters(tx, off.key, value)
        else:
            rows.set_votes(tx, off.key, position, value)


def _look_at_featured(tx: Tx, ids: Collection[int]) -> list[Off]:
    kept: dict[int, dict[Field, int]] = {}
    for account_id, tag, count in rows.featured(tx, ids):
        kept.setdefault(account_id, {})["posts", tag] = count
    tagged = rows.tagged(tx, {tag for values in kept.values() for _, tag in values}, kept.keys()) if kept else []
    authors = posts.authors(tx, {post_id for _, post_id in tagged})
    counted = Counter((authors.get(post_id), tag) for tag, post_id in tagged)
    return _off(kept, lambda account_id, field: counted[account_id, field[1]])


def _write_featured(tx: Tx, off: Off) -> None:
    for field in off.wrong:
        rows.set_featured(tx, off.key, field[1], off.counted[field])


def _look_at_tags(tx: Tx, keys: Collection[str]) -> list[Off]:
    users = rows.users(tx, keys)
    kept = {
        tag: {("accounts", use.day): use.accounts for use in uses}
        for tag, uses in tags.uses(tx, keys, since_day=0).items()
    }
    return _off(kept, lambda tag, field: users.get((tag, field[1]), 0))


def _write_tag(tx: Tx, off: Off) -> None:
    for field in off.wrong:
        rows.set_users(tx, off.key, field[1], off.counted[field])


ACCOUNTS = Counters("accounts", _look_at_accounts, accounts.add_counts, _write_account)
FEATURED = Counters("featured hashtags", _look_at_featured, rows.hold_featured, _write_featured)
POSTS = Counters("posts", _look_at_posts, posts.add_counts, _write_post)
POLLS = Counters("polls", _look_at_polls, rows.hold_poll, _write_poll)
TAGS = Counters("hashtags by day", _look_at_tags, rows.hold_days, _write_tag)


def boosts_left(tx: Tx, ids: Collection[int]) -> list[tuple[int, int, int]]:
    """(post, boost, booster) where the post or the boost is deleted: an older program left these marks."""
    marked = rows.boosts(tx, ids)
    exist = rows.audiences(tx, {id for post_id, boost_id, _ in marked for id in (post_id, boost_id)})
    return [one for one in marked if one[0] not in exist or one[1] not in exist]


# the whole database

Report = Callable[[str, float], None]  # (part, how much of it is done: 0 to 1)


async def recount(db: Database, report: Report = lambda part, done: None) -> Counter[str]:
    """Correct all counters. Returns what they count -> how many were wrong. It may be stopped and run again."""
    mended: Counter[str] = Counter()
    for part, pages, all_counters in (
        ("accounts", _pages(db, "accounts"), (ACCOUNTS, FEATURED)),
        ("posts", _pages(db, "posts"), (POSTS,)),
        ("polls", _pages(db, "polls"), (POLLS,)),
        ("hashtags", _tags(db), (TAGS,)),
    ):
        report(part, 0)
        async for done, keys in pages:
            if part == "posts":
                mended += await _clear(db, keys)
            for counters in all_counters:
                for off in await db.read(counters.look, keys):
                    was = await db.write(mend, counters, off.key)
                    mended.update(f"{counters.of}: {name}" for name, _ in (was.wrong if was else ()))
            report(part, done)
        report(part, 1)
    return mended


async def _clear(db: Database, ids: Collection[Any]) -> Counter[str]:
    """Delete the marks of pins and boosts of those of ids that are deleted. Returns how many."""
    pins, boosts = await db.read(rows.pins_left, ids), await db.read(boosts_left, ids)
    for post_id, account_id in pins:
        await db.write(marks.remove, "pins", account_id, post_id)
    for post_id, boost_id, booster in boosts:
        await db.write(reactions.end_boost, post_id, boost_id, booster)
    return Counter({"pins of deleted posts": len(pins), "boosts of deleted posts": len(boosts)})


async def _pages(db: Database, table: str) -> AsyncIterator[tuple[float, list[int]]]:
    """(how much is done after them, ids), oldest first. Rows made meanwhile need no check."""
    newest = await db.read(rows.ids, table, Span(before=ID_MAX, limit=1))
    last, after, began_ms = max(newest, default=0), 0, 0
    while after < last:
        ids = await db.read(rows.ids, table, Span(before=last + 1, after=after, limit=STEP, oldest=True))
        after, began_ms = ids[-1], began_ms or ms_of(ids[0])
        yield (ms_of(after) - began_ms) / max(1, ms_of(last) - began_ms), ids


async def _tags(db: Database) -> AsyncIterator[tuple[float, list[str]]]:
    for first in range(0, BUCKETS, BUCKETS_AT_ONCE):
        until = first + BUCKETS_AT_ONCE
        yield until / BUCKETS, await db.read(rows.tags_of, range(first, until))


def run(settings: Settings, console: Console) -> None:
    """Recount the database of settings, and print what was wrong."""
    mended = asyncio.run(_run(msgspec.structs.replace(settings, database_timeout_s=PATIENCE_S), console))
    if not mended.total():
        console.print("Every counter is right.")
        return
    table = Table("what", "put right")
    for what, times in sorted(mended.items()):
        if times:
            table.add_row(what, f"{times:,}")
    console.print(table)


async def _run(settings: Settings, console: Console) -> Counter[str]:
    columns = (TextColumn("{task.description:>8}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    db = open_database(settings)
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            tasks = {part: progress.add_task(part, total=1) for part in ("accounts", "posts", "polls", "hashtags")}
            return await recount(db, lambda part, done: progress.update(tasks[part], completed=done))
    finally:
        db.close()


def off_among_newest(tx: Tx) -> int:
    """How many of the newest accounts and posts have a wrong counter."""
    newest = Span(before=ID_MAX, limit=SAMPLE)
    return sum(
        len(counters.look(tx, rows.ids(tx, table, newest)))
        for table, counters in (("accounts", ACCOUNTS), ("posts", POSTS))
    )
