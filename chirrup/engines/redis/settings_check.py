"""What in the settings of Redis or Valkey is not as docs/operate/redis.md asks: `chirrup doctor` says it."""

import asyncio
from collections.abc import Collection

from ...ports import Doubt
from .connection import INFO, Away, Facts, Options, facts_of, look_at, name_of, pack, reason_of

OLDEST = 7  # its major version; Valkey calls itself 7.2 for those who ask for Redis
TAKEOVER_MS = 4000  # a primary that was cut off takes no writes after 3 s: docs/decisions/0013-redis-failover.md
LAG_S = 1  # 0 is no limit

_SETTINGS = (
    *("maxmemory", "maxmemory-policy", "save", "appendonly", "cluster-enabled", "cluster-node-timeout"),
    *("min-replicas-to-write", "min-replicas-max-lag"),
)
_CONFIG = b"".join(pack("CONFIG", "GET", name) for name in _SETTINGS)


async def doubts(servers: Collection[Options]) -> list[Doubt]:
    """Of each of the servers, which are replicas of each other, or a Cluster's nodes."""
    found = dict(await asyncio.gather(*(_of_one(options, len(servers) > 1) for options in servers)))
    return [doubt for some in found.values() for doubt in some]


async def _of_one(options: Options, of_several: bool) -> tuple[str, list[Doubt]]:
    """(which server it is, whatever the names it is known by; doubts)"""
    name = name_of(options)
    try:
        facts = facts_of(b"\n".join(await look_at(options, INFO, 2)))
    except (Away, OSError, TimeoutError) as error:
        return name, [
            Doubt(f"Redis at {name} does not answer: {reason_of(error)}", "start it, or take it out of the settings")
        ]
    try:
        config = {}
        for reply in await look_at(options, _CONFIG, len(_SETTINGS)):
            config |= {key.decode(): value.decode() for key, value in reply.items()}
    except (Away, OSError, TimeoutError) as error:
        to_do = "let this user run CONFIG GET, or compare them with docs/operate/redis.md yourself"
        return facts["run_id"], [Doubt(f"Redis at {name} does not tell its settings: {reason_of(error)}", to_do)]
    said = [*_of_memory(facts, config), *_of_replicas(facts, config, of_several)]
    return facts["run_id"], [Doubt(f"Redis at {name} {what}", to_do) for what, to_do in said]


def _of_memory(facts: Facts, config: Facts) -> list[tuple[str, str]]:
    """(what is so, what to do)"""
    found: list[tuple[str, str]] = []
    version = facts["redis_version"]
    if int(version.split(".")[0]) < OLDEST:
        found.append((f"is of version {version}", f"install Redis {OLDEST} or later, or Valkey"))
    policy = config["maxmemory-policy"]
    if config["maxmemory"] == "0":
        found.append(
            ("may take all memory of its machine", "set maxmemory, and maxmemory-policy allkeys-lru, in its settings")
        )
    elif not policy.endswith(("-lru", "-lfu")):
        found.append(
            (
                f"has maxmemory-policy {policy}: when it is full, timelines that are read go, or writes are refused",
                "set maxmemory-policy allkeys-lru in its settings",
            )
        )
    if config["save"] or config["appendonly"] != "no":
        found.append(
            (
                "writes to disk what nobody needs again, and refuses writes when that fails",
                'set save "" and appendonly no in its settings',
            )
        )
    return found


def _of_replicas(facts: Facts, config: Facts, of_several: bool) -> list[tuple[str, str]]:
    """The same, where somebody may take over."""
    found: list[tuple[str, str]] = []
    in_cluster = config["cluster-enabled"] == "yes"
    followed = facts["role"] == "slave" or facts["connected_slaves"] != "0"
    if of_several and not in_cluster and not followed:
        found.append(("is a primary that nobody follows", "make the others its replicas: replicaof, in their settings"))
    if followed and (int(config["min-replicas-to-write"]) < 1 or int(config["min-replicas-max-lag"]) != LAG_S):
        found.append(
            (
                "goes on taking writes when it is cut off from its replicas, and another may have taken over",
                f"set min-replicas-to-write 1 and min-replicas-max-lag {LAG_S} in its settings",
            )
        )
    if in_cluster and int(config["cluster-node-timeout"]) != TAKEOVER_MS:
        wait_s = int(config["cluster-node-timeout"]) / 1000
        early = "while the old primary may still take writes" if wait_s * 1000 < TAKEOVER_MS else "and not sooner"
        found.append(
            (
                f"is succeeded by a replica after {wait_s:g} s, {early}",
                f"set cluster-node-timeout {TAKEOVER_MS} in its settings",
            )
        )
    return found
