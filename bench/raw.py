"""The limits of this machine. Benchmarks are compared with them, so runs of different days can be compared."""

import itertools
import sys
import time

import apsw

from . import load, world
from .world import Server


def inserts(count: int) -> float:
    """Rows a second into SQLite, 64 for each flush."""
    with world.folder() as data:
        connection = apsw.Connection(str(data / "raw.db"))
        connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT)")
        started = time.perf_counter()
        for start in range(0, count, 64):
            with connection:
                connection.executemany(
                    "INSERT INTO t VALUES (?, ?)", ((start + n, load.WORDS[:300]) for n in range(64))
                )
        return count / (time.perf_counter() - started)


def answers(count: int) -> tuple[float, float]:
    """Answers of 44 kB by an application that only answers: how many a second, and µs of CPU for each."""
    port = world.free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.bare:app", "--port", str(port), "--log-level", "error"]
    server = Server(command, port, {})
    try:
        return world.rate(server, 16, itertools.repeat(load.get("/", "none"), count))
    finally:
        server.stop()
