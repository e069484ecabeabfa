"""What commands share: where they print, the settings that each takes, a password, the database."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from ..config import Settings, load
from ..errors import SettingsError
from ..ports import Database

console = Console()


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Settings that every command takes. Each can also come from CHIRRUP_… in the environment or a TOML file."""

    data: Annotated[Path | None, Parameter(help="Folder for the database and uploads (default: data).")] = None
    database: Annotated[str | None, Parameter(help="sqlite:PATH or postgresql://… (default: sqlite in --data).")] = None
    config: Annotated[Path | None, Parameter(help="A TOML file with settings.")] = None

    def settings(self, **more: Any) -> Settings:
        return load({"data": self.data, "database": self.database, **more}, file=self.config)


COMMON = Common()


@Parameter(name="*")
@dataclass(frozen=True)
class Secret:
    """A password, from where others do not see it; asked for where none of these is given."""

    password_stdin: Annotated[bool, Parameter(help="Read the password from standard input: its first line.")] = False
    password_file: Annotated[Path | None, Parameter(help="Read the password from this file: its first line.")] = None
    password: Annotated[
        str | None, Parameter(help="The password itself. Everybody on this machine can see it while the command runs.")
    ] = None

    def read(self) -> str:
        """Raises SettingsError: given twice or not at all."""

        if sum((self.password_stdin, self.password_file is not None, self.password is not None)) > 1:
            raise SettingsError("give the password once: --password-stdin, --password-file or --password")
        if self.password is not None:
            return self.password
        try:
            if self.password_file:
                with self.password_file.open(encoding="utf-8") as file:
                    return file.readline().rstrip("\r\n")
            if self.password_stdin:
                return sys.stdin.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"cannot read the password: {error}") from error
        if not sys.stdin.isatty():
            raise SettingsError("there is nobody to ask for the password: give it with --password-stdin")
        return _ask()


SECRET = Secret()


def _ask() -> str:
    """A password typed twice without being shown. Raises SettingsError."""
    from getpass import getpass

    first = getpass("Password: ", stream=sys.stderr)
    if getpass("The same again: ", stream=sys.stderr) != first:
        raise SettingsError("the two passwords differ; nothing was changed")
    return first


@contextmanager
def opened_database(settings: Settings, *, new: bool = False) -> Generator[Database]:
    """Closed again at the end. new: it is made where there is none. Raises SettingsError."""
    from .. import folder
    from ..app import open_database

    if not new:
        folder.expect_database(settings)
    db = open_database(settings)
    try:
        yield db
    finally:
        db.close()


def org_at(db: Database, host: str) -> int:
    """The organisation at this host; 0: host is "". Raises SettingsError."""
    from ..store import orgs

    id = db.write_now(orgs.id_by_host, host.lower()) if host else 0
    if host and not id:
        raise SettingsError(f"there is no organisation at {host!r}; `chirrup org list` shows those there are")
    return id


def date(ms: int) -> str:
    """The day, in UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
