"""Accounts on the one real server (client.py); each test makes its own.

CHIRRUP_TEST_SCALED=1: the server has PostgreSQL and Redis, not SQLite and its own memory.
"""

import os
from collections.abc import Iterator

import pytest
import servers
from client import Person, Server
from world import World

if os.environ.get("CHIRRUP_TEST_SCALED"):

    @pytest.fixture(scope="session")
    def server(
        tmp_path_factory: pytest.TempPathFactory, postgres: servers.Postgres, redis_server: servers.Redis
    ) -> Iterator[Server]:
        with postgres.database() as url:
            env = {"CHIRRUP_DATABASE": url, "CHIRRUP_BROKER": redis_server.url}
            with Server(tmp_path_factory.mktemp("scaled") / "data", env=env) as server:
                yield server


@pytest.fixture
def ann(server: Server):
    return server.person()


@pytest.fixture
def bob(server: Server):
    return server.person()


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    return World(server)


@pytest.fixture(scope="module")
def admin(server: Server) -> Person:
    return server.admin()
