"""Metrics, health, request ids, logs and traces of a running server."""

import gzip
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from client import Server, eventually
from databases import open_database
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families
from servers import Postgres, Redis, free_port

from chirrup.store import jobs

pytestmark = pytest.mark.slow

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """start(NAME=value, …) runs a server with CHIRRUP_NAME set, and a port for operators: server.own_url."""
    running: list[Server] = []

    def begin(**settings: str) -> Server:
        port = free_port()
        env = {"CHIRRUP_METRICS_PORT": str(port)} | {f"CHIRRUP_{name}": value for name, value in settings.items()}
        server = Server(tmp_path / f"server{len(running)}", env=env)
        running.append(server)
        server.start()
        server.own_url = f"http://127.0.0.1:{port}"  # pyright: ignore[reportAttributeAccessIssue]
        return server

    yield begin
    for server in running:
        server.stop(signal.SIGKILL)


def metrics_of(server: Any, **headers: str) -> dict[tuple[str, ...], float]:
    """(name, values of its labels in the order of their names) -> value."""
    answer = requests.get(f"{server.own_url}/metrics", headers=headers, timeout=5)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics_count_requests_by_route_events_deliveries_and_streams(start: Start):
    server = start()
    ann, bob = server.person(), server.person()
    bob.follow(ann)
    eventually(lambda: metrics_of(server)["chirrup_outbox_events",] == 0)  # a new follow drops the timeline
    bob.home()
    said = ann.say("counted")
    with requests.get(
        f"{server.url}/api/v1/streaming/user",
        headers={"Authorization": f"Bearer {bob.token}"},
        stream=True,
        timeout=10,
    ) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines) == ":thump"
        for _ in range(3):
            ann.say("streamed")
        assert any("streamed" in line for line in lines)
        eventually(lambda: metrics_of(server)["chirrup_outbox_events",] == 0)
        found = metrics_of(server)
    ann.get(f"/api/v1/statuses/{said['id']}")
    ann.get("/api/v1/statuses/1")
    after = metrics_of(server)

    assert found["chirrup_http_request_seconds_count", "POST", "/api/v1/statuses", "2xx"] == 4
    assert after["chirrup_http_request_seconds_count", "GET", "/api/v1/statuses/{id}", "2xx"] == 1
    assert after["chirrup_http_request_seconds_count", "GET", "/api/v1/statuses/{id}", "4xx"] == 1
    assert after["chirrup_http_request_seconds_bucket", "+Inf", "GET", "/api/v1/statuses/{id}", "4xx"] == 1
    assert found["chirrup_event_seconds_count", "PostPublished"] == 4 == found["chirrup_deliveries_total", "timelines"]
    assert found["chirrup_event_age_seconds_count",] >= 5 and found["chirrup_event_age_seconds_sum",] < 60
    assert found["chirrup_streamed_total", "update"] >= 1 == found["chirrup_streams_open",]
    assert found["chirrup_database_operation_seconds_count", "write"] > 4
    assert found["chirrup_database_connections", "sqlite-write"] == 1
    assert (found["chirrup_ready",], found["chirrup_broker_up",], found["chirrup_outbox_set_aside",]) == (1, 1, 0)
    assert found["chirrup_outbox_newer",] == 0
    assert found["process_resident_memory_bytes",] > 1e7 and found["process_cpu_seconds_total",] > 0
    assert not [name for name in after if said["id"] in "".join(name)]


def test_metrics_tell_of_jobs_by_kind(start: Start):
    server = start()
    db = open_database(f"sqlite:{server.data / 'chirrup.db'}")
    for key in ("now", "aside"):
        db.write_now(jobs.enqueue, "nobody does this", of=7, key=key)
    db.write_now(jobs.enqueue, "nobody does this", of=7, key="later", due_ms=2**42)
    aside = next(one for one in db.write_now(jobs.page, 10) if one.key == "aside")
    db.write_now(jobs.fail, [jobs.Outcome(aside.id, 0, 5, jobs.State.SET_ASIDE, 0, "no")])
    db.close()

    found = metrics_of(server)

    states = {state: found["chirrup_jobs", "nobody does this", state] for state in ("due", "later", "set_aside")}
    assert states == {"due": 1, "later": 1, "set_aside": 1}
    assert 0 <= found["chirrup_jobs_oldest_seconds", "nobody does this"] < 60


def test_metrics_are_on_no_public_port_and_want_a_token_where_others_could_come(start: Start):
    server = start(METRICS_TOKEN="sesame", METRICS_HOST="0.0.0.0")

    assert server.anyone().get("/metrics").status_code == 404
    assert requests.get(f"{server.own_url}/metrics", timeout=5).status_code == 401  # pyright: ignore
    assert metrics_of(server, Authorization="Bearer sesame")["chirrup_ready",] == 1

    server.stop()
    del server.env["CHIRRUP_METRICS_TOKEN"]
    server.launch()
    assert server.process and server.process.wait(20) == 1
    assert "set metrics_token" in server.log()


def test_a_port_in_use_is_skipped(start: Start):
    first = start()
    port = int(first.own_url.rpartition(":")[2])  # pyright: ignore
    second = start(METRICS_PORT=str(port))

    assert requests.get(f"http://127.0.0.1:{port + 1}/health/live", timeout=5).text == "OK"
    assert second.process and second.process.poll() is None


