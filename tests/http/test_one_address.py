"""Thousands of connections of one address, as of an office or an untrusted proxy. Connections nobody waits for stay."""

from pathlib import Path

import pytest
from client import Server, eventually
from http_peer import GONE_S, MB, Peer, get, post

from chirrup.serving import allow_connections

pytestmark = pytest.mark.slow

STREAMS, IDLE, HELD = 2000, 500, 150
BEHIND, POSTS = 300, 25  # streams that read nothing for a while, more than requests may be held; posts of 14 kB
LONG = "👨‍👩‍👧‍👦" * 490
OPENING = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
OPENING += "Sec-WebSocket-Key: " + "A" * 22 + "==\r\n"


@pytest.fixture(scope="module", autouse=True)
def _many_files() -> None:
    allow_connections()


@pytest.mark.timeout(120)
def test_streams_and_idle_connections_stay_while_those_are_cut_who_hold_bodies(tmp_path: Path):
    with Server(tmp_path / "data", env={"CHIRRUP_CLIENT_STILL_S": "2"}) as server:
        ann = server.person()
        streams = [Peer(server, get(*_stream(n))) for n in range(STREAMS)]
        idle = [Peer(server, get("/health")) for _ in range(IDLE)]
        for peer in (*streams, *idle):
            peer.until(b"\r\n\r\n")

        held = [Peer(server, post("/oauth/token", MB) + b"x" * 900_000) for _ in range(HELD)]
        eventually(lambda: all(peer.has_ended() for peer in held), within_s=GONE_S)
        said = ann.say("#tea hello")["id"].encode()

        for peer in streams:
            peer.until(said)
        for peer in idle:
            peer.socket.sendall(get("/health", "Connection: close\r\n"))
        assert all(b" 200 " in peer.rest() for peer in idle)
        _close(*streams)


@pytest.mark.timeout(120)
def test_streams_that_are_behind_do_not_count_as_requests_that_are_held_up(tmp_path: Path):
    """As behind a proxy that pauses for a moment: it reads on, and no reader misses anything."""
    with Server(tmp_path / "data") as server:
        ann = server.person()
        streams = [Peer(server, get(*_stream(n)), receive_bytes=4096) for n in range(BEHIND)]
        for peer in streams:
            peer.until(b"\r\n\r\n")

        said = [ann.say(f"#tea {n} {LONG}")["id"].encode() for n in range(POSTS)]
        held = [Peer(server, post("/oauth/token", 1000) + b"x") for _ in range(258)]

        assert b" 408 " in held[0].rest()
        assert not held[-1].has_ended()
        assert not any(peer.has_ended() for peer in streams)
        for peer in streams:
            data = peer.until(said[-1])
            assert all(id in data for id in said)
        _close(*streams, *held)


def _stream(number: int) -> tuple[str, str]:
    """Every other one is a WebSocket."""
    if number % 2:
        return "/api/v1/streaming?stream=hashtag&tag=tea", OPENING
    return "/api/v1/streaming/hashtag?tag=tea", ""


def _close(*peers: Peer) -> None:
    for peer in peers:
        peer.socket.close()
