"""`chirrup backup`: copies the database and the uploads while the server runs.

In the copy all logins are ended, and jobs that send something to others are set aside.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from . import folder
from .access import logins
from .app import open_database
from .config import Settings
from .errors import SettingsError
from .ids import BUCKETS
from .ports import Database
from .workers.kinds import hold

AT_ONCE = 64  # buckets in one transaction


def make(settings: Settings, to: Path, console: Console) -> None:
    """Fill the new folder `to`. Raises SettingsError: it exists, there is no data, or the engine has a better tool.

    The database is copied first, so all uploads that it names are copied after it. In the copy all sessions and tokens
    are ended: a token that is revoked tomorrow must not work again when the copy is served. Mails that wait are set
    aside: the copied server sends them.
    """
    if to.exists():
        raise SettingsError(f"{to} exists: name a new folder, so that no earlier backup is lost")
    folder.expect_database(settings)
    unfinished = to.with_name(to.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    folder.prepare(settings)
    unfinished.mkdir(parents=True)
    db = open_database(settings)
    try:
        with console.status("copying the database"):
            db.backup(unfinished)
    finally:
        db.close()
    copy = open_database(msgspec.structs.replace(settings, data=unfinished, database=""))
    try:
        log_everybody_out(copy, console)
        held = copy.write_now(hold)
    finally:
        copy.close()
    if settings.blobs:
        console.print(f"The files in {settings.blobs} are not copied: see docs/operate/objects.md.")
    with console.status("copying the uploads"):
        for name in ("media", "secret"):
            source = settings.data / name
            if source.is_dir():
                shutil.copytree(source, unfinished / name, ignore=shutil.ignore_patterns("tmp"))
            elif source.exists():
                shutil.copy2(source, unfinished / name)
    state = "Nobody is logged in there: people and apps log in anew."
    if held:
        state += f" {held:,} jobs that send something to others are set aside: see `chirrup jobs --state set-aside`."
    folder.note_copy(unfinished, f"Copied on {datetime.now(UTC):%Y-%m-%d %H:%M UTC}. {state}")
    unfinished.rename(to)
    console.print(f"Copied to {to}. To go back to it: `chirrup serve --data {to}`. {state}")


def log_everybody_out(db: Database, console: Console) -> int:
    """End every session, token, code and reset link. Returns how many accounts had any. May be stopped and repeated."""
    steps = range(0, BUCKETS, AT_ONCE)
    ended = [
        db.write_now(logins.end_access_of_all, first, first + AT_ONCE - 1)
        for first in track(steps, "ending all access", console=console, transient=True)
    ]
    return sum(ended)
