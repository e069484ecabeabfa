"""Redis behind TLS, over a wire that hands on a little at a time: what comes is not in whole records."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import servers
from servers import free_port

from chirrup.engines.timelines.redis import RedisTimelines

PIECE, PIECE_S = 500, 0.0005  # the wire hands on so many bytes, so often; a record of TLS has up to 16 KiB
CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key -out certificate"
    " -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
)


@pytest.fixture
def tls_port(redis_server: servers.Redis, tmp_path: Path) -> Iterator[int]:
    """Of the shared server, which speaks TLS there meanwhile."""
    subprocess.run(CERTIFICATE.split(), cwd=tmp_path, check=True, capture_output=True)
    redis_server.flush()
    files = {"tls-cert-file": "certificate", "tls-ca-cert-file": "certificate", "tls-key-file": "key"}
    port = free_port()
    words = [word for name, file in files.items() for word in (name, str(tmp_path / file))]
    redis_server.ask("CONFIG", "SET", *words, "tls-auth-clients", "no", "tls-port", port)
    yield port
    redis_server.ask("CONFIG", "SET", "tls-port", 0)


async def test_many_replies_arrive_over_tls_however_they_are_cut(
    redis_server: servers.Redis, tls_port: int, tmp_path: Path
):
    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", tls_port)

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while data := await source.read(PIECE):
                    target.write(data)
                    await target.drain()
                    await asyncio.sleep(PIECE_S if target is writer else 0)
            target.close()

        await asyncio.gather(copy(reader, back), copy(there, writer))

    async with await asyncio.start_server(hand_on, "127.0.0.1", 0) as wire:
        port = wire.sockets[0].getsockname()[1]
        url = f"rediss://:{redis_server.password}@127.0.0.1:{port}?ssl_ca_certs={tmp_path / 'certificate'}"
        timelines = RedisTimelines(url)
        # A wire of this speed takes 0.1 s; who waits for what was read already is woken by a beat, each time anew.
        async with asyncio.timeout(20):
            for _ in range(3):
                assert await timelines.push("home", range(2500), 1) == 0  # nobody's is warm
        await timelines.close()
