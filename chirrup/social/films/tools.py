"""Runs ffmpeg and ffprobe, Debian's, on what strangers sent: in a folder of its own and locked down (locked.py)."""

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Semaphore

from ...errors import Invalid, Unavailable
from ...wording import N_
from . import locked

MEMORY_BYTES = 1536 * 1024 * 1024  # of address space; measured: docs/decisions/0049-films-and-sound.md
OUTPUT_BYTES_MAX = 256 * 1024 * 1024
PROBE_CPU_S, PROBE_S = 5, 60  # the time on the clock is for what hangs: a busy machine is no fault of the film
MAKE_CPU_S, MAKE_S = 1200, 1800
STALE_S = 2 * MAKE_S  # a folder is older: whoever made it was killed
AT_ONCE = 8  # looks at films in one process
STDERR_BYTES = 2000
TOO_DEAR = N_("takes too much memory or time to read: send a shorter or simpler one")
# What ffmpeg may open at all: never an address, and no list of other files.
CLOSED = ("-protocol_whitelist", "file", "-max_streams", "50", "-max_pixels", str(7680 * 4320))

_REFUSED_CODEC = re.compile(r"Codec \((\w+)\) not on whitelist")

_places = Semaphore(AT_ONCE)


def find(name: str) -> str | None:
    """The path of ffmpeg or ffprobe; None: not usable here."""
    return shutil.which(name) if locked.possible() else None


def there() -> bool:
    """Whether films and sound can be handled here."""
    return bool(find("ffmpeg") and find("ffprobe"))


@contextmanager
def workplace(data: Path) -> Generator[Path]:
    """A folder in data that is deleted afterwards, with those of processes that were killed. Raises Unavailable."""
    root = data / "films"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in root.iterdir():
            with suppress(FileNotFoundError):  # another process was faster
                if old.stat().st_mtime < time.time() - STALE_S:
                    shutil.rmtree(old, ignore_errors=True)
        place = Path(tempfile.mkdtemp(dir=root)).absolute()
    except OSError as error:
        raise Unavailable("The server has no disk space for a film; try again later") from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def damaged() -> Invalid:
    return Invalid("file", "damaged", "is damaged or unusual and could not be read: export it again as MP4 or MP3")


def unknown_codec(name: str) -> Invalid:
    why = N_("is written in {codec}, which is not taken here: export it as MP4 with H.264 and AAC, or as MP3")
    return Invalid("file", "unknown", why, codec=name[:40] or "?")


async def look(place: Path, *arguments: str) -> bytes:
    """What ffprobe writes. Raises as run(), and Unavailable at once when AT_ONCE looks are running."""
    if not _places.acquire(blocking=False):
        raise Unavailable("Too many films are waiting to be read; try again shortly")
    try:
        return await run("ffprobe", place, *arguments, cpu_s=PROBE_CPU_S, within_s=PROBE_S)
    finally:
        _places.release()


async def run(name: str, place: Path, *arguments: str, cpu_s: int = MAKE_CPU_S, within_s: float = MAKE_S) -> bytes:
    """Standard output of the program, which works in place. Cancelled: it is ended.

    Raises Invalid ("file"): it takes too much, or the program cannot read it; Unavailable: it is not here any more.
    """
    program = find(name)
    if program is None:
        raise Unavailable("{name} is not installed any more; an operator must install it again", name=name)
    limits = (str(place), str(MEMORY_BYTES), str(cpu_s), str(OUTPUT_BYTES_MAX))
    environ = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", locked.__name__, *limits, program, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
    )
    try:
        async with asyncio.timeout(within_s):
            out, said = await child.communicate()
    except TimeoutError as error:
        raise Invalid("file", "too_dear", TOO_DEAR) from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    words = said[-STDERR_BYTES:].decode(errors="replace")
    status = child.returncode or 0
    if status == 0:
        return out
    if status < 0 or "Cannot allocate memory" in words or "File too large" in words:
        raise Invalid("file", "too_dear", TOO_DEAR)
    if codec := _REFUSED_CODEC.search(words):
        raise unknown_codec(codec[1])
    if "Traceback" in words:  # of locked.py: it was not the file's fault
        raise RuntimeError(f"{name} could not be locked down: {words}")
    raise damaged()
