"""PostgreSQL and Redis for tests: each test process starts its own, on a free loopback port, at the first use.

So a test may stop, kill and restart them. They end with the process that started them, even when that is killed. Run as
a program, this file prints the Debian packages that are missing.
"""

import contextlib
import ctypes
import fcntl
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import psycopg
import redis

START_TIMEOUT_S = 60.0  # a loaded machine with a slow disk
PDEATHSIG = 1  # prctl(2)
PORTS = range(10_000, 32_000)  # below those that the kernel gives to outgoing connections (32768 and up)
_CLAIMS = f"/tmp/chirrup-ports-{os.getuid()}"  # whatever TMPDIR is: all processes of tests share it
_claimed: set[int] = set()
_file: list[int] = []
_lock = Lock()
Kind = TypeVar("Kind", bound="Server | RedisPair | RedisCluster")


def find(package: str) -> Path | None:
    """The path of the program that tests use from a Debian package: initdb, redis-server, ffmpeg."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: int(bin.parent.name), reverse=True)
    names = {
        "postgresql": ["initdb"],
        "redis-server": ["redis-server", "valkey-server"],
        "chromium-headless-shell": ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
        "ffmpeg": ["ffmpeg"],
        "dnsmasq-base": ["dnsmasq", "/usr/sbin/dnsmasq"],
        "strace": ["strace"],  # Linux: makes system calls of a server fail
        "slapd": ["slapd"],  # OpenLDAP
        "opendkim": ["opendkim"],
        "swaks": ["swaks"],  # forges mails
        "postfix": ["postfix"],
        "dovecot-imapd": ["dovecot"],
    }[package]
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath), "/usr/sbin"])
    return next((Path(found) for name in names if (found := shutil.which(name, path=path))), None)


class Server:
    """A server in its own folder. start() after stop() or kill() has the same port and the same data."""

    crash = signal.SIGKILL  # what kill() sends, and the kernel when this process dies

    def __init__(self, package: str) -> None:
        program = find(package)
        if program is None:
            raise FileNotFoundError(f"no {package} here: apt-get install {package}")
        self.program = program
        self.folder = _new_folder()
        self.password = secrets.token_hex(16)  # the port is open to every user of this machine
        self.port = free_port()
        self.process: subprocess.Popen[Any] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        """Returns once it answers. Raises RuntimeError with its log if it does not."""
        with (self.folder / "log").open("ab") as log:
            self.process = process = subprocess.Popen(self.command(), stdout=log, stderr=log, **self._child())
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while not self.is_ready():
            if process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise RuntimeError(f"{self.program} did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)  # polling, because the program has no way to say that it is ready

    def stop(self) -> None:
        """Stop it in order, as an operator would."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it at once, as in a crash."""
        self._end(self.crash)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, sig: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(sig)
            try:
                self.process.wait(timeout=START_TIMEOUT_S)
            finally:
                self.process.kill()
                self.process = None

    def _child(self) -> dict[str, Any]:
        """Popen's arguments for a process that dies with this one. As root it runs as the folder's owner."""
        prctl = ctypes.CDLL(None).prctl
        owner = self.folder.stat()
        user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.getuid() == 0 else {}
        own = {
            "env": os.environ | {"PGPASSWORD": self.password}
        }  # for a standby of PostgreSQL, which connects to its primary
        return {"cwd": self.folder, **own, "preexec_fn": lambda: prctl(PDEATHSIG, int(self.crash)), **user}


class Postgres(Server):
    """A cluster without fsync: it survives a crash of its processes, not of the machine. options: its settings."""

    crash = signal.SIGQUIT  # a crash of every process of it: the next start recovers from the log

    def __init__(self, *, password: str = "", **options: Any) -> None:
        super().__init__("postgresql")
        self.password = password or self.password
        self.options = options
        self._numbers = count(1)
        self._idle: dict[str, list[_Used]] = {}  # template -> databases that can be used again
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", pwd.getpwnam("postgres").pw_gid)
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        password_file.chmod(0o644)  # in a folder nobody else may enter
        command = [self.program, "--pgdata=data", "--username=chirrup", f"--pwfile={password_file}", "--auth=password"]
        done = subprocess.run(
            [*command, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            **self._child(),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{self.program} failed: {done.stderr[-2000:]}")

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "off",
            "full_page_writes": "off",
        }
        settings |= self.options
        chosen = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.program.with_name("postgres")), "-D", "data", *chosen]

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str) -> str:
        return f"postgresql://chirrup:{self.password}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new database, a copy of template (without connections to that); dropped afterwards."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextlib.contextmanager
    def emptied(self, template: str) -> Iterator[str]:
        """As database(), but it may have been used before, and its rows deleted.

        It has the rows of the template. A database whose tables were changed is not used again.
        """
        idle = self._idle.setdefault(template, [])
        used = idle.pop() if idle else self._new_used(template)
        try:
            yield self.url(used.name)
        finally:
            if used.is_emptied():
                idle.append(used)
            else:
                used.connection.close()
                self._run(f"DROP DATABASE IF EXISTS {used.name} WITH (FORCE)")

    def _new_used(self, template: str) -> "_Used":
        name = f"used_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return _Used(name, self.url(name))

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


