"""Metrics for Prometheus and health probes of a process, on a port of its own.

The public port is shared by processes of one role, so each process needs another: docs/operate/observe.md.
"""

import asyncio
import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from .. import __version__, metrics
from ..config import Settings
from ..ids import ms_of
from ..metrics import BOUNDS_S, Times
from ..ports import Engines, Tx
from ..store import jobs, outbox
from .health import Health

PATIENCE_S = 2.0  # for the database; Prometheus waits for 10
State = Mapping[tuple[str, str], Callable[[], float]]  # (name, help) of a gauge -> its present value


class Waiting(msgspec.Struct, frozen=True):
    """The state of the outbox and the jobs."""

    events: int
    failed: int
    newer: int
    oldest_s: float
    jobs: list[jobs.Count]
    now_ms: int


def waiting(tx: Tx) -> Waiting:
    oldest = outbox.oldest(tx)
    age_s = max(0, tx.now_ms - ms_of(oldest)) / 1000 if oldest else 0.0
    return Waiting(outbox.waiting(tx), outbox.failed(tx), outbox.left_to_newer(tx), age_s, jobs.counts(tx), tx.now_ms)


class Scrape:
    """An ASGI application: /metrics, /health, /health/ready, /health/live. state: gauges of this process."""

    def __init__(self, settings: Settings, engines: Engines, health: Health, state: State) -> None:
        self._settings, self._engines, self._health, self._state = settings, engines, health, state
        self._token = f"Bearer {settings.metrics_token}".encode() if settings.metrics_token else b""
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            status, kind, body = await self._answer(scope)
            headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Any) -> tuple[int, str, bytes]:
        path = scope["path"]
        if path == "/health/live":
            return 200, TEXT, b"OK"
        if path in ("/health", "/health/ready"):
            problem = self._health.problem
            return 503 if problem else 200, TEXT, (problem or "OK").encode()
        if path != "/metrics":
            return 404, TEXT, b"this port has /metrics, /health/ready and /health/live"
        sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if self._token and not hmac.compare_digest(sent, self._token):
            return 401, TEXT, b"send Authorization: Bearer and the setting metrics_token"
        found = await self._look() if self._settings.role in ("all", "worker") else None
        registry = CollectorRegistry()
        registry.register(_Families([*self._now(found), *counted()]))
        return 200, CONTENT_TYPE_LATEST, generate_latest(registry) + generate_latest(self._process)

    async def _look(self) -> Waiting | None:
        """None: the database did not answer in time."""
        try:
            return await asyncio.wait_for(self._engines.db.read(waiting), PATIENCE_S)
        except Exception:  # /health/ready says why
            return None

    def _now(self, found: Waiting | None) -> Iterator[Any]:
        about = {"version": __version__, "role": self._settings.role}
        family = GaugeMetricFamily("chirrup_build_info", "What runs here; always 1.", labels=list(about))
        family.add_metric(list(about.values()), 1)
        yield family
        yield _gauge("chirrup_ready", "1 when the process can do its work.", not self._health.problem)
        yield _gauge("chirrup_broker_up", "1 when messages of other processes arrive.", not self._engines.broker.blind)
        yield from _pools()
        for (name, about_it), value in self._state.items():
            yield _gauge(name, about_it, value())
        if found:
            yield _gauge("chirrup_outbox_events", "Events that are not done with.", found.events)
            yield _gauge("chirrup_outbox_oldest_seconds", "Age of the oldest of them: the queue's age.", found.oldest_s)
            yield _gauge("chirrup_outbox_newer", "Events of kinds that only a newer version knows.", found.newer)
            yield _gauge("chirrup_outbox_set_aside", "Events that failed too often: chirrup failed.", found.failed)
            yield from _jobs(found.jobs, found.now_ms)


TEXT = "text/plain; charset=utf-8"


