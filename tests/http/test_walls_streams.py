"""What is open at one site while all sorts of things happen at the other: streams of every kind, and the home page.

Whoever may open a stream has it open at both sites. What the other's people are told of shows when all of it has been
passed on; then something happens here, and whoever has heard that would have heard the other before.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from client import Person
from engines import eventually
from visitor import logged_in
from walls import ABSENT, V1, Site

from chirrup.stream.routes import STREAMS
from chirrup.stream.streams import NAMES
from chirrup.web.routes import ROUTES as PAGES

pytestmark = pytest.mark.slow

SSE = sorted({*STREAMS, *(f"{one}?only_media=true" for one in STREAMS if one.startswith("public"))})
SILENT = {"public:remote", "public:remote:media", "public/remote", "public/remote?only_media=true"}
WITHIN_S = 20.0


class Ears:
    """All that comes in at one site, by who listens to what."""

    def __init__(self, site: Site, session: aiohttp.ClientSession) -> None:
        self.site, self._session = site, session
        self.heard: dict[tuple[str, str], bytearray] = {}
        self.refused: dict[tuple[str, str], int] = {}
        self._open = contextlib.AsyncExitStack()
        self._reading: list[asyncio.Task[None]] = []

    async def events(self, who: str, person: Person, stream: str, of: Site, list_id: str) -> None:
        """One stream of server-sent events. of: whose hashtag."""
        path, _, query = stream.partition("?")
        asked = urlencode({"tag": of.tag, "list": list_id})
        await self._read((who, stream), f"{V1}/streaming/{path}?{query}&{asked}", _bearer(person))

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

    async def socket(self, who: str, person: Person, of: Site, list_ids: list[str]) -> None:
        """Every stream on one WebSocket; what each is told stands under its own name."""
        url = f"{self.site.server.url}{V1}/streaming"
        opened = await self._session.ws_connect(url, headers=_bearer(person))
        self._open.push_async_callback(opened.close)
        for name in sorted(NAMES - {"list"}):
            await opened.send_json({"type": "subscribe", "stream": name} | ({"tag": of.tag} if "hash" in name else {}))
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


def _bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"} if person.token else {}


@pytest.fixture
async def ears(sides: tuple[Site, Site]) -> AsyncIterator[tuple[Ears, Ears]]:
    """(at the site of whom is asked for, at the other): every stream open for everybody."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session:
        both = [Ears(site, session) for site in sides]
        try:
            for at in both:
                here = at.site
                people = {"anyone": here.server.anyone(), "app": here.app, "ann": here.ann, "bob": here.bob}
                for who, person in people.items():
                    for stream in SSE:
                        await at.events(who, person, stream, sides[0], here.list)
                    await at.events(f"{who}, whose list is another's", person, "list", sides[0], sides[0].list)
                    await at.events(f"{who}, whose list is not there", person, "list", sides[0], ABSENT)
                    await at.socket(who, person, sides[0], [here.list, sides[0].list, ABSENT])
                for who in ("ann", "bob"):
                    await at.page(who, people[who], sides[0].ids["statuses"][0])
            yield both[0], both[1]
        finally:
            for at in both:
                await at.close()


def live(site: Site, tag: str, word: str) -> list[str]:
    """A bit of everything; the ids of what is made. Whoever may hear of it is told word in each of their streams."""
    ann, bob, made = site.ann, site.bob, list[str]()

    def say(person: Person, text: str, **more: Any) -> str:
        made.append(person.say(text, **more)["id"])
        return made[-1]

    first = say(ann, f"{word} #{tag}", media_ids=[site.picture(ann)["id"]])
    for visibility in ("public", "unlisted", "private"):
        say(bob, f"{word} @{ann.name} #{tag}", visibility=visibility, media_ids=[site.picture(bob)["id"]])
    poll = ann.say(f"{word} #{tag}", poll={"options": [word, "b"], "expires_in": 3600})
    bob.post(f"{V1}/polls/{poll['poll']['id']}/votes", choices=[0])
    made.append(poll["id"])
    for person, other in ((ann, bob), (bob, ann)):
        direct = say(person, f"{word} @{other.name}", visibility="direct")
        say(other, f"{word} @{person.name}", in_reply_to_id=direct, visibility="direct")
    ann.put(f"{V1}/statuses/{first}", status=f"{word} edited #{tag}")
    for verb in ("favourite", "reblog", "unreblog", "unfavourite", "reblog"):
        made.append(bob.post(f"{V1}/statuses/{first}/{verb}").json()["id"])
    gone = say(ann, f"{word} goes #{tag}", media_ids=[site.picture(ann)["id"]])
    ann.delete(f"{V1}/statuses/{gone}")
    for verb in ("unfollow", "follow"):
        bob.post(f"{V1}/accounts/{ann.id}/{verb}")
    return made


def test_every_kind_of_stream_is_asked():
    assert "/home/live" in {route.path for route in PAGES}
    assert {one.removesuffix(":media").replace(":", "/") for one in NAMES} <= {*STREAMS, "hashtag/local"}


async def test_no_stream_carries_the_other_side(sides: tuple[Site, Site], ears: tuple[Ears, Ears]):
    (there, here), (at_there, at_here) = sides, ears
    word, end = (f"{kind}{secrets.token_hex(6)}" for kind in ("canary", "end"))

    made = live(there, there.tag, word)
    await eventually(lambda: _true(not at_there.deaf_to(word)), within_s=WITHIN_S)
    own = live(here, there.tag, end)
    await eventually(lambda: _true(not at_here.deaf_to(end)), within_s=WITHIN_S)

    assert at_here.told_of(word, there.word, there.ann.id, there.bob.id, *made) == set()
    assert at_there.told_of(end, here.word, here.ann.id, here.bob.id, *own) == set()
    kinds = {name for _, name in at_here.heard}
    assert kinds >= {*SSE, *NAMES - SILENT, "/home/live"}
    for who in ("ann", "bob", "app", "anyone"):
        others, absent = (
            at_here.refused[f"{who}, whose list is {what}", "list"] for what in ("another's", "not there")
        )
        assert others == absent


async def _true(value: bool) -> bool:
    return value
