"""How many people a layout of boxes can serve: the load on each part, and the limit of each part.

This file only calculates. The measured costs and their sources are in bench/costs.toml, the assumptions in
docs/scale.md.
"""

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

COSTS = Path(__file__).with_name("costs.toml")
DAY_S, MIB, GIB = 86_400, 2**20, 2**30
PROCESS_BYTES = 100 * MIB  # docs/figures.md
CONNECTIONS_SHARE = 1 / 4  # of PostgreSQL's memory; the rest is its cache
REDIS_CONNECTIONS = 10_000  # Redis' default maxclients; a process has three connections to each node
BUCKETS, SHARDS = 4096, 32  # the most shards possible; those of `chirrup migrate --citus`
CACHED = 0.4  # share of a read's cost that stays in PostgreSQL when Redis caches posts and authors: assumed
CITUS_ONE_SHARD = 4.2  # factor of the remaining reads, which go to one shard: flags of 40 posts; see costs.toml


class Setup(msgspec.Struct, frozen=True):
    """The machines and settings."""

    boxes: int
    citus: bool = False
    database_size: int = 1  # size of the database machine, in boxes
    connections: int = 8  # CHIRRUP_DATABASE_CONNECTIONS
    pooled: bool = False  # with a pooler in front of each node
    network: int = 1  # times the network of a box
    partitions: int = 64
    groups: int = 64
    cached: bool = False
    sampled: bool = False  # the public stream carries a sample of the posts
    embedded: bool = False  # one process with SQLite


class Layout(NamedTuple):
    """Boxes of each kind. 0: the app boxes do that work too; they run web, worker and stream processes."""

    app: int
    redis: int
    database: int


class Load(NamedTuple):
    part: str
    kind: str  # the kind of box that would help; "": no box helps
    used: float
    limit: float

    @property
    def full(self) -> float:
        return self.used / self.limit


def read_costs(file: Path = COSTS) -> dict[str, Any]:
    return tomllib.loads(file.read_text())


def rates(costs: dict[str, Any], users: float) -> dict[str, float]:
    """Per second at the peak: posts, reads, deliveries (into home timelines), events (on open streams)."""
    people = costs["people"]
    posts = users * people["posts_a_day"] * people["peak"] / DAY_S
    deliveries = posts * people["followers"]
    return {
        "posts": posts,
        "reads": users * people["reads_a_day"] * people["peak"] / DAY_S,
        "deliveries": deliveries,
        "events": deliveries * people["online"],
    }


class _Asked(NamedTuple):
    """The load of so many users on a layout."""

    costs: dict[str, Any]
    setup: Setup
    layout: Layout
    users: float
    rate: dict[str, float]
    cpu: dict[str, float]  # cores
    wire: float  # bytes a second that one box can send and receive

    @property
    def nodes(self) -> int:
        """Redis nodes, one for each core. Four make a Cluster."""
        return 1 if self.layout.redis < 2 else self.layout.redis * self.costs["box"]["cores"]

    @property
    def processes(self) -> int:
        """A web process for each core of an app box, plus a worker and a stream process."""
        return self.layout.app * (self.costs["box"]["cores"] + 2)

    def bytes_s(self, store: str) -> float:
        """Traffic with "redis" or "postgres"."""
        weights, rate = self.costs["weights"], self.rate
        sizes = {work: weights.get(f"{work}_{store}_bytes", 0) for work in ("post", "read", "delivery")}
        if self.setup.cached:  # then posts and authors come from Redis
            spared = (1 - CACHED) * weights["read_postgres_bytes"]
            sizes["read"] += spared if store == "redis" else -spared
        return rate["posts"] * sizes["post"] + rate["reads"] * sizes["read"] + rate["deliveries"] * sizes["delivery"]


def loads(costs: dict[str, Any], setup: Setup, layout: Layout, users: float) -> list[Load]:
    """For each part: the load of so many active users, and the limit."""
    rate, box = rates(costs, users), costs["box"]
    wire = box["network_mbit_s"] * setup.network * 1e6 / 8 * box["busy"]
    asked = _Asked(costs, setup, layout, users, rate, {}, wire)
    asked = asked._replace(cpu=_cpu(asked))
    if setup.embedded:  # one core: the same process also does the work of workers
        return [Load("the only process", "app", asked.cpu["web"], box["busy"]), _disk(asked), _answers(asked, 0)]
    return [*_cores(asked), *_app(asked), *_redis(asked), *_database(asked)]


def _cores(asked: _Asked) -> Iterator[Load]:
    box, layout, cpu = asked.costs["box"], asked.layout, asked.cpu
    names = {"app": "CPU of the app boxes", "redis": "CPU of Redis", "database": "PostgreSQL's CPU"}
    parts = {"app": ["web", "worker", "stream"], "redis": ["redis"], "database": ["postgres"]}
    cores = {"app": layout.app * box["cores"], "redis": asked.nodes}
    cores["database"] = layout.database * box["cores"] * asked.setup.database_size
    for kind in ("redis", "database"):
        if not getattr(layout, kind):
            parts["app"] += parts.pop(kind)
    if len(parts) == 1:
        names["app"] = "CPU of the only box"
    for kind, its in parts.items():
        yield Load(names[kind], _grows(asked, kind), sum(cpu[part] for part in its), cores[kind] * box["busy"])


def _grows(asked: _Asked, kind: str) -> str:
    return "" if kind == "database" and not asked.setup.citus else kind


