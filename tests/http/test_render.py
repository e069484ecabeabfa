"""Posts rendered from every database, not through the network."""

import gc
from pathlib import Path

from kit import people

from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.http.render import Renderer
from chirrup.ports import Database
from chirrup.social import posts, reactions
from chirrup.social.media import Addresses
from chirrup.types import Draft


async def test_a_page_leaves_nothing_for_the_collector_of_cycles(db: Database, tmp_path: Path):
    """A page that refers to itself stays until Python searches for such; at home that was a tenth of all the work."""
    ann, bob = await people(db, "ann", "bob")
    said = await db.write(posts.publish, ann, Draft(text="hello"))
    boost = await db.write(reactions.boost, bob, said.id)
    render = Renderer(Settings(data=tmp_path), Addresses(Signer(b"key")))

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
