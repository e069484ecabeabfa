"""Files that survive a power cut. Callers write a file under a temporary name, then rename it."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 1024 * 1024


def write(file: Path, data: bytes | BinaryIO, mode: int = 0o600) -> None:
    """Make the file; it is on disk on return. mode: before the umask. Raises OSError, FileExistsError too.

    data: an open file is copied from where it stands, in pieces.
    """
    with new(file, mode) as out:
        if isinstance(data, bytes):
            out.write(data)
        else:
            shutil.copyfileobj(data, out, PIECE_BYTES)


@contextmanager
def new(file: Path, mode: int = 0o600) -> Generator[BinaryIO]:
    """Make the file, to be written to; it is on disk when the block has ended without an error."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as out:
        yield out
        out.flush()
        os.fsync(handle)


def sync(folder: Path) -> None:
    """Files made, renamed or removed in the folder are so on disk on return. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
