"""The whole server in this process, on a real port and in either profile; accounts and their streams."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import uvicorn
from databases import open_database
from engines import outside
from kit import person

from chirrup import app
from chirrup.access import apps, tokens
from chirrup.config import Settings
from chirrup.engines.blobs.disk import DiskBlobs
from chirrup.engines.broker.memory import MemoryBroker
from chirrup.engines.broker.redis import RedisBroker
from chirrup.engines.limits.memory import MemoryLimits
from chirrup.engines.timelines.memory import MemoryTimelines
from chirrup.engines.timelines.redis import RedisTimelines
from chirrup.ports import Engines
from chirrup.social import posts
from chirrup.timelines.missed_pushes import MissedPushes
from chirrup.types import Draft, Post

WAIT_S = 10  # for an expected event
READ = "read:statuses read:notifications read:lists"


class Town:
    def __init__(self, engines: Engines, port: int, session: aiohttp.ClientSession, app_id: int) -> None:
        self.engines, self.port, self.session, self._app_id = engines, port, session, app_id
        self.write, self.read = engines.db.write, engines.db.read
        self.url = f"http://127.0.0.1:{port}/api/v1/streaming"
        self._cleanup = contextlib.AsyncExitStack()

    async def people(self, *names: str) -> list[int]:
        return [await self.write(person, name) for name in names]

    async def token(self, account_id: int, scopes: str = READ) -> str:
        """account_id 0: of the app itself."""
        return (await self.write(tokens.issue, account_id, self._app_id, scopes))[1]

    async def say(self, author: int, text: str = "hello", **how: Any) -> Post:
        return await self.write(posts.publish, author, Draft(text=text, **how))

    async def settled(self) -> None:
        """Returns once all events have been acted on, so all signals have been sent."""
        while await self.read(lambda tx: tx.one("SELECT 1 FROM outbox LIMIT 1")):  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def socket(self, token: str = "", **query: str) -> "Socket":
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        opened = await self.session.ws_connect(self.url, params=query, headers=headers)
        self._cleanup.push_async_callback(opened.close)
        return Socket(opened)

    async def listen(self, account_id: int, stream: str = "user", **query: str) -> "Socket":
        """A WebSocket of this account for one stream."""
        return await self.socket(await self.token(account_id), stream=stream, **query)

    async def events(self, name: str, token: str = "", last: str = "", **query: str) -> "Events":
        """Server-sent events, from the first heartbeat on."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.session.get(
            f"{self.url}/{name}", params=query, headers=headers | ({"Last-Event-ID": last} if last else {})
        )
        self._cleanup.callback(response.close)
        assert response.status == 200, await response.text()
        events = Events(response)
        assert await events.line() == ":thump"
        return events

    async def close(self) -> None:
        await self._cleanup.aclose()


class Socket:
    def __init__(self, opened: aiohttp.ClientWebSocketResponse) -> None:
        self.opened = opened

    async def next(self) -> dict[str, Any]:
        """The next message, with its payload decoded."""
        message = await asyncio.wait_for(self.opened.receive(), WAIT_S)
        assert message.type == aiohttp.WSMsgType.TEXT, (message, self.opened.close_code)
        said = json.loads(message.data)
        if "payload" in said:
            said["payload"] = json.loads(said["payload"])
        return said

    async def event(self) -> tuple[str, str]:
        """(event, id of its subject) of the next message."""
        return _told(await self.next())

    async def ask(self, type: str = "subscribe", **command: Any) -> None:
        await self.opened.send_json({"type": type, **command})

    async def end(self) -> int:
        """Checks that only the end comes. Returns its code."""
        message = await asyncio.wait_for(self.opened.receive(), WAIT_S)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), message
        return self.opened.close_code or 0


class Events:
    last = ""  # the id of the last event

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def line(self) -> str:
        return (await asyncio.wait_for(self.response.content.readline(), WAIT_S)).decode().removesuffix("\n")

    async def next(self) -> dict[str, Any]:
        """The next event: event, payload (decoded), id."""
        fields: dict[str, str] = {}
        while line := await self.line() or (not fields and not self.response.content.at_eof() and " "):
            if line.strip() and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
        assert fields, "the stream has ended"
        self.last = fields["id"]
        return {"event": fields["event"], "payload": json.loads(fields["data"]), "id": fields["id"]}

    async def event(self) -> tuple[str, str]:
        return _told(await self.next())

    async def end(self) -> None:
        """Checks that only a proper end comes."""
        assert (await asyncio.wait_for(self.response.content.read(), WAIT_S)).strip() == b""

    def drop(self) -> None:
        """Lose the connection without closing it."""
        self.response.close()


def _told(said: dict[str, Any]) -> tuple[str, str]:
    payload = said["payload"]
    return said["event"], str(payload["id"] if isinstance(payload, dict) else payload)


def update(post: Post) -> tuple[str, str]:
    return "update", str(post.id)


@contextlib.asynccontextmanager
async def running(database_url: str, redis_url: str, folder: Path, **settings: Any) -> AsyncIterator[Town]:
    """redis_url "": everything in this process."""
    db = open_database(database_url)
    engines = Engines(
        db=db,
        timelines=MissedPushes(RedisTimelines(redis_url), db) if redis_url else MemoryTimelines(),
        broker=RedisBroker(redis_url) if redis_url else MemoryBroker(),
        blobs=DiskBlobs(folder / "media"),
        limits=MemoryLimits(),
        **outside(),
    )
    client = await db.write(apps.register, "App", "urn:ietf:wg:oauth:2.0:oob", READ)
    listening = socket.create_server(("127.0.0.1", 0))
    wanted = msgspec.structs.replace(Settings(testing=True), data=folder, database=database_url, **settings)
    server = uvicorn.Server(app.server_config(wanted, app.build(wanted, engines)))
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    async with aiohttp.ClientSession() as session:
        town = Town(engines, listening.getsockname()[1], session, client[0].id)
        try:
            while not server.started:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            yield town
        finally:
            await town.close()
            server.should_exit = True
            await asyncio.wait_for(serving, 20)
