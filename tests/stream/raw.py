"""Streams of server-sent events over bare sockets: of readers who read when they like, or never."""

import asyncio
import socket


async def open_stream(port: int, name: str, token: str = "", *, buffer_bytes: int = 0) -> socket.socket:
    """Connected, and its beginning read. buffer_bytes: what the kernel keeps for it; 0: as usual."""
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
