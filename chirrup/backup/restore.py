"""`chirrup restore`: puts a backup into a data folder. `chirrup backup verify` reads all of one.

The files are put into a folder `restoring` within the data folder and moved up when all are there, the database last.
While `restoring` is there no server starts, and the same command begins anew.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from .. import bundle, durable, folder
from ..config import Settings
from ..errors import SettingsError
from . import settings_file
from .make import DATABASE, DOCUMENTS, MEDIA, SECRET, make_harmless, progress_bar

# In the order of moving up. The log is empty when the database was closed well.
PLACES = (MEDIA, DOCUMENTS, SECRET, settings_file.NAME, folder.NOTE_OF_COPY, f"{DATABASE}-wal", DATABASE)
REPLACED = "replaced-"  # begins the folder for what was there before
_OTHERS = {folder.LOCK, f"{DATABASE}.lock", "lost+found"}  # may be in a folder that counts as empty


def verify(at: Path, console: Console) -> None:
    """Read all of it. Raises SettingsError: it is no backup, or not what it was."""
    with bundle.Reader(at) as copy, progress_bar(console) as progress:
        _check_names(copy)
        files, size_bytes = len(copy.sums), copy.size_bytes
        bar = progress.add_task("checking", total=size_bytes)
        copy.check(lambda size: progress.advance(bar, size))
    console.print(f"{at} is whole: {files:,} files, {size_bytes / 1e9:,.2f} GB.", soft_wrap=True)


def restore(settings: Settings, source: Path, console: Console, *, force: bool = False) -> None:
    """Fill settings.data, which must be empty. force: what is there is kept in a folder `replaced-…` within.

    All of the backup is read and checked before anything is written. Raises SettingsError.
    """
    _check_settings(settings)
    data = settings.data
    if source.absolute().is_relative_to(data.absolute()):
        raise SettingsError(f"{source} is within {data}: move it elsewhere first, as what is there makes room")
    with bundle.disk_errors(f"cannot restore into {data}"):
        held, kept = _restore(settings, source, console, force=force)
    _tell(settings, held, kept, console)


def _restore(settings: Settings, source: Path, console: Console, *, force: bool) -> tuple[int, Path | None]:
    """Returns how many jobs are set aside, and where that is now what was there. Raises SettingsError, OSError."""
    data = settings.data
    unfinished = data / folder.RESTORING
    with bundle.Reader(source) as copy, progress_bar(console) as progress:
        _check_names(copy)
        _expect_room(data, force=force)
        size_bytes = copy.size_bytes
        bundle.expect_space(data, size_bytes)
        bar = progress.add_task("checking", total=size_bytes)
        copy.check(lambda size: progress.advance(bar, size))
        bar = progress.add_task("writing", total=size_bytes)
        with folder.held(settings):
            kept = _begin(data)
            for name in copy.sums:
                copy.put(name, unfinished / name, lambda size: progress.advance(bar, size))
            held = make_harmless(settings, unfinished)
            note = unfinished / folder.NOTE_OF_COPY
            told = f"Restored on {datetime.now(UTC):%Y-%m-%d %H:%M UTC}. {note.read_text() if note.exists() else ''}"
            note.unlink(missing_ok=True)
            durable.write(note, told.encode())
            _finish(data)
    return held, kept


def _check_settings(settings: Settings) -> None:
    if settings.database:
        raise SettingsError(
            f"a backup is put into a folder, as SQLite: name one with --data, and leave out the database "
            f"({settings.database.partition(':')[0]}:…); `chirrup move` brings it from there to PostgreSQL"
        )


def _check_names(copy: bundle.Reader) -> None:
    if DATABASE not in copy.sums:
        raise SettingsError(f"{copy.at} is no backup: it has no {DATABASE}")
    if others := [name for name in copy.sums if name.split("/")[0] not in PLACES]:
        raise SettingsError(f"{copy.at} is no backup: nobody knows what {others[0]} in it is")


def _there(data: Path) -> list[Path]:
    """What is in the folder that a restore would meet."""
    if not data.is_dir():
        return []
    return [one for one in sorted(data.iterdir()) if one.name not in _OTHERS and not one.name.startswith(REPLACED)]


def _expect_room(data: Path, *, force: bool) -> None:
    there = [one.name for one in _there(data)]
    if there and folder.RESTORING not in there and not force:
        raise SettingsError(
            f"{data} is not empty, it has {there[0]}: name a new folder with --data. Or add --force: what is there is "
            f"then kept in a folder {REPLACED}… beside what is restored"
        )


def _begin(data: Path) -> Path | None:
    """Make room and mark the folder as unfinished. Returns where that is now what was there."""
    there, kept = _there(data), None
    if data / folder.RESTORING in there:  # all beside it was written by a restore that was killed
        for one in there:
            if one.name in PLACES:
                shutil.rmtree(one) if one.is_dir() else one.unlink()
        shutil.rmtree(data / folder.RESTORING)
    elif there:
        kept = data / f"{REPLACED}{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
        kept.mkdir()
        for one in there:
            one.rename(kept / one.name)
    (data / folder.RESTORING).mkdir()
    durable.sync(data)
    return kept


def _finish(data: Path) -> None:
    """Move all up. Stopped here, the next restore begins anew: the mark goes last."""
    unfinished = data / folder.RESTORING
    for name in PLACES:
        if (unfinished / name).exists():
            (unfinished / name).rename(data / name)
    durable.sync(data)
    shutil.rmtree(unfinished)
    durable.sync(data)


def _tell(settings: Settings, held: int, kept: Path | None, console: Console) -> None:
    data = settings.data
    lines = ["Restored. Nobody is logged in: people and apps log in anew, with their passwords of then."]
    if held:
        lines.append(f"{held:,} jobs that send something to others are set aside: `chirrup jobs --state set-aside`.")
    if kept:
        lines.append(f"What was there is in {kept}: delete it when nothing is missing.")
    if (file := data / settings_file.NAME).exists():
        lines.append(f"Its settings of then are in {file}: compare them with yours.")
    if settings.blobs and (data / MEDIA).exists():
        lines.append(
            f"Its files are in {data / MEDIA}, and yours are in {settings.blobs}: docs/operate/objects.md, Moving."
        )
    lines.append(f"Next: `chirrup doctor --data {data}`, then `chirrup serve --data {data}`.")
    console.print("\n".join(lines), highlight=False, soft_wrap=True)
