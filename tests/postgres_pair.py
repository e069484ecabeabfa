"""Two PostgreSQL servers: a primary, and a standby that follows it."""

import shutil
import subprocess

import psycopg
from client import eventually
from servers import Postgres


class PostgresPair:
    """start() makes `second` a standby of `first`. No commit waits for it until synchronous()."""

    def __init__(self) -> None:
        self.first = Postgres()
        self.second = Postgres(password=self.first.password)

    def start(self) -> None:
        self.first.start()
        shutil.rmtree(self.second.folder / "data")
        copy = self.second.program.with_name("pg_basebackup")
        url = f"{self.first.url('postgres')}?application_name=second"
        subprocess.run(
            [copy, "-D", "data", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync", "-d", url],
            **self.second._child(),
            check=True,
        )
        self.second.start()
        eventually(self._follows, within_s=60)

    def synchronous(self) -> None:
        """From now on a commit is acknowledged when both have it."""
        self.ask(self.first, "ALTER SYSTEM SET synchronous_standby_names = 'second'")
        self.ask(self.first, "SELECT pg_reload_conf()")
        query = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        eventually(lambda: self.ask(self.first, query), within_s=60)

    def promote(self) -> None:
        self.ask(self.second, "SELECT pg_promote()")

    def url(self, database: str) -> str:
        """A URL with both servers, which connects to the primary."""
        first = self.first.url(database)
        return first.replace(f":{self.first.port}/", f":{self.first.port},127.0.0.1:{self.second.port}/")

    def ask(self, server: Postgres, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def remove(self) -> None:
        for server in (self.second, self.first):
            server.remove()

    def _follows(self) -> bool:
        return bool(self.ask(self.first, "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))
