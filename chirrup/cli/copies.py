"""Copies of a server, and its removal to another database: backup, restore, move."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from .common import COMMON, Common, console

commands = cyclopts.App(name="backup", help="Copy the database, the uploads and the settings, while the server runs.")


@commands.default
def backup(to: Path, *, common: Common = COMMON) -> None:
    """Copy the database, the uploads and the settings while the server runs.

    TO is a new folder, or a new file if its name ends in .zip. Nobody is logged in in the copy, and it sends no mail.
    With PostgreSQL, use its own tools: docs/operate/backup.md.
    """
    from ..backup import make

    make.make(common.settings(), to, console)


@commands.command
def verify(copy: Path) -> None:
    """Read all of the backup COPY and compare it with the sums that it was written with. Changes nothing."""
    from ..backup import restore

    restore.verify(copy, console)


def restore(
    copy: Path,
    *,
    force: Annotated[
        bool, Parameter(negative=(), help="Keep what is in the folder within it, as replaced-…, and restore.")
    ] = False,
    common: Common = COMMON,
) -> None:
    """Put the backup COPY into the empty folder --data. All of it is checked before anything is written.

    Stopped or killed, it leaves a folder that no server starts on, and the same command begins anew.
    """
    from ..backup import restore as back

    back.restore(common.settings(), copy, console, force=force)


def move(
    *,
    to: Annotated[str, Parameter(help="The new database, empty: postgresql://… or sqlite:PATH.")],
    media: Annotated[
        str, Parameter(help="Where files are to lie then: s3://bucket/folder, or disk (default: where they lie).")
    ] = "",
    stopped: Annotated[bool, Parameter(negative=(), help="All servers are stopped. With SQLite that is seen.")] = False,
    common: Common = COMMON,
) -> None:
    """Move the whole town to another kind of database: from SQLite to PostgreSQL, or back. Stop the servers first.

    Every row is compared in the end. Killed, the same command goes on with the next table.
    """
    from .. import move as moving

    moving.run(common.settings(), to, console, media=media, stopped=stopped)
