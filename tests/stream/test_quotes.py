"""A post that quotes another goes to many open streams at once; each viewer gets what they would get by asking."""

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
from chirrup.social import filters, follows, posts, quotes, reactions
from chirrup.social.filters import FilterChange, KeywordChange
from chirrup.social.media_addresses import Addresses
from chirrup.stream import events
from chirrup.stream.events import Ask
from chirrup.types import Draft, PollDraft, QuotePolicy

SITE = sites.own(Settings())


@pytest.mark.parametrize("kind", ["update", "status.update"])
async def test_a_stream_shows_a_quote_as_each_viewer_would_get_it(db: Database, tmp_path: Path, kind: str):
    render = Renderer(SITE, Addresses(Signer(b"secret")))
    names = ("ann", "bob", "carla", "follower", "blocked", "blocks", "mutes", "marked", "carlas", "filters", "stranger")
    who = dict(zip(names, await people(db, *names), strict=True))

    def speak(tx: Tx) -> list[int]:
        ann, bob, carla = who["ann"], who["bob"], who["carla"]
        for one in (bob, who["follower"]):
            follows.follow(tx, one, ann)
        asked = PollDraft(["a", "b"], 3600)
        parent = posts.publish(tx, carla, Draft(text="@ann psst", visibility="direct"))
        first = posts.publish(tx, carla, Draft(text="first"))
        poll = posts.publish(tx, ann, Draft("?", visibility="public", poll=asked, reply_to_id=parent.id))
        said = posts.publish(tx, ann, Draft(text="see", quote_of_id=first.id, quote_policy=QuotePolicy.FOLLOWERS))
        made = [posts.publish(tx, bob, Draft(text="this", quote_of_id=one.id)) for one in (said, poll)]
        gone = posts.publish(tx, ann, Draft(text="soon gone"))
        made += [posts.publish(tx, bob, Draft(text="gone", quote_of_id=gone.id)) for _ in range(2)]
        quotes.revoke(tx, ann, gone.id, made[-1].id)
        posts.delete(tx, ann, gone.id)
        follows.block(tx, ann, who["blocked"])
        follows.block(tx, who["blocks"], ann)
        follows.mute(tx, who["mutes"], ann)
        follows.block(tx, carla, who["carlas"])
        words = [KeywordChange(keyword=word) for word in ("see", "this", "first")]
        filters.create(tx, who["filters"], FilterChange("no", ["home"], "warn", keywords=words))
        reactions.favourite(tx, who["marked"], said.id)
        if kind == "status.update":  # nobody has done anything to what is new
            reactions.favourite(tx, who["marked"], made[0].id)
            made.append(reactions.boost(tx, who["stranger"], made[0].id))
        return [one.id for one in made]

    for id in await db.write(speak):
        viewers = {*who.values(), 0}
        ask = Ask(Signal(kind, id, who["bob"]), viewers, set(), {who["filters"]}, SITE)
        (event,) = await db.read(events.of_signals, render, [ask])

        assert event
        for name, viewer in [*who.items(), ("nobody", 0)]:
            asked = msgspec.json.encode(await db.read(render.status, viewer, id))
            assert json.loads(event.texts[viewer]) == json.loads(asked), (name, id)
