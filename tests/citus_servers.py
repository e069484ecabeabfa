"""A coordinator of Citus and its workers, if the extension is installed: docs/operate/citus.md."""

import contextlib
from collections.abc import Iterator

import psycopg
from servers import Postgres

OPTIONS = {
    "shared_preload_libraries": "citus",
    "wal_level": "logical",
    "max_prepared_transactions": 400,
    "max_connections": 400,
    "citus.enable_statistics_collection": "off",
    "citus.node_conninfo": "sslmode=prefer",
}


class Citus(Postgres):
    """The coordinator. start(), stop() and the others act on its workers too. Databases are on all of them."""

    def __init__(self, workers: int = 2) -> None:
        super().__init__(**OPTIONS)
        self._taken: set[str] = set()
        self.workers = [Postgres(password=self.password, **OPTIONS) for _ in range(workers)]

    def start(self) -> None:
        for worker in self.workers:
            if worker.process is None:
                worker.start()
        super().start()

    def stop(self) -> None:
        super().stop()
        for worker in self.workers:
            worker.stop()

    def remove(self) -> None:
        super().remove()
        for worker in self.workers:
            worker.remove()

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """See Postgres. Without a template it is empty, and knows its workers.

        Copies take many seconds, so if nobody uses the template itself, it is returned, and emptied afterwards.
        """
        if template != "template0" and template not in self._taken:
            self._taken.add(template)
            try:
                yield self.url(template)
            finally:
                self._empty(template)
                self._taken.discard(template)
            return
        name = f"test_{next(self._numbers)}"
        for node in (self, *self.workers):
            self._leave(node, template)
            node._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        if template == "template0":
            self._introduce(name)
        try:
            yield self.url(name)
        finally:
            self._leave(self, name)  # workers are gone with all of it

    def _introduce(self, name: str) -> None:
        for node in (*self.workers, self):
            with psycopg.connect(node.url(name), autocommit=True) as connection:
                connection.execute("CREATE EXTENSION citus")
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute("SELECT citus_set_coordinator_host('127.0.0.1', %s)", [self.port])
            for worker in self.workers:
                connection.execute("SELECT citus_add_node('127.0.0.1', %s)", [worker.port])

    def _empty(self, name: str) -> None:
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(
                """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'chirrup'"""
            )
            own = "SELECT relname::text, relname::text IN (SELECT table_name::text FROM citus_tables) FROM pg_class "
            names = connection.execute(own + "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace").fetchall()
            for table, delivery in names:
                if not delivery and not table.startswith("schema_"):
                    connection.execute(f"DROP TABLE {table}".encode())
            filled = [table for table, delivery in names if delivery and not table.startswith("schema_")]
            filled = [
                table for table in filled if connection.execute(f"SELECT 1 FROM {table} LIMIT 1".encode()).rowcount
            ]
            if filled:
                connection.execute(f"TRUNCATE {', '.join(filled)}".encode())

    def _leave(self, node: Postgres, name: str) -> None:
        """Disconnect all from it there: Citus's daemon, and connections that nodes keep to each other."""
        with psycopg.connect(node.url("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
            )
