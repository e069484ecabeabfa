"""Streams of server-sent events over raw sockets, for readers that read when they like, or never."""

import asyncio
import socket


async def open_stream(port: int, name: str, token: str = "", *, buffer_bytes: int = 0) -> socket.socket:
    """A connected socket, after the beginning of the answer. buffer_bytes: of the kernel's buffer; 0: the default."""
    loop, raw = asyncio.get_running_loop(), socket.socket()
    if buffer_bytes:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", port))
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"GET /api/v1/streaming/{name} HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n"
    await loop.sock_sendall(raw, head.encode())
    start = b""
    while b":thump" not in start:
        more = await loop.sock_recv(raw, 4096)
        assert more, start
        start += more
    assert b" 200 " in start
    return raw
