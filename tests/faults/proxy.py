"""A TCP proxy that can be cut: in one direction or both, silently or with a reset.

One for each process that a test cuts off, so partitions can be asymmetric. It needs no root and no network namespace.
"""

import asyncio
import threading
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Between a client and 127.0.0.1:port. Runs in its own thread, from __enter__ to __exit__."""

    def __init__(self, url: str) -> None:
        """url: of the server behind it."""
        self._url = urlsplit(url)
        self._loop = asyncio.new_event_loop()
        self._there, self._back = asyncio.Event(), asyncio.Event()  # set: data passes; else it waits, as if dropped
        self.heal()
        self._writers: set[asyncio.StreamWriter] = set()
        self._refuses = False

    @property
    def url(self) -> str:
        credentials = self._url.netloc.rpartition("@")[0]
        return urlunsplit(self._url._replace(netloc=f"{credentials}@127.0.0.1:{self.port}"))

    def drop(self, *, there: bool = True, back: bool = True) -> None:
        """Nothing passes, there or back or both, without an error."""
        for flows, cut in ((self._there, there), (self._back, back)):
            if cut:
                self._loop.call_soon_threadsafe(flows.clear)

    def drop_requests(self) -> None:
        self.drop(back=False)

    def drop_answers(self) -> None:
        """Requests pass, answers do not."""
        self.drop(there=False)

    def reset(self) -> None:
        """Reset every connection at once, and new ones too."""
        self._refuses = True
        self._loop.call_soon_threadsafe(self._end_all)

    def heal(self) -> None:
        self._refuses = False
        for flows in (self._there, self._back):
            self._loop.call_soon_threadsafe(flows.set)

    def __enter__(self) -> "Proxy":
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end_all)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        with suppress(OSError):
            inward, outward = await asyncio.open_connection("127.0.0.1", self._url.port)
            self._writers |= {writer, outward}
            await asyncio.gather(self._pass(reader, outward, self._there), self._pass(inward, writer, self._back))
            self._writers -= {writer, outward}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def _end_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