class _Facts(NamedTuple):
    """Of a database: the state of its catalogue, and table -> digest of its rows, None if it is empty."""

    shape: Any
    rows: list[Any]


class _Used:
    """A database that one test uses after another.

    Its connection stays, with its statements prepared: a new one would read all of the catalogue, which takes 60 ms.
    """

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.connection = psycopg.connect(url, autocommit=True, options="-c lock_timeout=10s")
        tables = [table for (table,) in self.connection.execute(_TABLES)]
        digests = [f"SELECT '{table}', (SELECT md5(string_agg(t::TEXT, ' ')) FROM {table} t)" for table in tables]
        self._digests = " UNION ALL ".join(digests).encode()
        self._before = self._facts()

    def is_emptied(self) -> bool:
        """Deletes its rows. True: it is as it was when it was made."""
        try:
            self.connection.execute(_END_OTHERS, prepare=True)
            now = self._facts()
            if now.shape == self._before.shape and now != self._before:
                filled = [
                    table
                    for (table, rows), (_, old) in zip(now.rows, self._before.rows, strict=True)
                    if rows and not old
                ]
                self.connection.execute("; ".join(f"DELETE FROM {table}" for table in filled).encode())
                now = self._facts()
        except psycopg.Error:
            return False
        return now == self._before

    def _facts(self) -> _Facts:
        shape = self.connection.execute(_SHAPE, prepare=True).fetchone()
        return _Facts(shape, self.connection.execute(self._digests, prepare=True).fetchall())


_TABLES = b"""SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"""
_SHAPE = b"""
    SELECT (SELECT COUNT(*) FROM pg_class), COUNT(*), MAX(xmin::TEXT::BIGINT) FROM pg_attribute"""  # each change is new
_END_OTHERS = b"""
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


class Redis(Server):
    """It is empty after a restart. options: as in redis.conf, with _ for -."""

    def __init__(self, *, password: str = "", **options: Any) -> None:
        super().__init__("redis-server")
        self.password = password or self.password
        self._options = options

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        options = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": self.password,
            "masterauth": self.password,
            "save": "",
            "appendonly": "no",
            "repl_diskless_sync_delay": 0,
        }
        words = [
            word
            for name, value in (options | self._options).items()
            for word in (f"--{name.replace('_', '-')}", *str(value).split(" "))
        ]
        return [str(self.program), *words]

    def is_ready(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.ConnectionError:
            return False

    def ask(self, *words: str | int) -> Any:
        with redis.Redis.from_url(self.url, socket_timeout=5, decode_responses=True) as client:
            return client.execute_command(*words)

    def flush(self) -> None:
        self.ask("FLUSHALL")

    def pause(self) -> None:
        """Suspend its process: to others it looks like a cut network."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, sig: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(sig)


class RedisPair:
    """Two servers, one of them a replica of the other. At first, `first` is the primary."""

    def __init__(self) -> None:
        self.first = Redis()
        self.second = Redis(password=self.first.password)

    @property
    def url(self) -> str:
        """A URL with both servers."""
        return f"redis://:{self.first.password}@127.0.0.1:{self.first.port},127.0.0.1:{self.second.port}/0"

    def start(self) -> None:
        for server in (self.first, self.second):
            if server.process is None:
                server.start()
        self.first.go_on()
        self.follow(self.second, self.first)

    def follow(self, replica: Redis, primary: Redis) -> None:
        """Make replica a replica of primary. Returns once it has the primary's data."""
        primary.ask("REPLICAOF", "NO", "ONE")
        replica.ask("REPLICAOF", "127.0.0.1", primary.port)
        _wait(lambda: replica.ask("INFO", "replication").get("master_link_status") == "up")

    def remove(self) -> None:
        for server in (self.first, self.second):
            server.remove()


