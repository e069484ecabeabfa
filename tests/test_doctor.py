"""`chirrup doctor` on Redis: it asks for the settings of docs/operate/redis.md, and nothing else."""

import asyncio
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forkserver
import pytest
import servers
from client import ROOT, eventually
from rich.console import Console

from chirrup import doctor
from chirrup.config import Settings
from chirrup.engines.broker.redis import RedisBroker
from chirrup.ports import Doubt

PAGE = (ROOT / "docs/operate/redis.md").read_text()


def asked_for() -> dict[str, str]:
    """The settings of that page, except the amount of memory."""
    block = PAGE.partition("What to set, in `redis.conf`:\n")[2].partition("\nIf you")[0]
    lines = [line.split(None, 1) for line in block.splitlines() if line.strip() and "#" not in line]
    return {name.replace("-", "_"): value.strip().strip('"') for name, value in lines} | {"maxmemory": "64mb"}


def doubts(url: str) -> list[Doubt]:
    async def look() -> list[Doubt]:
        broker = RedisBroker(url)
        try:
            return await broker.doubts()
        finally:
            await broker.close()

    return asyncio.run(look())


@pytest.fixture(scope="module")
def as_asked(redis_server: servers.Redis) -> Iterator[servers.RedisPair]:
    """A primary and its replica, configured as the page says. (redis_server: skips if there is no Redis.)"""
    pair = servers.RedisPair()
    pair.first._options = pair.second._options = asked_for()
    try:
        pair.start()
        yield pair
    finally:
        pair.remove()


def test_a_server_configured_as_the_page_says_gets_no_complaint(as_asked: servers.RedisPair):
    assert doubts(as_asked.url) == []


@pytest.mark.parametrize(
    ("setting", "value", "what", "to_do"),
    [
        ("maxmemory", "0", "all memory", "maxmemory"),
        ("maxmemory-policy", "noeviction", "writes are refused", "maxmemory-policy allkeys-lru"),
        ("save", "60 1000", "to disk", 'save ""'),
        ("appendonly", "yes", "to disk", "appendonly no"),
        ("min-replicas-to-write", "0", "goes on taking writes", "min-replicas-to-write 1"),
        ("min-replicas-max-lag", "10", "goes on taking writes", "min-replicas-max-lag 1"),
        ("min-replicas-max-lag", "0", "goes on taking writes", "min-replicas-max-lag 1"),
    ],
)
def test_each_setting_that_is_another_is_named_with_what_to_do(
    as_asked: servers.RedisPair, setting: str, value: str, what: str, to_do: str
):
    server = as_asked.second
    before = server.ask("CONFIG", "GET", setting)[setting]
    server.ask("CONFIG", "SET", setting, value)
    try:
        (doubt,) = doubts(as_asked.url)
    finally:
        server.ask("CONFIG", "SET", setting, before)

    assert f"127.0.0.1:{server.port}" in doubt.what and what in doubt.what
    assert to_do in doubt.to_do


def test_a_replica_that_is_gone_or_follows_nobody_is_missed(as_asked: servers.RedisPair):
    as_asked.second.ask("REPLICAOF", "NO", "ONE")
    alone = doubts(as_asked.url)
    as_asked.second.kill()
    gone = doubts(as_asked.url)
    as_asked.start()

    assert len(alone) == 2 and all("nobody follows" in doubt.what for doubt in alone)
    assert [f"127.0.0.1:{as_asked.second.port} does not answer" in doubt.what for doubt in gone] == [False, True]
    assert doubts(as_asked.url) == []


def test_who_may_not_read_the_settings_is_told_to_look_at_them(as_asked: servers.RedisPair):
    first = as_asked.first
    first.ask("ACL", "SETUSER", "town", "on", f">{first.password}", "~*", "&*", "+@all", "-config")

    (doubt,) = doubts(f"redis://town:{first.password}@127.0.0.1:{first.port}/0")

    assert "does not tell its settings" in doubt.what and "NOPERM" in doubt.what
    assert "docs/operate/redis.md" in doubt.to_do


def test_every_node_of_a_cluster_is_looked_at(redis_cluster: servers.RedisCluster):
    redis_cluster.start()
    redis_cluster.flush()  # nodes report a replica only once it has received data

    def all_are_told_of() -> bool:
        found = doubts(redis_cluster.url)
        wanted = [
            ("is succeeded by a replica after 1 s", "cluster-node-timeout 4000"),
            ("goes on taking writes", "min-replicas-to-write 1"),
        ]
        return all(
            any(f":{node.port} {what}" in doubt.what and to_do in doubt.to_do for doubt in found)
            for node in redis_cluster.nodes
            for what, to_do in wanted
        )

    eventually(all_are_told_of)


def test_the_command_says_it_and_is_content_all_the_same(as_asked: servers.RedisPair, tmp_path: Path):
    as_asked.first.ask("CONFIG", "SET", "maxmemory", "0")
    env: dict[str, Any] = {"CHIRRUP_DATA": str(tmp_path), "CHIRRUP_BROKER": as_asked.url, "CHIRRUP_PORT": "0"}
    done = forkserver.run("doctor", env=env)
    as_asked.first.ask("CONFIG", "SET", "maxmemory", asked_for()["maxmemory"])

    said = re.sub(r"\s+", " ", done.stdout)
    assert done.returncode == 0, said + done.stderr
    assert "broker answers" in said and "may take all memory" in said and "set maxmemory" in said


def test_what_stands_in_square_brackets_is_printed(tmp_path: Path):
    """It is no style of the terminal's: the name of a folder, or of an extra such as chirrup[heic]."""
    said = io.StringIO()
    doctor.examine(Settings(data=tmp_path / "da[t]a"), Console(file=said, width=400))
    assert "da[t]a" in said.getvalue()
