"""Listens to streams of every kind for several people at once, and keeps all that comes in."""

import asyncio
import contextlib
import json
from typing import Protocol
from urllib.parse import urlencode

import aiohttp
from client import Person, Server
from visitor import logged_in

from chirrup.stream.routes import STREAMS
from chirrup.stream.streams import NAMES

V1 = "/api/v1"
SSE = sorted({*STREAMS, *(f"{one}?only_media=true" for one in STREAMS if one.startswith("public"))})
SILENT = {"public:remote", "public:remote:media", "public/remote", "public/remote?only_media=true"}


class Listened(Protocol):
    server: Server
    tag: str


class Ears:
    """All that comes in at one site, by who listens to what."""

    def __init__(self, site: Listened, session: aiohttp.ClientSession) -> None:
        self.site, self._session = site, session
        self.heard: dict[tuple[str, str], bytearray] = {}
        self.refused: dict[tuple[str, str], int] = {}
        self._open = contextlib.AsyncExitStack()
        self._reading: list[asyncio.Task[None]] = []

    async def events(self, who: str, person: Person, stream: str, of: Listened, list_id: str) -> None:
        """One stream of server-sent events. of: whose hashtag."""
        path, _, query = stream.partition("?")
        asked = urlencode({"tag": of.tag, "list": list_id, "track": f"#{of.tag}"})
        await self._read((who, stream), f"{V1}/streaming/{path}?{query}&{asked}", bearer(person))

    async def page(self, who: str, person: Person, after: str) -> None:
        """What a home page that is open is sent."""
        cookie = {"Cookie": f"chirrup={logged_in(self.site.server, person).cookie}", "Last-Event-ID": after}
        await self._read((who, "/home/live"), f"/home/live?after={after}", cookie)

    async def _read(self, name: tuple[str, str], path: str, headers: dict[str, str]) -> None:
        answer = await self._session.get(self.site.server.url + path, headers=headers)
        self._open.callback(answer.close)
        if answer.status != 200:
            self.refused[name] = answer.status
            return
        heard = self.heard[name] = bytearray(await answer.content.readany())  # it listens once it has begun

        async def read() -> None:
            with contextlib.suppress(aiohttp.ClientError):
                async for piece in answer.content.iter_any():
                    heard.extend(piece)

        self._reading.append(asyncio.create_task(read()))

    async def socket(self, who: str, person: Person, of: Listened, list_ids: list[str]) -> None:
        """Every stream on one WebSocket; what each is told stands under its own name."""
        url = f"{self.site.server.url}{V1}/streaming"
        opened = await self._session.ws_connect(url, headers=bearer(person))
        self._open.push_async_callback(opened.close)
        for name in sorted(NAMES - {"list"}):
            about = {"tag": of.tag} if "hash" in name else {"track": f"#{of.tag}"} if name == "track" else {}
            await opened.send_json({"type": "subscribe", "stream": name} | about)
        for id in list_ids:
            await opened.send_json({"type": "subscribe", "stream": "list", "list": id})
        await opened.send_json({"type": "what?", "stream": ""})  # is answered after all the others
        refused = 0
        while "what?" not in (said := await opened.receive_str()):
            refused += "error" in said
        self.refused[who, "socket"] = refused
        heard = self.heard

        async def read() -> None:
            async for message in opened:
                stream = json.loads(message.data).get("stream", ["error"])[0]
                heard.setdefault((f"{who} (socket)", stream), bytearray()).extend(message.data.encode())

        self._reading.append(asyncio.create_task(read()))

    def deaf_to(self, word: str) -> set[tuple[str, str]]:
        return {name for name, heard in self.heard.items() if word.encode() not in heard and name[1] not in SILENT}

    def told_of(self, *words: str) -> set[tuple[str, str]]:
        return {name for name, heard in self.heard.items() if any(word.encode() in heard for word in words)}

    async def close(self) -> None:
        for task in self._reading:
            task.cancel()
        await self._open.aclose()


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"} if person.token else {}