def test_every_answer_has_an_id_and_a_trusted_proxy_may_choose_it(start: Start):
    server, trusting = start(), start(TRUSTED_PROXIES="127.0.0.1")

    def id_of(server: Server, path: str = "/api/v1/instance", given: str = "") -> str:
        answer = requests.get(server.url + path, headers={"X-Request-Id": given} if given else {}, timeout=5)
        return answer.headers["X-Request-Id"]

    paths = ("/api/v1/instance", "/about", "/nowhere/at/all", "/api/v1/nothing", "/api/v1/timelines/home", "/health")
    ids = [id_of(server, path) for path in paths for _ in range(2)]
    assert len(set(ids)) == len(ids) == 12 and all(len(id) < 30 and id.isalnum() for id in ids)
    assert id_of(server, given="chosen-1") != "chosen-1"
    assert id_of(trusting, given="chosen-1") == "chosen-1"
    assert id_of(trusting, given="x" * 129) != "x" * 129
    assert id_of(trusting, given="a b") != "a b"


def stop_all(postgres: Postgres, how: signal.Signals) -> None:
    """The server and every process of its connections."""
    assert postgres.process
    main = postgres.process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    for pid in (main, *map(int, children)) if how == signal.SIGSTOP else (*map(int, children), main):
        os.kill(pid, how)


def test_health_is_right_within_100_ms_while_the_database_or_the_broker_hangs(
    start: Start, postgres: Postgres, postgres_url: str, redis_server: Redis, redis_url: str
):
    server = start(DATABASE=postgres_url, BROKER=redis_url)
    ann = server.person()
    took_ms: list[float] = []

    def health(path: str) -> tuple[int, str]:
        began_s = time.perf_counter()
        answer = requests.get(server.url + path, timeout=5)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        return answer.status_code, answer.text

    def is_red(why: str) -> bool:
        status, text = health("/health/ready")
        return status == 503 and why in text

    assert health("/health")[0] == health("/health/ready")[0] == health("/health/live")[0] == 200
    stop_all(postgres, signal.SIGSTOP)
    try:
        asking = [threading.Thread(target=lambda: ann.get("/api/v1/timelines/public")) for _ in range(20)]
        for one in asking:
            one.start()
        eventually(lambda: is_red("the database does not answer"))
        assert health("/health/live")[0] == 200
        assert metrics_of(server)["chirrup_ready",] == 0
    finally:
        stop_all(postgres, signal.SIGCONT)
    eventually(lambda: health("/health/ready")[0] == 200)

    redis_server.pause()
    try:
        eventually(lambda: is_red("the broker cannot be reached"))
        assert ann.say("posts are taken all the same")["id"]
    finally:
        redis_server.go_on()
    eventually(lambda: health("/health")[0] == 200)

    for one in asking:
        one.join()
    slow = [ms for ms in took_ms if ms > 100]
    assert len(slow) <= len(took_ms) // 50, sorted(took_ms)[-10:]  # another test may have had the machine
    assert "the database does not answer" in server.log()
    assert "redis is away" in server.log()


def test_every_line_of_the_log_is_json_and_a_failure_says_who_where_and_how_long(
    start: Start, postgres: Postgres, postgres_url: str, redis_url: str
):
    server = start(ROLE="web", DATABASE=postgres_url, BROKER=redis_url, TRUSTED_PROXIES="127.0.0.1")
    ann = server.person()
    postgres.kill()
    answer = ann.call(
        "POST",
        "/api/v1/statuses?access_token=hidden1",
        json={"status": "hidden2"},
        headers={"X-Request-Id": "of-this-test"},
    )
    requests.get(f"{server.url}/api/v1/streaming?access_token=hidden3", timeout=10)
    postgres.start()
    server.stop()

    assert answer.status_code == 503
    log = server.log()
    greeting = ("Chirrup (web) is running", "  Nobody looks after it yet.", "    http://")
    lines = [json.loads(line) for line in log.splitlines() if line and not line.startswith(greeting)]
    assert all({"timestamp", "level", "event"} <= line.keys() for line in lines)
    (failed,) = [line for line in lines if line["event"] == "request failed" and "account_id" in line]
    assert (failed["request_id"], failed["account_id"]) == ("of-this-test", ann.id)
    assert (failed["method"], failed["route"], failed["status"]) == ("POST", "/api/v1/statuses", 503)
    assert failed["took_ms"] >= 0 and failed["level"] == "error"
    assert not [word for word in ("hidden", ann.token, postgres.password, redis_url) if word in log]


class Collector(HTTPServer):
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        super().__init__(("127.0.0.1", 0), Taker)


class Taker(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.server.spans += [span for scope in resource.scope_spans for span in scope.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_traces_have_the_request_its_operations_and_the_events_that_follow(start: Start):
    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        server = start(TRACES=f"http://127.0.0.1:{collector.server_port}")
        ann = server.person()
        trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
        answer = ann.call(
            "POST",
            "/api/v1/statuses",
            json={"status": "a text nobody else may read"},
            headers={"traceparent": f"00-{trace}-{parent}-01"},
        )
        eventually(lambda: not metrics_of(server)["chirrup_outbox_events",])
        server.stop()
        collector.shutdown()

    (request,) = [span for span in collector.spans if span.trace_id.hex() == trace and span.name.startswith("POST")]
    about = {one.key: one.value.string_value or one.value.int_value for one in request.attributes}
    assert (request.name, request.parent_span_id.hex()) == ("POST /api/v1/statuses", parent)
    assert about["chirrup.request_id"] == answer.headers["X-Request-Id"]
    assert about["http.response.status_code"] == 200
    within = {span.name for span in collector.spans if span.parent_span_id == request.span_id}
    assert "write social.posts.publish" in within
    assert "event PostPublished" in {span.name for span in collector.spans}
    assert "nobody else" not in str(collector.spans) and ann.token not in str(collector.spans)


def test_traces_that_are_off_load_nothing(server: Server):
    assert server.process
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()

    assert "google/_upb" not in maps  # the compiled part of protobuf, which only traces need