def _jobs(counts: list[jobs.Count], now_ms: int) -> Iterator[Any]:
    number = GaugeMetricFamily("chirrup_jobs", "Jobs that are not done: chirrup jobs.", labels=["kind", "state"])
    oldest = GaugeMetricFamily(
        "chirrup_jobs_oldest_seconds", "Since when the oldest waits that is due.", labels=["kind"]
    )
    for one in counts:
        if one.state == jobs.State.WAITING:
            number.add_metric([one.kind, "due"], one.due)
            number.add_metric([one.kind, "later"], one.jobs - one.due)
            oldest.add_metric([one.kind], max(0, now_ms - one.first_due_ms) / 1000)
        else:
            number.add_metric([one.kind, one.state], one.jobs)
    yield from (number, oldest)


def _pools() -> Iterator[Any]:
    families = [
        GaugeMetricFamily(f"chirrup_database_connections{name}", about, labels=["pool"])
        for name, about in (
            ("", "Connections for operations, at most."),
            ("_busy", "Connections that have one."),
            ("_waiting", "Operations that wait for one."),
        )
    ]
    for pool, look in metrics.pools.items():
        most, inside = look()
        for family, value in zip(families, (most, min(most, inside), max(0, inside - most)), strict=True):
            family.add_metric([pool], value)
    yield from families


def counted() -> Iterator[Any]:
    """The counters and times of metrics.py."""
    requests = {(m, route or "none", f"{n}xx"): times for (m, route, n), times in metrics.requests.items()}
    names = ["method", "route", "status"]
    yield _times("chirrup_http_request", "Requests answered, by route; streams until their end.", requests, names)
    for name, about, kinds, label in (
        (
            "database_operation",
            "Operations, as their callers wait for them.",
            {"read": metrics.reads, "write": metrics.writes},
            "kind",
        ),
        (
            "database_connection_wait",
            "Operations waiting for a connection of the pool.",
            metrics.connection_waits,
            "pool",
        ),
        ("event", "Events acted on.", metrics.events, "kind"),
        ("job", "Jobs done.", metrics.jobs, "kind"),
    ):
        yield _times(f"chirrup_{name}", about, {(kind,): times for kind, times in kinds.items()}, [label])
    yield _times("chirrup_event_age", "From an event's commit until it was acted on.", {(): metrics.event_ages}, [])
    yield _times("chirrup_loop_lag", "How late the event loop turns.", {(): metrics.loop_lags}, [])
    for name, about, counts, label in (
        ("turned_away", "Work that found no room.", metrics.turned_away, "where"),
        ("events_failed", "Tries to act on an event that failed.", metrics.events_failed, "kind"),
        ("jobs_failed", "Tries to do a job that failed.", metrics.jobs_failed, "kind"),
        ("mails", "Mails of what happens, by what the mail server did with them.", metrics.mails, "result"),
        ("deliveries", "Ids that timelines in use took; messages to channels.", metrics.deliveries, "to"),
        ("streamed", "Events written to open streams.", metrics.streamed, "kind"),
        ("streams_cut", "Streams that were cut, by close code.", metrics.streams_cut, "code"),
        ("redis_connects", "Connections made to each Redis server.", metrics.redis_connects, "server"),
    ):
        yield _counter(f"chirrup_{name}", about, counts, label)


class _Families(Collector):
    def __init__(self, families: Iterable[Any]) -> None:
        self._families = families

    def collect(self) -> Iterable[Any]:
        return self._families


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=float(value))


def _counter(name: str, about: str, counts: Counter[str], label: str) -> CounterMetricFamily:
    family = CounterMetricFamily(name, about, labels=[label])
    for kind, count in tuple(counts.items()):
        family.add_metric([kind], count)
    return family


def _times(name: str, about: str, kinds: Mapping[tuple[str, ...], Times], labels: list[str]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"{name}_seconds", about, labels=labels)
    for values, times in kinds.items():
        buckets: list[tuple[str, float]] = []
        total = 0
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), times.counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        family.add_metric(list(values), buckets, times.sum_s)
    return family
