"""Fixtures for all tests. Each test process starts its own servers when they are first used (servers.py).

If this machine lacks a program, its tests are skipped with the reason; with CI set they fail.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import citus_servers
import pytest
import servers
import structlog

# Tests write to memory if there is room: a thousand databases, each flushed to a disk, take minutes.
MEMORY, MEMORY_BYTES = "/dev/shm", 4 * 1024**3
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
    os.environ["TMPDIR"], tempfile.tempdir = MEMORY, None

# As in a log file. structlog's own default draws each traceback with all variables, which takes 0.3 s.
structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])

pytest_plugins = [
    "engines",
    "databases",
    "kit",
    "client",
    "browser",
    "object_store",
    "elsewhere",
]  # every plug of the sockets; a real server

SERVERS = {"postgres", "redis", "cluster", "s3"}  # values of parameters that name one
SLOW_FILE = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.slow\b", re.MULTILINE)
SLOW_FOLDERS = {"faults", "journeys", "compat"}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For -n auto: one process more than cores, because the tests of faults wait more than they compute."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="SQLite and memory only; no faults, no browser")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        quick = [item for item in items if _is_quick(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in quick])
        items[:] = quick


def pytest_runtest_setup() -> None:
    """As in a new shell: a command that ran in this process may have kept its files from others, also from servers."""
    os.umask(0o022)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What is slow as a whole is not even imported."""
    if not config.getoption("--quick"):
        return None
    if collection_path.is_dir():
        return collection_path.name in SLOW_FOLDERS or None
    return bool(SLOW_FILE.search(collection_path.read_text())) or None


def _is_quick(item: pytest.Item) -> bool:
    given = getattr(item, "callspec", None)
    chosen = {value for value in given.params.values() if isinstance(value, str)} if given else set()
    fixtures = set(getattr(item, "fixturenames", ()))
    return not (
        SLOW_FOLDERS & set(item.path.parts)
        or SERVERS & chosen
        or fixtures & {"postgres", "redis_server", "redis_pair", "redis_cluster", "chromium_path", "ffmpeg_path"}
        or item.get_closest_marker("slow")
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Postgres]:
    """The server itself, for tests that stop it or copy databases. They must leave it running.

    CHIRRUP_TEST_CITUS=1: a coordinator of Citus with two workers instead.
    """
    _need("postgresql")
    kind = citus_servers.Citus if os.environ.get("CHIRRUP_TEST_CITUS") else servers.Postgres
    with servers.running(kind) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: servers.Postgres) -> Iterator[str]:
    """A fresh, empty database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Redis]:
    """The server itself, for tests that stop it. They must leave it running."""
    _need("redis-server")
    with servers.running(servers.Redis) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: servers.Redis) -> str:
    """An empty Redis that no other test uses now."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def redis_pair() -> Iterator[servers.RedisPair]:
    """A primary and its replica, for tests that stop and promote them; start() restores them."""
    _need("redis-server")
    with servers.running(servers.RedisPair) as pair:
        yield pair


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[servers.RedisCluster]:
    """Six nodes, for tests that stop some; start() restores them."""
    _need("redis-server")
    with servers.running(servers.RedisCluster) as cluster:
        yield cluster


@pytest.fixture
def redis_cluster_url(redis_cluster: servers.RedisCluster) -> str:
    """An empty Cluster that no other test uses now."""
    redis_cluster.start()
    redis_cluster.flush()
    return redis_cluster.url


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The system's browser, for Playwright's executable_path (as root it needs --no-sandbox).

    Debian's Chromium without windows takes two thirds of the other's time; that will do, too.
    """
    return _need("chromium-headless-shell")


@pytest.fixture(scope="session")
def ffmpeg_path() -> Path:
    return _need("ffmpeg")


@pytest.fixture(scope="session")
def opendkim_path() -> Path:
    return _need("opendkim")


@pytest.fixture(scope="session")
def slapd_path() -> Path:
    return _need("slapd")


def _need(package: str) -> Path:
    return servers.find(package) or _leave_out(f"no {package} here: apt-get install {package}")


def _leave_out(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI is set, so nothing may be left out)")
    pytest.skip(reason)
