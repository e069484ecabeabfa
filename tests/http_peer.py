"""An HTTP client on a raw socket, which sends exactly what a test says."""

import contextlib
import select
import socket

from client import Server

GONE_S = 15.0  # on a busy machine
MB = 1_000_000


class Peer:
    def __init__(self, server: Server, sent: bytes = b"", *, receive_bytes: int = 0, source: str = "127.0.0.1") -> None:
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(GONE_S)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", server.port))
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # the server has closed it
            self.socket.sendall(sent)

    def rest(self) -> bytes:
        """All bytes until the server ends the connection. Fails if it does not."""
        data = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while more := self.socket.recv(1 << 20):
                data += more
        return bytes(data)

    def until(self, mark: bytes) -> bytes:
        """The bytes up to mark, and perhaps a few more."""
        data = bytearray()
        while mark not in data:
            more = self.socket.recv(1 << 20)
            assert more, data[-200:]
            data += more
        return bytes(data)

    def has_ended(self) -> bool:
        """Whether the server has ended the connection, even if there are bytes to read."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        return bool(poll.poll(0))


def get(address: str, more: str = "") -> bytes:
    path = "/" + address.split("/", 3)[3] if "://" in address else address
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()


def post(path: str, length: int, more: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n".encode()
