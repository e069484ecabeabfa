"""More work comes than can be done: ../shared/threats.md R13."""

import asyncio
import threading
from pathlib import Path

import aiohttp
from client import Server
from databases import open_database
from engines import eventually

from chirrup.engines.database.common import QUEUE
from chirrup.ports import Tx

BEYOND = 300  # requests more than may wait


async def test_what_is_too_much_is_refused_at_once_and_what_is_accepted_is_kept(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        await overload(server)


async def overload(server: Server) -> None:
    ann = server.person()
    other = open_database(f"sqlite:{server.data / 'chirrup.db'}")
    release = threading.Event()
    accepted: dict[int, str] = {}
    refused: list[int] = []

    async def say(session: aiohttp.ClientSession, number: int) -> None:
        headers = {"Idempotency-Key": f"key {number}"}
        async with session.post("/api/v1/statuses", json={"status": f"post {number}"}, headers=headers) as answer:
            body = await answer.json()
            if answer.status == 200:
                accepted[number] = body["id"]
            else:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
                assert "try again" in body["error"]
                refused.append(number)

    async def enough_refused() -> bool:
        return len(refused) >= BEYOND

    def hold(tx: Tx) -> None:
        release.wait(60)

    writing = asyncio.get_running_loop().run_in_executor(None, other.write_now, hold)  # as a long backup would
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with aiohttp.ClientSession(server.url, headers=headers, connector=connector) as session:
        all_of_it = asyncio.gather(*(say(session, number) for number in range(QUEUE + BEYOND)))
        await eventually(enough_refused, within_s=30)
        assert not accepted
        assert (await asyncio.to_thread(ann.get, "/api/v1/timelines/public")).ok
        release.set()
        await writing
        await all_of_it
        assert len(accepted) + len(refused) == QUEUE + BEYOND

        there = {post["id"] for post in ann.walk(f"/api/v1/accounts/{ann.id}/statuses", limit=40)}
        assert there == set(accepted.values())
        again = refused[:10] + list(accepted)[:10]
        before = dict(accepted)
        await asyncio.gather(*(say(session, number) for number in again))
        assert all(number in accepted for number in again)
        assert before.items() <= accepted.items()
    other.close()
