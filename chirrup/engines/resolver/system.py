"""Host names by what the system asks: its files, its DNS."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

THREADS = 8  # a name whose servers do not answer holds one for up to half a minute; nobody else's work waits for it


class SystemResolver:
    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        self._threads = self._threads or ThreadPoolExecutor(THREADS, "resolver")
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

    def close(self) -> None:
        if self._threads:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[tuple[str, int]]:
    try:
        # With a dot at the end it is the whole name: no domain of the system's own is tried after it.
        found = socket.getaddrinfo(f"{host}.", port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys((str(address[0]), int(address[1])) for *_, address in found))
