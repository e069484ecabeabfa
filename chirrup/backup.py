"""`chirrup backup`: the database and the uploads, copied while the server runs."""

import shutil
from pathlib import Path

from rich.console import Console

from .app import open_database
from .config import Settings
from .errors import SettingsError


def make(settings: Settings, to: Path, console: Console) -> None:
    """Fill the new folder `to`. Raises SettingsError: it exists, or the engine has a tool of its own.

    The database is copied first: what it speaks of is among the uploads copied after it.
    """
    if to.exists():
        raise SettingsError(f"{to} exists: name a new folder, so that no earlier backup is lost")
    unfinished = to.with_name(to.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    db = open_database(settings)
    try:
        with console.status("copying the database"):
            db.backup(unfinished)
    finally:
        db.close()
    with console.status("copying the uploads"):
        for name in ("media", "secret"):
            source = settings.data / name
            if source.is_dir():
                shutil.copytree(source, unfinished / name, ignore=shutil.ignore_patterns("*.tmp"))
            elif source.exists():
                shutil.copy2(source, unfinished / name)
    unfinished.rename(to)
    console.print(f"Copied to {to}. To go back to it: `chirrup serve --data {to}`.")
