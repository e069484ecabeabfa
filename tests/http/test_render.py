"""Posts rendered from every database, not through the network."""

import gc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kit import people

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.mastodon.render import Renderer
from chirrup.ports import Database, Tx
from chirrup.social import posts, reactions
from chirrup.social.media_addresses import Addresses
from chirrup.types import Draft


@pytest.fixture
def render(tmp_path: Path) -> Renderer:
    return Renderer(sites.own(Settings()), Addresses(Signer(b"secret")))


async def test_a_page_leaves_nothing_for_the_collector_of_cycles(db: Database, render: Renderer):
    """Reference cycles stay until Python's collector runs; for home timelines that was a tenth of all the work."""
    ann, bob = await people(db, "ann", "bob")
    said = await db.write(posts.publish, ann, Draft(text="hello"))
    boost = await db.write(reactions.boost, bob, said.id)

    async def page() -> None:
        assert len(await db.read(render.statuses, bob, [boost.id, said.id])) == 2

    await page()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            await page()
        assert gc.collect() < 20
    finally:
        gc.enable()


async def test_cached_posts_are_up_to_date(db: Database, render: Renderer):
    ann, bob = await people(db, "ann", "bob")
    first, second, third = [
        await db.write(posts.publish, ann, Draft(text=text)) for text in ("first", "second", "third")
    ]
    boost = await db.write(reactions.boost, bob, first.id)
    page = [third.id, boost.id, second.id, first.id]

    async def texts() -> list[str]:
        shown = msgspec.json.decode(msgspec.json.encode(await db.read(render.statuses, bob, page)))
        return [(one["reblog"] or one)["content"] for one in shown]

    await db.read(render.statuses, bob, page[1:])
    assert await texts() == ["<p>third</p>", "<p>first</p>", "<p>second</p>", "<p>first</p>"]

    await db.write(posts.edit, ann, first.id, Draft(text="other"))
    await db.write(posts.delete, ann, second.id)
    for _ in range(2):
        assert await texts() == ["<p>third</p>", "<p>other</p>", "<p>other</p>"]

    await db.write(posts.delete, ann, first.id)
    for _ in range(2):
        assert await texts() == ["<p>third</p>"]


async def test_the_text_of_a_post_is_read_once(db: Database, render: Renderer):
    ann, bob = await people(db, "ann", "bob")
    said = await db.write(posts.publish, ann, Draft(text="hello"))
    boost = await db.write(reactions.boost, bob, said.id)

    def texts_read(tx: Tx) -> int:
        listening = Listening(tx)
        assert len(render.statuses(listening, bob, [boost.id, said.id])) == 2  # pyright: ignore[reportArgumentType]
        return sum(" text," in sql for sql in listening.heard)

    assert await db.read(texts_read) == 1
    assert await db.read(texts_read) == 0


async def test_a_page_of_replies_known_from_before_costs_no_query_more(db: Database, render: Renderer):
    ann, bob = await people(db, "ann", "bob")
    parents = [await db.write(posts.publish, ann, Draft(text=f"{n}")) for n in range(5)]
    replies = [await db.write(posts.publish, bob, Draft(text="oh", reply_to_id=one.id)) for one in parents]
    boosts = [await db.write(reactions.boost, ann, one.id) for one in replies]
    await db.write(posts.delete, ann, parents[0].id)

    def queries(tx: Tx, ids: list[int]) -> int:
        listening = Listening(tx)
        render.statuses(listening, bob, ids)  # pyright: ignore[reportArgumentType]
        return len(listening.heard)

    page = [one.id for one in (*boosts, *replies)]
    await db.read(queries, page)
    await db.read(queries, [one.id for one in parents])
    assert await db.read(queries, page) == await db.read(queries, [one.id for one in parents])


class Listening:
    """A transaction that records the SQL of by_ids()."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.heard: list[str] = []

    def by_ids(self, sql: str, *more: Any) -> Any:
        self.heard.append(sql)
        return self._tx.by_ids(sql, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)
