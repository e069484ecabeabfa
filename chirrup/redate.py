"""`chirrup redate`: moves rows that a wrong clock dated into the future back to the present."""

import asyncio
from datetime import UTC, datetime

import msgspec
from rich.console import Console

from .app import close_engines, open_engines
from .config import Settings
from .errors import SettingsError
from .folder import expect_database, held, sqlite_file
from .ids import BUCKETS, ms_of
from .ports import Blobs, Database, Tx
from .social import images, posts, search
from .store import accounts, outbox, redate
from .store import posts as post_rows
from .store.redate import Stretch

PATIENCE_S = 3600.0  # every table is read from end to end


def run(settings: Settings, console: Console, *, stopped: bool) -> None:
    """stopped: the operator says that no server runs; with SQLite we can see it ourselves. Raises SettingsError."""
    if not stopped and sqlite_file(settings) is None:
        raise SettingsError("ids change, so no server may run meanwhile: stop all of them, then add --stopped")
    expect_database(settings)
    with held(settings):
        asyncio.run(_run(msgspec.structs.replace(settings, database_timeout_s=PATIENCE_S), console))


async def _run(settings: Settings, console: Console) -> None:
    engines = open_engines(settings)
    try:
        with console.status("looking through every table"):
            parts = engines.db.write_now(redated, engines.blobs)
        if not parts:
            console.print("Nothing is dated into the future.")
            return
        await engines.timelines.forget(range(BUCKETS))  # all timelines, because they contain ids
    finally:
        await close_engines(engines)
    for part in parts:
        console.print(f"From {_date(ms_of(part.first))} on: moved back by {span(part.back_ms)}.")
    console.print("Apps that keep ids of these posts have to read them again.")


def redated(tx: Tx, blobs: Blobs) -> list[Stretch]:
    """Move all future rows back, in this transaction. Returns what was moved."""
    parts = redate.stretches(tx)
    if not parts:
        return []
    gone_posts = redate.ids_from(tx, "posts", parts[0].first)
    gone_accounts = redate.ids_from(tx, "accounts", parts[0].first)
    _copy_files(tx, blobs, parts)
    redate.move(tx, parts)
    outbox.release_all(tx)
    for id in gone_posts:
        tx.search.remove_post(tx, id)
    for post in post_rows.by_ids(tx, [redate.moved(id, parts) for id in gone_posts]).values():
        posts.index(tx, post)
    for id in gone_accounts:
        tx.search.remove_account(tx, id)
    for account in accounts.by_ids(tx, [redate.moved(id, parts) for id in gone_accounts]).values():
        search.index(tx, account)
    return parts


def _copy_files(tx: Tx, blobs: Blobs, parts: list[Stretch]) -> None:
    """Copy files to keys with the new ids of their rows. The sweep deletes the old files, which no row names."""
    new = redate.rename_files(
        tx, parts[0].first, lambda key: images.for_row(key, redate.moved(images.row_of(key), parts))
    )
    for key, copy in new.items():
        if found := blobs.open(key):
            file, _, content_type = found
            with file:
                blobs.put_file(copy, file, content_type)


def ahead_ms(db: Database) -> int:
    """By how much the newest post is later than now; 0: it is not, within the precision of clocks."""

    def operation(tx: Tx) -> int:
        return ms_of(post_rows.newest_of_all(tx)) - tx.now_ms

    ahead = db.write_now(operation)
    return ahead if ahead > redate.AHEAD_MS else 0


def _date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(ms: int) -> str:
    """A duration in words, for example "3.5 days"."""
    hours = ms / 3_600_000
    return (
        f"{hours / 24:,.1f} days" if hours >= 48 else f"{hours:,.1f} hours" if hours >= 2 else f"{ms / 60_000:,.0f} min"
    )
