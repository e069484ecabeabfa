"""A post that links to a collection: each of many open streams gets what its viewer would get by asking."""

import json
from pathlib import Path

import msgspec
import pytest
from kit import people

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.events import Signal
from chirrup.mastodon.render import Renderer
from chirrup.ports import Database, Tx
from chirrup.social import accounts, collections, follows, posts, reactions
from chirrup.social.accounts import ProfileChange
from chirrup.social.media_addresses import Addresses
from chirrup.stream import events
from chirrup.stream.events import Ask
from chirrup.types import Draft

SITE = sites.own(Settings())


@pytest.mark.parametrize("kind", ["update", "status.update"])
async def test_a_stream_shows_collections_as_each_viewer_would_get_them(db: Database, tmp_path: Path, kind: str):
    render = Renderer(SITE, Addresses(Signer(b"secret")))
    names = ("ann", "owner", "in_it", "shy", "mutes", "blocks", "blocked", "hates", "hated", "stranger", "other")
    who = dict(zip(names, await people(db, *names), strict=True))

    def speak(tx: Tx) -> list[int]:
        owner, in_it = who["owner"], who["in_it"]
        made = collections.create(tx, owner, collections.Wanted("good"), [in_it, who["shy"], who["other"]])
        accounts.change_profile(tx, who["shy"], ProfileChange(discoverable=False))
        follows.mute(tx, who["mutes"], in_it)
        follows.block(tx, who["blocks"], in_it)
        follows.block(tx, in_it, who["blocked"])
        follows.block(tx, who["hates"], owner)
        follows.block(tx, owner, who["hated"])
        link = f"{SITE.base_url}/collections/{made.id}"
        text = f"see {link} and {link[:-3]}999 and https://else.example/collections/{made.id}"
        said = posts.publish(tx, who["ann"], Draft(text=text))
        quote = posts.publish(tx, who["stranger"], Draft(text="so", quote_of_id=said.id))
        return [said.id, quote.id, reactions.boost(tx, who["other"], said.id).id]

    for id in await db.write(speak):
        ask = Ask(Signal(kind, id, who["ann"]), {*who.values(), 0}, set(), set(), SITE)
        (event,) = await db.read(events.of_signals, render, [ask])

        assert event
        counts = dict[str, int]()
        for name, viewer in [*who.items(), ("nobody", 0)]:
            asked = json.loads(msgspec.json.encode(await db.read(render.status, viewer, id)))
            assert json.loads(event.texts[viewer]) == asked, (name, id)
            found = (asked["reblog"] or (asked["quote"] or {}).get("quoted_status") or asked)["tagged_collections"]
            counts[name] = found[0]["item_count"] if found else -1
        everybody = dict.fromkeys((*names, "nobody"), 2)
        assert counts == everybody | {"owner": 3, "shy": 3, "mutes": 1, "blocks": 1, "blocked": 1, "hated": -1}
