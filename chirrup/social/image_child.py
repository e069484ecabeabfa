"""Runs social/images.py in a child process for each picture, with limits on memory and time.

Decoders are C code that reads untrusted bytes. If one crashes, hangs or takes too much memory, only the child ends.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Semaphore
from typing import TypeVar, get_type_hints

import msgspec

from ..errors import Invalid, Unavailable, as_dict, from_dict
from ..wording import N_

T = TypeVar("T")

MEMORY_BYTES = 704 * 1024 * 1024  # of address space; the largest accepted picture was measured at 600 MiB
CPU_S = 20  # the slowest accepted animation takes 7 s
WALL_S = 60
WAITING_MAX = 32  # pictures, each up to media_bytes_max in memory
TOO_DEAR = N_("takes too much memory or time to read: send a smaller or simpler image")
_REFUSED = 3  # exit status: standard output has the reason

_waiters = ThreadPoolExecutor(max_workers=os.cpu_count(), thread_name_prefix="image")  # one child a core
_places = Semaphore(WAITING_MAX)


async def isolated(function: Callable[[bytes], T], data: bytes) -> T:
    """The result of function (process, thumbnail, avatar, emoji, header or logo of social/images.py) for data.

    Costs 0.1 s CPU more than a direct call. Raises Invalid as function does, also when the child had to be ended, and
    Unavailable at once when WAITING_MAX pictures are being processed already.
    """
    if not _places.acquire(blocking=False):
        raise Unavailable("Too many pictures are waiting to be read; try again shortly")
    try:
        try:
            made = asyncio.get_running_loop().run_in_executor(_waiters, _run, function, data)
        except RuntimeError as error:  # no memory for a thread
            raise Unavailable("The server has no memory for a picture now; try again shortly") from error
        return await made
    finally:
        _places.release()


def _run(function: Callable[[bytes], T], data: bytes) -> T:
    command = [sys.executable, "-P", "-m", __name__, function.__name__]
    # Nothing else of our environment: an attacker who takes over a child should find no secrets.
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONUTF8": "1",
    }
    try:
        child = subprocess.run(command, input=data, capture_output=True, env=environ, timeout=WALL_S)
    except subprocess.TimeoutExpired as error:
        raise Invalid("file", "too_dear", TOO_DEAR) from error

    if child.returncode == 0:
        return msgspec.msgpack.decode(child.stdout, type=get_type_hints(function)["return"])
    if child.returncode == _REFUSED:
        raise from_dict(msgspec.json.decode(child.stdout))
    if child.returncode < 0:  # ended by a signal: SIGXCPU, SIGSEGV, or SIGKILL when the machine is out of memory
        raise Invalid("file", "too_dear", TOO_DEAR)
    raise RuntimeError(f"image child exited with {child.returncode}: {child.stderr.decode(errors='replace')[-2000:]}")


def _main() -> None:
    import resource  # Unix

    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_S), (resource.RLIMIT_CORE, 0)):
        _, given = resource.getrlimit(kind)
        most = most if given == resource.RLIM_INFINITY else min(most, given)
        with suppress(ValueError):  # macOS cannot limit memory
            resource.setrlimit(kind, (most, most))
    os.nice(10)  # posting comes first

    from . import images

    makers = (images.process, images.thumbnail, images.avatar, images.emoji, images.header, images.logo)
    functions = {f.__name__: f for f in makers}
    try:
        answer = msgspec.msgpack.encode(functions[sys.argv[1]](sys.stdin.buffer.read()))
    except (Invalid, MemoryError) as error:
        if not isinstance(error, Invalid):
            error = Invalid("file", "too_dear", TOO_DEAR)
        sys.stdout.buffer.write(msgspec.json.encode(as_dict(error)))
        sys.exit(_REFUSED)
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    _main()
