"""The data folder: readable only for the user who runs Chirrup. With SQLite, one server at a time uses it."""

import fcntl
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from .config import Settings
from .errors import SettingsError

PRIVATE_UMASK = 0o077
LOCK = "server.lock"
NOTE_OF_COPY = "copied.txt"  # in a backup, until a server has started on it
RESTORING = "restoring"  # a folder within, while a backup is put back
BACKED_UP = "backed-up.txt"  # when the last backup was made


def prepare(settings: Settings) -> None:
    """Make the folder unless it exists. From now on other users of the machine cannot read our files.

    The permissions of an existing folder stay, because it may have other files, too; those of our files change.
    Raises SettingsError: it cannot be made.
    """
    os.umask(PRIVATE_UMASK)  # for all files that this process makes
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"cannot make the folder {settings.data}: {error.strerror}; choose another with --data"
        ) from error
    file = sqlite_file(settings)
    kept = [
        settings.data / "media",
        settings.data / "mail",
        settings.data / "secret",
        settings.data / LOCK,
        settings.data / BACKED_UP,
        *(_beside(file, end) for end in ("", "-wal", "-shm", ".lock") if file),
    ]
    for path in kept:
        if path.exists() and path.stat().st_mode & PRIVATE_UMASK and path.stat().st_uid == os.getuid():
            path.chmod(0o700 if path.is_dir() else 0o600)


@contextmanager
def held(settings: Settings) -> Generator[None]:
    """Locks the folder and the SQLite file, so that no other server can start on them.

    The kernel ends the lock with the process, even if it is killed. With PostgreSQL, processes share a folder, so there
    is no lock. Raises SettingsError.
    """
    file = sqlite_file(settings)
    with ExitStack() as locks:
        if file:
            prepare(settings)
            locks.enter_context(locked(settings.data / LOCK))
            locks.enter_context(locked(_beside(file.resolve(), ".lock")))  # another folder may name the same file
        yield


RUNS = (
    "a server is running on {folder} already (process {process}), and SQLite serves one: stop that one, or choose "
    "another folder with --data"
)


def locked(path: Path, taken: str = RUNS) -> IO[str]:
    """The file, locked until it is closed or the process ends. Raises SettingsError: taken, as another has it."""
    try:
        held = path.open("a+")
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}; check the folder and its owner") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held.seek(0)
        raise SettingsError(taken.format(folder=path.parent, process=held.read().strip() or "unknown")) from error
    held.truncate(0)
    held.write(f"{os.getpid()}\n")
    held.flush()
    return held


def note_copy(folder: Path, told: str) -> None:
    (folder / NOTE_OF_COPY).write_text(f"{told}\n")


def take_note_of_copy(settings: Settings) -> str:
    """The note of a backup, which is then deleted; "": the folder is no backup, or a server has started on it."""
    note = settings.data / NOTE_OF_COPY
    try:
        text = note.read_text().strip()
        note.unlink()
    except OSError:
        return ""
    return text


def note_backup(settings: Settings) -> None:
    """A backup was made now."""
    (settings.data / BACKED_UP).write_text(f"{datetime.now(UTC).isoformat(timespec='seconds')}\n")


def last_backup(settings: Settings) -> datetime | None:
    """When the last one was made from this folder; None: never."""
    try:
        return datetime.fromisoformat((settings.data / BACKED_UP).read_text().strip())
    except (OSError, ValueError):
        return None


def expect_restored(settings: Settings) -> None:
    """Raises SettingsError: a restore into this folder was stopped."""
    if (settings.data / RESTORING).exists():
        raise SettingsError(
            f"a backup was being put into {settings.data} and that is not finished: run the same `chirrup restore` "
            "again, it begins anew"
        )


def expect_database(settings: Settings) -> None:
    """Raises SettingsError: there is no database, so the folder is probably the wrong one."""
    expect_restored(settings)
    file = sqlite_file(settings)
    if file and not file.exists():
        raise SettingsError(
            f"there is no database at {file.resolve()}: name the server's folder with --data, or start one with "
            "`chirrup serve`"
        )


def sqlite_file(settings: Settings) -> Path | None:
    url = settings.database_url
    return Path(url.removeprefix("sqlite:")) if url.startswith("sqlite:") else None


def _beside(file: Path, end: str) -> Path:
    return file.with_name(file.name + end)
