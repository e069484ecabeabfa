"""People on the one real server (client.py); each test makes its own."""

import pytest
from client import Server


@pytest.fixture
def ann(server: Server):
    return server.person()


@pytest.fixture
def bob(server: Server):
    return server.person()
