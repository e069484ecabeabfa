"""The servers for tests: they answer, restart, and never outlive the run."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
import servers

pytestmark = pytest.mark.slow


def test_each_database_is_fresh_or_a_copy(postgres: servers.Postgres):
    with postgres.database() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE birds AS SELECT 1 AS id")

        with postgres.database(template=url.rsplit("/", 1)[1]) as copy, psycopg.connect(copy) as connection:
            assert connection.execute("SELECT id FROM birds").fetchall() == [(1,)]
        with postgres.database() as other, psycopg.connect(other) as connection:
            assert connection.execute("SELECT to_regclass('birds')").fetchone() == (None,)

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_postgres_recovers_from_a_crash_with_what_was_committed(postgres: servers.Postgres, postgres_url: str):
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE birds AS SELECT 1 AS id")

    postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_url)
    postgres.start()

    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT id FROM birds").fetchall() == [(1,)]


def test_redis_starts_empty_and_comes_back_at_the_same_url(redis_server: servers.Redis, redis_url: str):
    client = redis.Redis.from_url(redis_url)
    assert client.dbsize() == 0
    client.set("bird", 1)

    redis_server.stop()
    with pytest.raises(redis.ConnectionError):
        client.get("bird")
    redis_server.start()

    assert client.get("bird") is None


@pytest.mark.parametrize("kind", ["Postgres", "Redis"])
def test_servers_die_with_a_test_process_that_is_killed(kind: str, request: pytest.FixtureRequest):
    request.getfixturevalue({"Postgres": "postgres", "Redis": "redis_server"}[kind])  # skips where there is none
    program = f"import servers; s = servers.{kind}(); s.start(); print(s.process.pid, s.folder, flush=True); input()"
    tests = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parent
    )
    assert tests.stdin and tests.stdout
    server_pid, folder = tests.stdout.readline().split()
    server = os.pidfd_open(int(server_pid))

    tests.send_signal(signal.SIGKILL)
    tests.communicate()

    ended, _, _ = select.select([server], [], [], 20)  # a pidfd is readable once its process has ended
    assert ended, "the server still runs"
    os.close(server)
    servers.Redis().remove()  # a later run tidies up
    assert not Path(folder.decode()).exists()
