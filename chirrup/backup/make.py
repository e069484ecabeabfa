"""`chirrup backup`: copies the database, the uploads and what belongs to them, while the server runs.

In the copy all logins are ended, and jobs that send something to others are set aside.
"""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, track

from .. import bundle, durable, folder
from ..access import logins, signing
from ..app import open_database
from ..config import Settings
from ..errors import SettingsError
from ..ids import BUCKETS
from ..ports import Database
from ..workers.kinds import hold
from . import settings_file

AT_ONCE = 64  # buckets in one transaction
DATABASE, SECRET, MEDIA, DOCUMENTS = "chirrup.db", "secret", "media", "documents"
LOOK_S = 0.2  # between two looks at how large the copy of the database is
TAKEN = "a backup is being made in {folder} by another process ({process}): wait for it, or name another place"


def make(settings: Settings, to: Path, console: Console) -> None:
    """Fill the new folder `to`, or the new file if its name ends in .zip.

    In the copy all sessions and tokens are ended: a token that is revoked tomorrow must not work again when the copy is
    served. Mails that wait are set aside: the copied server sends them. A backup that is killed leaves a folder
    `….unfinished`, which the next one empties.

    Raises SettingsError: it exists, there is no data, no space, or the engine has a better tool.
    """
    if to.exists():
        raise SettingsError(f"{to} exists: name a new folder or file, so that no earlier backup is lost")
    folder.expect_database(settings)
    if folder.sqlite_file(settings) is None:
        raise SettingsError(
            "PostgreSQL is copied by its own tools, pg_dump --format=custom or pg_basebackup; then media and secret of "
            "the data folder are. docs/operate/backup.md has the commands"
        )
    for inside in (settings.data / MEDIA, settings.documents_folder):
        if to.absolute().is_relative_to(inside.absolute()):
            raise SettingsError(f"{to} is within {inside}, which is copied: name a place outside")
    folder.prepare(settings)
    with bundle.disk_errors(f"cannot copy to {to}"):
        held = _copy(settings, to, console)
    folder.note_backup(settings)
    if settings.blobs:
        console.print(f"The files in {settings.blobs} are not copied: see docs/operate/objects.md.")
    console.print(f"Copied to {to}. `chirrup backup verify {to}` reads it again.", soft_wrap=True)
    console.print(f"To go back to it: `chirrup restore {to} --data A-NEW-FOLDER`. {_state(held)}", soft_wrap=True)


def _copy(settings: Settings, to: Path, console: Console) -> int:
    """Returns how many jobs are set aside in it. Raises SettingsError, OSError."""
    unfinished = to.with_name(to.name + ".unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    with folder.locked(unfinished / folder.LOCK, TAKEN):
        for left in unfinished.iterdir():
            if left.name != folder.LOCK:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            with progress_bar(console) as progress:
                held = _fill(settings, unfinished, progress, packed=to.suffix == ".zip")
            (unfinished / "copy").rename(to)
            durable.sync(to.parent)
        finally:  # half a copy must not fill a disk that others need
            shutil.rmtree(unfinished)
    return held


def progress_bar(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console)


def _fill(settings: Settings, unfinished: Path, progress: Progress, *, packed: bool) -> int:
    """Write the copy. Returns how many jobs are set aside in it. Raises SettingsError."""
    database = _database_bytes(settings)
    media = sum(size for _, file in _files(settings) if (size := _size(file)))
    bundle.expect_space(unfinished, database * (2 if packed else 1) + media)
    bar = progress.add_task("copying", total=2 * database + media)  # the database is copied, then read
    work, place = unfinished / "work", unfinished / "copy"
    work.mkdir()
    with place.open("xb") if packed else nullcontext(place) as out:
        writer = bundle.Writer(out, lambda size: progress.advance(bar, size))
        # Files before the database and after it: neither what is deleted meanwhile is missing, nor what is new.
        _copy_files(settings, writer)
        db = open_database(settings)
        try:
            _copy_database(db, work, lambda size: progress.advance(bar, size))
        finally:
            db.close()
        held = make_harmless(settings, work)
        writer.take(DATABASE, work / DATABASE)
        _copy_files(settings, writer)
        writer.add(SECRET, f"{signing.secret(settings)}\n".encode())
        writer.add(settings_file.NAME, settings_file.text(settings).encode())
        writer.add(folder.NOTE_OF_COPY, f"Copied on {datetime.now(UTC):%Y-%m-%d %H:%M UTC}. {_state(held)}\n".encode())
        writer.finish()
    progress.update(bar, completed=2 * database + media)
    return held


def _copy_database(db: Database, to: Path, told: bundle.Told) -> None:
    with ThreadPoolExecutor(1) as aside:
        copied, known = aside.submit(db.backup, to), 0
        while not wait([copied], LOOK_S).done:
            size = _size(to / DATABASE)
            told(size - known)
            known = size
        copied.result()


def make_harmless(settings: Settings, at: Path) -> int:
    """End all access in the copy there, and set aside what would be sent twice. Returns how many jobs."""
    copy = open_database(msgspec.structs.replace(settings, data=at, database=""))
    try:
        for step in range(0, BUCKETS, AT_ONCE):
            _end_access(copy, step)
        return copy.write_now(hold)
    finally:
        copy.close()


def _copy_files(settings: Settings, writer: bundle.Writer) -> None:
    """Those that the copy does not have yet. A file never changes once it is there."""
    for name, file in _files(settings):
        if name not in writer.sums and bundle.is_name(name):
            try:
                data = file.open("rb")
            except FileNotFoundError:  # deleted meanwhile
                continue
            with data:
                writer.copy(name, data)


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """(name in the copy, file) of the uploads and documents; not of uploads that are not finished."""
    for name, root in ((MEDIA, settings.data / MEDIA), (DOCUMENTS, settings.documents_folder)):
        if name == MEDIA and settings.blobs:
            continue
        for at, folders, files in os.walk(root):
            if Path(at) == root and "tmp" in folders:
                folders.remove("tmp")
            for file in files:
                path = Path(at) / file
                yield f"{name}/{path.relative_to(root).as_posix()}", path


def _database_bytes(settings: Settings) -> int:
    file = folder.sqlite_file(settings)
    return sum(_size(file.with_name(file.name + end)) for end in ("", "-wal")) if file else 0


def _size(file: Path) -> int:
    """0: it is not there."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _state(held: int) -> str:
    state = "Nobody is logged in there: people and apps log in anew."
    if held:
        state += f" {held:,} jobs that send something to others are set aside: see `chirrup jobs --state set-aside`."
    return state


def log_everybody_out(db: Database, console: Console) -> int:
    """End every session, token, code and reset link. Returns how many accounts had any. May be stopped and repeated."""
    steps = range(0, BUCKETS, AT_ONCE)
    return sum(_end_access(db, step) for step in track(steps, "ending all access", console=console, transient=True))


def _end_access(db: Database, first: int) -> int:
    return db.write_now(logins.end_access_of_all, first, first + AT_ONCE - 1)
