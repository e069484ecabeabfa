"""The time by the database server's clock, which is one for all processes, however wrong their own are."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

EVERY_S = 60.0  # clocks of good quartz drift apart by some ms in this


class ServerClock:
    """ms since 1970, carried on from the last look at the server's clock by one that nobody sets.

    Of two processes it differs by no more than the way to the server and back takes.
    """

    def __init__(self, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._steady_s = steady_s
        self._ahead_s = 0.0  # the server's clock, of the steady one
        self._due_s = 0.0

    def __call__(self) -> int:
        return int((self._steady_s() + self._ahead_s) * 1000)

    @property
    def is_due(self) -> bool:
        return self._steady_s() >= self._due_s

    def put_off(self) -> None:
        """Somebody looks, or tries to: the next look is due as if it had been done."""
        self._due_s = self._steady_s() + EVERY_S

    def look_at(self, conninfo: str) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            self.look(connection)

    def look(self, connection: psycopg.Connection[Any]) -> None:
        """Set it by the server of connection, on which no transaction is open."""
        asked_s = self._steady_s()
        row = connection.execute(b"SELECT EXTRACT(EPOCH FROM clock_timestamp())::FLOAT8").fetchone()
        answered_s = self._steady_s()
        if row:
            self._ahead_s = row[0] - (asked_s + answered_s) / 2
            self._due_s = answered_s + EVERY_S
