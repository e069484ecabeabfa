"""A server of several processes on one PostgreSQL and one Redis, and the leases of its workers."""

import signal
from contextlib import ExitStack
from pathlib import Path

from client import Person, Server

from chirrup.ports import Row, Tx


class Boxes:
    """Two web processes, two workers, one for streams. Clients use the first web process."""

    def __init__(self, folder: Path, database: str, broker: str, running: ExitStack) -> None:
        shared = {"CHIRRUP_DATABASE": database, "CHIRRUP_BROKER": broker, "CHIRRUP_DATA": str(folder / "data")}
        shared |= {"CHIRRUP_TRUSTED_PROXIES": "127.0.0.1"}

        self._folder, self._shared, self._running = folder, shared, running
        self.database, self.broker, self.url = database, broker, ""
        self.webs = [self.launch("web1"), self.launch("web2")]
        self.workers = [self.launch("worker1"), self.launch("worker2")]
        self.streams = self.launch("stream1")
        for server in (*self.webs, *self.workers, self.streams):
            server.answered()

    def launch(self, name: str) -> Server:
        """Start one more process, with the role at the beginning of its name. It does not answer yet."""
        role = {"CHIRRUP_ROLE": name[:-1], "CHIRRUP_URL": self.url}
        server = Server(self._folder / name, env=self._shared | role)
        self.url = self.url or server.url
        server.env["CHIRRUP_URL"] = self.url
        self._running.callback(server.stop, signal.SIGKILL)
        server.launch()
        return server

    def at_second(self, person: Person) -> Person:
        """The same person, as a client of the second web process."""
        other = Person(self.webs[1], person.token)
        other.name, other.id = person.name, person.id
        return other


def worker_ids(tx: Tx) -> list[Row]:
    return tx.all("SELECT id FROM workers WHERE until > :now", now=tx.now_ms)


def partitions_held(tx: Tx, worker: int) -> set[int]:
    rows = tx.all("SELECT lane FROM lanes WHERE holder = :holder AND until > :now", holder=worker, now=tx.now_ms)
    return {partition for (partition,) in rows}
