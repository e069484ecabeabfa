"""Blobs in a folder: root/ab/cd/ef….jpg. Writing is atomic and durable; nothing outside root can be named."""

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from ... import durable
from ...errors import Unavailable
from . import keys

_STALE_S = 3600  # other processes may be writing right now, but none writes for an hour


class DiskBlobs:
    """Implements ports.Blobs. Any number of processes may share root."""

    def __init__(self, root: Path) -> None:
        """Makes root if need be, and removes what a crash left half-written there an hour ago or more."""
        self._root = root
        self._unfinished = root / "tmp"  # no key begins so: never served
        self._unfinished.mkdir(parents=True, exist_ok=True)
        for file in self._unfinished.iterdir():
            with suppress(FileNotFoundError):  # another process that starts now was faster
                if file.stat().st_mtime < time.time() - _STALE_S:
                    file.unlink()

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Durable on return, whole or not at all.

        Raises Unavailable when the disk refuses (full, read-only), ValueError for a key or type never made by us.
        """
        self._put(key, data, content_type)

    def put_file(self, key: str, file: BinaryIO, content_type: str) -> None:
        """As put()."""
        self._put(key, file, content_type)

    def _put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        keys.check(key, content_type)
        file = self._root / key
        unfinished = self._unfinished / secrets.token_hex(16)
        try:
            durable.write(unfinished, data, mode=0o666)
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.replace(file)
            for folder in (file.parent, file.parent.parent, self._root):  # a rename and new folders outlive a power cut
                durable.sync(folder)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise Unavailable("The file could not be stored; try again later") from error

    def get(self, key: str) -> tuple[bytes, str] | None:
        """(data, content type), or None: absent, or not a key at all."""
        content_type = keys.type_of(key)
        try:
            return ((self._root / key).read_bytes(), content_type) if content_type else None
        except FileNotFoundError:
            return None

    def open(self, key: str) -> tuple[BinaryIO, int, str] | None:
        """(the file to read from and to close, its size, content type), or None as for get."""
        content_type = keys.type_of(key)
        try:
            file = (self._root / key).open("rb", buffering=0) if content_type else None
        except FileNotFoundError:
            return None
        return (cast(BinaryIO, file), os.fstat(file.fileno()).st_size, content_type) if file else None

    def delete(self, key: str) -> None:
        """Gone afterwards; harmless when repeated, or for what is not a key."""
        if keys.type_of(key):
            (self._root / key).unlink(missing_ok=True)

    def old(self, folder: str, older_s: int) -> list[str]:
        """Keys that begin with folder/ and were put longer than older_s seconds ago."""
        before_s = time.time() - older_s
        found: list[str] = []
        for file in (self._root / folder).glob("*/*"):
            key = file.relative_to(self._root).as_posix()
            with suppress(FileNotFoundError):  # deleted meanwhile
                if keys.type_of(key) and file.stat().st_mtime < before_s:
                    found.append(key)
        return found