class RedisCluster:
    """Primaries with a replica each, small, with a failover within a second."""

    def __init__(self, primaries: int = 3, *, replicas: bool = True) -> None:
        self._count = primaries
        password = secrets.token_hex(16)
        self.nodes = [
            Redis(
                password=password,
                cluster_enabled="yes",
                cluster_node_timeout=1000,
                cluster_port=free_port(),
                cluster_replica_validity_factor=0,
                cluster_allow_replica_migration="no",
            )
            for _ in range(primaries * (2 if replicas else 1))
        ]
        self._made = False

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[: self._count])
        return f"redis+cluster://:{self.nodes[0].password}@{hosts}"

    def start(self) -> None:
        """Start all nodes again. Returns once every slot is served and every primary has its replica."""
        for node in self.nodes:
            if node.process is None:
                node.start()
            node.go_on()
        if not self._made:
            self._make()
        _wait(self._is_well)

    def _make(self) -> None:
        first = self.nodes[0]
        for number, node in enumerate(self.nodes):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < self._count:
                first_slot, next_slot = (n * 16384 // self._count for n in (number, number + 1))
                node.ask("CLUSTER", "ADDSLOTSRANGE", first_slot, next_slot - 1)
            if node is not first:
                first.ask("CLUSTER", "MEET", "127.0.0.1", node.port, node._options["cluster_port"])
        _wait(lambda: all(len(self._lines(node)) == len(self.nodes) for node in self.nodes))
        for primary, replica in zip(self.nodes, self.nodes[self._count :], strict=False):
            replica.ask("CLUSTER", "REPLICATE", primary.ask("CLUSTER", "MYID"))
        self._made = True

    def primaries(self) -> list[Redis]:
        """The nodes that serve slots, in the order of the slots."""
        serving = [
            (min(int(slots.split("-")[0]) for slots in served), words[1])
            for words in self._lines(self.nodes[0])
            if (served := [slots for slots in words[8:] if slots[0] != "["])  # [93->-id]: being moved
        ]
        return [self._at(address) for _, address in sorted(serving)]

    def move(self, slot: int, giver: Redis, taker: Redis) -> None:
        """Move a slot with all its keys, one by one, as redis-cli does. Meanwhile commands for it work, or get ASK."""
        ids = {node: node.ask("CLUSTER", "MYID") for node in (giver, taker)}
        taker.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[giver])
        giver.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[taker])
        while keys := giver.ask("CLUSTER", "GETKEYSINSLOT", slot, 1):
            giver.ask("MIGRATE", "127.0.0.1", taker.port, keys[0], 0, 5000, "AUTH", self.nodes[0].password)
        for node in (taker, giver):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", ids[taker])

    def replica_of(self, primary: Redis) -> Redis:
        id = primary.ask("CLUSTER", "MYID")
        return next(self._at(words[1]) for words in self._lines(primary) if words[3] == id)

    def flush(self) -> None:
        for node in self.primaries():
            node.flush()

    def remove(self) -> None:
        for node in self.nodes:
            node.remove()

    def _at(self, address: str) -> Redis:
        return next(node for node in self.nodes if address.startswith(f"127.0.0.1:{node.port}@"))

    def _lines(self, node: Redis) -> list[list[str]]:
        """For each node that this node knows: id, address, flags, its primary's id, …; from the ninth on: slots."""
        lines = [line.split() for line in node.ask("CLUSTER", "NODES").splitlines()]
        return [words for words in lines if "handshake" not in words[2]]

    def _is_well(self) -> bool:
        """Whether all nodes report that all nodes and their own replication work."""
        for node in self.nodes:
            lines = self._lines(node)
            states = {words[7] for words in lines} | {flag for words in lines for flag in words[2].split(",")}
            served = {words[0] for words in lines if "master" in words[2] and len(words) > 8}
            followed = sorted(words[3] for words in lines if "slave" in words[2])
            if states & {"disconnected", "fail", "fail?"} or len(served) != self._count:
                return False
            if len(self.nodes) > self._count and followed != sorted(served):
                return False
            if "cluster_state:ok" not in node.ask("CLUSTER", "INFO"):
                return False
            if node.ask("INFO", "replication").get("master_link_status", "up") != "up":
                return False
        return True


def _wait(ready: Callable[[], bool]) -> None:
    """Polls until ready(). Servers have no other way to say so."""
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if time.monotonic() > give_up_at:
            raise RuntimeError("the servers did not come together")
        time.sleep(0.02)


@contextlib.contextmanager
def running(kind: Callable[[], Kind]) -> Iterator[Kind]:
    """A started server. It is removed afterwards with all its data."""
    server = kind()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def free_port() -> int:
    """A loopback port without a listener, which no client and no other process of tests can get.

    This process has it until it ends, so a server may be stopped and started again: byte n of a file is locked for
    port n. A second server of this process never gets it.
    """
    with _lock:
        if not _file:  # opened once: a lock of fcntl ends when any opened copy of its file is closed
            _file.append(os.open(_CLAIMS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        while True:
            port = random.SystemRandom().choice(PORTS)
            if port not in _claimed and _claim(port) and _is_free(port):
                _claimed.add(port)
                return port


def _claim(port: int) -> bool:
    try:
        fcntl.lockf(_file[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _new_folder() -> Path:
    """An empty private folder. Also removes folders of killed runs."""
    for old in Path(tempfile.gettempdir()).glob("chirrup-tests-*-*"):
        if not Path(f"/proc/{old.name.split('-')[2]}").exists():
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"chirrup-tests-{os.getpid()}-"))


if __name__ == "__main__":
    print(
        *[
            package
            for package in (
                "postgresql",
                "redis-server",
                "chromium-headless-shell",
                "ffmpeg",
                "strace",
                "slapd",
                "opendkim",
                "swaks",
                "postfix",
                "dovecot-imapd",
                "dnsmasq-base",
            )
            if find(package) is None
        ]
    )
