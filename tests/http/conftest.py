"""One real server for all tests of a process; each test makes its own people on it."""

from collections.abc import Iterator

import pytest
from client import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server") / "data").start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def ann(server: Server):
    return server.person()


@pytest.fixture
def bob(server: Server):
    return server.person()
