"""People on the one real server (client.py); each test makes its own."""

import pytest
from client import Person, Server
from world import World


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