def _app(asked: _Asked) -> Iterator[Load]:
    box, layout = asked.costs["box"], asked.layout
    elsewhere = {"redis": layout.redis, "postgres": layout.database}
    yield _answers(asked, sum(asked.bytes_s(store) for store, boxes in elsewhere.items() if boxes))
    open_streams = asked.users * asked.costs["people"]["online"] * asked.costs["weights"]["stream_bytes"]
    memory = layout.app * box["memory_gib"] * GIB * box["busy"]
    yield Load("memory of the app boxes", "app", open_streams + asked.processes * PROCESS_BYTES, memory)
    yield Load("partitions of workers", "", asked.cpu["worker"], asked.setup.partitions * box["busy"])


def _answers(asked: _Asked, inside: float) -> Load:
    weights, rate = asked.costs["weights"], asked.rate
    out = rate["reads"] * weights["read_answer_bytes"] + rate["events"] * weights["stream_event_bytes"]
    return Load("network of the app boxes", "app", out + inside, asked.layout.app * asked.wire)


def _redis(asked: _Asked) -> Iterator[Load]:
    box, boxes = asked.costs["box"], max(asked.layout.redis, 1)
    timelines = asked.users * asked.costs["weights"]["timeline_redis_bytes"]
    yield Load("memory of Redis", "redis", timelines, boxes * box["memory_gib"] * GIB * box["busy"])
    if asked.layout.redis:
        yield Load("network of Redis", "redis", asked.bytes_s("redis"), boxes * asked.wire)
    yield Load("groups of Redis", "", asked.cpu["redis"], asked.setup.groups * box["busy"])
    yield Load("connections to Redis", "", asked.processes * 3, REDIS_CONNECTIONS)
    if not asked.setup.sampled:  # one node has the channel, and every stream process listens to it
        told = asked.rate["posts"] * asked.layout.app * box["redis_message_us"] / 1e6
        yield Load("the public stream's channel", "", told, box["busy"])


def _database(asked: _Asked) -> Iterator[Load]:
    box, weights, setup, layout = asked.costs["box"], asked.costs["weights"], asked.setup, asked.layout
    boxes, grows = max(layout.database, 1) * setup.database_size, _grows(asked, "database")
    yield _disk(asked)
    log = asked.rate["posts"] * weights["post_log_bytes"]
    yield Load("PostgreSQL's log", grows, log, boxes * box["disk_mb_s"] * 1e6)
    if layout.database:
        yield Load("PostgreSQL's network", grows, asked.bytes_s("postgres"), boxes * asked.wire)
    if not setup.pooled:  # on Citus, each connection to a node opens one to every other node
        here = asked.processes * 2 * setup.connections * (1 + 1 / layout.database if setup.citus else 1)
        memory = box["memory_gib"] * GIB * setup.database_size * CONNECTIONS_SHARE
        yield Load("connections to PostgreSQL", "", here * weights["connection_bytes"], memory)


def _disk(asked: _Asked) -> Load:
    box, people, weights = asked.costs["box"], asked.costs["people"], asked.costs["weights"]
    posts = asked.rate["posts"] / people["peak"] * DAY_S * 365 * people["years"] * weights["post_database_bytes"]
    follows = asked.users * people["followers"] * asked.costs["elsewhere"]["follow_database_bytes"]
    boxes = max(asked.layout.database, 1) * asked.setup.database_size
    disk = boxes * box["disk_gib"] * GIB * box["busy"]
    return Load("the database's disk", _grows(asked, "database"), posts + follows, disk)


def _cpu(asked: _Asked) -> dict[str, float]:
    """Cores that each part keeps busy."""
    costs, setup, layout, rate = asked.costs, asked.setup, asked.layout, asked.rate
    box, weights, elsewhere = costs["box"], costs["weights"], costs["elsewhere"]
    each_us = costs["embedded_cpu_us" if setup.embedded else "cluster_cpu_us" if asked.nodes > 1 else "cpu_us"]
    pieces = {"post": rate["posts"], "delivery": rate["deliveries"] - 10 * rate["posts"], "read": rate["reads"]}
    us = dict.fromkeys(("web", "worker", "postgres", "redis", "stream"), 0.0)
    for work, count in pieces.items():  # in costs.toml a post includes 10 deliveries
        for part, each in each_us[work].items():
            if part == "postgres":
                each *= _database_factor(elsewhere, setup, work)
            us[part] += max(count, 0) * each
    if setup.cached:
        us["redis"] += rate["reads"] * each_us["read"]["redis"]  # the same cost again: assumed

    listening = costs["people"]["followers"] * costs["people"]["online"]
    processes = layout.app * (1 - (1 - 1 / layout.app) ** listening)  # processes with a reader of the post
    wordings = rate["posts"] * processes
    if setup.embedded:
        us["web"] += rate["events"] * weights["stream_reader_us"]
        return {part: each / 1e6 for part, each in us.items()}
    us["stream"] += wordings * weights["stream_post_us"]
    us["stream"] += max(rate["events"] - wordings, 0) * weights["stream_reader_us"]
    us["postgres"] += wordings * weights["stream_post_postgres_us"] * _database_factor(elsewhere, setup, "read")
    if setup.citus:
        workers = min(setup.partitions, math.ceil(us["worker"] / 1e6 / box["busy"]))
        shards = min(BUCKETS, max(SHARDS, 2 * layout.database))
        us["postgres"] += workers * box["sweeps_s"] * shards * elsewhere["citus_task_us"]
    return {part: each / 1e6 for part, each in us.items()}


def _database_factor(elsewhere: dict[str, Any], setup: Setup, work: str) -> float:
    """The CPU cost relative to one plain PostgreSQL without a cache."""
    kept = CACHED if setup.cached and work == "read" else 1
    if not setup.citus:
        return kept
    return kept * (CITUS_ONE_SHARD if kept < 1 else elsewhere[f"citus_{work}"])
