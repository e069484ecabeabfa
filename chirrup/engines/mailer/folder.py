"""Mails lie in a folder, one file each, until somebody reads or sends them: for a first run without a mail server."""

import asyncio
import re
from pathlib import Path

from ... import durable
from ...errors import Unreachable
from ...ports import Mail

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


class FolderMailer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, mail: Mail) -> None:
        """A mail that is sent again replaces its file."""
        if not _ID.fullmatch(mail.id):
            raise ValueError(f"no mail can have the id {mail.id!r}")
        try:
            await asyncio.to_thread(self._write, f"{mail.id}.eml", mail.data)
        except OSError as error:
            raise Unreachable(f"cannot write into {self._folder}: {error.strerror}") from error

    async def check(self) -> str:
        try:
            await asyncio.to_thread(self._make)
        except OSError as error:
            raise Unreachable(f"cannot write into {self._folder}: {error.strerror}") from error
        return f"mails lie in {self._folder}, one file each, and are not sent"

    def _make(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all, for its owner's eyes only."""
        self._make()
        unfinished = self._folder / f".{name}.part"
        unfinished.unlink(missing_ok=True)  # of a try that was killed
        durable.write(unfinished, data)
        unfinished.rename(self._folder / name)
        durable.sync(self._folder)
