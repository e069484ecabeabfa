"""What benchmarks start and use: a server in its own process, and accounts with tokens in its database."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import msgspec

from chirrup.access import apps, tokens
from chirrup.app import open_database
from chirrup.config import Settings
from chirrup.ports import Database, Tx
from chirrup.social import accounts, follows
from chirrup.social.accounts import SignUp

from . import load

TICKS = os.sysconf("SC_CLK_TCK")


class Person(msgspec.Struct, frozen=True):
    id: int
    token: str


def people(db: Database, prefix: str, count: int) -> list[Person]:
    """New accounts with tokens for all scopes, made in bulk."""

    def operation(tx: Tx) -> list[Person]:
        app, _ = apps.register(tx, "bench", ["urn:ietf:wg:oauth:2.0:oob"], "read write follow push", "")
        made = []
        for n in range(count):
            account = accounts.create(tx, SignUp(f"{prefix}{n}", f"{prefix}{n}@bench.example", "-"))
            made.append(Person(account.id, tokens.issue(tx, account.id, app.id, app.scopes)[1]))
        return made

    return db.write_now(operation)


def follow(db: Database, pairs: list[tuple[Person, Person]]) -> None:
    def operation(tx: Tx, chunk: list[tuple[Person, Person]]) -> None:
        for follower, followee in chunk:
            follows.follow(tx, follower.id, followee.id)

    for start in range(0, len(pairs), 2000):
        db.write_now(operation, pairs[start : start + 2000])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server: its address, its CPU and memory."""

    def __init__(self, command: list[str], port: int, env: dict[str, str]) -> None:
        self.port = port
        started = time.perf_counter()
        self.process = subprocess.Popen(command, env=os.environ | env, stdout=subprocess.DEVNULL)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if self.process.poll() is not None:
                raise SystemExit(f"the server did not start: {' '.join(command)}")
            time.sleep(0.005)
        self.started_s = time.perf_counter() - started

    @property
    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def memory_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def rate(
    server: Server, clients: int, requests: Iterable[bytes], settle: Callable[[], None] = lambda: None
) -> tuple[float, float]:
    """(answers a second until `settle` returns, µs of the server's CPU for each)."""
    cpu, started = server.cpu_s, time.perf_counter()
    count, _ = asyncio.run(load.run(server.port, clients, iter(requests)))
    settle()
    return count / (time.perf_counter() - started), (server.cpu_s - cpu) / count * 1e6


@contextmanager
def chirrup_server(data: Path) -> Generator[Server]:
    port = free_port()
    env = {"CHIRRUP_DATA": str(data), "CHIRRUP_PORT": str(port), "CHIRRUP_TESTING": "1", "CHIRRUP_LOG_LEVEL": "error"}
    server = Server([sys.executable, "-m", "chirrup", "serve"], port, env)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def folder() -> Generator[Path]:
    """A new folder on the project's disk, because flushes to that disk are measured."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as made:
        yield Path(made)


@contextmanager
def database(data: Path) -> Generator[Database]:
    db = open_database(Settings(data=data))
    try:
        yield db
    finally:
        db.close()
