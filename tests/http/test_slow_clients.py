"""Clients that send or read slowly, or not at all: how long the server waits, and what they cost."""

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from client import Person, Server, eventually
from http_peer import GONE_S, MB, Peer, get, post
from PIL import Image

pytestmark = pytest.mark.slow

STILL_S = 2.0
PROXIED_FROM = "127.0.0.9"  # an address of the trusted proxy
SETTINGS = {
    "CHIRRUP_CLIENT_HEAD_S": "0.5",
    "CHIRRUP_CLIENT_STILL_S": str(STILL_S),
    "CHIRRUP_TRUSTED_PROXIES": PROXIED_FROM,
}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hasty") / "data", env=SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def ann(hasty: Server) -> Person:
    return hasty.person()


@pytest.fixture(scope="module")
def large_picture(ann: Person) -> str:
    """The address of a public picture of some megabytes: too large for the kernel's buffers."""
    out = io.BytesIO()
    Image.frombytes("RGB", (2200, 2200), os.urandom(2200 * 2200 * 3)).save(out, "PNG")
    made = ann.call("POST", "/api/v2/media", files={"file": ("a.png", out.getvalue(), "image/png")}).json()
    ann.say("look", media_ids=[made["id"]])
    return made["url"]


UNFINISHED = {
    "nothing at all": b"",
    "half a line": b"GET / HT",
    "half of the headers": get("/")[:-4],
    "headers without an end": get("/")[:-2] + b"X-Long: " + b"x" * 60_000,
    "a small body": post("/oauth/token", 1000) + b"x" * 900,
    "a body of a megabyte": post("/oauth/token", MB) + b"x" * 900_000,
    "chunks": post("/oauth/token", 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n",
    "a body nobody wants": post("/api/v1/statuses", MB) + b"x" * 900_000,
    "a body for a page": post("/login", 200_000) + b"x" * 100_000,
    "a body to a GET": post("/api/v1/instance", MB).replace(b"POST", b"GET") + b"x" * 100_000,
    "a second request": get("/health") + get("/health")[:-4],
    "the body of a second request": get("/health") + post("/oauth/token", 1000) + b"x" * 900,
    "the body of a WebSocket": post("/api/v1/streaming", MB, "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
}


def test_requests_that_do_not_end_are_not_waited_for_long(hasty: Server):
    peers = {what: Peer(hasty, sent) for what, sent in UNFINISHED.items()}

    answers = {what: peer.rest() for what, peer in peers.items()}

    statuses = {what: answer[9:12] for what, answer in answers.items() if "body" in what and "second" not in what}
    assert set(statuses.values()) <= {b"408", b"400", b"401", b"403", b"405", b"200"}, statuses
    assert statuses["a small body"] == statuses["a body of a megabyte"] == b"408"
    assert b"\r\naccess-control-allow-origin: *\r\n" in answers["a small body"].lower()
    assert "Traceback" not in hasty.log()


def test_a_body_that_comes_slowly_but_comes_is_waited_for(hasty: Server):
    body = b"grant_type=none&x=" + b"x" * 5000
    peer = Peer(hasty, post("/oauth/token", len(body), "Content-Type: application/x-www-form-urlencoded\r\n"))

    began = time.monotonic()
    for at in range(0, len(body), 100):  # a second is given for each 1,024 bytes
        peer.socket.sendall(body[at : at + 100])
        time.sleep(0.05)  # how slowly it comes is what is tested

    assert time.monotonic() - began > STILL_S
    assert b" 401 " in peer.socket.recv(4096)


def test_an_upload_of_many_megabytes_arrives_as_it_was_sent(hasty: Server, ann: Person):
    out = io.BytesIO()
    Image.frombytes("RGB", (1500, 1500), os.urandom(1500 * 1500 * 3)).save(out, "PNG")

    made = ann.call("POST", "/api/v2/media", files={"file": ("a.png", out.getvalue(), "image/png")})

    assert made.status_code == 200
    assert made.json()["meta"]["original"]["width"] == 1500


@pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"])
@pytest.mark.parametrize("size", [0, 10, 65_536, 65_537, 300_000, MB])
def test_bodies_of_all_sizes_arrive_whole(hasty: Server, ann: Person, size: int, expect: str):
    body = b'{"status":"' + b" " * size + b'hello"}'
    head = post("/api/v1/statuses", len(body), f"Authorization: Bearer {ann.token}\r\n{expect}")
    head = head.replace(b"\r\n\r\n", b"\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")

    peer = Peer(hasty, head)
    if expect:
        assert peer.socket.recv(100).startswith(b"HTTP/1.1 100 ")
    peer.socket.sendall(body)

    assert b"<p>hello</p>" in peer.rest()


def test_a_client_that_does_not_read_is_cut_off(hasty: Server, large_picture: str):
    deaf = [Peer(hasty, get(large_picture), receive_bytes=4096) for _ in range(10)]

    eventually(lambda: all(peer.has_ended() for peer in deaf), within_s=GONE_S)

    assert requests.get(f"{hasty.url}/health").ok
    assert "Traceback" not in hasty.log()


@pytest.mark.parametrize("ending", ["", "Connection: close\r\n"])
def test_a_client_that_does_not_read_small_answers_is_cut_off_too(hasty: Server, ending: str):
    """Small answers fill the kernel's buffers first: one larger than these, or many in a row."""
    paths = {"/api/v1/instance": 200, "/about": 90, "/static/htmx.min.js": 4, "/api/openapi.json": 1}
    deaf = [Peer(hasty, get(path) * times + get(path, ending), receive_bytes=2048) for path, times in paths.items()]

    eventually(lambda: all(peer.has_ended() for peer in deaf), within_s=GONE_S)


def test_a_slow_reader_gets_all_of_the_answer(hasty: Server, ann: Person):
    out = io.BytesIO()
    Image.frombytes("RGB", (260, 260), os.urandom(260 * 260 * 3)).save(out, "PNG")
    made = ann.call("POST", "/api/v2/media", files={"file": ("a.png", out.getvalue(), "image/png")}).json()
    ann.say("look", media_ids=[made["id"]])
    whole = requests.get(made["url"]).content
    peer = Peer(hasty, get(made["url"], "Connection: close\r\n"), receive_bytes=4096)

    data, began = b"", time.monotonic()
    while more := peer.socket.recv(16_384):
        data += more
        time.sleep(0.08)  # 200 kB a second
    assert time.monotonic() - began > STILL_S

    assert data.partition(b"\r\n\r\n")[2] == whole


def test_many_slow_clients_take_little_memory(hasty: Server, large_picture: str):
    requests.get(large_picture)
    before = memory_bytes(hasty)

    peers = [Peer(hasty, post("/oauth/token", MB) + b"x" * 900_000) for _ in range(60)]
    peers += [Peer(hasty, get(large_picture), receive_bytes=4096) for _ in range(40)]

    assert memory_bytes(hasty) - before < 20 * 1024 * 1024
    eventually(lambda: all(peer.has_ended() for peer in peers), within_s=GONE_S)


def test_above_the_limit_the_slowest_clients_are_cut_off_at_once(tmp_path: Path):
    with Server(tmp_path / "data", env={"CHIRRUP_TRUSTED_PROXIES": PROXIED_FROM}) as server:

        def hold(source: str, client: str) -> Peer:
            return Peer(server, post("/oauth/token", 1000, f"X-Forwarded-For: {client}\r\n") + b"x", source=source)

        others = [hold(PROXIED_FROM, f"10.0.0.{n}") for n in range(200)]
        direct = [hold("127.0.0.1", f"10.1.0.{n % 200}") for n in range(258)]  # the header is not believed
        proxied = [hold(PROXIED_FROM, "10.0.1.1") for _ in range(258)]

        for held in (direct, proxied):
            assert b" 408 " in held[0].rest()
            assert b" 408 " in held[1].rest()
            assert not held[-1].has_ended()
        assert not any(peer.has_ended() for peer in others)
        for peer in (*others, *direct, *proxied):
            peer.socket.close()


def test_one_address_has_only_so_many_connections_and_a_proxy_as_many_as_it_likes(tmp_path: Path):
    env = {"CHIRRUP_TESTING": "0", "CHIRRUP_CONNECTIONS_PER_IP": "5", "CHIRRUP_TRUSTED_PROXIES": PROXIED_FROM}
    with Server(tmp_path / "data", env=env) as server:
        kept = [Peer(server, get("/health")) for _ in range(4)]
        refused: list[bytes] = []
        eventually(lambda: kept.append(Peer(server)) or refused.append(Peer(server).rest()) or b" 429 " in refused[-1])
        assert b"\r\naccess-control-allow-origin: *\r\n" in refused[-1].lower()

        proxied = [Peer(server, get("/health", "Connection: close\r\n"), source=PROXIED_FROM) for _ in range(10)]

        assert all(b" 200 " in peer.rest() for peer in proxied)
        for peer in kept:
            peer.socket.close()
        eventually(lambda: requests.get(server.url + "/health").ok)


def test_one_address_does_not_take_the_room_of_all_others_for_bodies(hasty: Server):
    form = "Origin: http://x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=a\r\n"
    held = [Peer(hasty, post("/compose", 120 * MB, form) + b"x" * (100 * MB)) for _ in range(3)]
    whole = b'--a\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 200_000 + b"\r\n--a--\r\n"

    other = Peer(hasty, post("/compose", len(whole), form + "Connection: close\r\n") + whole, source="127.0.0.3")

    assert other.rest()[9:12] in (b"401", b"403")  # it was read; nobody is logged in
    answers = [peer.rest()[9:12] for peer in held]
    assert answers.count(b"408") == 2  # these were waited for, as long as that is allowed
    assert {b"503", b"303"} & set(answers)  # there was no room for the third


def test_slow_clients_do_not_delay_the_shutdown(tmp_path: Path):
    server = Server(tmp_path / "data").start()
    ann = server.person()
    out = io.BytesIO()
    Image.frombytes("RGB", (2200, 2200), os.urandom(2200 * 2200 * 3)).save(out, "PNG")
    made = ann.call("POST", "/api/v2/media", files={"file": ("a.png", out.getvalue(), "image/png")}).json()
    ann.say("look", media_ids=[made["id"]])
    opening = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + "A" * 22
    streams = "/api/v1/streaming/hashtag?tag=x", "/api/v1/streaming?stream=hashtag&tag=x"
    deaf = [
        Peer(server, get(made["url"]), receive_bytes=4096),
        Peer(server, get(streams[0]), receive_bytes=2048),
        Peer(server, get(streams[1], f"{opening}==\r\n"), receive_bytes=2048),
        Peer(server, post("/oauth/token", MB) + b"x" * 900_000),
    ]
    for n in range(120):  # more than the buffers of kernel and transport, less than the limit for cutting off
        ann.say(f"{n} #x " + "<&>\"'" * 80)

    began = time.monotonic()
    server.stop()

    assert time.monotonic() - began < 5
    assert "timeout graceful shutdown exceeded" not in server.log()
    for peer in deaf:
        peer.socket.close()


def memory_bytes(server: Server) -> int:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
