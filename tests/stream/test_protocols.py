"""Bad peers, which read nothing, send too much, or are slow. And the end of streams when the server stops."""

import contextlib
import os
import socket
import struct
import time
from pathlib import Path

import pytest
from client import Server, eventually
from stream.town import Town
from websockets.sync.client import connect

from chirrup.stream import sse

pytestmark = pytest.mark.slow

OPCODE_CONTINUATION, OPCODE_TEXT, OPCODE_CLOSE, OPCODE_PING = 0, 1, 8, 9


class Raw:
    """A raw WebSocket, which reads only when the test says so."""

    def __init__(self, server: Server, query: str = "", *, receive_bytes: int = 0) -> None:
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(15)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.sendall(
            f"GET /api/v1/streaming?{query} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(1)
        assert b" 101 " in self.rest, self.rest
        self.rest = b""

    def send(self, opcode: int, data: bytes = b"", *, final: bool = True, length: int = -1) -> None:
        """length: a wrong length for the frame; -1: the right one."""
        size = len(data) if length < 0 else length
        head = (
            struct.pack("!BBQ", (final << 7) | opcode, 0xFF, size)
            if size > 125
            else bytes([(final << 7) | opcode, 0x80 | size])
        )
        self.socket.sendall(head + b"\0\0\0\0" + data)

    def frames_to_the_end(self) -> list[tuple[int, bytes]]:
        """(opcode, data) of all frames until the connection ends."""
        data, frames = self.rest, []
        try:
            while more := self.socket.recv(1 << 20):
                data += more
        except ConnectionResetError:
            pass
        while len(data) >= 2:
            size, at = data[1] & 127, 2
            if size == 126:
                size, at = int.from_bytes(data[2:4]), 4
            elif size == 127:
                size, at = int.from_bytes(data[2:10]), 10
            if len(data) < at + size:
                break
            frames.append((data[0] & 15, data[at : at + size]))
            data = data[at + size :]
        return frames


LAZY_POSTS = 30  # 600 events of 2 kB exceed the buffer; not more, as a reader that is cut off has 5 s to close


def test_a_reader_that_does_not_read_is_cut_off_and_the_others_are_not(server: Server):
    ann, bob = server.person(), server.person()
    tags = [f"{ann.name}tag{n}" for n in range(20)]
    lazy = Raw(server, receive_bytes=4096)
    for tag in tags:  # each post is an event twenty times over
        lazy.send(OPCODE_TEXT, f'{{"type":"subscribe","stream":"hashtag","tag":"{tag}"}}'.encode())
    words = " ".join(f"#{tag}" for tag in tags)
    memory = _memory_kib(server)
    with connect(f"{_ws(server)}?stream=hashtag&tag={tags[0]}&access_token={bob.token}") as busy:
        said = []
        for n in range(LAZY_POSTS):
            said.append(ann.say(f"{n} {words}")["id"])
            busy_event = busy.recv(timeout=15)
            assert said[-1] in str(busy_event)  # served at once all the while

    frames = lazy.frames_to_the_end()

    assert len([opcode for opcode, _ in frames if opcode == OPCODE_TEXT]) < LAZY_POSTS * len(tags)
    assert frames[-1][0] == OPCODE_CLOSE
    assert int.from_bytes(frames[-1][1][:2]) == 1013
    assert _memory_kib(server) - memory < 30_000


def test_a_lazy_reader_of_server_sent_events_is_cut_off_too(server: Server):
    ann = server.person()
    tag = f"{ann.name}tag"
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(15)
    reader.connect(("127.0.0.1", server.port))
    reader.sendall(f"GET /api/v1/streaming/hashtag?tag={tag} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    while b":thump" not in reader.recv(4096):
        pass

    for n in range(400):
        ann.say(f"{n} #{tag} " + "<&>\"'" * 80)  # each of these signs takes five in HTML

    data = b""
    try:
        while more := reader.recv(1 << 20):
            data += more
    except ConnectionResetError:
        pass
    assert 0 < data.count(b"event: update") < 400


@pytest.mark.parametrize("what", ["a frame of 64 MiB", "endless fragments", "empty fragments", "pings", "commands"])
def test_a_client_that_sends_too_much_is_cut_off(server: Server, what: str):
    raw = Raw(server)
    started = time.monotonic()

    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        while time.monotonic() < started + 10:
            if what == "a frame of 64 MiB":
                raw.send(OPCODE_TEXT, b"x" * 65536, length=64 * 1024 * 1024)
            elif what == "endless fragments":
                raw.send(OPCODE_TEXT, b"x" * 100, final=False)
                for _ in range(1000):
                    raw.send(OPCODE_CONTINUATION, b"x" * 100, final=False)
            elif what == "empty fragments":
                raw.send(OPCODE_TEXT, final=False)
                for _ in range(1000):
                    raw.send(OPCODE_CONTINUATION, final=False)
            elif what == "pings":
                raw.send(OPCODE_PING, b"x" * 100)
            else:
                raw.send(OPCODE_TEXT, b'{"type":"subscribe","stream":"public"}')

    assert time.monotonic() < started + 10
    assert server.anyone().get("/api/v1/streaming/health").text == "OK"


OPENING = (
    b"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
GET = b"GET /api/v1/streaming?stream=public HTTP/1.1\r\n" + OPENING
BAD_OPENINGS = {
    "a large header": (GET + b"X-Large: " + b"x" * 9000 + b"\r\n\r\n", b"431"),
    "a long line of many cookies": (GET + b"Cookie: " + b"a=b; " * 10_000 + b"\r\n\r\n", b"431"),
    "many headers": (GET + b"X-Many: 1\r\n" * 129 + b"\r\n", b"431"),
    "a long address": (GET.replace(b"public", b"p" * 9000) + b"\r\n", b"414"),
    "a body": (GET + b"Content-Length: 5\r\n\r\nhello", b"400"),
    "a body that does not come": (GET + b"Content-Length: 1000000\r\n\r\n", b"400"),
    "a body in chunks": (GET + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"400"),
    "another method": (b"POST /api/v1/streaming HTTP/1.1\r\n" + OPENING + b"\r\n", b"4"),
    "an address that is not ASCII": ("GET /api/v1/streaming/é HTTP/1.1\r\n".encode() + OPENING + b"\r\n", b"4"),
    "a query that is not ASCII": ("GET /api/v1/streaming?a=é HTTP/1.1\r\n".encode() + OPENING + b"\r\n", b"4"),
    "a name that is not ASCII": (GET + "Né: x\r\n\r\n".encode(), b"4"),
    "another version": (GET.replace(b"Version: 13", b"Version: 99") + b"\r\n", b"4"),
    "a key that is none": (GET.replace(b"dGhl", b"!!!!") + b"\r\n", b"4"),
    "no key": (GET.replace(b"-Key", b"-Kex") + b"\r\n", b"4"),
    "two keys": (GET + b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", b"4"),
    "a protocol that cannot be read": (GET + b"Sec-WebSocket-Protocol: a b, @\r\n\r\n", b"4"),
    "another address": (GET.replace(b"/streaming", b"/other") + b"\r\n", b"4"),
}


@pytest.mark.parametrize("what", BAD_OPENINGS)
def test_a_websocket_that_cannot_be_opened_is_answered_and_closed(server: Server, what: str):
    request, status = BAD_OPENINGS[what]
    errors = server.log().count("Traceback")

    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(request)
        answer = b""
        with contextlib.suppress(ConnectionResetError):  # closed with something unread
            while more := raw.recv(65536):
                answer += more

    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    assert server.log().count("Traceback") == errors


async def test_a_silent_stream_has_a_heartbeat(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "HEARTBEAT_S", 0.05)
    events = await town.events("public")

    lines = [await events.line() for _ in range(6)]

    assert lines == ["", ":thump"] * 3


def test_readers_who_come_and_go_leave_nothing_behind(server: Server):
    ann = server.person()
    server.anyone().get("/api/v1/streaming/health")
    before = _fds(server)

    for n in range(100):
        with connect(f"{_ws(server)}?stream=user&access_token={ann.token}"):
            pass
        Raw(server, "stream=public").socket.close()
        sse_reader = socket.create_connection(("127.0.0.1", server.port))
        sse_reader.sendall(b"GET /api/v1/streaming/public HTTP/1.1\r\nHost: x\r\n\r\n" * (1 + n % 2))
        with contextlib.suppress(ConnectionResetError):  # a request behind a stream is refused
            sse_reader.recv(4096)
        sse_reader.close()

    eventually(lambda: _fds(server) <= before + 1)


def test_a_server_that_stops_ends_its_streams(tmp_path: Path):
    server = Server(tmp_path / "data").start()
    raw = Raw(server, "stream=public")
    reader = socket.create_connection(("127.0.0.1", server.port), timeout=15)
    reader.sendall(b"GET /api/v1/streaming/public HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while b":thump" not in answer:
        answer += reader.recv(4096)

    started = time.monotonic()
    server.stop()

    assert time.monotonic() < started + 3
    assert [opcode for opcode, _ in raw.frames_to_the_end()] == [OPCODE_CLOSE]
    while more := reader.recv(4096):
        answer += more
    assert answer.endswith(b"0\r\n\r\n")
    assert "Traceback" not in server.log() and "ERROR" not in server.log()


def test_no_token_is_logged(server: Server):
    ann = server.person()
    with connect(f"{_ws(server)}?stream=user&access_token={ann.token}"):
        pass

    assert ann.token not in server.log()


def _ws(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/api/v1/streaming"


def _pid(server: Server) -> int:
    assert server.process
    return server.process.pid


def _fds(server: Server) -> int:
    return len(os.listdir(f"/proc/{_pid(server)}/fd"))


def _memory_kib(server: Server) -> int:
    status = Path(f"/proc/{_pid(server)}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])
