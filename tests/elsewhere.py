"""Web sites of the tests' own: every http:// address with a host that ends in .example leads to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
import pytest
from engines import reaching

from chirrup.config import Settings
from chirrup.engines.outgoing.client import GuardedHttp
from chirrup.ports import Engines
from chirrup.social import cards, links
from chirrup.store import cards as card_rows
from chirrup.store import posts
from chirrup.types import Card

HTML = "text/html; charset=utf-8"


class Elsewhere:
    """pages: host and path -> what is answered there; the rest is a 404. asked: what came, in order."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}  # (content type, body)
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    def page(self, place: str, *, title: str = "", head: str = "", content_type: str = HTML) -> str:
        """Its address."""
        self.pages[place] = content_type, f"<!doctype html><html><head><title>{title}</title>{head}".encode()
        return f"http://{place}"

    def file(self, place: str, body: bytes, content_type: str) -> str:
        self.pages[place] = content_type, body
        return f"http://{place}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Nothing listens on its port until start()."""
        if self._server:
            self._server.close()
            self._server = None

    def outgoing(self) -> GuardedHttp:
        """A client that reaches these sites, and nothing else that is not public."""
        return reaching(self.port, lambda host: host.endswith(".example"))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            host = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
            place = host + head.split()[1]
            self.asked.append(place)
            self.heads.append(head)
            status = "200 OK" if place in self.pages else "404 Not Found"
            content_type, body = self.pages.get(place, (HTML, b"not here"))
            writer.write(f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n".encode())
            writer.write(f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
        writer.close()


async def make_card(engines: Engines, post_id: int, title: str, head: str = "", image: bytes = b"") -> Card:
    """The card of a post with a link, as a worker would make it if the page was like this."""
    post = await engines.db.read(posts.by_id, post_id)
    assert post and post.link
    await engines.db.write(cards.on_published, post)
    sites, url = Elsewhere(), links.url_of(post)
    picture = '<meta property="og:image" content="/a.png">' if image else ""
    sites.page(url.partition("://")[2], title=title, head=head + picture)
    sites.file(f"{links.host_of(url)}/a.png", image, "image/png")
    await sites.start()
    try:
        reached = msgspec.structs.replace(engines, outgoing=sites.outgoing())
        await cards.make(reached, cards.Wanted(post.org_id, post.link, url), Settings(link_cards="always"))
    finally:
        sites.stop()
    shown = await engines.db.read(posts.by_id, post_id)
    assert shown and shown.card_id
    return (await engines.db.read(card_rows.by_ids, [shown.card_id]))[shown.card_id]


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    sites = Elsewhere()
    await sites.start()
    yield sites
    sites.stop()
