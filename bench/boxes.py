"""Chirrup as it runs on many machines, on this one: PostgreSQL, Redis, any number of processes of each role.

The cost of each part is the CPU time of its processes, so two cores are enough to tell the parts apart.
"""

import os
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import psycopg

from chirrup.app import open_engines
from chirrup.config import Role, Settings
from chirrup.ports import Engines
from tests.servers import Postgres, Redis, RedisCluster, running

from . import world
from .world import Server

Cost = dict[str, float]  # seconds of CPU by part: "postgres", "redis", and the roles


class Durable(Postgres):
    """PostgreSQL with a flush for each commit; the tests run without."""

    def command(self) -> list[str]:
        return [*super().command(), "--fsync=on", "--full_page_writes=on", "--shared_buffers=1GB", "--max_wal_size=4GB"]


class Boxes(msgspec.Struct):
    """The addresses of all parts, and the processes that run now."""

    settings: Settings
    postgres: Postgres
    redis: list[Redis]
    running: list[tuple[Role, Server]] = []

    @property
    def web(self) -> Server:
        return next(server for role, server in self.running if role == "web")

    @property
    def cost(self) -> Cost:
        """CPU used by each part since it started."""
        cost: Cost = {"postgres": _cpu_of_tree(self.postgres), "redis": sum(map(_cpu_of_tree, self.redis))}
        for role, server in self.running:
            cost[role] = cost.get(role, 0) + server.cpu_s
        return cost

    @contextmanager
    def roles(self, **counts: int) -> Generator[None]:
        """Run so many processes of each role until the end of the block."""
        with ExitStack() as stack:
            for role, count in counts.items():
                for _ in range(count):
                    self.running.append((role, stack.enter_context(self._process(role))))  # pyright: ignore[reportArgumentType]
            yield
        self.running.clear()

    @contextmanager
    def _process(self, role: str) -> Generator[Server]:
        port = world.free_port()
        env = {
            "CHIRRUP_ROLE": role,
            "CHIRRUP_PORT": str(port),
            "CHIRRUP_DATA": str(self.settings.data),
            "CHIRRUP_DATABASE": self.settings.database,
            "CHIRRUP_BROKER": self.settings.broker,
            "CHIRRUP_TESTING": "1",
            "CHIRRUP_LOG_LEVEL": "error",
        }
        server = Server([sys.executable, "-m", "chirrup", "serve"], port, env)
        try:
            yield server
        finally:
            server.stop()

    def settle(self) -> None:
        """Wait until the outbox is empty, without asking the servers."""
        with psycopg.connect(self.settings.database, autocommit=True) as connection:
            while (row := connection.execute("SELECT EXISTS (SELECT 1 FROM outbox)").fetchone()) and row[0]:
                time.sleep(0.02)

    def engines(self) -> Engines:
        """Engines for the measuring process. Call it in the loop that uses them."""
        return open_engines(self.settings)


@contextmanager
def boxes(redis_nodes: int = 1) -> Generator[Boxes]:
    """PostgreSQL and Redis, both empty, without a process of Chirrup."""
    with world.folder() as data, running(Durable) as postgres, ExitStack() as stack:
        if redis_nodes == 1:
            redis = stack.enter_context(running(Redis))
            nodes = [redis]
        else:
            redis = stack.enter_context(running(lambda: RedisCluster(redis_nodes, replicas=False)))
            nodes = redis.nodes
        url = stack.enter_context(postgres.database())
        yield Boxes(Settings(data=data, database=url, broker=redis.url), postgres, nodes)


def _cpu_of_tree(server: Postgres | Redis) -> float:
    """CPU of a server, the processes it has started and those that have ended."""
    assert server.process
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_ticks(int(child), ended=False) for child in children) + _ticks(pid, ended=True)


def _ticks(pid: int, *, ended: bool) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:  # has ended: now it counts there
        return 0
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")
