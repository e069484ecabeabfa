"""Many files in one place, a folder or a zip file, with a list of their SHA-256 sums: backups, exports.

The list is written last: a bundle without one is unfinished. `sha256sum --check SHA256SUMS` reads it too.
"""

import hashlib
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Self

from . import durable
from .errors import SettingsError

SUMS = "SHA256SUMS"
SUMS_BYTES_MAX = 256 * 1024 * 1024  # of the list: a million and a half files
_NAME = re.compile(r"[^\x00-\x1f\x7f\\]{1,250}")  # of a file, with the folders that it is in
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)

Told = Callable[[int], None]  # of bytes that were read or written since


def nobody(size_bytes: int) -> None:
    """Told of progress, when nobody wants to know."""


class Writer:
    """Writes a bundle. to: a new folder, which is made, or an empty file for a zip file, which stays open."""

    def __init__(self, to: Path | BinaryIO, told: Told = nobody) -> None:
        self._told = told
        self.sums: dict[str, str] = {}  # so far
        self._folder = to if isinstance(to, Path) else None
        self._zip = None if isinstance(to, Path) else zipfile.ZipFile(to, "w", compresslevel=1)
        if self._folder:
            self._folder.mkdir(mode=0o700)

    def copy(self, name: str, data: BinaryIO, *, packed: bool = False) -> None:
        """Add a file: what is left to read of data. packed: it becomes smaller in a zip file."""
        with self.file(name, packed=packed) as write:
            while piece := data.read(durable.PIECE_BYTES):
                write(piece)

    def add(self, name: str, data: bytes) -> None:
        with self.file(name, packed=True) as write:
            write(data)

    def take(self, name: str, file: Path) -> None:
        """Add a file that is not wanted elsewhere: a folder gets it as it is."""
        if self._folder is None:
            with file.open("rb") as data:
                self.copy(name, data, packed=True)
            return file.unlink()
        digest = hashlib.sha256()
        with file.open("rb") as data:
            os.fsync(data.fileno())
            while piece := data.read(durable.PIECE_BYTES):
                digest.update(piece)
                self._told(len(piece))
        file.rename(self._folder / name)
        self.sums[name] = digest.hexdigest()

    @contextmanager
    def file(self, name: str, *, packed: bool = False) -> Generator[Callable[[bytes], None]]:
        """Add a file piece by piece."""
        if not is_name(name):
            raise ValueError(f"a bundle cannot have a file {name!r}")
        digest = hashlib.sha256()
        with self._opened(name, packed=packed) as out:

            def write(piece: bytes) -> None:
                digest.update(piece)
                out.write(piece)
                self._told(len(piece))

            yield write
        self.sums[name] = digest.hexdigest()

    @contextmanager
    def _opened(self, name: str, *, packed: bool) -> Generator[IO[bytes]]:
        if self._zip:
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o600 << 16
            info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            with self._zip.open(info, "w", force_zip64=True) as out:
                yield out
        elif self._folder:
            (self._folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with durable.new(self._folder / name) as out:
                yield out

    def finish(self) -> None:
        """Write the list. Then the bundle is whole, and on the disk."""
        with self._opened(SUMS, packed=True) as out:
            for name, digest in self.sums.items():
                out.write(f"{digest}  {name}\n".encode())
        if self._zip:
            self._zip.close()
        os.sync()  # the names too, in how many folders there are


class Reader:
    """A finished bundle. Raises SettingsError: there is none, it is unfinished, or another kind of file."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self._closing = ExitStack()
        try:
            self._zip = None if at.is_dir() else self._closing.enter_context(zipfile.ZipFile(at))
            with self.open(SUMS) as file:
                listed = file.read(SUMS_BYTES_MAX + 1)
            if len(listed) > SUMS_BYTES_MAX:
                raise EOFError(f"its {SUMS} is too long")
            found = [_LINE.fullmatch(line) for line in listed.decode().splitlines()]
        except KeyError as error:
            self._closing.close()
            raise SettingsError(f"{at} is unfinished, or no copy of Chirrup: it has no {SUMS}") from error
        except OSError as error:
            raise SettingsError(f"cannot read {at}: {error.strerror or error}") from error
        except (*_BROKEN, UnicodeDecodeError) as error:
            raise SettingsError(f"{at} is damaged, or no copy of Chirrup: {error}") from error
        self.sums = {line[2]: line[1] for line in found if line}  # a name twice is one too few
        if len(self.sums) < len(found) or not all(map(is_name, self.sums)):
            raise SettingsError(f"{at} is damaged: its {SUMS} is no list of sums and names")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def names(self) -> list[str]:
        """In the order in which they were written."""
        return list(self.sums)

    @property
    def size_bytes(self) -> int:
        """Of all files together, unpacked. Raises SettingsError: one is missing."""
        try:
            return sum(self._size(name) for name in self.sums)
        except (KeyError, OSError) as error:
            raise SettingsError(f"{self.at} is damaged: a file is missing ({error})") from error

    def _size(self, name: str) -> int:
        return self._zip.getinfo(name).file_size if self._zip else (self.at / name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """Raises KeyError: it is not there."""
        if self._zip:
            return self._zip.open(name)
        try:
            return (self.at / name).open("rb")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise KeyError(name) from error

    def check(self, told: Told = nobody) -> None:
        """Read everything. Raises SettingsError: a file is missing, differs from its sum, or is in no list."""
        for name in self.sums:
            for piece in self.pieces(name):
                told(len(piece))
        if more := sorted(self._all() - self.sums.keys() - {SUMS}):
            raise SettingsError(f"{self.at} is no longer what it was: {more[0]} is not in its {SUMS}")

    def _all(self) -> set[str]:
        if self._zip:
            return set(self._zip.namelist())
        return {one.relative_to(self.at).as_posix() for one in self.at.rglob("*") if not one.is_dir()}

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of a file. Raises SettingsError: it is missing or, at its end, that it differs from its sum."""
        digest = hashlib.sha256()
        try:
            with self.open(name) as file:
                while piece := file.read(durable.PIECE_BYTES):
                    digest.update(piece)
                    yield piece
        except KeyError as error:
            raise SettingsError(f"{self.at} is damaged: {name} is missing") from error
        except (*_BROKEN, OSError) as error:
            raise SettingsError(f"{self.at} is damaged: {name} cannot be read: {error}") from error
        if digest.hexdigest() != self.sums[name]:
            raise SettingsError(f"{self.at} is damaged: {name} is not what it was when this was written")

    def put(self, name: str, to: Path, told: Told = nobody) -> None:
        """Write a file of it to a new place, durably. Raises as pieces()."""
        to.parent.mkdir(parents=True, exist_ok=True)
        with durable.new(to) as out:
            for piece in self.pieces(name):
                out.write(piece)
                told(len(piece))


def is_name(name: str) -> bool:
    """Whether a bundle may have a file of this name: no way leads out of its folder."""
    return bool(_NAME.fullmatch(name)) and not {"", ".", ".."} & set(name.split("/"))


@contextmanager
def disk_errors(what: str) -> Generator[None]:
    """What a disk refuses is a SettingsError. what: "cannot copy to …"."""
    try:
        yield
    except OSError as error:
        raise SettingsError(f"{what}: {error.strerror or error}") from error


def free_bytes(folder: Path) -> int:
    """On the disk where folder is, or will be."""
    return shutil.disk_usage(next(one for one in (folder, *folder.absolute().parents) if one.exists())).free


def expect_space(folder: Path, wanted_bytes: int) -> None:
    """Raises SettingsError: so much does not fit there."""
    if (free := free_bytes(folder)) < wanted_bytes:
        raise SettingsError(
            f"the copy needs {wanted_bytes / 1e9:,.2f} GB and the disk of {folder} has {free / 1e9:,.2f} GB free: "
            "free some space, or name another place; nothing was written"
        )
