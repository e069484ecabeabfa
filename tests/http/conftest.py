"""Accounts on the one real server (client.py); each test makes its own.

CHIRRUP_TEST_SCALED=1: servers have PostgreSQL and Redis, not SQLite and their own memory.
"""

import os
from collections.abc import Iterator

import pytest
from client import Person, Server
from walls import Site, two_sites
from world import World

from chirrup.store import members


def _engines(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings of a server with a database of its own."""
    if not os.environ.get("CHIRRUP_TEST_SCALED"):
        yield {}
        return
    redis_server = request.getfixturevalue("redis_server")
    with request.getfixturevalue("postgres").database() as url:
        yield {"CHIRRUP_DATABASE": url, "CHIRRUP_BROKER": redis_server.url}


engines = pytest.fixture(scope="module")(_engines)
engines_of_all = pytest.fixture(scope="session")(_engines)

if os.environ.get("CHIRRUP_TEST_SCALED"):

    @pytest.fixture(scope="session")
    def server(tmp_path_factory: pytest.TempPathFactory, engines_of_all: dict[str, str]) -> Iterator[Server]:
        with Server(tmp_path_factory.mktemp("scaled") / "data", env=engines_of_all) as server:
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
    """With COMPLIANCE, which administrators do not have by themselves, so that every route is asked by who may."""
    person = server.admin()
    server.do(lambda engines: engines.db.write(members.set_compliance, int(person.id), 1))
    return person


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> Iterator[tuple[Site, Site]]:
    """The server's own network, and an organisation."""
    with two_sites(tmp_path_factory.mktemp("walls"), engines) as sites:
        yield sites


@pytest.fixture(scope="module", params=["asked at the organisation's", "asked at the server's own"])
def sides(both: tuple[Site, Site], request: pytest.FixtureRequest) -> tuple[Site, Site]:
    """(whose ids and words are asked for, at whose site)."""
    return both if request.param.startswith("asked at the org") else both[::-1]
