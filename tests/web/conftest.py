import pytest
from client import Server
from visitor import Visitor, logged_in


@pytest.fixture
def visitor(server: Server) -> Visitor:
    """A browser that is not logged in."""
    return Visitor(server.url)


@pytest.fixture
def ann(server: Server):
    """An account with a token, for requests besides the pages."""
    return server.person()


@pytest.fixture
def bob(server: Server):
    return server.person()


@pytest.fixture
def anns(server: Server, ann) -> Visitor:
    """Ann's browser, logged in."""
    return logged_in(server, ann)
