"""What is open at one site while all sorts of things happen at the other: streams of every kind, and the home page.

Whoever may open a stream has it open at both sites. What the other's people are told of shows when all of it has been
passed on; then something happens here, and whoever has heard that would have heard the other before.
"""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from client import Person
from ears import SILENT, SSE, Ears
from engines import eventually
from walls import ABSENT, V1, Site

from chirrup.stream.routes import STREAMS
from chirrup.stream.streams import NAMES
from chirrup.web.routes import ROUTES as PAGES

pytestmark = pytest.mark.slow

WITHIN_S = 20.0


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
    say(ann, f"@{site.room} {word}", media_ids=[site.picture(ann)["id"]])
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
